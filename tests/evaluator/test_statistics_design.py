"""Hold weighted, stratified and clustered means to formulas written out, and to statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from evaluator.statistics import intervals
from evaluator.statistics.design import Design


def test_a_plain_design_is_the_plain_mean() -> None:
    """Mean, s/sqrt(n) and n - 1 degrees of freedom."""
    values = np.array([0.2, 0.4, 0.9, 0.1])
    spread = Design(4).spread(values)
    assert Design(4).mean(values) == pytest.approx(0.4)
    assert spread.stderr == pytest.approx(values.std(ddof=1) / 2)
    assert spread.factor == pytest.approx(3.182446)


def test_strata_as_cochran_has_them() -> None:
    """The same as the stratified standard error that scores carry."""
    generator = np.random.default_rng(1)
    strata = np.repeat([3, 1, 7], [5, 20, 40])
    values = generator.random(65)
    own = Design(65, strata=strata).spread(values).stderr
    assert own == pytest.approx(intervals.stratified_stderr(values, strata.tolist()))


def test_clusters_as_statsmodels_has_them() -> None:
    """The robust error of a mean, clustered, with G/(G-1) as its only correction."""
    generator = np.random.default_rng(2)
    clusters = np.repeat(range(30), 4)
    values = generator.random(30)[clusters] + generator.random(120)
    fitted = sm.OLS(values, np.ones(120)).fit()
    covariance = fitted.get_robustcov_results(
        "cluster", groups=clusters, use_correction=False
    ).cov_params()
    expected = np.sqrt(covariance[0, 0] * 30 / 29)
    assert Design(120, clusters=clusters).spread(values).stderr == pytest.approx(expected)


def test_clusters_of_one_are_plain_items() -> None:
    """An item by itself in each cluster changes nothing."""
    values = np.random.default_rng(3).random(50)
    plain, lone = Design(50), Design(50, clusters=np.arange(50))
    assert lone.spread(values).stderr == pytest.approx(plain.spread(values).stderr)
    assert lone.spread(values).freedom == pytest.approx(49)


def test_clusters_may_cross_strata() -> None:
    """FollowBench: groups of one instruction at five levels, the levels weighing the same."""
    levels, groups = np.tile(range(5), 12), np.repeat(range(12), 5)
    values = np.random.default_rng(4).random(60)
    design = Design(60, strata=levels, clusters=groups)
    sums = (values.reshape(12, 5) - values.reshape(12, 5).mean(axis=0)).sum(axis=1) / 60
    assert design.mean(values) == pytest.approx(values.mean())
    assert design.spread(values).stderr == pytest.approx(np.sqrt(12 / 11 * (sums**2).sum()))


def test_few_lively_clusters_leave_few_degrees_of_freedom() -> None:
    """Where one cluster of forty makes all the scatter, the error itself is unsure."""
    clusters = np.repeat(range(40), 5)
    values = np.zeros(200)
    values[:5] = 1.0
    assert Design(200, clusters=clusters).spread(values).freedom < 3


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (81, 263), (1, 2), (13_761, 14_042)])
def test_a_share_of_plain_items_has_wilsons_interval(right: int, n: int) -> None:
    """As statsmodels' to the last digit."""
    values = np.array([1.0] * right + [0.0] * (n - right))
    found = Design(n).share(values)
    low, high = proportion_confint(right, n, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_clusters_that_agree_by_chance_are_not_beyond_doubt() -> None:
    """Each cluster has one right of two: no scatter between them, and still an interval."""
    found = Design(20, clusters=np.repeat(range(10), 2)).share(np.tile([0.0, 1.0], 10))
    assert found.high - found.low > 0.2


def test_all_right_in_clusters_counts_each_cluster_once() -> None:
    """Ten clusters of fifty, all right: as sure as ten items."""
    found = Design(500, clusters=np.repeat(range(10), 50)).share(np.ones(500))
    assert found.low == pytest.approx(intervals.wilson(10, 10, factor=2.262157)[0], abs=1e-6)


@pytest.mark.parametrize("name", ["strata", "clusters"])
def test_codes_of_other_items_are_refused(name: str) -> None:
    """One code for each item."""
    with pytest.raises(ValueError, match=name):
        Design(3, **{name: np.array([0, 1])})


def test_no_items_are_refused() -> None:
    """A score over nothing isn't one."""
    with pytest.raises(ValueError, match="no items"):
        Design(0)
