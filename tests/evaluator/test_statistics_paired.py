"""Hold paired comparisons to statsmodels, to scipy, to published examples, and to recomputation by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import ttest_rel
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from evaluator.statistics.design import Design
from evaluator.statistics.paired import (
    Flips,
    compare_means,
    flip_interval,
    flips,
    mcnemar,
    smallest_difference,
)
from tests.independent.score_interval import standard_errors_away

TABLES = [
    (0, 0, 5),
    (1, 0, 5),
    (0, 1, 5),
    (12, 28, 200),
    (5, 5, 10),
    (40, 10, 817),
    (70, 71, 14042),
]


def answers(lost: int, gained: int, n: int, both: int = 0) -> tuple[list[float], list[float]]:
    """Return the scores of two models with so many flips; `both` have the next ones right."""
    rest = n - lost - gained - both
    base = [1.0] * lost + [0.0] * gained + [1.0] * both + [0.0] * rest
    variant = [0.0] * lost + [1.0] * gained + [1.0] * both + [0.0] * rest
    return base, variant


@pytest.mark.parametrize(("lost", "gained", "n"), TABLES)
def test_mcnemar_is_that_of_statsmodels(lost: int, gained: int, n: int) -> None:
    """The exact test's p, also without a flip and with one."""
    own = mcnemar(Flips(n, lost, gained))
    other = mcnemar_of_statsmodels([[n - lost - gained, lost], [gained, 0]], exact=True).pvalue
    assert own == pytest.approx(1.0 if math.isnan(other) else other)


def test_mcnemar_of_a_published_example() -> None:
    """28 against 12 of 200 gives 0.017."""
    assert mcnemar(Flips(200, 28, 12)) == pytest.approx(0.0166, abs=5e-5)


@pytest.mark.parametrize("n", [1, 50, 14_042])
def test_tango_without_a_flip(n: int) -> None:
    """z²/(n + z²) to both sides, from the score test's own formula."""
    square = 1.959963984540054**2
    found = flip_interval(Flips(n, 0, 0))
    assert (found.low, found.high) == pytest.approx((-square / (n + square), square / (n + square)))


@pytest.mark.parametrize(("lost", "gained", "n"), [t for t in TABLES if t[0] + t[1] > 1])
def test_tango_rejects_at_its_bounds(lost: int, gained: int, n: int) -> None:
    """At each bound the standardised difference, its variance by maximum likelihood, is 1.96."""
    found = flip_interval(Flips(n, lost, gained))
    for bound in (found.low, found.high):
        assert abs(standard_errors_away(n, lost, gained, bound)) == pytest.approx(
            1.959964, abs=2e-3
        )


def test_tango_mirrors_when_sides_change() -> None:
    """What is lost for one is gained for the other."""
    one, other = flip_interval(Flips(100, 3, 9)), flip_interval(Flips(100, 9, 3))
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.parametrize(("lost", "gained"), [(5, 0), (0, 5)])
def test_every_item_flips_one_way(lost: int, gained: int) -> None:
    """All wrong after all right: the interval ends at the very end, and holds it."""
    found = flip_interval(Flips(5, lost, gained))
    assert found.low <= found.value <= found.high
    assert (found.low == -1.0) == (lost == 5)
    assert (found.high == 1.0) == (gained == 5)


def test_flips_are_counted_by_item() -> None:
    """Two lost, one gained, of six."""
    found = flips([1, 1, 0, 0, 1, 1], [0, 0, 1, 0, 1, 1])
    assert (found.n, found.lost, found.gained) == (6, 2, 1)
    assert found.share == pytest.approx(Fraction(1, 2))


@pytest.mark.parametrize(
    ("base", "variant", "words"),
    [
        ([], [], "no items"),
        ([1.0], [1.0, 0.0], "same items"),
        ([1.0, math.nan], [1.0, 0.0], "no number"),
        ([1.0, 0.0], [1.0, math.inf], "no number"),
    ],
)
def test_what_is_no_pair_is_refused(base: list[float], variant: list[float], words: str) -> None:
    """Nothing to compare, other items, and scores that are no numbers."""
    for function in (flips, compare_means):
        with pytest.raises(ValueError, match=words):
            function(base, variant)


def test_flips_need_right_and_wrong() -> None:
    """A ROUGE of 0.3 doesn't flip."""
    with pytest.raises(ValueError, match="right"):
        flips([0.3], [1.0])


@pytest.mark.parametrize("table", [(0, 0, 0), (5, -1, 1), (5, 4, 2)])
def test_impossible_counts_are_refused(table: tuple[int, int, int]) -> None:
    """No items, a negative count, more flips than items."""
    with pytest.raises(ValueError, match=r"flips must|no items"):
        Flips(*table)


def test_plain_items_have_tangos_interval_and_mcnemars_p() -> None:
    """Without strata and clusters a comparison of right and wrong is the textbook's."""
    found = compare_means(*answers(12, 28, 200, both=100))
    assert found.flips == Flips(200, 12, 28)
    assert found.p == mcnemar(Flips(200, 12, 28))
    exact = flip_interval(Flips(200, 12, 28))
    assert found.difference.low == pytest.approx(exact.low, abs=1e-9)
    assert found.difference.high == pytest.approx(exact.high, abs=1e-9)
    assert found.retention is not None
    assert found.retention.value == pytest.approx(128 / 112)


@pytest.mark.parametrize("right", [0, 5])
def test_sides_that_answer_alike(right: int) -> None:
    """All right or all wrong on both sides: no difference, but not known for certain; p is 1."""
    found = compare_means(*answers(0, 0, 5, both=right))
    assert found.difference.value == 0.0
    assert found.difference.low < -0.1
    assert found.difference.high > 0.1
    assert found.p == 1.0
    assert (found.retention is None) == (right == 0)


def test_one_flip_alone_proves_nothing() -> None:
    """One discordant pair: p is 1, the interval holds 0, retention's holds 1."""
    found = compare_means(*answers(1, 0, 50, both=20))
    assert found.p == 1.0
    assert found.difference.holds_zero
    assert found.retention is not None
    assert found.retention.low < 1 < found.retention.high


def test_one_item_is_enough_for_a_comparison() -> None:
    """Of one item next to nothing is known, and that is what the interval says."""
    found = compare_means([1.0], [0.0])
    assert found.difference.low == -1.0
    assert found.difference.high > 0.3
    real = compare_means([0.25], [0.5])
    assert real.difference.low == -math.inf
    assert real.p == 1.0


def test_real_values_have_students_interval() -> None:
    """ROUGE-like scores: scipy's paired t-test gives the same p and interval."""
    generator = np.random.default_rng(3)
    base = generator.beta(2, 5, size=300)
    variant = base + generator.normal(0.01, 0.1, size=300)
    found, other = compare_means(base, variant), ttest_rel(variant, base)
    assert found.p == pytest.approx(other.pvalue)
    low, high = other.confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert found.flips is None


def test_a_difference_without_scatter_is_certain() -> None:
    """Every item moves by the same: p is 0 and the interval is a point."""
    found = compare_means([0.25, 0.5, 0.125], [0.5, 0.75, 0.375])
    assert found.p == 0.0
    assert (found.difference.low, found.difference.high) == (0.25, 0.25)


def test_clusters_that_flip_together_are_worth_one_item_each() -> None:
    """Ten copies of each item tell no more than one of each."""
    base, variant = answers(3, 1, 20, both=8)
    alone = compare_means(base, variant)
    copied = compare_means(
        np.repeat(base, 10), np.repeat(variant, 10), Design(200, clusters=np.repeat(range(20), 10))
    )
    assert copied.difference.value == pytest.approx(alone.difference.value)
    width, other = (one.difference.high - one.difference.low for one in (alone, copied))
    assert other == pytest.approx(width, rel=0.15)  # a little wider: Student's quantile
    assert copied.p > 0.05 < compare_means(base, variant).p


def test_strata_weigh_the_same() -> None:
    """A subject of two questions counts as much as one of eight."""
    strata = np.array([0] * 2 + [1] * 8)
    base = np.array([1.0, 1.0] + [1.0] * 8)
    variant = np.array([0.0, 1.0] + [1.0] * 8)
    found = compare_means(base, variant, Design(10, strata=strata))
    assert found.difference.value == pytest.approx(-0.25)
    assert found.variant == pytest.approx(0.75)


def test_the_smallest_difference_by_hand() -> None:
    """100 flips of 10,000 items: 2.80 x 0.1 / 100, as 1.96 + 0.84 standard errors."""
    assert smallest_difference(Flips(10_000, 60, 40)) == pytest.approx(2.8016 * 0.001, rel=1e-4)
    assert smallest_difference(Flips(100, 0, 0)) == pytest.approx(2.8016 / 100, rel=1e-4)
    assert smallest_difference(Flips(2, 0, 0)) == 1.0


def test_retention_as_a_ratio_of_means() -> None:
    """The ratio's standard error is the textbook's: that of x - R b over the base's mean."""
    generator = np.random.default_rng(8)
    base = generator.beta(3, 3, size=500)
    variant = 0.9 * base + generator.normal(0, 0.05, size=500)
    found = compare_means(base, variant).retention
    assert found is not None
    residuals = variant - found.value * base
    stderr = residuals.std(ddof=1) / math.sqrt(500) / base.mean()
    assert found.high - found.value == pytest.approx(1.9647 * stderr, rel=1e-3)
