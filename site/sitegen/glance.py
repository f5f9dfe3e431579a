"""Show an entry's three dimensions at a glance: every benchmark on one scale, beside the base.

The scale is the share of best, so that a point is worth the same on every benchmark. Figures are positions
in a drawing of `WIDTH` units that templates turn into SVG.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluator.comparison.shares import slope
from evaluator.statistics.paired import Flips
from evaluator.suites.definitions import QUALITY, Benchmark, MetricDefinition, Suite
from sitegen import metrics, probes, words
from sitegen.board import Board, Column, Row
from sitegen.comparisons import BesideBase, Compared
from sitegen.metrics import Figure
from sitegen.render import DIMENSIONS, benchmark_path

WIDTH = 200.0
NICE = (1.0, 2.0, 5.0)
LEAST_REACH = 2.0  # points: below, noise would fill the drawing


@dataclass(frozen=True)
class Mark:
    """Where a value and its interval stand in a drawing, cut off at its ends."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Line:
    """One benchmark's headline at a glance.

    Attributes:
        points: what it differs from the base by, in points of share of best; None of a perplexity.
        mark: the same in the drawing.
    """

    title: str
    path: str
    figure: Figure
    unit: str
    digits: int
    beside: BesideBase
    points: Figure | None
    mark: Mark | None = None


@dataclass(frozen=True)
class Glance:
    """One dimension at a glance; `reach` is what the scale's ends stand for, in points of share of best."""

    title: str
    unit: str
    digits: int
    score: Figure | None
    base: Figure | None
    lines: list[Line]
    reach: float


@dataclass(frozen=True)
class Overall:
    """What an entry is ranked by: its score, the base's, and what it keeps of that; in percent."""

    score: Figure
    base: Figure | None
    retention: Figure | None


def overall(row: Row | None, base: Row | None) -> Overall | None:
    """Return an entry's score beside its base's as the board has them; None without a score."""
    score = row.figures.get("score") if row else None
    if row is None or score is None:
        return None
    if row.entry.is_base:
        return Overall(score, None, None)
    other = base.figures.get("score") if base else None
    return Overall(score, other, row.figures.get("retention"))


def glances(suite: Suite, row: Row, base: Row | None, compared: Compared) -> list[Glance]:
    """Return the dimensions of quality, and perplexity, of an entry on a board, as far as it has them."""
    found = [
        (dimension, lines)
        for dimension in (*QUALITY, "perplexity")
        if (lines := _lines(suite, row, compared, dimension))
    ]
    reach = _reach([line.points for _, lines in found for line in lines])
    return [
        Glance(
            title=DIMENSIONS[dimension],
            unit=" %" if dimension in QUALITY else "",
            digits=1 if dimension in QUALITY else 2,
            score=row.figures.get(dimension),
            base=base.figures.get(dimension) if base else None,
            lines=[_marked(line, reach) for line in lines],
            reach=reach,
        )
        for dimension, lines in found
    ]


def _lines(suite: Suite, row: Row, compared: Compared, dimension: str) -> list[Line]:
    results = row.entry.results(suite)
    return [
        _line(suite, benchmark, headline, compared)
        for benchmark in suite.benchmarks
        if benchmark.dimension == dimension
        and (headline := metrics.headline(benchmark, results.get(benchmark.name)))
    ]


def _line(
    suite: Suite, benchmark: Benchmark, headline: tuple[str, Figure], compared: Compared
) -> Line:
    name, figure = headline
    definition = benchmark.definition(name)
    beside = compared.by((suite.label, benchmark.name), name)
    return Line(
        title=benchmark.title,
        path=benchmark_path(benchmark, suite),
        figure=figure,
        unit=words.UNITS[definition.display],
        digits=words.DIGITS[definition.display],
        beside=beside,
        points=_points(beside.difference, definition),
    )


def _points(difference: Figure | None, definition: MetricDefinition) -> Figure | None:
    """Return a difference in points of share of best; a bias nearer to 0 is a gain."""
    steep = slope(definition)
    if difference is None or steep is None:
        return None
    factor = steep if definition.display == "percent" else 100 * steep
    if difference.low is None or difference.high is None:
        return Figure(difference.value * factor)
    low, high = sorted((difference.low * factor, difference.high * factor))
    return Figure(difference.value * factor, low, high)


def _reach(points: Sequence[Figure | None]) -> float:
    """Return a round number of points that holds all differences with their intervals."""
    ends = [
        abs(end)
        for one in points
        if one
        for end in (one.value, one.low, one.high)
        if end is not None
    ]
    widest = max([LEAST_REACH, *ends])
    size = 10.0 ** math.floor(math.log10(widest))
    return next(size * nice for nice in (*NICE, 10.0) if size * nice >= widest)


def _marked(line: Line, reach: float) -> Line:
    def place(value: float | None) -> float | None:
        if value is None:
            return None
        return round(WIDTH / 2 * (1 + min(1.0, max(-1.0, value / reach))), 1)

    if line.points is None:
        return line
    at = place(line.points.value) or 0.0
    return replace(line, mark=Mark(at, place(line.points.low), place(line.points.high)))


@dataclass(frozen=True)
class Ratio:
    """A figure of size or speed, and how many times the base's it is; None without a base's.

    Attributes:
        refusal: why they can't be compared, such as another driver.
    """

    column: Column
    figure: Figure
    times: float | None
    refusal: str = ""


def ratios(table: Board, row: Row, base: Row | None) -> list[tuple[str, list[Ratio]]]:
    """Return an entry's sizes, and its figures on each hardware, beside the base's on the same."""
    found: dict[str, list[Ratio]] = {}
    for column in table.columns:
        shown = row.figures.get(column.key)
        if shown and (column.group == "size" or column.group.startswith("hardware")):
            other = base.figures.get(column.key) if base and base is not row else None
            group = table.groups[column.group]
            refusal = _refusal(row, base, group) if base and other else ""
            times = shown.value / other.value if other and other.value and not refusal else None
            found.setdefault(group, []).append(Ratio(column, shown, times, refusal))
    return list(found.items())


def _refusal(row: Row, base: Row, hardware: str) -> str:
    """Say what of driver and engine isn't the base's, as in `not comparable: driver 535.54`."""
    own, other = row.settings.get(hardware, ()), base.settings.get(hardware, ())
    apart = probes.difference(own, other)
    return f"not comparable: {apart}" if apart else ""


@dataclass(frozen=True)
class Turned:
    """A benchmark's flips as bars: `lost` and `gained` are lengths in the drawing.

    Attributes:
        turned: lost and gained items in percent of all.
        reach: the share, in percent, that fills a side of the drawing.
    """

    benchmark: str
    flips: Flips
    turned: float
    lost: float
    gained: float
    reach: float


def turned(found: Sequence[tuple[str, Flips | None]]) -> list[Turned]:
    """Return the flips of the benchmarks that have some to count, on one scale."""
    counted = [(title, flips) for title, flips in found if flips and flips.n]
    widest = max((max(one.lost, one.gained) / one.n for _, one in counted), default=0.0)
    side = WIDTH / 2 / (widest or 1.0)
    return [
        Turned(
            title,
            one,
            100 * (one.lost + one.gained) / one.n,
            round(side * one.lost / one.n, 1),
            round(side * one.gained / one.n, 1),
            100 * widest,
        )
        for title, one in counted
    ]


def others(found: Sequence[BesideBase]) -> str:
    """Say why compared benchmarks have no flips to count; nothing where all have them."""
    without = [one for one in found if one.difference and not one.flips]
    if not without:
        return ""
    if all(one.paired for one in without):
        return "Others have no right or wrong by item."
    return "Others have no right or wrong by item, or weren’t compared item by item."
