"""Hold trees, packs and sections to a plain trie, on random sequences."""

import pytest

pytest.importorskip("transformers", reason="the extra `evaluate` isn't installed")

from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring.tree import token_tree
from tests.evaluator import tree_cases
from tests.evaluator.tree_cases import Case, cases, deterministic, large_cases


@deterministic(60)
@given(cases())
def test_a_tree_is_the_plain_trie(case: Case) -> None:
    """Tokens, depths, ends, tails and the number of distinct tokens are those of a plain trie."""
    tree_cases.check_tree(case)


@deterministic(60)
@given(cases())
def test_each_token_of_a_pack_sees_its_own_path(case: Case) -> None:
    """Each node is in one pack and one block, and its mask shows the keys of its ancestors and no others."""
    tree_cases.check_packs(case)


@deterministic(15)
@given(large_cases())
def test_large_trees_pack_as_small_ones(case: Case) -> None:
    """What holds of a dozen sequences holds of a hundred."""
    tree_cases.check_packs(case)


@deterministic(25)
@given(large_cases(), st.data())
def test_sections_cover_requests_once(case: Case, data: st.DataObject) -> None:
    """Sections hold each request once, are the same for any order, and compute little again."""
    tree_cases.check_sections(case, data.draw(st.permutations(range(len(case.sequences)))))


@deterministic(25)
@given(cases(), st.data())
def test_small_sections_cover_requests_once(case: Case, data: st.DataObject) -> None:
    """Duplicates, prefixes of others and single tokens are in one section each too."""
    tree_cases.check_sections(case, data.draw(st.permutations(range(len(case.sequences)))))


def test_an_empty_sequence_has_no_place() -> None:
    """A request without a token is refused, and not scored as something else."""
    case = Case(2, ((), (1,)), (0, 1), 1, 1)
    with pytest.raises(ValueError, match="without tokens"):
        token_tree.build(case.arrays, case.wanted)
