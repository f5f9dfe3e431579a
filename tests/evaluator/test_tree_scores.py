"""Hold packed scores to those of one row at a time, on random trees and a small random Llama."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("transformers", reason="the extra `evaluate` isn't installed")

import torch
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.tree.likelihoods import Work
from tests.evaluator import tree_cases
from tests.evaluator.tree_cases import SAME, Case, cases, deterministic


@contextmanager
def memory_runs_out(model: Any, *, at: int, times: int) -> Iterator[list[int]]:
    """Let the passes from number `at` on raise what a full card raises, so many times; yield a count."""
    passes: list[int] = []

    def raising(*_: Any) -> None:
        passes.append(1)
        if at <= len(passes) < at + times:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    handle = model.base_model.register_forward_hook(raising)
    try:
        yield passes
    finally:
        handle.remove()


@deterministic(30)
@given(cases())
def test_packed_scores_are_those_of_one_row_at_a_time(case: Case) -> None:
    """Each log-likelihood agrees to 1e-4, and so does what greedy decoding would say."""
    tree_cases.check_scores(case)


@deterministic(15)
@given(cases())
def test_every_position_can_be_read(case: Case) -> None:
    """Reading all positions of all requests, shared ones included, gives the same scores too."""
    tree_cases.check_scores(tree_cases.reading_everywhere(case))


@deterministic(20)
@given(cases())
def test_no_token_is_computed_twice(case: Case) -> None:
    """Within a section, as many tokens pass through the body as the plain trie has nodes."""
    work = Work()
    large = Case(case.vocabulary, case.sequences, case.wanted, 1000, case.block)
    tree_cases.packed(large, tree_cases.requests(large), work)
    assert work.tokens == len(tree_cases.trie(case.sequences))
    assert work.packs == 1


@deterministic(12)
@given(cases(), st.integers(1, 3))
def test_out_of_memory_changes_no_score(case: Case, at: int) -> None:
    """A section that runs out of memory is tried again in smaller passes, with the same scores."""
    model, _ = tree_cases.llama(case.vocabulary)
    asked = tree_cases.requests(case)
    case = Case(case.vocabulary, case.sequences, case.wanted, case.block + 1, case.block)
    expected = tree_cases.packed(case, asked)
    with memory_runs_out(model, at=at, times=1):
        found = tree_cases.packed(case, asked)
    for (value, greedy), (other, same), direct in zip(
        expected, found, tree_cases.one_by_one(case, asked), strict=True
    ):
        assert abs(value - other) <= SAME
        assert greedy == same or direct.near


def test_out_of_memory_at_the_smallest_pass_is_raised() -> None:
    """Where not even one block fits, the error reaches the caller."""
    case = Case(7, ((1, 2, 3, 4),), (1,), 8, 2)
    model, _ = tree_cases.llama(7)
    with memory_runs_out(model, at=1, times=100) as passes, pytest.raises(torch.OutOfMemoryError):
        tree_cases.packed(case, tree_cases.requests(case))
    assert len(passes) == 3  # budgets of 8, 4 and 2
