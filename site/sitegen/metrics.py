"""Turn measured metrics into the figures that pages show: headlines and scores.

A figure is in the unit it is shown in (a metric of display `percent` is already times 100). Intervals
are 95 %, from the standard errors that the results carry.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from evaluator.comparison import shares
from evaluator.results import Dimension, Metric, UnitResult
from evaluator.suites.definitions import QUALITY, Benchmark, MetricDefinition, Suite

Z95 = 1.959964
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


def definition_of(benchmark: Benchmark, name: str) -> MetricDefinition:
    """Return a metric's definition; of one that the suite no longer has, its bare name."""
    if name.split("_window_")[0] in benchmark.metrics:
        return benchmark.definition(name)
    return MetricDefinition(title=name, direction="higher", display="number")


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
    found, steep = shares.share(definition, shown.value / scale), shares.slope(definition)
    if found is None or steep is None:
        return None
    error = None if shown.error is None else shown.error / scale * 100 * abs(steep)
    return with_error(100 * found, error, shown.n)


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
    return mean(list(quality_shares(suite, results, dimensions).values()))


def quality_shares(
    suite: Suite, results: Results, dimensions: tuple[Dimension, ...] = QUALITY
) -> dict[str, Figure | None]:
    """Return the share of best of each benchmark of some dimensions, in percent; None where it is missing."""
    found = {}
    for benchmark in suite.benchmarks:
        if benchmark.dimension in dimensions:
            one = headline(benchmark, results.get(benchmark.name))
            share = one and share_of_best(benchmark.definition(one[0]), one[1])
            found[benchmark.name] = share
    return found


def perplexity(suite: Suite, results: Results) -> Figure | None:
    """Return the mean of a suite's perplexities, as the paper averages them."""
    texts = [one for one in suite.benchmarks if one.dimension == "perplexity"]
    found = [headline(one, results.get(one.name)) for one in texts]
    return mean([one and one[1] for one in found])
