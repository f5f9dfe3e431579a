"""Order entries as far as the items tell them apart, and no farther."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.intervals import Floats


def tie_groups(scores: Sequence[float] | Floats, resampled: Floats) -> list[int]:
    """Return each entry's tie group, 1 for the best.

    A group is its best entry and those that can't be told apart from it: the middle 95 % of the resampled
    differences hold 0. Going down by score, the first entry that can be told apart leads the next group.
    `resampled` (entries x resamples) are scores by draws common to all entries, so differences are paired.

    Raises:
        ValueError: a score is no number, or the resamples aren't those of the scores.
    """
    values = _checked(scores, resampled)
    groups = np.zeros(len(values), dtype=int)
    group, leader = 0, -1
    for entry in np.argsort(-values, kind="stable"):
        if leader < 0 or told_apart(resampled[leader] - resampled[entry]):
            group, leader = group + 1, int(entry)
        groups[entry] = group
    return [int(one) for one in groups]


def told_apart(differences: Floats) -> bool:
    """Say whether the middle 95 % of resampled differences leave 0 out."""
    low, high = np.percentile(differences, [2.5, 97.5])
    return bool(low > 0 or high < 0)


def rank_ranges(scores: Sequence[float] | Floats, resampled: Floats) -> list[tuple[int, int]]:
    """Return the best and the worst rank of each entry in the middle 95 % of resamples.

    Its observed rank is always inside; Goldstein & Spiegelhalter 1996, "League tables and their limitations",
    JRSS A 159. `resampled` as in `tie_groups`.

    Raises:
        ValueError: a score is no number, or the resamples aren't those of the scores.
    """
    values = _checked(scores, resampled)
    own = _ranks(values[:, None])[:, 0]
    ranks = _ranks(resampled)
    low, high = np.percentile(ranks, [2.5, 97.5], axis=1, method="nearest")
    return [
        (int(min(rank, best)), int(max(rank, worst)))
        for rank, best, worst in zip(own, low, high, strict=True)
    ]


def _ranks(values: Floats) -> NDArray[np.int64]:
    """Return ranks by column (entries x resamples), 1 for the highest; equal values share the best."""
    return np.stack(
        [
            1 + len(column) - np.searchsorted(np.sort(column), column, side="right")
            for column in values.T
        ],
        axis=1,
    )


def _checked(scores: Sequence[float] | Floats, resampled: Floats) -> Floats:
    values = np.asarray(scores, dtype=np.float64)
    if resampled.ndim != 2 or len(resampled) != len(values):
        raise ValueError(f"{len(values)} scores need as many rows of resamples: {resampled.shape}")
    if not (np.isfinite(values).all() and np.isfinite(resampled).all()):
        raise ValueError("a score that is no number has no rank; leave its entry out")
    return values


def pareto_front(costs: Sequence[float] | Floats, values: Sequence[float] | Floats) -> list[bool]:
    """Return which points nothing beats: no other costs at most as much and is worth at least as much.

    Of points alike in both all stand on the front. Costs are to be small, values large.

    Raises:
        ValueError: lengths differ, or a number is missing.
    """
    cost, value = np.asarray(costs, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if cost.shape != value.shape:
        raise ValueError(f"{cost.size} costs need as many values: {value.size}")
    if not (np.isfinite(cost).all() and np.isfinite(value).all()):
        raise ValueError("a point without cost or value has no place; leave it out")
    front = np.zeros(cost.size, dtype=bool)
    best, at = -np.inf, np.inf
    for point in np.lexsort((-value, cost)):
        if value[point] > best or (value[point] == best and cost[point] == at):
            front[point], best, at = True, value[point], cost[point]
    return [bool(one) for one in front]
