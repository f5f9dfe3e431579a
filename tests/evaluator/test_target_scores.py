"""Log-likelihoods read a part of the vocabulary at a time, against a log-softmax of all of it."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.scoring import output_head as heads
from evaluator.scoring.output_head import OutputHead, output_head
from evaluator.scoring.target_scores import target_scores
from evaluator.scoring.tree.token_tree import Integers
from tests.evaluator.tree_families import family


class Cut(OutputHead):
    """Logits that are known already, cut into parts of so many columns."""

    def __init__(self, logits: torch.Tensor, columns: int) -> None:
        """Take logits (N x vocabulary)."""
        self.logits, self.columns = logits, columns

    def parts(self, states: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield copies, for whoever asks may write into them."""
        for start in range(0, self.logits.shape[1], self.columns):
            yield start, self.logits[:, start : start + self.columns].clone()


def scored(
    logits: torch.Tensor, columns: int, rows: Integers, targets: Integers
) -> tuple[torch.Tensor, torch.Tensor]:
    """Score over parts."""
    return target_scores(Cut(logits, columns), torch.zeros(len(logits), 1), rows, targets)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_parts_give_the_log_softmax_of_the_whole(
    seed: int, vocabulary: int, columns: int, ties: bool
) -> None:
    """Whatever the parts; among equal logits the first counts, as for `argmax`."""
    draw = np.random.default_rng(seed)
    logits = torch.from_numpy(draw.normal(0, 30, (4, vocabulary))).float()
    logits = logits.sign() if ties else logits
    rows, targets = draw.integers(0, 4, 12), draw.integers(0, vocabulary, 12)
    values, best = scored(logits, columns, rows, targets)
    expected = logits.double().log_softmax(-1)[rows, targets]
    assert torch.allclose(values.double(), expected, atol=1e-4)
    assert best.tolist() == (logits.argmax(-1)[rows].numpy() == targets).tolist()


def test_excluded_tokens_and_what_is_no_number() -> None:
    """A part may hold nothing but excluded tokens; a NaN makes its own row none, and no other."""
    logits = torch.tensor([[-torch.inf, -torch.inf, 1.0, 2.0], [1.0, torch.nan, 0.0, 0.0]])
    rows, targets = np.array([0, 0, 1]), np.array([3, 0, 0])
    values, best = scored(logits, 2, rows, targets)
    assert values[0] == pytest.approx(float(torch.tensor([1.0, 2.0]).log_softmax(0)[1]))
    assert values[1] == -torch.inf
    assert values[2].isnan()
    assert best.tolist() == [True, False, False]


def test_a_head_that_is_one_product_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts are its logits; a head that caps or scales its logits stays whole."""
    monkeypatch.setattr(heads, "COLUMNS", 7)
    monkeypatch.setattr(heads, "ELEMENTS", 500)
    states = torch.randn(3, family("llama").config.hidden_size)
    head = output_head(family("llama"))
    assert head is not None
    assert head.rows * head.vocabulary <= 500 < head.rows_in_parts * head.vocabulary
    with torch.no_grad():
        parts = [part for _, part in head.parts(states)]
        assert len(parts) > 1
        assert torch.allclose(torch.cat(parts, dim=1), head(states), atol=1e-5)
        for name in ("gemma2", "cohere"):
            model = family(name)
            head = output_head(model)
            assert head is not None
            whole = list(head.parts(torch.randn(3, model.config.hidden_size)))
            assert len(whole) == 1, name
