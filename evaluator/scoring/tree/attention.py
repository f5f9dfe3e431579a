"""Let each token of a packed tree attend to its own ancestors, in any model of transformers' interface.

transformers lets a model's attention be exchanged by name (`AttentionInterface`). Ours keeps the keys and
values of one path per layer, and attends block by block: the heavy rest of the model runs over a whole pack.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional
from transformers import AttentionInterface

from evaluator.scoring.tree.packs import Block, Pack
from evaluator.scoring.tree.token_tree import Integers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "quantboard_tree"
OWN = ("softcap", "s_aux", "position_bias")  # what only a model's own attention code can do

Masks = dict[tuple[Any, ...], torch.Tensor]


class KeysKnown(Exception):
    """Leave a layer's forward pass from within its attention."""


class PathCache:
    """Keys and values of the path to the next token, layer by layer, in buffers of fixed length.

    `length` is the tokens of the longest path and of the largest block together. `calls` counts the calls of
    attention, so that a model whose attention doesn't come here can be told. `rows`, where it isn't None, are
    the only tokens of a pack that ask.
    """

    def __init__(self, length: int) -> None:
        """Start empty."""
        self.length = length
        self.calls = 0
        self._buffers: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = {}
        self._visits: Counter[int] = Counter()
        self._masks: list[tuple[Block, Masks]] = []
        self.rows: Integers | None = None
        self._held: tuple[torch.Tensor, torch.Tensor] | None = None
        self._leaving = False

    @contextmanager
    def only_keys(self) -> Iterator[None]:
        """Leave a layer at its attention, and hold its keys and values for the next call."""
        self._leaving = True
        try:
            yield
        except KeysKnown:
            pass
        finally:
            self._leaving = False

    @contextmanager
    def asking(self, rows: Integers) -> Iterator[None]:
        """Take the queries for those of some rows of the pack, and attend to the keys and values held."""
        self.rows = rows
        try:
            yield
        finally:
            self.rows = None

    def given(self, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values to attend to: these, or where only some rows ask, the ones held."""
        if self._leaving:
            self._held = key, value
            raise KeysKnown
        held, self._held = self._held, None
        return (key, value) if held is None else held

    def begin(self, pack: Pack) -> None:
        """Take up the blocks of the next forward pass."""
        self._masks = [(block, {}) for block in pack.blocks]
        self._visits.clear()

    @property
    def blocks(self) -> Iterator[tuple[Block, Masks]]:
        """Return each block with its masks made so far."""
        return iter(self._masks)

    def of(
        self, module: torch.nn.Module, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's buffers, each 1 x heads x length x size.

        A layer may attend more than once in a forward pass (DiffLlama, looped layers): each time has its own.
        """
        name = id(module), self._visits[id(module)]
        self._visits[id(module)] += 1
        if name not in self._buffers:
            self._buffers[name] = tuple(  # type: ignore[assignment]
                new.new_zeros((1, new.shape[1], self.length, new.shape[3])) for new in (key, value)
            )
        return self._buffers[name]


_CACHE: ContextVar[PathCache] = ContextVar("path cache")


@contextmanager
def tree_attention(model: "PreTrainedModel", cache: PathCache) -> Iterator[None]:
    """Exchange a model's attention for ours, and give it a cache, for as long as the context lasts."""
    token = _CACHE.set(cache)
    try:
        with attention_by(model, NAME):
            yield
    finally:
        _CACHE.reset(token)


@contextmanager
def attention_by(model: "PreTrainedModel", name: str) -> Iterator[None]:
    """Exchange a model's attention for one that transformers knows by name, while the context lasts."""
    configs = {id(one.config): one.config for one in model.modules() if hasattr(one, "config")}
    before = {key: config._attn_implementation_internal for key, config in configs.items()}
    for config in configs.values():
        config._attn_implementation_internal = name
    try:
        yield
    finally:
        for key, config in configs.items():
            config._attn_implementation_internal = before[key]


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **settings: Any,
) -> tuple[torch.Tensor, None]:
    """Attend within a pack: queries, keys and values are 1 x heads x tokens x size.

    Returns 1 x tokens x heads x size, as transformers expects it.
    """
    cache = _CACHE.get()
    key, value = cache.given(key, value)
    cache.calls += 1
    keys, values = cache.of(module, key, value)
    size = (1, query.shape[2], query.shape[1], value.shape[3])
    output = torch.empty(size, dtype=query.dtype, device=query.device)
    for block, masks in cache.blocks:
        inside, until = slice(block.start, block.stop), block.prefix + block.stop - block.start
        keys[:, :, block.prefix : until] = key[:, :, inside]
        values[:, :, block.prefix : until] = value[:, :, inside]
        seen, mask = (keys[:, :, :until], values[:, :, :until]), _mask(block, masks, query)
        if cache.rows is not None:
            inside, mask = _asked(cache.rows, block, mask)
        asking = query[:, :, inside]
        if not asking.shape[2]:
            pass  # nobody in this block is read: its keys are wanted, nothing else
        elif any(settings.get(name) is not None for name in OWN):
            output[:, inside] = by_the_model(module, asking, seen, mask, scaling, settings)
        else:
            output[:, inside] = _grouped(asking, seen, mask, scaling)
        if len(block.moved_to):
            _move(block, masks, (keys, values))
    return output, None


def _move(block: Block, masks: Masks, buffers: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Put what the next block has on its path in its place; the places are looked up once for all layers."""
    for buffer in buffers:
        name = ("moves", buffer.device)
        if name not in masks:
            places = np.stack([block.moved_from, block.moved_to])
            masks[name] = torch.from_numpy(places).to(buffer.device)
        source, target = masks[name]
        buffer.index_copy_(2, target, buffer.index_select(2, source))


def _asked(rows: Integers, block: Block, mask: torch.Tensor) -> tuple[slice, torch.Tensor]:
    """Return which of the queries belong to a block, and what of its mask is theirs."""
    first, last = (int(place) for place in np.searchsorted(rows, [block.start, block.stop]))
    inside = torch.from_numpy(rows[first:last] - block.start).to(mask.device)
    return slice(first, last), mask[:, :, inside]


def by_the_model(
    module: torch.nn.Module,
    query: torch.Tensor,
    seen: tuple[torch.Tensor, torch.Tensor],
    mask: torch.Tensor | None,
    scaling: float | None,
    settings: dict[str, Any],
) -> torch.Tensor:
    """Attend by the plain function in the model's own file, which knows caps, sinks and biases."""
    own: Any = sys.modules[type(module).__module__]
    given: torch.Tensor = own.eager_attention_forward(
        module, query, *seen, mask, scaling=scaling, **settings
    )[0]
    return given


def _grouped(
    query: torch.Tensor,
    seen: tuple[torch.Tensor, torch.Tensor],
    mask: torch.Tensor,
    scaling: float | None,
) -> torch.Tensor:
    """Attend with the heads that share keys side by side, so that no key is copied."""
    _, heads, tokens, size = query.shape
    groups = seen[0].shape[1]
    asking = query.reshape(groups, heads // groups, tokens, size)
    key, value = (part[0][:, None].expand(-1, heads // groups, -1, -1) for part in seen)
    given = functional.scaled_dot_product_attention(
        asking, key, value, attn_mask=mask, scale=scaling
    )
    return given.reshape(1, heads, tokens, given.shape[3]).transpose(1, 2)


def _mask(block: Block, masks: Masks, query: torch.Tensor) -> torch.Tensor:
    """Return a block's mask as numbers to add (1 x 1 x T x P + T), made once for all layers."""
    name = (query.dtype, query.device)
    if name not in masks:
        seen = torch.from_numpy(block.mask()).to(query.device)
        mask = torch.zeros(seen.shape, dtype=query.dtype, device=query.device)
        masks[name] = mask.masked_fill_(~seen, float("-inf"))[None, None]
    return masks[name]


AttentionInterface.register(NAME, attend)
