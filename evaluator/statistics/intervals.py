"""Give values their uncertainty: pure functions over arrays, without a word on what was measured.

Every interval is a 95 % interval. Random numbers come from a generator with a fixed seed, so that
the same items give the same interval.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z95 = 1.959963984540054  # 97.5 % point of the normal distribution
SEED = 1234
RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Return whether the interval holds 0."""
        return self.low <= 0 <= self.high


def wilson(successes: float, n: float, factor: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion; `factor` is the test's critical value.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), from Wilson 1927, "Probable inference, the
    law of succession, and statistical inference", JASA 22. Unlike p ± z·stderr it never leaves 0..1
    and isn't empty at 0 and 1.

    Raises:
        ValueError: there are no items.
    """
    if not n > 0:
        raise ValueError("a proportion over no items has no interval")
    share, square = successes / n, factor**2
    middle = share + square / (2 * n)
    half = factor * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    low = 0.0 if successes == 0 else (middle - half) / scale  # exact, rounding aside
    high = 1.0 if successes == n else (middle + half) / scale
    return low, high


def mean_stderr(values: Sequence[float] | Floats) -> float | None:
    """Return the standard error of a mean, s/sqrt(n) with s² over n - 1; null for fewer than two values."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        return None
    return float(array.std(ddof=1) / math.sqrt(array.size))


def normal_interval(
    value: float, stderr: float | None, lowest: float, highest: float
) -> tuple[float, float] | None:
    """Return value ± 1.96 stderr, cut to the metric's range; null where there is no standard error."""
    if stderr is None:
        return None
    return max(lowest, value - Z95 * stderr), min(highest, value + Z95 * stderr)


def stratified_stderr(values: Sequence[float] | Floats, strata: Sequence[Hashable]) -> float | None:
    """Return the standard error of the mean of stratum means, all strata weighing the same.

    sqrt(Σ_h s_h²/n_h) / H, after Cochran 1977, "Sampling Techniques", chapter 5. A stratum of one
    item has no variance of its own and takes that of all items.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        return None
    parts = [array[indices] for indices in grouped(strata).values()]
    overall = float(array.var(ddof=1))
    squares = [(part.var(ddof=1) if part.size > 1 else overall) / part.size for part in parts]
    return math.sqrt(sum(squares)) / len(parts)


def clustered_stderr(
    values: Sequence[float] | Floats, clusters: Sequence[Hashable]
) -> float | None:
    """Return the standard error of a mean whose items come in clusters that resemble each other.

    sqrt(Σ_c (Σ_{i in c} (x_i - x̄))²) / n, from Miller 2024, "Adding Error Bars to Evals" (arXiv
    2411.00640), section 2.2; null for fewer than two clusters.
    """
    array = np.asarray(values, dtype=np.float64)
    groups = grouped(clusters)
    if len(groups) < 2:
        return None
    deviations = array - array.mean()
    return (
        math.sqrt(sum(float(deviations[indices].sum()) ** 2 for indices in groups.values()))
        / array.size
    )


def ratio_stderr(
    numerators: Sequence[float] | Floats, denominators: Sequence[float] | Floats
) -> float | None:
    """Return the standard error of Σ y / Σ x, over units of unequal size.

    sqrt(n/(n-1) · Σ (y_i - R x_i)²) / Σ x, after Cochran 1977, "Sampling Techniques", chapter 6; null for
    fewer than two units.
    """
    above = np.asarray(numerators, dtype=np.float64)
    below = np.asarray(denominators, dtype=np.float64)
    if above.size < 2:
        return None
    residuals = above - above.sum() / below.sum() * below
    spread = float((residuals**2).sum()) * above.size / (above.size - 1)
    return math.sqrt(spread) / float(below.sum())


def grouped(keys: Sequence[Hashable]) -> dict[Hashable, NDArray[np.int64]]:
    """Return the positions of each key, keys in order of their first appearance."""
    positions: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        positions.setdefault(key, []).append(index)
    return {key: np.asarray(indices, dtype=np.int64) for key, indices in positions.items()}


def bootstrap(
    statistic: Callable[[Floats], float],
    units: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float, tuple[float, float]] | None:
    """Return standard error and percentile interval of a statistic, by drawing units anew with replacement.

    `statistic` gets how often each unit was drawn, an array of `units` counts, so that a corpus
    metric can weigh sums that were taken once. Efron 1979, "Bootstrap methods", Annals of
    Statistics 7; for corpus metrics Koehn 2004. Null for fewer than two units, and where no
    resample has a value.
    """
    if units < 2:
        return None
    generator = np.random.default_rng(seed)
    shares = np.full(units, 1.0 / units)
    drawn = (
        statistic(generator.multinomial(units, shares).astype(np.float64)) for _ in range(resamples)
    )
    values = np.asarray([value for value in drawn if not math.isnan(value)])
    if values.size < 2:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(values.std(ddof=1)), (float(low), float(high))
