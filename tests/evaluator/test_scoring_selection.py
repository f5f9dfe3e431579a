"""Hold how a limit is spread over the parts of a benchmark."""

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.scoring.selection import evenly_spaced, shares, spread, spread_over_strata


def test_rows_are_evenly_spaced() -> None:
    """The first row is asked, and the distances differ by one at most."""
    assert evenly_spaced(10, 4) == [0, 2, 5, 7]


def test_no_more_rows_than_there_are() -> None:
    """A limit beyond the rows asks each of them once."""
    assert evenly_spaced(3, 9) == [0, 1, 2]


def test_a_limit_is_met_exactly() -> None:
    """57 subjects share 100 items: one or two each, 100 in all."""
    share = shares({f"subject{number}": 100 for number in range(57)}, 100)
    assert (sum(share.values()), set(share.values())) == (100, {1, 2})


def test_small_parts_leave_their_share_to_others() -> None:
    """A subject of one row gives what it can't use to the rest."""
    assert shares({"small": 1, "big": 100, "large": 100}, 21) == {
        "small": 1,
        "big": 10,
        "large": 10,
    }


def test_fewer_items_than_parts_are_spread_over_the_list() -> None:
    """Three items of nine subjects come from the beginning, the middle and the end."""
    chosen = spread({f"s{number}": 5 for number in range(9)}, 3)
    assert sorted(chosen) == ["s0", "s3", "s6"]


def test_strata_are_asked_alike() -> None:
    """Of ninety rows of one kind and ten of another, five each are asked."""
    strata = ["a"] * 90 + ["b"] * 10
    chosen = spread_over_strata(strata, list(range(100)), 10)
    assert [sum(strata[row] == name for row in chosen) for name in "ab"] == [5, 5]


def test_clusters_stay_whole() -> None:
    """Rows that belong together are asked together."""
    clusters = [row // 5 for row in range(100)]
    chosen = spread_over_strata([""] * 100, clusters, 20)
    assert sorted({row // 5 for row in chosen}) == [0, 5, 10, 15]
    assert len(chosen) == 20
