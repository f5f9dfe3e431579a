"""Show that the properties of the tree are sharp: each fault that is put in makes one of them fail."""

from collections.abc import Callable

import pytest

pytest.importorskip("transformers", reason="the extra `evaluate` isn't installed")

from evaluator.scoring import outcome_identity, outcome_store
from evaluator.scoring.tree import likelihoods, packs
from tests.evaluator import cache_cases, tree_cases, tree_faults
from tests.evaluator.tree_cases import Case, cases, finds_fault


@pytest.mark.parametrize("check", [tree_cases.check_packs, tree_cases.check_scores])
def test_a_fault_in_the_mask_is_found(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[Case], None]
) -> None:
    """A token that sees another branch's tokens is noticed in the mask and in the scores."""
    monkeypatch.setattr(packs.Block, "mask", tree_faults.sees_its_neighbours)
    assert finds_fault(check, cases())


def test_a_fault_in_the_positions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that begins one place too far right is noticed in the scores."""
    shifted = tree_faults.shifted_after_branches(packs.packs)
    monkeypatch.setattr(likelihoods, "packs", shifted)
    assert finds_fault(tree_cases.check_scores, cases())


def test_a_key_without_the_weights_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache key that says nothing of the model's files lets one model read another's outcomes."""
    forgetful = tree_faults.without_files(outcome_identity.identity)
    monkeypatch.setattr("evaluator.scoring.kept.identity", forgetful)
    assert finds_fault(cache_cases.check_kept_apart, cache_cases.pairs(), examples=40)


def test_a_key_without_lengths_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache key of the tokens in a row, without where the answer begins, mixes two requests up."""
    monkeypatch.setattr(outcome_store, "_digest", tree_faults.without_lengths)
    assert finds_fault(cache_cases.check_kept_apart, cache_cases.pairs(), examples=40)


def test_without_a_fault_nothing_is_found() -> None:
    """The same search over the code as it is finds no case."""
    assert not finds_fault(tree_cases.check_packs, cases())
    assert not finds_fault(tree_cases.check_scores, cases(), examples=8)
