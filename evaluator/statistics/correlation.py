"""Say how closely two measurements follow each other: Pearson's r and its interval, also within groups."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluator.statistics.intervals import Z95, Floats, grouped


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of `n` points with its 95 % interval."""

    r: float
    ci95: tuple[float, float]
    n: int


def pearson(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> Correlation:
    """Return Pearson's r of two arrays of one length, with scipy's interval by Fisher's transformation.

    tanh(artanh r ± 1.96 / sqrt(n - 3)), from Fisher 1921, "On the probable error of a coefficient of
    correlation deduced from a small sample", Metron 1.

    Raises:
        ValueError: lengths differ, a value is NaN or infinite, there are fewer than 4 points, or one of the
            two doesn't vary.
    """
    first, second = _checked(x, y, fewest=4)
    _require_variance([first], "x")
    _require_variance([second], "y")
    found = stats.pearsonr(first, second)
    with np.errstate(divide="ignore"):  # artanh of exactly 1 is infinite, and its tanh 1 again
        interval = found.confidence_interval(0.95)
    return Correlation(
        float(found.statistic), (float(interval.low), float(interval.high)), first.size
    )


def within_groups(
    x: Sequence[float] | Floats, y: Sequence[float] | Floats, groups: Sequence[Hashable]
) -> Correlation:
    """Return Pearson's r of two arrays after the mean of each point's group is taken from it.

    Taking G group means out is taking out G - 1 indicators, so that r is a partial correlation, and its
    interval that of n - (G - 1) points: tanh(artanh r ± 1.96 / sqrt(n - (G - 1) - 3)), from Fisher 1924, "The
    distribution of the partial correlation coefficient", Metron 3.

    Raises:
        ValueError: lengths differ, a value is NaN or infinite, there are fewer points than groups and 3, or
            one of the two doesn't vary within any group.
    """
    if len(groups) != len(x):
        raise ValueError(f"{len(x)} values of x and {len(groups)} groups; give a group for each")
    members = list(grouped(groups).values())
    removed = len(members) - 1
    first, second = _checked(x, y, fewest=removed + 4)
    _require_variance([first[indices] for indices in members], "x")
    _require_variance([second[indices] for indices in members], "y")
    for indices in members:
        first[indices] -= first[indices].mean()
        second[indices] -= second[indices].mean()
    r = float(np.clip(stats.pearsonr(first, second).statistic, -1.0, 1.0))
    return Correlation(r, _fisher(r, first.size - removed), first.size)


def _fisher(r: float, points: int) -> tuple[float, float]:
    """Return the interval of r by Fisher's transformation; that of 1 or -1 has no width."""
    if abs(r) == 1:
        return r, r
    middle, half = math.atanh(r), Z95 / math.sqrt(points - 3)
    return math.tanh(middle - half), math.tanh(middle + half)


def _checked(
    x: Sequence[float] | Floats, y: Sequence[float] | Floats, *, fewest: int
) -> tuple[Floats, Floats]:
    first, second = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"{first.size} values of x and {second.size} of y; give a pair for each point"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a value is NaN or infinite; leave its point out, and say so")
    if first.size < fewest:
        raise ValueError(f"{first.size} points are too few for an interval; give {fewest} or more")
    return first, second


def _require_variance(parts: Sequence[Floats], name: str) -> None:
    if all(np.ptp(part) == 0 for part in parts):
        where = "within any group" if len(parts) > 1 else "from point to point"
        raise ValueError(f"{name} doesn't vary {where}; it has no correlation")
