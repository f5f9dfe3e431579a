"""Resample the scores of all entries of a board by the same draws, so that any two of them are paired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.comparison.choose import measure_of
from evaluator.comparison.shares import share, slope
from evaluator.entries import StoredResult
from evaluator.items import stored_items
from evaluator.results import Dimension
from evaluator.statistics.intervals import RESAMPLES, SEED, Floats
from evaluator.suites.definitions import Benchmark, Suite

Results = Mapping[str, StoredResult]  # by benchmark


@dataclass(frozen=True)
class Resampled:
    """The scores of entries: mean shares of best, observed (entries,) and resampled (entries x resamples)."""

    scores: Floats
    drawn: Floats


def resampled_scores(
    suite: Suite, entries: Sequence[Results], dimensions: Sequence[Dimension]
) -> Resampled:
    """Return the scores of entries that have every benchmark of some dimensions.

    Items are read benchmark by benchmark. Where a result has none that can be drawn from, its scores are
    drawn from its standard error, independently of all others.

    Raises:
        ValueError: an entry lacks a benchmark, or a metric has no share of best.
        ResultError: an items file can't be read, or isn't the one that was measured.
    """
    benchmarks = [one for one in suite.benchmarks if one.dimension in dimensions]
    scores, drawn = np.zeros(len(entries)), np.zeros((len(entries), RESAMPLES))
    for benchmark in benchmarks:
        for place, results in enumerate(entries):
            if benchmark.name not in results:
                raise ValueError(f"an entry has no result of {benchmark.name}; leave it out")
            one, many = _shares(benchmark, results[benchmark.name], place)
            scores[place] += one / len(benchmarks)
            drawn[place] += many / len(benchmarks)
    return Resampled(scores, drawn)


def _shares(benchmark: Benchmark, stored: StoredResult, place: int) -> tuple[float, Floats]:
    """Return the share of best of a benchmark's headline, and its resamples (resamples,)."""
    found = benchmark.headline_metric(stored.result.metrics)
    if found is None:
        raise ValueError(f"{stored.path} has no headline metric with a value; leave its entry out")
    name, metric = found
    definition, value = benchmark.definition(name), float(metric.value or 0.0)
    steep, whole = slope(definition), share(definition, value)
    if steep is None or whole is None:
        raise ValueError(f"{benchmark.name} has no share of best; leave it out of the score")
    drawn = _drawn(benchmark, name, stored, place, value)
    if definition.direction == "zero":
        return whole, 1 + np.abs(drawn) * steep
    return whole, whole + (drawn - value) * steep


def _drawn(
    benchmark: Benchmark, name: str, stored: StoredResult, place: int, value: float
) -> Floats:
    """Return the metric's resamples, centred where the result has it: items are rounded to 1e-4."""
    own, drawn = _by_items(benchmark, name, stored)
    if np.isfinite(drawn).all():
        return drawn + (value - own)
    spread = stored.result.metrics[name].stderr or 0.0
    seed = [SEED, place, *benchmark.name.encode()]  # its own, or the benchmarks would err alike
    return np.random.default_rng(seed).normal(value, spread, RESAMPLES)


def _by_items(benchmark: Benchmark, name: str, stored: StoredResult) -> tuple[float, Floats]:
    """Return the metric of a result's items and its resamples; NaN where they give none."""
    measure = measure_of(benchmark, name)
    if measure is None or stored.result.items is None:
        return np.nan, np.asarray([np.nan])
    items = stored_items(stored, measure.columns)
    try:
        return measure.resampled(items)
    except ValueError:  # what the items hold is one benchmark's matter
        return np.nan, np.asarray([np.nan])
