"""Hold Pearson's r and its intervals to scipy, to a regression on indicators, and to the edge cases."""

import math

import numpy as np
import pytest
from scipy import stats

from evaluator.statistics.correlation import pearson, within_groups

X = [1.0, 2.0, 4.0, 3.0, 6.0, 5.0]
Y = [2.0, 1.0, 3.0, 5.0, 4.0, 7.0]
GROUPS = ["a", "a", "a", "b", "b", "b"]


def test_pearson_is_scipys() -> None:
    """Value and interval are those of scipy's own function."""
    found, known = pearson(X, Y), stats.pearsonr(X, Y)
    assert found.r == pytest.approx(known.statistic)
    assert found.ci95 == pytest.approx(tuple(known.confidence_interval(0.95)))
    assert found.n == 6


def test_pearson_interval_is_fishers() -> None:
    """With r = 0.5 from 28 points the interval is tanh(0.5493 ± 1.96 / 5)."""
    angle = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    x, noise = np.cos(angle), np.sin(angle)
    found = pearson(x, 0.5 * x + math.sqrt(0.75) * noise)
    assert found.r == pytest.approx(0.5)
    assert found.ci95 == pytest.approx(
        (math.tanh(0.549306 - 0.391993), math.tanh(0.549306 + 0.391993)), abs=1e-5
    )


def test_within_is_the_partial_correlation_given_the_groups() -> None:
    """It equals the correlation of what regressions on the groups' indicators leave over."""
    generator = np.random.default_rng(7)
    groups = np.repeat([0, 1, 2], [4, 5, 6])
    x, y = generator.normal(size=(2, 15)) + 3 * groups
    design = np.eye(3)[groups]
    left = [values - design @ np.linalg.lstsq(design, values)[0] for values in (x, y)]
    found = within_groups(x, y, list(groups))
    expected = float(np.corrcoef(*left)[0, 1])
    half = 1.959964 / math.sqrt(15 - 2 - 3)
    assert found.r == pytest.approx(expected)
    assert found.ci95 == pytest.approx(
        (math.tanh(math.atanh(expected) - half), math.tanh(math.atanh(expected) + half))
    )


def test_one_group_is_no_group() -> None:
    """With a single group nothing changes but the name."""
    one, plain = within_groups(X, Y, ["a"] * 6), pearson(X, Y)
    assert one.r == pytest.approx(plain.r)
    assert one.ci95 == pytest.approx(plain.ci95)


def test_size_alone_correlates_but_not_within() -> None:
    """Two clouds far apart correlate when pooled, and the other way round within."""
    x = [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]
    y = [3.0, 2.0, 1.0, 13.0, 12.0, 11.0]
    assert pearson(x, y).r > 0.9
    assert within_groups(x, y, GROUPS).r == pytest.approx(-1.0)


def test_a_straight_line_has_no_width() -> None:
    """Where r is 1 the interval is 1 to 1, without a warning."""
    line = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert pearson(line, line).ci95 == pytest.approx((1.0, 1.0))
    assert within_groups(line, line, GROUPS).ci95 == pytest.approx((1.0, 1.0))


def test_arguments_stay_as_they_are() -> None:
    """Taking group means out changes no array of the caller's."""
    x, y = np.array(X), np.array(Y)
    within_groups(x, y, GROUPS)
    assert list(x) == X
    assert list(y) == Y


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0, 2.0, math.nan, 4.0], [1.0, 2.0, 3.0, 4.0], "NaN or infinite"),
        ([1.0, 2.0, 3.0, 4.0], [1.0, math.inf, 3.0, 4.0], "NaN or infinite"),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0], "4 values of x and 3 of y"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], "3 points are too few"),
        ([], [], "0 points are too few"),
        ([0.1] * 4, [1.0, 2.0, 3.0, 4.0], "x doesn't vary"),
        ([1.0, 2.0, 3.0, 4.0], [0.1] * 4, "y doesn't vary"),
    ],
)
def test_what_has_no_correlation_is_refused(x: list[float], y: list[float], message: str) -> None:
    """Each bad input is one sentence, pooled and within a single group."""
    with pytest.raises(ValueError, match=message):
        pearson(x, y)
    with pytest.raises(ValueError, match=message):
        within_groups(x, y, ["a"] * len(x))


def test_groups_need_points_and_variance() -> None:
    """A group for each point, three more points than groups, and something that varies within one."""
    with pytest.raises(ValueError, match="4 values of x and 3 groups"):
        within_groups(X[:4], Y[:4], ["a", "b", "b"])
    with pytest.raises(ValueError, match="5 points are too few for an interval; give 6"):
        within_groups(X[:5], Y[:5], ["a", "a", "b", "b", "c"])
    with pytest.raises(ValueError, match="y doesn't vary within any group"):
        within_groups(X, [0.1] * 3 + [0.7] * 3, GROUPS)
