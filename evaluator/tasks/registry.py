"""Name the code of each benchmark that this project asks and scores itself.

`BENCHMARKS` goes by the benchmark's name, `code_for_task` by the name of the lm-eval task in its
YAML. Importing this loads neither lm-eval nor datasets nor a metric's package.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evaluator.tasks.bbq import scoring as bbq
from evaluator.tasks.ceval import scoring as ceval
from evaluator.tasks.cnn_dailymail import scoring as cnn_dailymail
from evaluator.tasks.flores import scoring as flores
from evaluator.tasks.followbench import judged as followbench_judged
from evaluator.tasks.followbench import scoring as followbench
from evaluator.tasks.followbench.verdicts import PROMPT_VERSION
from evaluator.tasks.gsm8k import scoring as gsm8k
from evaluator.tasks.measures import Groups, Item, Metrics
from evaluator.tasks.mmlu import scoring as mmlu
from evaluator.tasks.parts import part_columns
from evaluator.tasks.snli import scoring as snli
from evaluator.tasks.truthfulqa import scoring as truthfulqa
from evaluator.tasks.xsum import scoring as xsum

Row = Mapping[str, Any]

PREFIX = "quantboard_"


@dataclass(frozen=True)
class BenchmarkCode:
    """How one benchmark is asked and scored.

    `score_item` takes (row, response) for "generate_until" and (row, log-likelihoods, token
    counts), one per choice, for "multiple_choice". `stratum` names the part of the benchmark that a
    limit is spread over; rows of one `cluster` are asked together or not at all. Items keep both, or
    where these are others `item_stratum`, over which scores are averaged, and `item_cluster`, whose items
    aren't independent. Where a judge decides some rows, `question` takes (row, response) and returns what
    it is asked, or null, `judge_prompt` names the wording, and `score_item` takes the judge's answer as
    `verdict`.
    """

    folder: Path
    output_type: Literal["generate_until", "multiple_choice"]
    build_rows: Callable[[Sequence[Row]], list[dict[str, Any]]]
    prompt: Callable[[Row], str]
    target: Callable[[Row], str | int]
    stratum: Callable[[Row], str]
    score_item: Callable[..., dict[str, float | None]]
    aggregate: Callable[[Sequence[Item], Sequence[Row]], tuple[Metrics, Groups]]
    choices: Callable[[Row], list[str]] | None = None
    cluster: Callable[[Row], str] | None = None
    item_stratum: Callable[[Row], str] | None = None
    item_cluster: Callable[[Row], Hashable] | None = None
    question: Callable[[Row, str], str | None] | None = None
    judge_prompt: str | None = None

    def parts(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """Return the columns that say of each item which part and cluster it is of, as far as it has any."""
        stratum, cluster = self.item_stratum or self.stratum, self.item_cluster or self.cluster
        keys = range(len(rows)) if cluster is None else [cluster(row) for row in rows]
        return part_columns([stratum(row) for row in rows], list(keys))


def _code(
    module: Any, output_type: Literal["generate_until", "multiple_choice"], **more: Any
) -> BenchmarkCode:
    return BenchmarkCode(
        Path(module.__file__).parent,
        output_type,
        module.build_rows,
        module.prompt,
        module.target,
        module.stratum,
        module.score_item,
        module.aggregate,
        **more,
    )


def _generated(
    module: Any, cluster: Callable[[Row], str] | None = None, **more: Any
) -> BenchmarkCode:
    return _code(module, "generate_until", cluster=cluster, **more)


def _chosen(module: Any, **more: Any) -> BenchmarkCode:
    return _code(module, "multiple_choice", choices=module.choices, **more)


BENCHMARKS: dict[str, BenchmarkCode] = {
    "mmlu": _generated(mmlu),
    "ceval": _generated(ceval),
    "flores": _generated(flores, item_cluster=flores.sentence),
    "cnn_dailymail": _generated(cnn_dailymail),
    "xsum": _generated(xsum),
    "gsm8k": _generated(gsm8k),
    "snli": _generated(snli),
    "followbench": _generated(followbench, followbench.group),
    "truthfulqa": _chosen(truthfulqa),
    "bbq": _chosen(bbq, item_stratum=bbq.part, item_cluster=bbq.template),
}
JUDGED: dict[str, BenchmarkCode] = {  # what derived benchmarks ask instead, with a judge's help
    "followbench_judged": _generated(
        followbench_judged,
        followbench_judged.group,
        question=followbench_judged.question,
        judge_prompt=PROMPT_VERSION,
    ),
}


def code_for_task(task: str) -> BenchmarkCode | None:
    """Return the code of one of this project's tasks, such as `quantboard_mmlu`; null for any other task.

    The tasks of suite `harness`, `quantboard_harness_*`, are scored by lm-eval from their YAML and
    have none.
    """
    name = task.removeprefix(PREFIX)
    return (BENCHMARKS.get(name) or JUDGED.get(name)) if task.startswith(PREFIX) else None


def task_folder() -> Path:
    """Return the folder with all tasks' YAML, for lm-eval's `TaskManager(include_path=...)`."""
    return Path(__file__).parent
