"""Compare dimension scores: means over benchmarks of the share of best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.comparison.entries import Line
from evaluator.comparison.shares import share, slope
from evaluator.results import Dimension
from evaluator.statistics.intervals import Interval
from evaluator.suites.definitions import QUALITY, Suite

SCORES: dict[str, tuple[Dimension, ...]] = {
    "score": QUALITY,
    **{dimension: (dimension,) for dimension in QUALITY},
}


@dataclass(frozen=True)
class Score:
    """The mean share of best of some dimensions, of two entries; 1 is the best possible.

    Attributes:
        base: the base's.
        variant: the variant's.
        difference: the second less the first.
        retention: the second over the first; None where the base's isn't above chance.
    """

    base: float
    variant: float
    difference: Interval
    retention: Interval | None


def scores(suite: Suite, lines: Sequence[Line]) -> dict[str, Score]:
    """Return the scores of one suite; one that lacks a benchmark on either side is left out.

    A mean over fewer benchmarks would flatter.
    """
    found = {}
    for name, dimensions in SCORES.items():
        wanted = {one.name for one in suite.benchmarks if one.dimension in dimensions}
        own = [one for one in lines if one.suite == suite.label and one.benchmark.name in wanted]
        made = _score(own) if len(own) == len(wanted) else None
        if made:
            found[name] = made
    return found


def _score(lines: Sequence[Line]) -> Score | None:
    """Return the mean over benchmarks, which are independent.

    The interval recovers each side's variance from the benchmarks' own intervals: sqrt(Σ (d - low)²), Zou &
    Donner 2008, "Construction of confidence limits about effect measures", Statistics in Medicine 27.
    """
    base, variant, apart = [], [], []
    for one in lines:
        steep = slope(one.definition) if one.comparison else None
        if one.comparison is None or steep is None:
            return None
        base.append(share(one.definition, one.comparison.base) or 0.0)
        variant.append(share(one.definition, one.comparison.variant) or 0.0)
        apart.append(_scaled(one.comparison.difference, steep))
    if not apart:
        return None
    first, second = (math.fsum(side) / len(apart) for side in (base, variant))
    low, high = (
        math.sqrt(math.fsum(reach**2 for reach in reaches)) / len(apart)
        for reaches in zip(
            *((one.value - one.low, one.high - one.value) for one in apart), strict=True
        )
    )
    difference = Interval(second - first, second - first - low, second - first + high)
    retention = Interval(*((first + v) / first for v in _ends(difference))) if first > 0 else None
    return Score(first, second, difference, retention)


def _scaled(one: Interval, factor: float) -> Interval:
    ends = sorted((one.low * factor, one.high * factor))
    return Interval(one.value * factor, ends[0], ends[1])


def _ends(one: Interval) -> tuple[float, float, float]:
    return one.value, one.low, one.high
