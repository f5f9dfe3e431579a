"""Weigh items that aren't alike: strata that count the same, clusters that resemble each other.

A score is a mean Σ w_i x_i over items. C-Eval weighs each subject the same, FollowBench each level; BBQ's
questions come from templates and FollowBench's from groups, whose items aren't independent. A `Design` holds
both, once for all entries that answered the same items.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from evaluator.statistics import resampling
from evaluator.statistics.intervals import Z95, Floats, Interval, wilson

Integers = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Design:
    """How n items make one score.

    Attributes:
        n: items.
        strata: number of each item's stratum (n,), where every stratum weighs the same; None for one.
        clusters: number of each item's cluster (n,); None where items are independent.
    """

    n: int
    strata: Integers | None = None
    clusters: Integers | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be a score.

        Raises:
            ValueError: there are no items, or a stratum or cluster is missing for some.
        """
        if self.n < 1:
            raise ValueError("a score over no items has no value")
        for name in ("strata", "clusters"):
            codes = getattr(self, name)
            if codes is not None and len(codes) != self.n:
                raise ValueError(f"{name} are {len(codes)} for {self.n} items; give one for each")

    @cached_property
    def weights(self) -> Floats:
        """Return each item's weight (n,); they sum to 1."""
        if self.strata is None:
            return np.full(self.n, 1.0 / self.n)
        _, codes, sizes = np.unique(self.strata, return_inverse=True, return_counts=True)
        return 1.0 / (len(sizes) * sizes[codes].astype(np.float64))

    @cached_property
    def _strata(self) -> tuple[Integers, Floats]:
        """Return the items' strata from 0 on, and the strata's sizes."""
        codes = np.zeros(self.n, np.int64) if self.strata is None else self.strata
        _, codes, sizes = np.unique(codes, return_inverse=True, return_counts=True)
        return codes, sizes.astype(np.float64)

    @cached_property
    def _clusters(self) -> Integers | None:
        return None if self.clusters is None else np.unique(self.clusters, return_inverse=True)[1]

    @property
    def units(self) -> int:
        """Return how many independent pieces there are: clusters, or else items."""
        return self.n if self._clusters is None else int(self._clusters.max()) + 1

    def mean(self, values: Floats) -> float:
        """Return the weighted mean of the items' values (n,)."""
        return float(self.weights @ values)

    def spread(self, values: Floats) -> "Spread":
        """Return how well the mean of the items' values (n,) is known.

        The linearised residuals w_i (x_i - mean of its stratum), summed by cluster: sqrt(G/(G-1) Σ_c r_c²),
        Cochran 1977, "Sampling Techniques", chapters 5 and 9; for clusters alone as Miller 2024 (arXiv
        2411.00640), section 2.2.
        """
        residuals = self._residuals(values)
        summed = self._by_unit(residuals)
        squares = summed @ summed
        if self._clusters is None:
            codes, sizes = self._strata
            squares = (summed * summed) @ (sizes / np.maximum(sizes - 1, 1.0))[codes]
        else:
            squares *= self.units / max(self.units - 1, 1)
        return Spread(math.sqrt(squares), self._freedom(summed, residuals), self.units)

    def _residuals(self, values: Floats) -> Floats:
        codes, sizes = self._strata
        means = np.bincount(codes, weights=values) / sizes
        return self.weights * (values - means[codes])

    def _by_unit(self, residuals: Floats) -> Floats:
        if self._clusters is None:
            return residuals
        return np.bincount(self._clusters, weights=residuals).astype(np.float64)

    def resampled(self, values: Floats) -> tuple[float, Floats]:
        """Return the mean of the items' values (n,) and, linearised, the means (resamples,) of drawn units.

        Raises:
            ValueError: there are fewer than two units.
        """
        mean = self.mean(values)
        return mean, mean + resampling.sums(self.by_unit(values))

    def by_unit(self, values: Floats) -> Floats:
        """Return how far each unit moves the mean of the items' values (n,), linearised (units,)."""
        return self._by_unit(self._residuals(values))

    def effective_items(self, variance: float, spread: "Spread") -> float:
        """Return how many plain items of a variance would have a mean known as well as this one.

        Kish 1965, "Survey Sampling", section 8.2: the variance of one item over that of the mean. Clusters
        that happen to agree aren't beyond doubt, and where nothing varies each counts as one item.
        """
        plain = 1 / float(self.weights @ self.weights)
        if variance <= 0 or spread.stderr <= 0:
            return plain * self.units / self.n
        unbiased = variance * self.units / max(self.units - 1, 1)
        return min(unbiased / spread.stderr**2, plain * self.n / self.units)

    def share(self, values: Floats) -> Interval:
        """Return the weighted share of right answers (n,), 0 or 1, with Wilson's interval.

        It is taken over as many plain items as would scatter like these, so it isn't empty at 0 and 1.
        """
        share, spread = min(1.0, self.mean(values)), self.spread(values)
        n = self.effective_items(share * (1 - share), spread)
        return Interval(share, *wilson(share * n, n, self.critical(spread)))

    def critical(self, spread: "Spread") -> float:
        """Return a score test's critical value: the normal's, and Student's where clusters are unsure."""
        return Z95 if self._clusters is None else spread.factor

    def _freedom(self, summed: Floats, residuals: Floats) -> float:
        """Return the degrees of freedom of the design's part in the variance.

        A variance's own relative variance is 2/f; f follows from the fourth moment (O'Neill 2014, "Some
        useful moment results in sampling problems", The American Statistician 68). What plain items would
        scatter by themselves is taken off: an interval for shares accounts for that.
        """
        most = max(self.units - 1, 1)
        if self._clusters is None:
            return float(most)
        unsure = 1 / _freedom(summed) - 1 / _freedom(residuals)
        return float(most) if unsure <= 1 / most else max(1.0, 1 / unsure)


@dataclass(frozen=True)
class Spread:
    """How well a mean is known.

    Attributes:
        stderr: its standard error.
        freedom: degrees of freedom of that.
        units: independent pieces that it comes from; of one alone nothing is known.
    """

    stderr: float
    freedom: float
    units: int

    @property
    def factor(self) -> float:
        """Return how many standard errors a 95 % interval reaches to each side."""
        return float(stdtrit(self.freedom, 0.975))


def _freedom(values: Floats) -> float:
    second, fourth = float(np.mean(values**2)), float(np.mean(values**4))
    if fourth <= second * second:
        return math.inf
    return 2 * len(values) * second * second / (fourth - second * second)
