"""Compare next-token distributions of a variant with its base's, of which only a part was kept.

Kept of the base are, at each position, its k likeliest tokens, the mass of all others together, and m tokens
drawn from those others. With p the base's probabilities and q the variant's, the divergence is
KL(p || q) = Σ p log(p / q), in nats, and falls into two parts: that of the k tokens and of "another token" as
one outcome more (P and Q in all), and P times the divergence within the others (the chain rule; Cover and
Thomas 2006, "Elements of Information Theory", section 2.5). The first part is known. The second isn't below 0
nor above what its lightest token could cost, and the drawn tokens estimate it without bias.

Every sum is over p (r - 1 - log r) with r = q / p, which is p log(p / q) where both sides sum to 1, as
Σ (q - p) = 0. No term is below 0, so rounding of 1e-7 in a log-probability costs about 1e-14 nats and not
1e-7. Over drawn tokens it is the third estimator of Schulman 2020, "Approximating KL Divergence".
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.intervals import clustered_stderr

Floats = NDArray[np.float64]
Array = NDArray[np.floating]
LARGE = 30.0  # a log-ratio beyond which nothing cancels any more, and e to it may overflow


@dataclass(frozen=True, eq=False)
class Partial:
    """A part of one model's log-probabilities, in nats, at N positions; the base has chosen the tokens.

    Attributes:
        top: of the base's k likeliest tokens, likeliest first (N x k).
        others: of all other tokens together (N); -inf where there are none.
        drawn: of the m tokens that were drawn from the others by the base's probabilities (N x m).
    """

    top: Array
    others: Array
    drawn: Array

    def at(self, positions: NDArray[np.bool_]) -> "Partial":
        """Return this at some of the positions."""
        return Partial(self.top[positions], self.others[positions], self.drawn[positions])


@dataclass(frozen=True, eq=False)
class Divergences:
    """KL(base || variant) at N positions, in nats: certainly `lowest` to `highest`, and estimated."""

    lowest: Floats
    estimate: Floats
    highest: Floats


@dataclass(frozen=True)
class Summary:
    """Divergences of n positions in a few numbers, in nats; `agreement` is a share.

    Attributes:
        mean: of the estimates; `stderr` is its standard error, null for fewer than two clusters.
        median: of the estimates.
        p99: their 99th percentile.
        lowest: mean of what is certain.
        room: how much more than `lowest` the mean could be at the most.
        agreement: positions at which both find the same token likeliest.
    """

    n: int
    mean: float
    stderr: float | None
    median: float
    p99: float
    lowest: float
    room: float
    agreement: float
    agreement_stderr: float | None


def divergences(base: Partial, variant: Partial, smallest: Array) -> Divergences:
    """Return what is known of KL(base || variant) at each position.

    `smallest` (N) is the variant's least log-probability among the others. No token of the others is likelier
    to the base than the last of `top`, so within them the divergence is at most
    log(min(1, p_k / P)) - log(q_least / Q).

    Raises:
        ValueError: a log-probability is NaN.
    """
    arrays = (base.top, base.others, base.drawn, variant.top, variant.others, variant.drawn)
    if any(np.isnan(array).any() for array in (*arrays, smallest)):
        raise ValueError("a log-probability is no number")
    first = _terms(_double(base.top), _double(variant.top)).sum(axis=1)
    lowest = first + _terms(_double(base.others), _double(variant.others))
    within, bound = _within(base, variant), _bound(base, variant, smallest)
    return Divergences(lowest, lowest + within, lowest + bound)


def _double(array: Array) -> Floats:
    return np.asarray(array, dtype=np.float64)


def _terms(base: Floats, variant: Floats) -> Floats:
    """Return q - p - p log(q / p), each at least 0, from log p and log q; q where p is 0."""
    p, q = np.exp(base), np.exp(variant)
    with np.errstate(invalid="ignore"):
        ratio = np.where(base == -np.inf, 0.0, variant - base)
    small = np.minimum(ratio, LARGE)
    near = np.where(p > 0, p * (np.expm1(small) - np.where(p > 0, small, 0.0)), q)
    return np.where(ratio > LARGE, q - p - p * np.where(ratio > LARGE, ratio, 0.0), near)


def _within(base: Partial, variant: Partial) -> Floats:
    """Return the estimate of P times the divergence within the others; 0 where nothing was drawn."""
    others, theirs = _double(base.others)[:, None], _double(variant.others)[:, None]
    usable = np.isfinite(others) & np.isfinite(theirs)
    if base.drawn.shape[1] == 0:
        return np.zeros(len(base.others))
    with np.errstate(invalid="ignore"):
        ratio = (_double(variant.drawn) - theirs) - (_double(base.drawn) - others)
    ratio = np.where(usable, ratio, 0.0)
    with np.errstate(over="ignore"):
        found: Floats = np.exp(others[:, 0]) * (np.expm1(ratio) - ratio).mean(axis=1)
    return found


def _bound(base: Partial, variant: Partial, smallest: Array) -> Floats:
    others, theirs = _double(base.others), _double(variant.others)
    usable = np.isfinite(others)
    with np.errstate(invalid="ignore"):
        share = np.minimum(_double(base.top)[:, -1] - others, 0.0)
        cost = np.maximum(share - (_double(smallest) - theirs), 0.0)
    # a variant that gives the others nothing at all is infinitely far away already
    known = usable & np.isfinite(theirs)
    return np.exp(others) * np.where(known, cost, 0.0)


def summarize(
    found: Divergences, agrees: NDArray[np.bool_], clusters: Sequence[Hashable]
) -> Summary:
    """Sum up positions; those of one cluster (a window of text, a question) resemble each other.

    Standard errors are clustered (`intervals.clustered_stderr`). llama.cpp's, s / sqrt(n - 1) over tokens as
    if they were independent, are smaller.

    Raises:
        ValueError: there are no positions, or one isn't finite.
    """
    values = found.estimate
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("divergences that aren't all finite numbers have no mean")
    return Summary(
        n=values.size,
        mean=float(values.mean()),
        stderr=clustered_stderr(values, clusters),
        median=float(np.median(values)),
        p99=float(np.quantile(values, 0.99)),
        lowest=float(found.lowest.mean()),
        room=float((found.highest - found.lowest).mean()),
        agreement=float(agrees.mean()),
        agreement_stderr=clustered_stderr(agrees.astype(np.float64), clusters),
    )
