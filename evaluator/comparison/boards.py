"""Compute the statistics of all entries of a board: each beside its base, and all by the same draws.

Scores are resampled by draws common to all entries, so that any two of them are paired.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from evaluator.comparison.choose import measure_of
from evaluator.comparison.entries import Line, benchmark_results, compare_entries
from evaluator.comparison.reading import items_of
from evaluator.comparison.shares import share, slope
from evaluator.entries import Entry, StoredResult
from evaluator.results import Dimension
from evaluator.statistics.intervals import RESAMPLES, SEED, Floats
from evaluator.suites.definitions import Benchmark, Suite

QUALITY: tuple[Dimension, ...] = ("knowledge", "alignment")
CHUNK = 4  # families that a process takes at a time

Results = Mapping[str, StoredResult]  # by benchmark


@dataclass(frozen=True)
class Resampled:
    """The scores of entries, mean shares of best: observed (entries,), resampled (entries x resamples)."""

    scores: Floats
    drawn: Floats


@dataclass(frozen=True)
class BoardStatistics(Resampled):
    """The statistics of a board's entries.

    `names` are those of the rows of `scores` and `drawn`: entries that have all benchmarks. `lines` holds
    each variant's comparison with its base, by the variant's name.
    """

    names: tuple[str, ...]
    lines: Mapping[str, list[Line]]


def board_statistics(suite: Suite, entries: Sequence[Entry], *, jobs: int = 1) -> BoardStatistics:
    """Return the statistics of entries; `jobs` processes take families in turn.

    A family's base is its first unquantized entry, by name.

    Raises:
        InputError: a variant shares no benchmark with its base.
        ResultError: results contradict each other, or an items file isn't the one that was measured.
    """
    families: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: one.name):
        families.setdefault(entry.family, []).append(entry)
    tasks = [(suite, family) for family in families.values()]
    found = list(_each(tasks, jobs))
    lines = {name: one for part in found for name, one in part.lines.items()}
    return BoardStatistics(
        scores=np.concatenate([np.zeros(0), *(part.scores for part in found)]),
        drawn=np.concatenate([np.zeros((0, RESAMPLES)), *(part.drawn for part in found)]),
        names=tuple(name for part in found for name in part.names),
        lines=lines,
    )


def _each(tasks: list[tuple[Suite, list[Entry]]], jobs: int) -> Iterator[BoardStatistics]:
    if jobs == 1:
        yield from map(_family, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_family, tasks, chunksize=CHUNK)


def _family(task: tuple[Suite, list[Entry]]) -> BoardStatistics:
    suite, entries = task
    wanted = {one.name for one in suite.benchmarks if one.dimension in QUALITY}
    base = next((one for one in entries if one.submission.quantization.method == "none"), None)
    results = {entry.name: _of_suite(suite, entry) for entry in entries}
    whole = [name for name, found in results.items() if wanted <= _valued(suite, found)]
    lines = {
        entry.name: compare_entries(base, entry) for entry in entries if base and entry is not base
    }
    scores = resampled_scores(suite, [results[name] for name in whole], QUALITY)
    return BoardStatistics(scores.scores, scores.drawn, tuple(whole), lines)


def _of_suite(suite: Suite, entry: Entry) -> dict[str, StoredResult]:
    found = benchmark_results(entry)
    return {name: one for (_, name), one in found.items() if one.result.suite == suite.label}


def _valued(suite: Suite, results: Results) -> set[str]:
    """Return the benchmarks whose headline has a value."""
    return {
        one.name
        for one in suite.benchmarks
        if one.name in results and one.headline_metric(results[one.name].result.metrics)
    }


def resampled_scores(
    suite: Suite, entries: Sequence[Results], dimensions: Sequence[Dimension]
) -> Resampled:
    """Return the scores of entries that have every benchmark of some dimensions.

    Where a result has no items that can be drawn from, its scores are drawn from its standard error,
    independently of all others.

    Raises:
        ValueError: an entry lacks a benchmark, or a metric has no share of best.
        ResultError: an items file can't be read, or isn't the one that was measured.
    """
    benchmarks = [one for one in suite.benchmarks if one.dimension in dimensions]
    scores, drawn = np.zeros(len(entries)), np.zeros((len(entries), RESAMPLES))
    for place, results in enumerate(entries):
        missing = [one.name for one in benchmarks if one.name not in results]
        if missing:
            raise ValueError(f"an entry has no result of {', '.join(missing)}; leave it out")
        for benchmark in benchmarks:
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
    items = items_of(stored, measure.columns)
    try:
        return measure.resampled(items)
    except ValueError:  # what the items hold is one benchmark's matter
        return np.nan, np.asarray([np.nan])
