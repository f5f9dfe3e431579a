"""Hold resampling, corrections for several comparisons, ties and fronts to independent computations."""

import math

import numpy as np
import pytest
from scipy.stats import bootstrap as bootstrap_of_scipy
from scipy.stats import rankdata
from statsmodels.stats.multitest import multipletests

from evaluator.statistics import resampling
from evaluator.statistics.intervals import Floats
from evaluator.statistics.ranking import pareto_front, rank_ranges, tie_groups
from evaluator.statistics.several import holm


def test_holm_is_that_of_statsmodels() -> None:
    """Drawn p-values, ties among them, and the ends."""
    generator = np.random.default_rng(1)
    for size in (1, 2, 10, 40):
        values = np.round(generator.random(size) ** 3, 2)
        assert holm(values.tolist()) == pytest.approx(multipletests(values, method="holm")[1])
    assert holm([]) == []
    assert holm([0.0, 1.0]) == [0.0, 1.0]


@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
def test_what_is_no_p_value_is_refused(wrong: float) -> None:
    """Numbers between 0 and 1."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, wrong])


def test_a_resampled_mean_is_scipys() -> None:
    """The percentile interval of a paired difference of means, within the draws' own noise."""
    generator = np.random.default_rng(2)
    base = generator.random(200)
    variant = base + generator.normal(0.05, 0.1, 200)
    found = resampling.difference(
        base.mean(), variant.mean(), resampling.sums(base) / 200, resampling.sums(variant) / 200
    )
    other = bootstrap_of_scipy(
        (variant - base,), np.mean, method="percentile", n_resamples=5000, rng=generator
    ).confidence_interval
    width = other.high - other.low
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.12 * width)


def test_draws_are_the_same_every_time() -> None:
    """Values that were resampled apart are paired: every resample draws as many items as there are."""
    first = resampling.drawn(50)
    resampling.drawn.cache_clear()
    assert (resampling.drawn(50) == first).all()
    assert (first.sum(axis=1) == 50).all()


def test_what_cannot_be_resampled_is_refused() -> None:
    """One item, and a statistic without any value."""
    with pytest.raises(ValueError, match="fewer than two"):
        resampling.drawn(1)
    with pytest.raises(ValueError, match="no resample"):
        resampling.percentile_interval(1.0, np.full(10, math.nan))


def test_retention_needs_a_positive_base() -> None:
    """Of nothing no share is left."""
    zeros = np.zeros(10)
    assert resampling.retention(0.0, 1.0, zeros, zeros) is None
    half: Floats = np.linspace(0.9, 1.1, 10).astype(np.float64)
    found = resampling.retention(2.0, 1.0, np.full(10, 2.0), half)
    assert found is not None
    assert (found.value, found.low < 0.5 < found.high) == (0.5, True)


def simulated(true: list[float], error: float) -> tuple[Floats, Floats]:
    """Return scores and resamples of entries that share most of what is hard for them."""
    generator = np.random.default_rng(3)
    common = generator.normal(0, 5 * error, 1000)
    drawn = np.array(true)[:, None] + common + generator.normal(0, error, (len(true), 1000))
    return np.array(true), drawn


def test_pairs_are_told_apart_where_single_scores_are_not() -> None:
    """Two points apart, five of common scatter, half of one's own: three groups."""
    scores, drawn = simulated([60.0, 62.0, 50.0, 62.1], 0.5)
    assert tie_groups(scores, drawn) == [2, 1, 3, 1]


def test_one_entry_leads_itself() -> None:
    """Alone it is the first group and the first rank."""
    scores, drawn = simulated([60.0], 0.5)
    assert tie_groups(scores, drawn) == [1]
    assert rank_ranges(scores, drawn) == [(1, 1)]


def test_equal_entries_share_group_and_rank() -> None:
    """The same answers on both: nobody is second."""
    drawn = simulated([60.0, 50.0], 0.1)[1]
    alike = np.vstack([drawn, drawn[:1]])
    assert tie_groups([60.0, 50.0, 60.0], alike) == [1, 2, 1]
    assert rank_ranges([60.0, 50.0, 60.0], alike) == [(1, 1), (3, 3), (1, 1)]


def test_rank_ranges_by_hand() -> None:
    """Ranks in each resample by scipy, the middle 95 % of them, and the observed one."""
    generator = np.random.default_rng(4)
    scores = generator.random(6)
    drawn = scores[:, None] + generator.normal(0, 0.2, (6, 400))
    ranks = np.stack([rankdata(-column, method="min") for column in drawn.T], axis=1)
    own = rankdata(-scores, method="min")
    for (best, worst), line, rank in zip(rank_ranges(scores, drawn), ranks, own, strict=True):
        inside = ((line >= best) & (line <= worst)).mean()
        assert best <= rank <= worst
        assert inside >= 0.95


@pytest.mark.parametrize(
    ("scores", "drawn"),
    [([1.0], np.ones((2, 3))), ([math.nan], np.ones((1, 3))), ([1.0], np.full((1, 3), math.nan))],
)
def test_scores_without_a_number_have_no_rank(scores: list[float], drawn: Floats) -> None:
    """Each entry has its row of resamples, all numbers."""
    for function in (tie_groups, rank_ranges):
        with pytest.raises(ValueError, match=r"resamples|no rank"):
            function(scores, drawn)


def test_the_front_by_comparing_all_with_all() -> None:
    """Drawn points with ties in both directions."""
    generator = np.random.default_rng(5)
    for _ in range(50):
        costs, values = (generator.integers(0, 6, 12).astype(np.float64) for _ in range(2))
        expected = [
            not any(
                (c <= cost and v >= value) and (c < cost or v > value)
                for c, v in zip(costs, values, strict=True)
            )
            for cost, value in zip(costs, values, strict=True)
        ]
        assert pareto_front(costs, values) == expected


def test_a_front_needs_both_numbers() -> None:
    """A missing cost is refused, and so are lists of two lengths; no points have no front."""
    with pytest.raises(ValueError, match="leave it out"):
        pareto_front([1.0, math.nan], [1.0, 2.0])
    with pytest.raises(ValueError, match="as many"):
        pareto_front([1.0], [1.0, 2.0])
    assert pareto_front([], []) == []
