"""Hold the store of outcomes to its promise, that no run can read another's, on drawn pairs of runs."""

import pytest

pytest.importorskip("transformers", reason="the extra `evaluate` isn't installed")

from hypothesis import given

from tests.evaluator.cache_cases import CHANGES, Run, asked, check_kept_apart, empty_cache, pairs
from tests.evaluator.tree_cases import deterministic


@deterministic(25)
@given(pairs())
def test_runs_with_one_difference_keep_apart(pair: tuple[Run, Run]) -> None:
    """One difference in weights, kernels, sizes or tokens, and an outcome is computed again."""
    check_kept_apart(pair)


@pytest.mark.parametrize("change", CHANGES)
def test_each_part_of_the_key_counts(change: str) -> None:
    """Each thing that an outcome hangs on is told apart by itself."""
    check_kept_apart((Run(), CHANGES[change](Run())))


def test_the_same_run_finds_its_outcomes() -> None:
    """Equal runs share what was kept, in whichever order their files were listed."""
    with empty_cache():
        assert asked(Run())
        assert not asked(Run())
