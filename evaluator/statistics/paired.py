"""Compare a variant with its base on the items that both answered.

Most items come out alike, so the difference is known far better than either score. A plain normal interval
for it fails where few items flip: with one flip expected in a hundred items it holds the truth in 63 % of
experiments, because experiments without a flip claim to be certain. Every interval here is a 95 % interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtri, stdtr

from evaluator.statistics.design import Design, Spread
from evaluator.statistics.intervals import Z95, Floats, Interval

DETECTED = Z95 + float(
    ndtri(0.8)
)  # standard errors that a difference has to have, to be seen 4 times in 5
EDGE = 1e-12  # how close to -1 and 1 a difference of shares is looked for


@dataclass(frozen=True)
class Flips:
    """Items that two models answer differently: one of them right, the other wrong.

    Dutta et al. 2024, "Accuracy is Not All You Need" (arXiv 2407.09141). The counts may be fractions where
    weighted or clustered items stand for another number of plain ones.

    Attributes:
        n: items that both answered.
        lost: items that the base has right and the variant wrong.
        gained: items that the variant has right and the base wrong.
    """

    n: float
    lost: float
    gained: float

    def __post_init__(self) -> None:
        """Refuse counts that can't be.

        Raises:
            ValueError: there are no items, or more flips than items, or a count is negative.
        """
        if not self.n > 0:
            raise ValueError("a comparison over no items has no result")
        if min(self.lost, self.gained) < 0 or self.lost + self.gained > self.n * (1 + EDGE):
            raise ValueError("flips must be between none and all items")

    @property
    def difference(self) -> float:
        """Return the variant's score less the base's, as a share of the items."""
        return (self.gained - self.lost) / self.n

    @property
    def share(self) -> float:
        """Return the share of items that flip, either way."""
        return (self.gained + self.lost) / self.n


def flips(base: Sequence[float] | Floats, variant: Sequence[float] | Floats) -> Flips:
    """Count the flips between scores of 0 and 1, item by item in the same order.

    Raises:
        ValueError: lengths differ, there are no items, or a score is neither 0 nor 1.
    """
    first, second = paired(base, variant)
    if not (binary(first) and binary(second)):
        raise ValueError("flips are counted on items that are right (1) or wrong (0)")
    return Flips(first.size, int((first > second).sum()), int((first < second).sum()))


def mcnemar(found: Flips) -> float:
    """Return the exact two-sided p-value of McNemar's test: that flips go either way alike.

    lost ~ Binomial(lost + gained, 1/2); McNemar 1947, "Note on the sampling error of the difference between
    correlated proportions", Psychometrika 12. Without a flip it is 1.
    """
    fewer, total = round(min(found.lost, found.gained)), round(found.lost + found.gained)
    return min(1.0, 2 * float(bdtr(fewer, total, 0.5)))


def flip_interval(found: Flips, factor: float = Z95) -> Interval:
    """Return the difference between two paired proportions with Tango's score interval.

    The differences that a score test doesn't reject; Tango 1998, "Equivalence test and confidence interval
    for the difference in proportions for the paired-sample design", Statistics in Medicine 17. It isn't
    empty where nothing flips. `factor` is the test's critical value.
    """

    def bound(wanted: float) -> float:
        return float(brentq(lambda delta: _score(found, delta) - wanted, EDGE - 1, 1 - EDGE))

    low = -1.0 if found.lost >= found.n else bound(factor)
    high = 1.0 if found.gained >= found.n else bound(-factor)
    return Interval(found.difference, low, high)


def _score(found: Flips, delta: float) -> float:
    """Return Tango's statistic: how many standard errors the flips lie from a difference of `delta`."""
    n, lost, gained = found.n, found.lost, found.gained
    linear = -gained - lost + (2 * n - gained + lost) * delta
    constant = -lost * delta * (1 - delta)
    # the likeliest share of lost items, were the difference `delta`
    share = (math.sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * share + delta * (1 - delta))
    return (gained - lost - n * delta) / math.sqrt(max(variance, EDGE))


@dataclass(frozen=True)
class Comparison:
    """A variant's mean beside its base's, over the same items.

    Attributes:
        base: the base's mean.
        variant: the variant's mean.
        difference: the second less the first.
        retention: the second over the first; None where the base's isn't positive.
        flips: items that flip; None where items aren't right or wrong.
        smallest: the smallest difference that as many items would show in four of five experiments.
        p: that the difference is none, two-sided: McNemar's where items are independent and weigh the same.
    """

    base: float
    variant: float
    difference: Interval
    retention: Interval | None
    flips: Flips | None
    smallest: float
    p: float


def compare_means(
    base: Sequence[float] | Floats, variant: Sequence[float] | Floats, design: Design | None = None
) -> Comparison:
    """Compare two means over the same items, in the same order.

    Right and wrong answers get Tango's interval, over as many plain items as would scatter like these; other
    values Student's.

    Raises:
        ValueError: lengths differ, there are no items, or a score is no number.
    """
    first, second = paired(base, variant)
    design = design or Design(first.size)
    apart = second - first
    spread = design.spread(apart)
    right = binary(first) and binary(second)
    equal = effective_flips(apart, design, spread) if right else None
    difference = (
        flip_interval(equal, design.critical(spread)) if equal else student_interval(apart, design)
    )
    found = flips(first, second) if right else None
    exact = found is not None and design.strata is None and design.clusters is None
    return Comparison(
        base=design.mean(first),
        variant=design.mean(second),
        difference=difference,
        retention=_retention(first, second, design, difference),
        flips=found,
        smallest=smallest_difference(equal) if equal else _detectable(spread),
        p=mcnemar(found) if found and exact else _p(difference.value, equal, spread),
    )


def effective_flips(apart: Floats, design: Design, spread: Spread) -> Flips:
    """Return the flips of as many plain items as would scatter like the weighted and clustered ones.

    `apart` are the items' differences (n,), -1, 0 or 1.
    """
    lost, gained = design.mean(np.maximum(-apart, 0.0)), design.mean(np.maximum(apart, 0.0))
    n = design.effective_items(lost + gained - (gained - lost) ** 2, spread)
    return Flips(n, lost * n, gained * n)


def student_interval(values: Floats, design: Design) -> Interval:
    """Return a mean with its interval, ± t standard errors; without bounds where there is but one unit."""
    mean, spread = design.mean(values), design.spread(values)
    half = spread.factor * spread.stderr if spread.units > 1 else math.inf
    return Interval(mean, mean - half, mean + half)


def _retention(
    base: Floats, variant: Floats, design: Design, difference: Interval
) -> Interval | None:
    """Return the ratio of means R, its bounds those of the difference scaled to it.

    The scale is the standard error of x - R b over that of x - b, and the base's mean (Cochran 1977,
    "Sampling Techniques", section 6.4, for the ratio's).
    """
    whole = design.mean(base)
    if whole <= 0:
        return None
    ratio = design.mean(variant) / whole
    apart = design.spread(variant - base).stderr
    scale = design.spread(variant - ratio * base).stderr / apart if apart > 0 else 1.0
    low = (difference.value - difference.low) * scale / whole
    high = (difference.high - difference.value) * scale / whole
    return Interval(ratio, max(0.0, ratio - low), ratio + high)


def smallest_difference(found: Flips) -> float:
    """Return the smallest difference that as many items would show in four of five experiments.

    (1.96 + 0.84) sqrt(flips / n), with the share of flips as it was seen, or one flip where none was; after
    Miller 2024 (arXiv 2411.00640), section 5.
    """
    share = max(found.share, 1 / found.n)
    return min(1.0, DETECTED * math.sqrt(share / found.n))


def _detectable(spread: Spread) -> float:
    return DETECTED * spread.stderr if spread.units > 1 else math.inf


def _p(value: float, equal: Flips | None, spread: Spread) -> float:
    """Return the p-value of no difference, by Student's t: of Tango's statistic, or of the mean itself."""
    if value == 0 or spread.units < 2:
        return 1.0
    statistic = (
        _score(equal, 0.0) if equal else value / spread.stderr if spread.stderr else math.inf
    )
    return float(2 * stdtr(spread.freedom, -abs(statistic)))


def binary(values: Floats) -> bool:
    """Return whether all values are 0 or 1."""
    return bool(((values == 0.0) | (values == 1.0)).all())


def paired(
    base: Sequence[float] | Floats, variant: Sequence[float] | Floats
) -> tuple[Floats, Floats]:
    """Return both sides' scores as arrays (n,).

    Raises:
        ValueError: lengths differ, there are no items, or a score is no number.
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (base, variant))
    if first.shape != second.shape:
        raise ValueError(f"paired scores need the same items: {first.size} and {second.size}")
    if first.size == 0:
        raise ValueError("a comparison over no items has no result")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(
            "a score that is no number can't be compared; leave its item out on both sides"
        )
    return first, second
