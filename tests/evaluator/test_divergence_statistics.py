"""Divergences from a part of each distribution, against those of whole distributions."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn import functional

from evaluator.statistics.divergence import Divergences, Partial, divergences, summarize

Floats = NDArray[np.float64]
POSITIONS = 5


def log_softmax(logits: Floats) -> Floats:
    """Return log-probabilities along the last axis."""
    values: Floats = torch.from_numpy(logits).log_softmax(-1).numpy()
    return values


def partial(whole: Floats, top: Any, drawn: Any) -> Partial:
    """Keep of whole log-probabilities (N x vocabulary) what a run keeps."""
    others = torch.from_numpy(_without(whole, top, -np.inf)).logsumexp(-1).numpy()
    columns = np.take_along_axis(whole, top, 1), np.take_along_axis(whole, drawn, 1)
    return Partial(columns[0], others, columns[1])


def _without(whole: Floats, top: Any, instead: float) -> Floats:
    left: Floats = whole.copy()
    np.put_along_axis(left, top, instead, 1)
    return left


def compared(base: Floats, variant: Floats, k: int, draws: int = 0, seed: int = 0) -> Divergences:
    """Compare whole distributions by their k likeliest tokens, and by tokens drawn from the others."""
    top = np.argsort(-base, axis=1, kind="stable")[:, :k]
    draw = np.random.default_rng(seed)
    drawn: NDArray[np.int64] = np.zeros((len(base), 0), np.int64)
    if draws and k < base.shape[1]:
        left = np.exp(_without(base, top, -np.inf))
        shares = left / left.sum(axis=1, keepdims=True)
        drawn = np.array([draw.choice(base.shape[1], draws, p=row) for row in shares])
    smallest = _without(variant, top, np.inf).min(axis=1)
    return divergences(partial(base, top, drawn), partial(variant, top, drawn), smallest)


def pair(seed: int, vocabulary: int, spread: float, apart: float) -> tuple[Floats, Floats]:
    """Draw two sets of distributions: logits of one spread, and those with noise on them."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, spread, (POSITIONS, vocabulary))
    noise = draw.normal(0, apart, logits.shape)
    return log_softmax(logits), log_softmax(logits + noise)


def exact(base: Floats, variant: Floats) -> Floats:
    """Return KL(base || variant), by torch."""
    given = torch.from_numpy(variant), torch.from_numpy(base)
    terms = functional.kl_div(*given, reduction="none", log_target=True)
    values: Floats = terms.sum(-1).numpy()
    return values


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 40),
    st.integers(1, 40),
    st.floats(0, 20),
    st.floats(0.01, 20),
)
def test_the_exact_value_lies_between_the_bounds(
    seed: int, vocabulary: int, k: int, spread: float, apart: float
) -> None:
    """Of any two distributions; and with all tokens kept the bounds are that value."""
    base, variant = pair(seed, vocabulary, spread, apart)
    found, true = compared(base, variant, min(k, vocabulary)), exact(base, variant)
    slack = 1e-9 * (1 + true)
    assert (found.lowest <= true + slack).all()
    assert (true <= found.highest + slack).all()
    assert (found.lowest >= 0).all()
    if k >= vocabulary:
        assert found.lowest == pytest.approx(true, rel=1e-7, abs=1e-9)
        assert found.highest == pytest.approx(found.lowest)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 40), st.floats(0, 20))
def test_equal_distributions_do_not_diverge(
    seed: int, vocabulary: int, k: int, spread: float
) -> None:
    """Not even by rounding."""
    base, _ = pair(seed, vocabulary, spread, 1.0)
    found = compared(base, base, min(k, vocabulary), draws=3)
    assert not found.lowest.any()
    assert not found.estimate.any()


def test_rounding_does_not_show() -> None:
    """Float32 moves a log-probability by 1e-7, and its divergence by a square of that."""
    base, _ = pair(1, 1000, 2.0, 1.0)
    rounded = base.astype(np.float32).astype(np.float64)
    assert compared(base, rounded, 64, draws=8).estimate.max() < 1e-12


def test_drawn_tokens_estimate_what_the_lower_bound_leaves_out() -> None:
    """Few tokens hold little of a flat distribution; over many positions draws make up for the rest."""
    draw = np.random.default_rng(3)
    logits = draw.normal(0, 1, (4000, 200))
    base = log_softmax(logits)
    variant = log_softmax(logits + draw.normal(0, 0.3, logits.shape))
    found, true = compared(base, variant, 8, draws=8), exact(base, variant).mean()
    assert found.lowest.mean() < 0.6 * true
    assert found.estimate.mean() == pytest.approx(true, rel=0.02)


def test_a_token_that_the_variant_excludes_is_infinitely_far() -> None:
    """Whether it is among those kept or the others; one that the base excludes costs nothing."""
    base = np.log([[0.5, 0.3, 0.2]])
    with np.errstate(divide="ignore"):
        first, others = np.log([[0.0, 0.8, 0.2]]), np.log([[0.5, 0.5, 0.0]])
        excluding = np.log([[0.6, 0.4, 0.0]])
    assert compared(base, first, 1).lowest == np.inf
    assert compared(base, others, 2).lowest == np.inf
    known = 0.6 * np.log(0.6 / 0.5) + 0.4 * np.log(0.4 / 0.3)
    assert compared(excluding, base, 2).lowest == pytest.approx(known)


def test_nan_is_refused() -> None:
    """A mean with a NaN left out would flatter a broken model."""
    base, variant = pair(2, 9, 1.0, 1.0)
    variant[0, 3] = np.nan
    with pytest.raises(ValueError, match="no number"):
        compared(base, variant, 9)


def test_summary_by_hand() -> None:
    """Mean, median, percentile, what is certain, and the clusters' standard error."""
    values = np.array([0.0, 1.0, 2.0, 5.0])
    found = Divergences(values / 2, values, values * 2)
    told = summarize(found, np.array([True, True, False, True]), [0, 0, 1, 1])
    assert (told.n, told.mean, told.median, told.lowest, told.room) == (4, 2.0, 1.5, 1.0, 3.0)
    assert told.p99 == pytest.approx(4.91)
    assert told.agreement == 0.75
    # deviations of the clusters: -3 and 3; of agreement: 0.5 and -0.5
    assert told.stderr == pytest.approx(np.sqrt(18) / 4)
    assert told.agreement_stderr == pytest.approx(np.sqrt(0.5) / 4)


def test_one_cluster_has_no_standard_error() -> None:
    """And no positions, or infinite ones, have no mean."""
    one = np.array([1.0, 2.0])
    assert summarize(Divergences(one, one, one), one > 1, [7, 7]).stderr is None
    for values in (np.zeros(0), np.array([1.0, np.inf])):
        with pytest.raises(ValueError, match="have no mean"):
            summarize(Divergences(values, values, values), values > 1, [0] * len(values))
