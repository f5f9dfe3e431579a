"""Give lm-eval's own numbers as metrics, with an interval that lm-eval doesn't have.

Values are what `lm_eval.evaluate` reports, to the last digit: of a task, of a group (MMLU's is weighted by
size) and of a category (BBQ's). So are the standard errors that it computes (of a mean, and pooled over a
group's tasks). Where it has none, the error is ours: that of the mean over all items, or for any other
aggregate a delete-a-group jackknife's. Intervals are ours throughout, Wilson's for shares of right answers.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.results import Metric
from evaluator.scoring.answers import Answered
from evaluator.scoring.harness_items import Aggregation, Source, View, parts, without_prefix
from evaluator.statistics.intervals import mean_stderr, normal_interval, wilson
from evaluator.suites.definitions import Benchmark, MetricDefinition

JACKKNIFE_GROUPS = 20
NO_VALUE = "no item of the kind it is taken over was asked, or a likelihood is no number"

Reported = Mapping[str, Any]


def metrics(benchmark: Benchmark, available: Sequence[Source]) -> dict[str, Metric]:
    """Return every metric that the suite names, as lm-eval reports it of the source's task or group."""
    return {
        source.metric: _metric(
            source.key,
            source.view.reported[source.view.name],
            source.values,
            source.aggregation,
            benchmark.definition(source.metric),
        )
        for source in available
    }


def groups(benchmark: Benchmark, available: Sequence[Source]) -> dict[str, dict[str, Metric]]:
    """Return the metrics of each subject, of each of lm-eval's groups of subjects, or of each category."""
    found: dict[str, dict[str, Metric]] = {}
    for source in available:
        of_source = _by_task if source.view.members else _by_category
        for name, metric in of_source(source, benchmark.definition(source.metric)).items():
            found.setdefault(name, {})[source.metric] = metric
    return dict(sorted(found.items()))


def _by_task(source: Source, definition: MetricDefinition) -> dict[str, Metric]:
    """Return a metric of each task that was asked and of each inner group with such a task."""
    view, found = source.view, {}
    for name, tasks in view.members.items():
        values = [
            value
            for answer, value in zip(view.answers, source.by_item, strict=True)
            if answer.task in tasks and value is not None
        ]
        if values and name != view.name:
            found[without_prefix(name, view.name)] = _metric(
                source.key, view.reported[name], values, source.aggregation, definition
            )
    return found


def _by_category(source: Source, definition: MetricDefinition) -> dict[str, Metric]:
    """Return a metric of each category of the rows: lm-eval's where it has one, as `amb_bias_score_Age`."""
    metric, filter_name = source.key.split(",")
    reported = source.view.reported[source.view.name]
    found = {}
    for category, answers in _categories(source.view).items():
        own = f"{metric}_{category},{filter_name}"
        key = own if own in reported else source.key
        values = [value for answer in answers if (value := answer.value(key)) is not None]
        if not values:
            continue
        aggregate = source.view.aggregations[key.split(",")[0]]
        numbers = reported if key == own else {key: _aggregated(aggregate, values)}
        found[category] = _metric(key, numbers, values, aggregate, definition)
    return found


def _categories(view: View) -> dict[str, list[Answered]]:
    found: dict[str, list[Answered]] = {}
    for answer, part in zip(view.answers, parts(view), strict=True):
        if part:
            found.setdefault(part, []).append(answer)
    return found


def _metric(
    key: str,
    reported: Reported,
    values: list[Any],
    aggregate: Aggregation,
    definition: MetricDefinition,
) -> Metric:
    """Return lm-eval's value and error of a metric, with our interval; null where its value is no number."""
    metric, filter_name = key.split(",")
    value = _number(reported.get(key))
    if value is None:
        return Metric(value=None, n=len(values), reason=NO_VALUE)
    spread = _number(reported.get(f"{metric}_stderr,{filter_name}"))
    if spread is None:
        spread = own_stderr(values, aggregate)
    if _plain(values) and set(values) <= {0.0, 1.0}:
        interval: tuple[float, float] | None = wilson(math.fsum(values), len(values))
    else:
        highest = math.inf if definition.highest is None else definition.highest
        interval = normal_interval(value, spread, definition.lowest, highest)
    return Metric(value=value, stderr=spread, ci95=interval, n=len(values))


def _number(value: Any) -> float | None:
    """Return a finite number; null for what lm-eval writes as "N/A", for NaN and for infinity."""
    if value is None or isinstance(value, str):
        return None
    return float(value) if math.isfinite(value) else None


def own_stderr(values: list[Any], aggregate: Aggregation) -> float | None:
    """Return a standard error where lm-eval gives none: of a mean of numbers, else by the jackknife."""
    return mean_stderr(values) if _plain(values) else jackknife_stderr(aggregate, values)


def _plain(values: list[Any]) -> bool:
    return all(isinstance(value, float) for value in values)


def jackknife_stderr(aggregate: Aggregation, values: list[Any]) -> float | None:
    """Return the standard error of any aggregate, from leaving out each of twenty groups of items.

    sqrt((G - 1)/G · Σ (θ_g - θ̄)²), Quenouille 1956 and Tukey 1958; null for fewer than two items, where an
    aggregate without a group has no value, and where all are equal, which says nothing of their scatter.
    """
    count = min(JACKKNIFE_GROUPS, len(values))
    if count < 2:
        return None
    partial = []
    for left_out in range(count):
        kept = [value for number, value in enumerate(values) if number % count != left_out]
        partial.append(_number(_aggregated(aggregate, kept)))
    known = [value for value in partial if value is not None]
    if len(known) < count:
        return None
    mean = math.fsum(known) / count
    squares = math.fsum((value - mean) ** 2 for value in known)
    return math.sqrt((count - 1) / count * squares) if len(set(known)) > 1 else None


def _aggregated(aggregate: Aggregation, values: list[Any]) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, on the mean of nothing
        try:
            return float(aggregate(values))
        except (OverflowError, ZeroDivisionError):
            return None
