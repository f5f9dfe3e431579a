"""Let each row's new token attend to its own slot, in any model of transformers' interface."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from transformers import AttentionInterface

from evaluator.scoring.generation.slots import Pair, Slots
from evaluator.scoring.tree.attention import OWN, attention_by, by_the_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "quantboard_slots"

_SLOTS: ContextVar[Slots] = ContextVar("slots")


@contextmanager
def slot_attention(model: "PreTrainedModel", slots: Slots) -> Iterator[None]:
    """Exchange a model's attention for ours, and give it slots, for as long as the context lasts."""
    token = _SLOTS.set(slots)
    try:
        with attention_by(model, NAME):
            yield
    finally:
        _SLOTS.reset(token)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **settings: Any,
) -> tuple[torch.Tensor, None]:
    """Attend with one new token of each of R rows: queries, keys and values are 1 x heads x R x size.

    Returns 1 x R x heads x size, as transformers expects it.
    """
    slots = _SLOTS.get()
    step, device = slots.step, key.device
    keys, values = slots.of(step.calls.layer(module))
    rows, places = step.places(device)
    keys[rows, :, places] = key[0].transpose(0, 1)
    values[rows, :, places] = value[0].transpose(0, 1)
    asking = query[0].transpose(0, 1)
    output = torch.empty((*asking.shape[:2], value.shape[3]), dtype=query.dtype, device=device)
    own = any(settings.get(name) is not None for name in OWN)
    for group in step.groups(device):
        inside = slice(group.slot, group.slot + group.last - group.first)
        seen = keys[inside, :, : group.longest], values[inside, :, : group.longest]
        some, mask = asking[group.first : group.last], step.mask(group, query)
        output[group.first : group.last] = (
            by_the_model(module, some[:, :, None], seen, mask, scaling, settings)[:, 0]
            if own
            else _grouped(some, seen, mask, scaling)
        )
    return output[None], None


def _grouped(
    query: torch.Tensor, seen: Pair, mask: torch.Tensor | None, scaling: float | None
) -> torch.Tensor:
    """Attend with the heads that share keys side by side, as if they were tokens: no key is copied."""
    rows, heads, size = query.shape
    shared = seen[0].shape[1]
    folded = query.reshape(rows, shared, heads // shared, size)
    given = functional.scaled_dot_product_attention(
        folded, seen[0], seen[1], attn_mask=mask, scale=scaling
    )
    return given.reshape(rows, heads, given.shape[3])


AttentionInterface.register(NAME, attend)
