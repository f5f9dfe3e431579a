"""Turn the answers to lm-eval's own tasks into items, as a suite's `sources` map lm-eval's metrics to ours.

A source reads `metric,filter` or `metric,filter@task`. An item has lm-eval's value and lm-eval's judgement,
also where a likelihood is no number: it is flagged as failed, and stays in every mean. `harness_metrics` sums
up.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evaluator.scoring.answers import Answered
from evaluator.scoring.loading import Tasks
from evaluator.suites.definitions import Benchmark
from evaluator.tasks.parts import part_columns

UNPARSED = ("[invalid]", "")
GROUP_FIELDS = ("subject", "category")
TEMPLATE_FIELDS = ("category", "question_index")  # of rows made from templates
RIGHT_OR_WRONG = ("acc", "acc_norm", "exact_match")  # lm-eval's metrics that judge an item

Aggregation = Callable[[list[Any]], float]


@dataclass(frozen=True)
class View:
    """One of a benchmark's tasks or groups: its answers in order, and what lm-eval makes of them.

    `reported` holds lm-eval's results: of each task and group, the value of each `metric,filter`. `members`
    holds the tasks behind each name within a group, itself included; it is empty for a single task.
    """

    name: str
    answers: list[Answered]
    aggregations: Mapping[str, Aggregation]
    reported: Mapping[str, Mapping[str, Any]]
    members: Mapping[str, Sequence[str]]


def view(
    name: str, tasks: Tasks, answers: list[Answered], reported: Mapping[str, Mapping[str, Any]]
) -> View:
    """Return the view of the tasks behind one name."""
    members = {task: [task] for task in tasks} if tasks.groups else {}
    for group in tasks.groups.values():
        members[group.name] = [task.task_name for task in group.get_all_tasks()]
    aggregations = next(iter(tasks.values())).aggregation()
    return View(name, answers, aggregations, reported, members)


@dataclass(frozen=True, eq=False)
class Source:
    """Where one of our metrics comes from: `key` is lm-eval's `metric,filter` on the items of `view`."""

    metric: str
    key: str
    view: View

    @cached_property
    def by_item(self) -> list[Any]:
        """Return its value on each item, a number or a tuple of them; null where lm-eval gives none."""
        return [answer.value(self.key) for answer in self.view.answers]

    @cached_property
    def values(self) -> list[Any]:
        """Return the values that there are."""
        return [value for value in self.by_item if value is not None]

    @property
    def aggregation(self) -> Aggregation:
        """Return lm-eval's way to sum the metric up."""
        return self.view.aggregations[self.key.split(",")[0]]

    @cached_property
    def has_parts(self) -> bool:
        """Say whether the value on an item is a tuple, from which lm-eval computes the metric."""
        return any(isinstance(value, tuple) for value in self.by_item)

    @cached_property
    def plain(self) -> bool:
        """Say whether every item has a value, and that a number."""
        return all(isinstance(value, float) for value in self.by_item)

    @cached_property
    def binary(self) -> bool:
        """Say whether each item is right or wrong; a ROUGE of 0 or 1 on every item is neither."""
        decides = self.key.split(",")[0] in RIGHT_OR_WRONG
        return decides and self.plain and set(self.by_item) <= {0.0, 1.0}


def sources(benchmark: Benchmark, views: Mapping[str, View]) -> list[Source]:
    """Return the sources of a benchmark's metrics, in the suite's order."""
    found = []
    for metric, text in benchmark.sources.items():
        key, _, task = text.partition("@")
        found.append(Source(metric, key, views[task or benchmark.tasks[0]]))
    return found


def primary(benchmark: Benchmark, available: list[Source]) -> Source | None:
    """Return the source that says whether an item is right: the headline's, or lm-eval's own accuracy."""
    by_metric = {source.metric: source for source in available}
    for name in benchmark.headline:
        if name in by_metric and by_metric[name].binary:
            return by_metric[name]
    accuracy = Source("accuracy", "acc,none", available[0].view)
    return accuracy if accuracy.by_item and accuracy.binary else None


def without_prefix(task: str, view: str) -> str:
    """Return a task's name without that of the group that it stands in."""
    return task.removeprefix(view).lstrip("_-")


def parts(view: View) -> list[str]:
    """Return the part of the benchmark that each item belongs to: task of a group, subject or category."""
    if view.members:
        return [without_prefix(answer.task, view.name) for answer in view.answers]
    field = next((name for name in GROUP_FIELDS if name in view.answers[0].row), None)
    return ["" if field is None else str(answer.row[field]) for answer in view.answers]


def _clusters(view: View) -> list[Hashable]:
    """Return what each item shares with those that aren't independent of it: its template, or nothing."""
    templated = all(name in view.answers[0].row for name in TEMPLATE_FIELDS)
    if not templated:
        return list(range(len(view.answers)))
    return [tuple(answer.row[name] for name in TEMPLATE_FIELDS) for answer in view.answers]


def item_columns(available: list[Source], right: Source | None) -> dict[str, list[Any]]:
    """Return the columns of the items file; the first view's items are the rows."""
    view = right.view if right else available[0].view
    shown = right.key.split(",")[1] if right else None
    columns: dict[str, list[Any]] = {
        "answer": [_choice(answer) for answer in view.answers],
        "correct": [bool(value) for value in right.by_item]
        if right
        else [None] * len(view.answers),
        "flags": [
            answer.flags(unparsed=shown is not None and answer.filtered.get(shown) in UNPARSED)
            for answer in view.answers
        ],
        **part_columns(parts(view), _clusters(view)),
    }
    for place, source in enumerate(available):
        known = any(_same_parts(source, earlier) for earlier in available[:place])
        if not known and (right is None or source.metric != right.metric):
            columns |= _value_columns(source)
    if all(isinstance(answer.responses[0], float) for answer in view.answers):
        columns["nll_per_byte"] = [_nll_per_byte(answer) for answer in view.answers]
    return columns


def _same_parts(source: Source, other: Source) -> bool:
    """Say whether two metrics are computed from the same parts of each item, as both biases of BBQ are."""
    return source.has_parts and source.by_item == other.by_item


def _value_columns(source: Source) -> dict[str, list[Any]]:
    """Return a metric's value on each item; one column each for the parts of a value that has some."""
    if not source.has_parts:
        return {source.metric: [_finite(value) for value in source.by_item]}
    width = max(len(value) for value in source.values)
    return {
        f"{source.metric}_{index}": [value and _finite(value[index]) for value in source.by_item]
        for index in range(width)
    }


def _finite(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _choice(answer: Answered) -> int | None:
    values = answer.likelihoods
    return None if answer.failed or not values else values.index(max(values))


def _nll_per_byte(answer: Answered) -> float | None:
    value, size = answer.responses[0], len(answer.arguments[0][0].encode())
    return -value / size if math.isfinite(value) and size else None
