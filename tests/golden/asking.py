"""Ask the golden rows through the evaluator, with a tokenizer of bytes and answers that are given.

The chat template is ChatML with its system line, as the paper's models have it.
"""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lm_eval.models.huggingface import HFLM

from evaluator.items import DECIMALS
from evaluator.scoring import run_benchmark
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.loading import load_views
from evaluator.scoring.outcome import Outcome
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import Question, run_tasks
from evaluator.suites.definitions import Benchmark, load_suite
from tests.evaluator.byte_model import byte_llama, byte_tokenizer
from tests.golden.rows import ANSWERS, ROWS, SUBJECTS

CONTEXT = 8192
WINDOW = 40  # tokens, here bytes, of a perplexity's windows
FAR, OF_A_DOCUMENT = -1e4, -10.0  # nats; of a choice that isn't taken, of a document's window
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Golden = dict[str, Any]
Change = Callable[[str, str, str, list[dict[str, Any]]], list[dict[str, Any]]]


class Spoken(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """Answer in the place of lm-eval's `HFLM`, so that requests arrive as the engine hands them on."""

    answer: str | None
    asked: list[tuple[Any, ...]]  # texts: prompt and settings
    pieces: list[tuple[list[int], list[int]]]  # likelihoods: the tokens before, and those scored

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Keep the requests' arguments, and give the answer."""
        self.asked = [request.args for request in requests]
        return [str(self.answer)] * len(requests)

    def _loglikelihood_tokens(
        self, requests: list[Any], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        self.pieces += [(list(item[1]), list(item[2])) for item in requests]
        return [self._likelihood(item[0]) for item in requests]

    def _likelihood(self, strings: tuple[str, str] | None) -> tuple[float, bool]:
        if strings is None:
            return OF_A_DOCUMENT, False
        if self.answer is None:
            return math.nan, False
        said = strings[1].strip() == self.answer
        return (0.0 if said else FAR), said


class SpokenEngine(Engine, Spoken):
    """The engine as it is, above answers that are given."""


def engine(answer: str | None, *, chat: bool, template: str | None = CHATML) -> SpokenEngine:
    """Return an engine that gives one answer; without a template turns are plain text."""
    tokenizer = byte_tokenizer(template)
    made = SpokenEngine(
        byte_llama(CONTEXT),
        tokenizer,
        CONTEXT,
        Computing(batch_size=1, shared=False),
        chat=chat,
        progress=False,
    )
    made.answer, made.pieces = answer, []
    return made


def write_hub(folder: Path, change: Change = lambda _suite, _name, _split, rows: rows) -> Path:
    """Write the rows of every benchmark as the Hub lays its data sets out, and return the folder.

    `change` takes suite, benchmark, split and its rows, and returns the rows to write.
    """
    for suite in ("paper", "harness"):
        for benchmark in load_suite(suite).benchmarks:
            for split, rows in _rows(suite, benchmark.name).items():
                file = folder / benchmark.dataset.path / _file(benchmark, split)
                file.parent.mkdir(parents=True, exist_ok=True)
                changed = change(suite, benchmark.name, split, rows)
                lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in changed]
                file.write_text("".join(lines), encoding="utf-8")
    return folder


def _rows(suite: str, name: str) -> dict[str, list[dict[str, Any]]]:
    if (suite, name) == ("harness", "wikitext2"):
        return ROWS["wikitext2 documents"]
    return ROWS[name]


def _file(benchmark: Benchmark, split: str) -> str:
    if benchmark.name == "followbench":
        return "data_en/content_constraints.jsonl"
    if benchmark.name == "c4":
        return "en/c4-validation.00000-of-00008.json"
    config = benchmark.dataset.config or SUBJECTS.get(benchmark.name, "default")
    return f"{config}/{split}.jsonl"


# What is held ------------------------------------------------------------------------------------


def asked_benchmark(suite: str, name: str) -> Benchmark:
    """Return a benchmark; of lm-eval's many subjects the one that has rows, of a text short windows."""
    benchmark = load_suite(suite).benchmark(name)
    if suite == "harness" and name in SUBJECTS:
        return benchmark.model_copy(update={"tasks": [f"{benchmark.tasks[0]}_{SUBJECTS[name]}"]})
    return benchmark if benchmark.tasks else benchmark.model_copy(update={"window": WINDOW})


def golden(suite: str, name: str, hub: Path) -> Golden:
    """Return what is asked of a model, and what becomes of a correct, a wrong and an unparsable answer."""
    benchmark = asked_benchmark(suite, name)
    if not benchmark.tasks:
        return windows(suite, benchmark, hub)
    answers = ANSWERS[suite].get(name)
    if answers is None:
        return documents(suite, benchmark, hub)
    held: Golden = {}
    for case, answer in answers.items():
        made, outcome = ask(suite, benchmark, hub, answer)
        if not held:
            held = {"shots": outcome.shots, **requests(made, outcome)}
            if load_suite(suite).chat_template:
                _, other = ask(suite, benchmark, hub, answer, template=None)
                held["prompt_without_template"] = other.texts[0]["prompt"]
        held[case] = {"answer": answer, **scored(outcome)}
    return held


def ask(
    suite: str,
    benchmark: Benchmark,
    hub: Path,
    answer: str | None,
    template: str | None = CHATML,
) -> tuple[SpokenEngine, Outcome]:
    """Run one benchmark on an engine that gives one answer."""
    chosen = load_suite(suite)
    with quiet():
        made = engine(answer, chat=chosen.chat_template, template=template)
        question = Question(chosen, benchmark, hub, None, Computing(shared=False), progress=False)
        return made, run_tasks(made, question)


def requests(made: SpokenEngine, outcome: Outcome) -> Golden:
    """Return the first prompt, with its choices and their tokens, or how its answer is made and stopped."""
    texts = outcome.texts
    if "choices" in texts[0]:
        views = {text["task"]: text for text in texts}
        return {
            "prompt": texts[0]["prompt"],
            "choices": {task: text["choices"] for task, text in views.items()},
            "answer_tokens": [len(answer) for _, answer in made.pieces],
        }
    prompt, settings = made.asked[0]
    return {"prompt": prompt, "generation": settings}


def scored(outcome: Outcome) -> Golden:
    """Return the first item's columns, and the metrics."""
    item: Golden = {}
    for name, values in outcome.columns.items():
        counted = re.fullmatch(
            r"(.+)_\d+", name
        )  # sacreBLEU's counts, or the parts of lm-eval's values
        if counted:
            item.setdefault(counted[1], []).append(rounded(values[0]))
        else:
            item[name] = rounded(values[0])
    metrics = {name: rounded(metric.value) for name, metric in outcome.metrics.items()}
    return {"item": item, "metrics": metrics}


def rounded(value: Any) -> Any:
    """Return a number as files keep it."""
    return round(value, DECIMALS) if isinstance(value, float) else value


def windows(suite: str, benchmark: Benchmark, hub: Path) -> Golden:
    """Return every stretch of text that the model reads for a perplexity, in order."""
    model, tokenizer = byte_llama(CONTEXT), byte_tokenizer()
    read: list[str] = []
    hook = model.get_input_embeddings().register_forward_pre_hook(
        lambda _module, inputs: read.extend(tokenizer.batch_decode(inputs[0].tolist()))
    )
    chosen = load_suite(suite)
    outcome = run_benchmark(model, tokenizer, CONTEXT, chosen, benchmark, datasets_folder=hub)
    hook.remove()
    words = json.dumps(_rows(suite, benchmark.name), ensure_ascii=False)
    # what only tries the model out is no text of the data set's
    kept = [one for one in dict.fromkeys(read) if set(one.removeprefix("<s>")) <= {*words, "\n"}]
    return {"read": kept, "metrics": sorted(outcome.metrics)}


def documents(suite: str, benchmark: Benchmark, hub: Path) -> Golden:
    """Return lm-eval's documents as they are scored, with the tokens that stand before each."""
    made, outcome = ask(suite, benchmark, hub, None)
    with quiet():
        views = load_views(benchmark, hub)
    task = next(iter(views[benchmark.tasks[0]].values()))
    texts = [str(task.doc_to_target(row)) for row in task.eval_docs]
    decode = made.tokenizer.decode
    return {
        "documents": texts,
        "read": [f"{decode(before)}{decode(after)}" for before, after in made.pieces],
        "metrics": sorted(outcome.metrics),
    }
