"""The last layer for only the tokens that are read: the same states with less work, where that is sound."""

from typing import Any

import numpy as np
import pytest
import torch

from evaluator.scoring.tree import passes
from evaluator.scoring.tree.attention import PathCache, tree_attention
from evaluator.scoring.tree.packs import packs
from evaluator.scoring.tree.token_tree import build
from tests.evaluator.tree_families import family

NARROWED = ("llama", "qwen3", "gemma2", "mixtral", "opt")


def states(model: Any, share: int) -> list[torch.Tensor]:
    """Return the states of every `share`-th token of a branching tree, pack by pack."""
    draw = np.random.default_rng(0)
    stem = draw.integers(5, 30, 20)
    rows = [np.concatenate([stem[:at], draw.integers(5, 30, 9)]) for at in (4, 11, 20)]
    tree = build([row.astype(np.int32) for row in rows], [1] * 3)
    cache, found = PathCache(tree.longest + 8), []
    with torch.no_grad(), tree_attention(model, cache):
        for pack in packs(tree, 20, 8):
            inside = np.arange(0, pack.stop - pack.start, share)
            found.append(passes.forward_read(model, cache, pack, inside, torch.device("cpu")))
    return found


def counted(model: Any, share: int) -> int:
    """Return how many tokens passed through the last layer's MLP."""
    seen = []
    mlp: Any = passes.last_layers(model)[0].mlp
    hook = mlp.register_forward_hook(lambda module, given, out: seen.append(given[0].shape[1]))
    try:
        states(model, share)
    finally:
        hook.remove()
    return sum(seen)


@pytest.mark.parametrize("name", NARROWED)
def test_states_are_those_of_whole_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Family by family; each of these is found to bear it."""
    model = family(name)
    some = states(model, 4)
    assert passes.last_layers(model)
    monkeypatch.setattr(passes, "FEW", 0.0)
    for one, other in zip(some, states(model, 4), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_last_layer_sees_only_what_is_read() -> None:
    """Of every fourth token a fourth; where most are read, all at once."""
    model = family("llama")
    total = counted(model, 1)
    assert counted(model, 4) <= total / 4 + 2


def test_a_layer_that_looks_at_its_neighbours_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a seeded fault, a last layer that mixes tokens behind its attention is found out."""
    model = family("llama")
    layer = model.model.layers[-1]
    whole = layer.mlp.forward
    monkeypatch.setattr(layer.mlp, "forward", lambda given: whole(given.cumsum(dim=1)))
    assert passes.last_layers(model) == []


def test_nothing_read_is_no_fault() -> None:
    """A pack of which nothing is read gives no states, and leaves keys for the next one."""
    model = family("llama")
    tree = build([np.arange(5, 25, dtype=np.int32)], [1])
    cache = PathCache(tree.longest + 8)
    with torch.no_grad(), tree_attention(model, cache):
        first, second = packs(tree, 10, 8)
        device = torch.device("cpu")
        none = passes.forward_read(model, cache, first, np.zeros(0, np.int64), device)
        last = passes.forward_read(model, cache, second, np.array([9]), device)
    with torch.no_grad():
        own = model.base_model(torch.arange(5, 25)[None])[0][0, -1:]
    assert none.shape == (0, last.shape[1])
    assert torch.allclose(last, own, atol=1e-5)
