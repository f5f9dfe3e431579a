"""Choose what is asked: real items as lm-eval's own requests, in whole subjects and whole categories.

A seed names the subjects and categories. All of TruthfulQA is asked, MC1 and MC2 in one go, as `quantboard
run` and `lm_eval` ask a benchmark's tasks: in one call of `loglikelihood`.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.engine.models import strings, tokenizer
from evaluator.scoring.loading import Tasks, load_views
from evaluator.scoring.quiet import quiet
from evaluator.suites.definitions import Benchmark, load_suite

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LIKELIHOODS = ("mmlu", "ceval", "truthfulqa", "bbq")
TITLES = {
    "mmlu": "MMLU 5-shot",
    "ceval": "C-Eval 5-shot",
    "truthfulqa": "TruthfulQA MC1+MC2",
    "bbq": "BBQ",
}
FULL = {"mmlu": 14_042, "ceval": 1_346, "truthfulqa": 817, "bbq": 58_492}  # items of the full sets


@dataclass(frozen=True)
class Questions:
    """One benchmark, or a part of it, as lm-eval's requests.

    Attributes:
        benchmark: its name in suite `harness`.
        parts: the subjects or categories that are asked, all of each.
        items: questions.
        instances: lm-eval's requests, in the order in which lm-eval asks them.
    """

    benchmark: str
    parts: tuple[str, ...]
    items: int
    instances: Sequence[Any] = field(repr=False)


class Source:
    """The rows of the four benchmarks, from a Hub-shaped folder; each benchmark is read once."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._views: dict[str, dict[str, Tasks]] = {}

    def tasks(self, name: str) -> dict[str, Any]:
        """Return a benchmark's tasks by name; those of several views behind one another."""
        if name not in self._views:
            with quiet():
                self._views[name] = load_views(_benchmark(name), self._folder)
        views = self._views[name].values()
        return {task: one for view in views for task, one in view.items()}

    @cached_property
    def digest(self) -> str:
        """Return a hash over the files of the four data sets, which determines every text in them."""
        digest = hashlib.sha256()
        for name in LIKELIHOODS:
            folder = self._folder / _benchmark(name).dataset.path
            for file in sorted(folder.rglob("*.parquet")):
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(self._folder).as_posix()} {content}\n".encode())
        return digest.hexdigest()

    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Return the tokenizer of these texts, trained once."""
        return tokenizer(self.digest, self.texts)

    def texts(self) -> list[str]:
        """Return every text in the rows of all four benchmarks, and in those of their examples."""
        found: dict[str, None] = {}
        for name in LIKELIHOODS:
            for task in self.tasks(name).values():
                rows = [*task.eval_docs, *(task.fewshot_docs() or ())]
                found |= dict.fromkeys(strings(rows))
        return list(found)

    def parts(self, name: str) -> list[str]:
        """Return the names of a benchmark's subjects or categories, in alphabetical order."""
        if name == "bbq":
            return sorted(set(self._categories))
        if name == "truthfulqa":
            return ["all"]
        return sorted(self.tasks(name))

    def questions(self, name: str, parts: Sequence[str], items: int | None = None) -> Questions:
        """Return the requests of some whole subjects or categories, or of so many first questions of each."""
        tasks = self.tasks(name)
        rows: dict[str, list[int] | None] = dict.fromkeys(tasks)
        if name == "bbq":
            rows = {"bbq": [at for at, one in enumerate(self._categories) if one in parts][:items]}
        elif name != "truthfulqa":
            rows = {part: None for part in tasks if part in parts}
        if items is not None and name != "bbq":
            rows = {task: list(range(min(items, len(tasks[task].eval_docs)))) for task in rows}
        with quiet():
            instances = [one for task in rows for one in _requests(tasks[task], rows[task])]
        asked = {(one.task_name, one.doc_id) for one in instances}
        names = parts if items is None else [f"{part} first {items}" for part in parts]
        return Questions(name, tuple(names), len(asked) // len(_benchmark(name).tasks), instances)

    def drawn(
        self, name: str, count: int, seed: int, among: Sequence[str] | None = None
    ) -> list[str]:
        """Return the names of so many subjects or categories, of all or `among` some, drawn by a seed."""
        parts = self.parts(name) if among is None else among
        return random.Random(f"{name}-{seed}").sample(parts, min(count, len(parts)))

    @cached_property
    def _categories(self) -> list[str]:
        return [str(row["category"]) for row in self.tasks("bbq")["bbq"].eval_docs]


def _benchmark(name: str) -> Benchmark:
    return load_suite("harness").benchmark(name)


def _requests(task: Any, rows: list[int] | None) -> Iterator[Any]:
    task.build_all_requests(samples=rows, rank=0, world_size=1)
    yield from task.instances


def slices(questions: Questions, count: int) -> list[Questions]:
    """Cut a sample into so many runs of neighbouring questions, of all views of each; none is left out.

    lm-eval's time is the sum over its rows, so a long sample can be timed in pairs of short runs.
    """
    rows = sorted({instance.doc_id for instance in questions.instances})
    bounds = [len(rows) * number // count for number in range(count + 1)]
    return [
        _rows(questions, rows[first:last], f"{number + 1}/{count}")
        for number, (first, last) in enumerate(pairwise(bounds))
        if first < last
    ]


def first(questions: Questions, items: int) -> Questions:
    """Return the first questions of a sample."""
    rows = sorted({instance.doc_id for instance in questions.instances})[:items]
    return _rows(questions, rows, f"first {len(rows)}")


def _rows(questions: Questions, rows: Sequence[int], name: str) -> Questions:
    kept = set(rows)
    return replace(
        questions,
        parts=tuple(f"{part} {name}" for part in questions.parts),
        items=len(kept),
        instances=[one for one in questions.instances if one.doc_id in kept],
    )
