"""Pass packs of a tree through a model's body; through its last layer only what somebody reads.

Behind its attention, a layer works on each token by itself, and behind the last layer nobody attends. So of
the last layer only keys and values are wanted of every token: it is run twice, first to no further than its
attention, then for the tokens that are read. Of a benchmark with one answer per prompt they are one in fifty,
which saves nearly a whole layer. A model is tried first; one that is made otherwise passes through whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from evaluator.scoring.output_head import UNFIT, hidden_states, input_device
from evaluator.scoring.tree.attention import PathCache, tree_attention
from evaluator.scoring.tree.packs import Pack, packs
from evaluator.scoring.tree.token_tree import Integers, build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FEW = 0.5  # of a pack's tokens that are read: with more, asking the last layer twice costs more than it saves
ROUNDING = 16.0  # times the precision of the largest state that kernels may differ by

_LAST: "WeakKeyDictionary[PreTrainedModel, list[nn.Module]]" = WeakKeyDictionary()


def forward(
    model: "PreTrainedModel", cache: PathCache, pack: Pack, device: torch.device
) -> torch.Tensor:
    """Pass one pack through the body, under `tree_attention`; return its hidden states (T x size)."""
    cache.begin(pack)
    tokens = torch.from_numpy(pack.tokens)[None].to(device)
    positions = torch.from_numpy(pack.positions)[None].to(device)
    return hidden_states(model, tokens, position_ids=positions)[0]


def forward_read(
    model: "PreTrainedModel", cache: PathCache, pack: Pack, rows: Integers, device: torch.device
) -> torch.Tensor:
    """Pass one pack through the body; return the hidden states of the `rows` (N, ascending) that are read."""
    last = last_layers(model)
    if not last or len(rows) > FEW * (pack.stop - pack.start):
        states = forward(model, cache, pack, device)
        return states[torch.from_numpy(rows).to(states.device)]
    # not every model bears no token at all: where none is read, one is asked for
    with _narrowed(last[0], cache, rows if len(rows) else np.zeros(1, np.int64)):
        return forward(model, cache, pack, device)[: len(rows)]


@contextmanager
def _narrowed(layer: nn.Module, cache: PathCache, rows: Integers) -> Iterator[None]:
    """Let a layer give the states of some rows alone, which see the keys and values of all."""
    whole = layer.forward

    def narrow(given: Any, count: int, inside: torch.Tensor) -> Any:
        if isinstance(given, tuple):
            return tuple(narrow(one, count, inside) for one in given)
        by_token = isinstance(given, torch.Tensor) and given.ndim > 1 and given.shape[1] == count
        return given[:, inside.to(given.device)] if by_token else given

    def narrowed(states: torch.Tensor, *others: Any, **named: Any) -> Any:
        with cache.only_keys():
            whole(states, *others, **named)
        count, inside = states.shape[1], torch.from_numpy(rows)
        with cache.asking(rows):
            return whole(
                *narrow((states, *others), count, inside),
                **{name: narrow(value, count, inside) for name, value in named.items()},
            )

    layer.forward = narrowed
    try:
        yield
    finally:
        del layer.forward


def last_layers(model: "PreTrainedModel") -> list[nn.Module]:
    """Return the last layer, in a list, if it may be run for some tokens alone; tried on first use."""
    if model not in _LAST:
        found = _last(model)
        _LAST[model] = [] if found is None or not _same(model, found) else [found]
    return _LAST[model]


def _last(model: "PreTrainedModel") -> nn.Module | None:
    """Return the last of a model's layers, if there is one list of them and no hook on it."""
    count = int(model.config.get_text_config(decoder=True).num_hidden_layers)
    lists = [one for one in model.base_model.modules() if isinstance(one, nn.ModuleList)]
    layers = [one for one in lists if len(one) == count and count > 1]
    if len(layers) != 1 or "forward" in vars(layers[0][-1]):
        return None
    return layers[0][-1]


def _same(model: "PreTrainedModel", layer: nn.Module) -> bool:
    """Say whether some tokens of a small tree come out of the last layer as they do with all others."""
    draw, device = np.random.default_rng(20), input_device(model)
    vocabulary = int(model.config.get_text_config(decoder=True).vocab_size)
    stem = draw.integers(0, vocabulary, 12)
    rows = [np.concatenate([stem[:at], draw.integers(0, vocabulary, 5)]) for at in (3, 6, 12)]
    tree = build([row.astype(np.int32) for row in rows], [1] * len(rows))
    whole, narrowed = PathCache(tree.longest + 4), PathCache(tree.longest + 4)
    same = True
    with torch.no_grad():
        for pack in packs(tree, 16, 4):
            inside = np.arange(1, pack.stop - pack.start, 5)
            with tree_attention(model, whole):
                expected = forward(model, whole, pack, device)[inside]
            try:
                with tree_attention(model, narrowed), _narrowed(layer, narrowed, inside):
                    found = forward(model, narrowed, pack, device)
            except torch.OutOfMemoryError:
                raise
            except UNFIT:  # a layer that wants more than its tokens' own
                return False
            same &= found.shape == expected.shape and _near(found, expected)
    return same


def _near(found: torch.Tensor, expected: torch.Tensor) -> bool:
    precision = torch.finfo(found.dtype).eps * float(expected.abs().max())
    return float((found - expected).abs().max()) <= ROUNDING * precision
