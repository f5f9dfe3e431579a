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
from evaluator.comparison.measures import Mean, Measure, resampled
from evaluator.comparison.reading import items_of
from evaluator.comparison.shares import share, slope
from evaluator.entries import Entry, StoredResult
from evaluator.items import Items
from evaluator.results import Dimension
from evaluator.statistics import resampling
from evaluator.statistics.intervals import RESAMPLES, SEED, Floats
from evaluator.suites.definitions import QUALITY, Benchmark, Suite

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
    for results in entries:
        missing = [one.name for one in benchmarks if one.name not in results]
        if missing:
            raise ValueError(f"an entry has no result of {', '.join(missing)}; leave it out")
    scores, drawn = np.zeros(len(entries)), np.zeros((len(entries), RESAMPLES))
    for benchmark in benchmarks:
        headlines = [_headline(benchmark, results[benchmark.name]) for results in entries]
        for place, (one, many) in enumerate(
            zip(headlines, _drawn(benchmark, headlines), strict=True)
        ):
            steep, whole = _share(benchmark, one)
            scores[place] += whole / len(benchmarks)
            drawn[place] += _shares(benchmark, one, many, steep, whole) / len(benchmarks)
    return Resampled(scores, drawn)


@dataclass(frozen=True)
class Headline:
    """A benchmark's headline in one entry's result."""

    stored: StoredResult
    name: str
    value: float


def _headline(benchmark: Benchmark, stored: StoredResult) -> Headline:
    found = benchmark.headline_metric(stored.result.metrics)
    if found is None:
        raise ValueError(f"{stored.path} has no headline metric with a value; leave its entry out")
    return Headline(stored, found[0], float(found[1].value or 0.0))


def _share(benchmark: Benchmark, one: Headline) -> tuple[float, float]:
    """Return what a unit of the metric is worth, and its share of best."""
    definition = benchmark.definition(one.name)
    steep, whole = slope(definition), share(definition, one.value)
    if steep is None or whole is None:
        raise ValueError(f"{benchmark.name} has no share of best; leave it out of the score")
    return steep, whole


def _shares(
    benchmark: Benchmark, one: Headline, drawn: Floats, steep: float, whole: float
) -> Floats:
    """Return the shares of best (resamples,) of a metric's resamples."""
    if benchmark.definition(one.name).direction == "zero":
        return 1 + np.abs(drawn) * steep
    return whole + (drawn - one.value) * steep


def _drawn(benchmark: Benchmark, headlines: Sequence[Headline]) -> list[Floats]:
    """Return each headline's resamples, centred where the result has it: items are rounded to 1e-4.

    Means of all entries are resampled in one product, which is many times faster than one by one.
    """
    linear: dict[int, dict[int, Floats]] = {}  # by number of units, then by place
    found: dict[int, Floats | None] = {}
    for place, one in enumerate(headlines):
        measure = measure_of(benchmark, one.name)
        if measure is None or one.stored.result.items is None:
            continue
        items = items_of(one.stored, measure.columns)
        if isinstance(measure, Mean):
            parts = measure.by_unit(items)
            linear.setdefault(len(parts), {})[place] = parts
        else:
            found[place] = _by_items(measure, items, one.value)
    for units, by_place in linear.items():
        if units > 1:
            many = resampling.sums(np.stack(list(by_place.values()), axis=1)).T
            found |= {
                place: headlines[place].value + row
                for place, row in zip(by_place, many, strict=True)
            }
    return [_known(benchmark, found.get(place), one) for place, one in enumerate(headlines)]


def _known(benchmark: Benchmark, drawn: Floats | None, one: Headline) -> Floats:
    """Return resamples, or where items give none draws from the standard error."""
    if drawn is not None and np.isfinite(drawn).all():
        return drawn
    spread = one.stored.result.metrics[one.name].stderr or 0.0
    name = f"{one.stored.result.entry} {benchmark.name}"
    seed = [SEED, *name.encode()]  # its own, or entries and benchmarks would err alike
    return np.random.default_rng(seed).normal(one.value, spread, RESAMPLES)


def _by_items(measure: Measure, items: Items, value: float) -> Floats | None:
    """Return a metric's resamples; None where the items give none."""
    try:
        own, drawn = resampled(measure, items)
    except ValueError:  # what the items hold is one benchmark's matter
        return None
    return drawn + (value - own)
