"""Turn measured metrics into the figures that pages show: headlines, scores, comparisons with a base.

A figure is in the unit it is shown in (a metric of display `percent` is already times 100). Intervals
are 95 %, from the standard errors that the results carry. A difference from the base is taken as if the
two were measured on different items, which makes its interval too wide, never too narrow.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from evaluator.results import Dimension, Metric, UnitResult, different_judges
from evaluator.suites.definitions import Benchmark, MetricDefinition, Suite

Z95 = 1.959964
QUALITY: tuple[Dimension, ...] = ("knowledge", "alignment")
Results = Mapping[str, UnitResult]


@dataclass(frozen=True)
class Figure:
    """One number in the unit it is shown in, with its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str = ""  # what sets it apart from the others in its column

    @property
    def error(self) -> float | None:
        """Return the standard error that the interval implies; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / (2 * Z95)


@dataclass(frozen=True)
class Comparison:
    """An entry's headline beside its base's, or why the two can't be compared."""

    base: Figure | None = None
    difference: Figure | None = None
    retention: Figure | None = None
    refusal: str | None = None
    better: bool | None = None  # None: the interval of the difference holds 0


def with_error(value: float, error: float | None, n: int | None = None) -> Figure:
    """Return a figure with a symmetric interval; without one where the error is unknown."""
    if error is None:
        return Figure(value, n=n)
    return Figure(value, value - Z95 * error, value + Z95 * error, n)


def figure(metric: Metric, definition: MetricDefinition) -> Figure | None:
    """Return a metric in the unit it is shown in, or None where it has no value."""
    if metric.value is None:
        return None
    scale = 100.0 if definition.display == "percent" else 1.0
    if metric.ci95:
        low, high = metric.ci95
        return Figure(metric.value * scale, low * scale, high * scale, metric.n)
    error = None if metric.stderr is None else metric.stderr * scale
    return with_error(metric.value * scale, error, metric.n)


def plain_figure(metric: Metric | None) -> Figure | None:
    """Return a metric in its own unit, or None where it is missing or has no value."""
    if metric is None or metric.value is None:
        return None
    low, high = metric.ci95 or (None, None)
    return Figure(metric.value, low, high, metric.n, metric.note or "")


def headline(benchmark: Benchmark, result: UnitResult | None) -> tuple[str, Figure] | None:
    """Return name and figure of a benchmark's headline metric; None where it failed or is missing."""
    if result is None or result.status != "ok":
        return None
    found = benchmark.headline_metric(result.metrics)
    if found is None:
        return None
    name, metric = found
    shown = figure(metric, benchmark.definition(name))
    return None if shown is None else (name, replace(shown, note=window_note(benchmark, name)))


def window_note(benchmark: Benchmark, name: str) -> str:
    """Say how long a perplexity's windows were, where they are shorter than the benchmark's."""
    window = name.partition("_window_")[2]
    return f"windows of {window}" if window and window != str(benchmark.window) else ""


def settled(benchmark: Benchmark, results: Iterable[UnitResult]) -> Benchmark:
    """Return a benchmark whose headline is one metric: the first that every result has, else the last.

    A column must not mix two metrics: chrF++ beside spBLEU would look twice as good.
    """
    usable = [one.metrics for one in results if one.status == "ok"]
    choices = [benchmark.model_copy(update={"headline": [name]}) for name in benchmark.headline]
    shared = (one for one in choices if all(map(one.headline_metric, usable)))
    return next(shared, choices[-1])


def share_of_best(definition: MetricDefinition, shown: Figure) -> Figure | None:
    """Return how far a figure stands between chance (0 %) and the best possible value (100 %).

    Bias counts as 1 - |bias|. A metric without a best value, such as perplexity, has no share.
    """
    scale = 100.0 if definition.display == "percent" else 1.0
    value = shown.value / scale
    error = None if shown.error is None else shown.error / scale
    if definition.direction == "zero":
        widest = max(abs(definition.lowest), abs(definition.highest or 0.0))
        if widest == 0:
            return None
        return with_error(100 * (1 - abs(value) / widest), _times(error, 100 / widest), shown.n)
    best = definition.highest if definition.direction == "higher" else definition.lowest
    worst = definition.lowest if definition.direction == "higher" else definition.highest
    chance = worst if definition.chance is None else definition.chance
    if best is None or chance is None or best == chance:
        return None
    span = best - chance
    return with_error(100 * (value - chance) / span, _times(error, 100 / abs(span)), shown.n)


def _times(error: float | None, factor: float) -> float | None:
    return None if error is None else error * factor


def mean(figures: list[Figure | None]) -> Figure | None:
    """Return the mean of independent figures; None if there is none or one is missing."""
    present = [one for one in figures if one is not None]
    if not present or len(present) < len(figures):
        return None
    errors = [one.error for one in present if one.error is not None]
    known = len(errors) == len(present)
    error = math.sqrt(sum(one**2 for one in errors)) / len(present) if known else None
    note = next((one.note for one in present if one.note), "")
    return replace(with_error(sum(one.value for one in present) / len(present), error), note=note)


def score(
    suite: Suite, results: Results, dimensions: tuple[Dimension, ...] = QUALITY
) -> Figure | None:
    """Return the mean share of best over all benchmarks of some dimensions, in percent.

    A missing or failed benchmark leaves the score empty: a mean over fewer would flatter.
    """
    shares: list[Figure | None] = []
    for benchmark in suite.benchmarks:
        if benchmark.dimension in dimensions:
            found = headline(benchmark, results.get(benchmark.name))
            shares.append(found and share_of_best(benchmark.definition(found[0]), found[1]))
    return mean(shares)


def perplexity(suite: Suite, results: Results) -> Figure | None:
    """Return the mean of a suite's perplexities, as the paper averages them."""
    texts = [one for one in suite.benchmarks if one.dimension == "perplexity"]
    found = [headline(one, results.get(one.name)) for one in texts]
    return mean([one and one[1] for one in found])


def ratio(part: Figure | None, whole: Figure | None) -> Figure | None:
    """Return one figure in percent of another; None where either is missing or the whole isn't positive."""
    if part is None or whole is None or whole.value <= 0:
        return None
    value = 100 * part.value / whole.value
    if part.error is None or whole.error is None:
        return Figure(value)
    spread = math.hypot(100 * part.error, value * whole.error) / whole.value
    return with_error(value, spread)


def difference(one: Figure, other: Figure) -> Figure:
    """Return one figure minus another, as if they were independent."""
    if one.error is None or other.error is None:
        return Figure(one.value - other.value)
    return with_error(one.value - other.value, math.hypot(one.error, other.error))


def incomparable(result: UnitResult, base: UnitResult) -> str | None:
    """Say which field forbids comparing two results of one benchmark; None where they compare."""
    if result.suite != base.suite:
        return f"suite versions differ: {result.suite} and {base.suite}"
    if _fingerprints(result) != _fingerprints(base):
        return "data-set fingerprints differ: the two did not answer the same items"
    if result.provenance.prompt_hash != base.provenance.prompt_hash:
        return "prompt hashes differ: the two were asked in different words"
    return different_judges(result, base)


def _fingerprints(result: UnitResult) -> list[str]:
    return [one.fingerprint for one in result.provenance.datasets]


def compare(
    benchmark: Benchmark, result: UnitResult, base: UnitResult | None, metric: str | None = None
) -> Comparison:
    """Compare one metric of an entry, the headline where none is named, with its base's."""
    found = headline(benchmark, result)
    name = metric or (found[0] if found else None)
    if name is None or base is None or base.status != "ok":
        return Comparison()
    definition = benchmark.definition(name)
    own = _figure_of(result, name, definition)
    other = _figure_of(base, name, definition)
    refusal = incomparable(result, base)
    if own is None or other is None or refusal:
        return Comparison(base=other, refusal=refusal)
    return Comparison(
        base=other,
        difference=difference(own, other),
        retention=_retention(definition, own, other),
        better=_better(definition, own, other),
    )


def _figure_of(result: UnitResult, name: str, definition: MetricDefinition) -> Figure | None:
    metric = result.metrics.get(name)
    return None if metric is None else figure(metric, definition)


def _retention(definition: MetricDefinition, own: Figure, base: Figure) -> Figure | None:
    """Return the share of the base's headline that is left; none for perplexity."""
    if definition.direction == "lower":
        return None
    if definition.direction == "zero":
        return ratio(share_of_best(definition, own), share_of_best(definition, base))
    return ratio(own, base)


def _better(definition: MetricDefinition, own: Figure, base: Figure) -> bool | None:
    apart = difference(own, base)
    if apart.low is None or apart.high is None or apart.low <= 0 <= apart.high:
        return None
    if definition.direction == "zero":
        return abs(own.value) < abs(base.value)
    return (apart.value > 0) == (definition.direction == "higher")


def retention(suite: Suite, results: Results, base: Results) -> tuple[Figure | None, str | None]:
    """Return a score in percent of the base's score, and why there is none where a comparison is refused."""
    for benchmark in suite.benchmarks:
        own, other = results.get(benchmark.name), base.get(benchmark.name)
        if benchmark.dimension in QUALITY and own and other:
            refusal = incomparable(own, other)
            if refusal:
                return None, f"{benchmark.title}: {refusal}"
    return ratio(score(suite, results), score(suite, base)), None


def rank_ranges(scores: list[Figure | None]) -> list[tuple[int, int] | None]:
    """Return the best and worst rank that the intervals leave open to each score.

    An entry is surely behind those whose whole interval is above its own, and surely ahead of those
    whose whole interval is below it.
    """
    present = [one for one in scores if one is not None]
    return [_rank_range(one, present) if one else None for one in scores]


def _rank_range(own: Figure, others: list[Figure]) -> tuple[int, int]:
    low, high = _ends(own)
    ahead = sum(_ends(one)[0] > high for one in others)
    behind = sum(_ends(one)[1] < low for one in others)
    return ahead + 1, len(others) - behind


def _ends(one: Figure) -> tuple[float, float]:
    if one.low is None or one.high is None:
        return one.value, one.value
    return one.low, one.high
