"""Hold suite `harness` to lm-eval's own results, to the last digit.

The suite runs through `evaluator.scoring`; then lm-eval's `simple_evaluate` runs, called plainly, with its
own `HFLM` loading the model itself and its own loader reading the data, on the same rows. Every forward pass
must see the same tokens, and every likelihood, text, judgement, value and standard error must be the same
number (==; a null here is NaN there). lm-eval bootstraps none of these errors, and has none for bias and
perplexity.

    python -m benchmarks.agreement.compare --model DIR --datasets DIR --limit 120

Both sides run on the CPU in float32 with the same batch size: a matrix product over other rows may round its
last digit otherwise. `--limit` spreads the items over subjects; errors of MMLU and C-Eval need two of each.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.agreement.plain import PLAIN, Passes, plain_run, watch
from evaluator.scoring.computing import Computing
from evaluator.scoring.harness_items import RIGHT_OR_WRONG

FAULTS = ("likelihood", "correct", "text", "value", "error")
BENCHMARKS = tuple(PLAIN)
LEFT_OUT = {"summary_length,none"}  # of the CNN/DailyMail task: no score, and without a direction

Item = dict[str, Any]


@dataclass(frozen=True)
class Both:
    """What either side gave on one benchmark: our outcome, lm-eval's log, and the tokens of every pass."""

    benchmark: Any
    outcome: Any
    logged: dict[str, Any]
    our_passes: Passes
    their_passes: Passes


Alter = Callable[[Both], Both]


@dataclass(frozen=True)
class Row:
    """What came of one benchmark: how much was compared, and how much of it differs."""

    benchmark: str
    items: int
    passes: int
    passes_differ: int
    prompts_differ: int
    texts_differ: int
    judged_differently: int
    largest_likelihood_difference: float
    numbers: int
    numbers_differ: tuple[str, ...]
    cut_prompts: int
    score: float | None

    @property
    def agrees(self) -> bool:
        """Say whether something was compared and nothing differs."""
        return (
            self.items > 0
            and self.numbers > 0
            and not self.numbers_differ
            and self.passes_differ == self.prompts_differ == self.texts_differ == 0
            and self.judged_differently == 0
            and self.largest_likelihood_difference == 0.0
        )


def compare(
    model_folder: Path,
    datasets_folder: Path,
    *,
    limit: int,
    benchmarks: tuple[str, ...] = BENCHMARKS,
    batch_size: int = 16,
    alter: Alter | None = None,
) -> list[Row]:
    """Run both sides on each benchmark and compare them.

    `alter` may change one side before the comparison, to show that a fault is found.
    """
    rows = []
    for name in benchmarks:
        both = run_both(name, model_folder, datasets_folder, limit=limit, batch_size=batch_size)
        rows.append(difference(alter(both) if alter else both))
    return rows


def run_both(
    name: str, model_folder: Path, datasets_folder: Path, *, limit: int, batch_size: int = 16
) -> Both:
    """Run one benchmark through our engine, and then through lm-eval alone on the same rows."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from evaluator.scoring import run_benchmark
    from evaluator.suites.definitions import load_suite

    suite = load_suite("harness")
    benchmark = suite.benchmark(name)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype="float32").eval()
    ours = watch(model)
    outcome = run_benchmark(
        model,
        AutoTokenizer.from_pretrained(model_folder),
        model.config.max_position_embeddings,
        suite,
        benchmark,
        datasets_folder=datasets_folder,
        limit=limit,
        computing=Computing(batch_size=batch_size, shared=False),
    )
    samples: dict[str, list[int]] = {}
    for item in outcome.texts:
        samples.setdefault(item["task"], []).append(item["row"])
    logged, theirs = plain_run(
        PLAIN[name], model_folder, datasets_folder, samples, batch_size=batch_size
    )
    return Both(benchmark, outcome, logged, ours, theirs)


# Comparison -------------------------------------------------------------------------------------


def difference(both: Both) -> Row:
    """Count what differs between the two sides."""
    outcome, benchmark = both.outcome, both.benchmark
    pairs = list(zip(both.our_passes, both.their_passes, strict=False))
    unpaired = abs(len(both.our_passes) - len(both.their_passes))
    logged = {
        (task, sample["doc_id"], sample["filter"]): sample
        for task, samples in both.logged["samples"].items()
        for sample in samples
    }
    first_filter = next(iter(logged))[2]
    items = [(item, logged[item["task"], item["row"], first_filter]) for item in outcome.texts]
    compared = list(numbers(both))
    _, headline = benchmark.headline_metric(outcome.metrics) or ("", None)
    return Row(
        benchmark=benchmark.name,
        items=len(items),
        passes=len(pairs),
        passes_differ=sum(ours != theirs for ours, theirs in pairs) + unpaired,
        prompts_differ=sum(item["prompt"] != sample["arguments"][0][0] for item, sample in items),
        texts_differ=sum(
            item["output"] != sample["resps"][0][0] for item, sample in items if "output" in item
        ),
        judged_differently=sum(values_differ(both, logged)),
        largest_likelihood_difference=max(
            (likelihood_difference(item, sample) for item, sample in items), default=math.inf
        ),
        numbers=len(compared),
        numbers_differ=tuple(name for name, ours, theirs in compared if not same(ours, theirs)),
        cut_prompts=outcome.truncated_prompts,
        score=headline.value if headline else None,
    )


def same(ours: float | None, theirs: Any) -> bool:
    """Say whether two numbers are one; a result file has no NaN, and so null."""
    return not math.isfinite(theirs) if ours is None else ours == theirs


def values_differ(both: Both, logged: Mapping[Any, Item]) -> Iterator[int]:
    """Count, for each metric, the items whose value isn't the one in lm-eval's log."""
    outcome, columns = both.outcome, both.outcome.columns
    judging = [
        metric
        for metric, source in both.benchmark.sources.items()
        if source.split(",")[0] in RIGHT_OR_WRONG
    ]
    right = next((metric for metric in judging if metric not in columns), None)
    for metric, source in both.benchmark.sources.items():
        key, _, task = source.partition("@")
        name, filter_name = key.split(",")
        values = columns.get("correct" if metric == right else metric)
        if values is None or values[0] is None:  # parts of an aggregate, compared as a whole
            continue
        asked_items = [item for item in outcome.texts if task in ("", item["task"])]
        theirs = [logged[item["task"], item["row"], filter_name][name] for item in asked_items]
        yield sum(not same(a, b) for a, b in zip(values, theirs, strict=True))


def likelihood_difference(item: Item, sample: Item) -> float:
    """Return the largest difference between the log-likelihoods of an item's choices, in nats."""
    if "likelihoods" not in item:
        return 0.0
    answers = [response[0] for response in sample["resps"]]
    theirs = [answer if isinstance(answer, float) else answer[0] for answer in answers]
    if len(theirs) != len(item["likelihoods"]):
        return math.inf
    pairs = zip(item["likelihoods"], theirs, strict=True)
    return max((0.0 if a == b else abs(a - b) for a, b in pairs), default=math.inf)


def numbers(both: Both) -> Iterator[tuple[str, float | None, Any]]:
    """Return every value and error that lm-eval reports, by name, with ours: (name, ours, theirs)."""
    names = {tuple(source.split("@")): metric for metric, source in both.benchmark.sources.items()}
    tasks = both.benchmark.tasks
    for task, result in both.logged["results"].items():
        of_task = {key[0]: metric for key, metric in names.items() if key[1:] in ((), (task,))}
        for key in result:
            if "," not in key or "_stderr," in key or key in LEFT_OUT:
                continue
            ours = _ours(both.outcome, tasks, task, key, of_task)
            yield f"{task} {key}", getattr(ours, "value", None), result[key]
            error = result.get(key.replace(",", "_stderr,"), "N/A")
            if not isinstance(error, str):
                yield f"{task} {key} stderr", getattr(ours, "stderr", None), error


def _ours(
    outcome: Any, tasks: list[str], task: str, key: str, names: Mapping[str, str]
) -> Any | None:
    """Return our metric of a task's or group's `metric,filter`, which may name a category; null for none."""
    if task not in tasks:  # a subject, or a group of them
        part = task.removeprefix(tasks[0]).lstrip("_-")
        return outcome.groups.get(part, {}).get(names.get(key, ""))
    if key in names:
        return outcome.metrics[names[key]]
    for known, metric in names.items():
        start, _, filter_name = known.partition(",")
        if key.startswith(f"{start}_") and key.endswith(f",{filter_name}"):
            category = key[len(start) + 1 : -len(filter_name) - 1]
            return outcome.groups.get(category, {}).get(metric)
    return None


def fault(kind: str) -> Alter:
    """Return a change of our side that the comparison must find.

    A log-likelihood off by 0.01, a judgement turned, a dot after a text, a value one step of a float off, and
    the standard errors of another formula, over n instead of n - 1.
    """

    def alter(both: Both) -> Both:
        outcome = both.outcome
        texts = [dict(text) for text in outcome.texts]
        columns = {name: list(values) for name, values in outcome.columns.items()}
        metrics = dict(outcome.metrics)
        if kind == "correct":
            columns["correct"][0] = not columns["correct"][0]
        elif kind == "likelihood" and "likelihoods" in texts[0]:
            first, *others = texts[0]["likelihoods"]
            texts[0]["likelihoods"] = [first + 0.01, *others]
        elif kind == "text" and "output" in texts[0]:
            texts[0]["output"] += "."
        elif kind in ("value", "error"):
            metrics = {name: _altered(metric, kind) for name, metric in metrics.items()}
        changed = replace(outcome, texts=texts, columns=columns, metrics=metrics)
        return replace(both, outcome=changed)

    return alter


def _altered(metric: Any, kind: str) -> Any:
    if kind == "value" and metric.value is not None:
        return metric.model_copy(update={"value": math.nextafter(metric.value, math.inf)})
    if kind == "error" and metric.stderr:
        shrunk = metric.stderr * math.sqrt((metric.n - 1) / metric.n)
        return metric.model_copy(update={"stderr": shrunk})
    return metric


def table(rows: list[Row]) -> str:
    """Return the comparison as lines for a terminal."""
    head = (
        f"{'benchmark':<14}{'items':>6}{'passes':>8}{'prompts':>9}{'texts':>7}{'judged':>8}"
        f"{'max |dLL|':>11}{'numbers':>9}{'cut':>6}{'score':>10}"
    )
    lines = [head + "   (passes to judged: how many differ)"]
    for row in rows:
        score = "-" if row.score is None else f"{row.score:.4g}"
        verdict = "equal" if row.agrees else f"DIFFERS {', '.join(row.numbers_differ[:4])}"
        lines.append(
            f"{row.benchmark:<14}{row.items:>6}{row.passes_differ:>8}{row.prompts_differ:>9}"
            f"{row.texts_differ:>7}{row.judged_differently:>8}{row.largest_likelihood_difference:>11.1e}"
            f"{row.numbers:>9}{row.cut_prompts:>6}{score:>10}   {verdict}"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and return 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--datasets", type=Path, required=True, help="Hub-shaped folder")
    parser.add_argument("--limit", type=int, default=120, help="items of each benchmark")
    parser.add_argument("--benchmarks", default=",".join(BENCHMARKS), help="names, by commas")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument(
        "--context", choices=("any", "whole"), default="any", help="whole: no prompt may be cut"
    )
    parser.add_argument(
        "--break", dest="fault", choices=FAULTS, help="change our side, to be found"
    )
    given = parser.parse_args(arguments)
    rows = compare(
        given.model,
        given.datasets,
        limit=given.limit,
        benchmarks=tuple(given.benchmarks.split(",")),
        batch_size=given.batch_size,
        alter=fault(given.fault) if given.fault else None,
    )
    sys.stdout.write(table(rows) + "\n")
    cut = given.context == "whole" and any(row.cut_prompts for row in rows)
    if cut:
        sys.stdout.write("prompts were cut, though --context whole asks for whole ones\n")
    return 1 if cut or not all(row.agrees for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
