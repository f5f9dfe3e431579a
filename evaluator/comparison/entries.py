"""Compare two entries, benchmark by benchmark, on the items that both answered."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evaluator.comparison.choose import measure_of
from evaluator.comparison.comparable import differing_fields
from evaluator.comparison.measures import Measure
from evaluator.comparison.reading import items_of
from evaluator.entries import Entry, StoredResult, current_results
from evaluator.errors import InputError, ResultError
from evaluator.items import Items
from evaluator.results import Metric
from evaluator.statistics.intervals import Z95, Interval
from evaluator.statistics.paired import DETECTED, Comparison, Flips
from evaluator.statistics.several import holm
from evaluator.suites.definitions import Benchmark, MetricDefinition, Suite, load_suite
from evaluator.suites.divergence import MODE

CORRECT = "correct"
DIVERGENCE = f"-{MODE}"
REPORTED = (
    "figures of a publication aren't compared with measured ones; compare two reported entries"
)


@dataclass(frozen=True)
class Line:
    """One benchmark of two entries.

    Attributes:
        suite: `<name>@<version>`.
        benchmark: what was asked.
        metric: name of the metric that is compared, the headline; empty where none can be.
        comparison: base and variant; None where they can't be compared.
        adjusted: its p-value by Holm's rule over the benchmarks of this comparison; None without one.
        paired: whether it was made item by item, and not from the two scores alone.
        refusals: fields that forbid it, one sentence each.
        reason: why there is none, where no field forbids it.
        parts: flips by part of the benchmark, such as a subject, where there are parts.
    """

    suite: str
    benchmark: Benchmark
    metric: str = ""
    comparison: Comparison | None = None
    adjusted: float | None = None
    paired: bool = False
    refusals: tuple[str, ...] = ()
    reason: str = ""
    parts: Mapping[str, Flips] | None = None

    @property
    def definition(self) -> MetricDefinition:
        """Return what the metric is."""
        return self.benchmark.definition(self.metric)


def compare_entries(base: Entry, variant: Entry) -> list[Line]:
    """Compare all that two entries have of the same suites; differences are the variant's less the base's.

    Raises:
        InputError: they share no benchmark, or one is reported and the other measured.
        ResultError: results contradict each other, or an items file isn't the one that was measured.
    """
    if (base.submission.source == "reported") != (variant.submission.source == "reported"):
        raise InputError(f"{base.name} and {variant.name}: {REPORTED}")
    sides = [benchmark_results(entry) for entry in (base, variant)]
    lines = [
        _line(suite, name, first, sides[1][suite, name])
        for (suite, name), first in sides[0].items()
        if (suite, name) in sides[1]
    ]
    if not lines:
        labels = [sorted({one.result.suite or "" for one in side.values()}) for side in sides]
        first, second = (", ".join(found) or "none" for found in labels)
        raise InputError(
            f"{base.name} and {variant.name} share no benchmark (suites {first} and {second}); "
            f"run both on one suite"
        )
    return adjusted(lines)


def benchmark_results(entry: Entry) -> dict[tuple[str, str], StoredResult]:
    """Return an entry's current results by suite's name and benchmark, in the suite's order.

    Divergences are left out: they are distances from a base already.

    Raises:
        ResultError: results contradict each other.
    """
    found = {
        ((one.result.suite or "").partition("@")[0], one.result.benchmark): one
        for one in current_results(entry)
        if one.result.kind == "benchmark" and not one.result.benchmark.endswith(DIVERGENCE)
    }
    return dict(sorted(found.items(), key=lambda pair: _place(*pair[0])))


def _place(suite: str, benchmark: str) -> tuple[str, int, str]:
    names = [one.name for one in load_suite(suite).benchmarks]
    return suite, names.index(benchmark) if benchmark in names else len(names), benchmark


def _line(suite: str, name: str, base: StoredResult, variant: StoredResult) -> Line:
    line = Line(variant.result.suite or "", load_suite(suite).benchmark(name))
    failed = [one.path for one in (base, variant) if one.result.status != "ok"]
    if failed:
        return replace(line, reason=f"{failed[0].parts[-5]}/{failed[0].parts[-4]} failed")
    refusals = differing_fields(variant.result, base.result)
    if refusals:
        return replace(line, refusals=tuple(refusals))
    return compared(line, base, variant)


def compared(line: Line, base: StoredResult, variant: StoredResult) -> Line:
    """Return a line with the headline metric of two results that may be compared.

    Raises:
        ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
    """
    metric = shared_headline(line.benchmark, base, variant)
    if metric is None:
        return replace(line, reason="no headline metric has a value on both sides")
    return compared_by(replace(line, metric=metric), base, variant)


def compared_by(line: Line, base: StoredResult, variant: StoredResult) -> Line:
    """Return a line with its metric, which has a value on both sides, of two results that may be compared.

    Raises:
        ResultError: as `compared`.
    """
    measure = measure_of(line.benchmark, line.metric)
    if measure is None or base.result.items is None or variant.result.items is None:
        return replace(line, comparison=unpaired(line, base, variant))
    first, second = paired_items(measure, base, variant)
    try:
        found = measure.compare(first, second)
    except ValueError as fault:  # what the items hold is one benchmark's matter
        return replace(line, reason=str(fault))
    return replace(line, comparison=found, paired=True, parts=part_flips(first, second))


def shared_headline(benchmark: Benchmark, base: StoredResult, variant: StoredResult) -> str | None:
    """Return the first headline metric that has a value on both sides."""
    for name in benchmark.headline:
        one = benchmark.model_copy(update={"headline": [name]})
        found = [one.headline_metric(side.result.metrics) for side in (base, variant)]
        names = {pair[0] for pair in found if pair}
        if all(found) and len(names) == 1:
            return names.pop()
    return None


def paired_items(
    measure: Measure, base: StoredResult, variant: StoredResult
) -> tuple[Items, Items]:
    """Read the items of two results.

    Raises:
        ResultError: as `stored_items`, or the two don't have the same rows.
    """
    first, second = (items_of(one, measure.columns) for one in (base, variant))
    for name in ("rows", "strata", "clusters"):
        if not _alike(first, second, name):
            raise ResultError(
                f"{variant.path} and {base.path} name the same data but differ in {name} of their items; "
                "run one of them again"
            )
    return first, second


def _alike(first: Items, second: Items, name: str) -> bool:
    """Return whether two files say the same of their items."""
    if name == "rows":
        return first.rows == second.rows
    if name == "clusters":
        return _equal(first.clusters, second.clusters)
    one, other = first.strata, second.strata
    if one is None or other is None:
        return one is other
    return one.names == other.names and _equal(one.codes, other.codes)


def _equal(one: NDArray[np.integer] | None, other: NDArray[np.integer] | None) -> bool:
    return one is other if one is None or other is None else bool(np.array_equal(one, other))


def part_flips(base: Items, variant: Items) -> dict[str, Flips] | None:
    """Return the flips of each part; None where items aren't right or wrong, or there is but one part."""
    first, second = base.numbers.get(CORRECT), variant.numbers.get(CORRECT)
    if first is None or second is None or base.strata is None or np.isnan(first).any():
        return None
    names, codes = base.strata.names, base.strata.codes
    counts = (
        np.bincount(codes, found, len(names))
        for found in (np.ones(base.rows), first > second, first < second)
    )
    return {
        name: Flips(*found)
        for name, *found in zip(names, *(count.tolist() for count in counts), strict=True)
        if found[0]
    }


def unpaired(line: Line, base: StoredResult, variant: StoredResult) -> Comparison:
    """Compare two scores as if they were of different items: too wide an interval, never too narrow.

    Of a bias the difference is that of the distances from 0.
    """
    first, second = (one.result.metrics[line.metric] for one in (base, variant))
    low, high, error = _value(first), _value(second), math.hypot(_error(first), _error(second))
    apart = abs(high) - abs(low) if line.definition.direction == "zero" else high - low
    half = Z95 * error
    return Comparison(
        base=low,
        variant=high,
        difference=Interval(apart, apart - half, apart + half),
        retention=_unpaired_retention(line, first, second),
        flips=None,
        smallest=error * DETECTED,
        p=float(2 * ndtr(-abs(apart) / error)) if error > 0 else float(apart == 0),
    )


def _unpaired_retention(line: Line, base: Metric, variant: Metric) -> Interval | None:
    """Return what is left of the base's score, of a perplexity base over variant; of bias and faults none."""
    surprise = line.benchmark.dimension == "perplexity"
    if line.definition.direction != ("lower" if surprise else "higher"):
        return None
    part, whole = (base, variant) if surprise else (variant, base)
    if _value(whole) <= 0:
        return None
    ratio = _value(part) / _value(whole)
    wide = Z95 * math.hypot(_error(part), ratio * _error(whole)) / _value(whole)
    return Interval(ratio, max(0.0, ratio - wide), ratio + wide)


def _error(metric: Metric) -> float:
    """Return a metric's standard error, as wide as its interval's longer side; infinite where it is unknown.

    At a share of 0 or 1 the standard error itself is 0, which would claim to be certain.
    """
    if metric.ci95 is None:
        return math.inf if metric.stderr is None else metric.stderr
    sides = (_value(metric) - metric.ci95[0], metric.ci95[1] - _value(metric))
    return max(metric.stderr or 0.0, *(side / Z95 for side in sides))


def _value(metric: Metric) -> float:
    return math.nan if metric.value is None else metric.value


def adjusted(lines: list[Line]) -> list[Line]:
    """Return the lines with p-values by Holm's rule over all that are compared."""
    found = iter(holm([one.comparison.p for one in lines if one.comparison]))
    return [replace(one, adjusted=next(found)) if one.comparison else one for one in lines]


def refused(lines: list[Line]) -> Iterator[str]:
    """Give one sentence for each field that forbids a comparison, with its benchmark."""
    for one in lines:
        for sentence in one.refusals:
            yield f"{one.suite}/{one.benchmark.name}: {sentence}"


def suites_of(lines: list[Line]) -> list[Suite]:
    """Return the suites of some lines, each once."""
    return [
        load_suite(name) for name in dict.fromkeys(one.suite.partition("@")[0] for one in lines)
    ]
