"""Draw items anew, the same for both sides of a comparison and for all entries of a board.

Paired bootstrap, Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP: both
sides are scored on the same drawn items, so what is hard for both cancels out.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.intervals import RESAMPLES, SEED, Floats, Interval

Draws = NDArray[np.float32]


@lru_cache(maxsize=64)
def drawn(units: int, resamples: int = RESAMPLES, seed: int = SEED) -> Draws:
    """Return how often each unit is drawn, with replacement (resamples x units).

    The same call gives the same draws, so values that were resampled apart are paired all the same.

    Raises:
        ValueError: there are fewer than two units.
    """
    if units < 2:
        raise ValueError("nothing can be drawn anew from fewer than two items")
    generator = np.random.default_rng(seed)
    counts = np.empty((resamples, units), dtype=np.float32)
    for row in counts:  # far faster than drawing the counts themselves
        row[:] = np.bincount(generator.integers(units, size=units), minlength=units)
    return counts


def sums(values: Floats) -> Floats:
    """Return the sums over units (units or units x k) in each resample (resamples or resamples x k).

    In single precision, whose rounding is far below what drawing changes.

    Raises:
        ValueError: there are fewer than two units.
    """
    return (drawn(len(values)) @ values.astype(np.float32)).astype(np.float64)


def percentile_interval(value: float, resampled: Floats) -> Interval:
    """Return a value with the middle 95 % of its resamples, which hold the value itself at least.

    Efron 1979, "Bootstrap methods", Annals of Statistics 7.

    Raises:
        ValueError: no resample has a value.
    """
    known = resampled[np.isfinite(resampled)]
    if not known.size:
        raise ValueError("no resample has a value")
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def difference(base: float, variant: float, base_drawn: Floats, variant_drawn: Floats) -> Interval:
    """Return the variant's value less the base's; both were resampled (resamples,) by the same draws."""
    return percentile_interval(variant - base, variant_drawn - base_drawn)


def retention(
    base: float, variant: float, base_drawn: Floats, variant_drawn: Floats
) -> Interval | None:
    """Return the variant's value over the base's; None where the base's isn't positive."""
    if base <= 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(base_drawn > 0, variant_drawn / base_drawn, np.nan)
    return percentile_interval(variant / base, ratios)


def p_value(value: float, resampled: Floats) -> float:
    """Return how likely a difference as large as `value` is where there is none, two-sided.

    (1 + resamples at least |value| from their mean) / (1 + resamples). sacreBLEU's paired bootstrap looks at
    absolute differences instead, which makes its p about half of this one, and small for equal systems.
    """
    known = resampled[np.isfinite(resampled)]
    farther = np.abs(known - known.mean()) >= abs(value)
    return float((1 + farther.sum()) / (1 + known.size))
