"""Sum the negative log-likelihoods of tokens that a text already has, a few positions at a time.

The body of the model runs over whole rows; its output head, whose float32 logits would be by far the
largest tensor, runs over a few hundred predicted positions at once, and over no padding.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from evaluator.scoring.outcome_store import OutcomeStore, losses_key
from evaluator.scoring.output_head import OutputHead, hidden_states, input_device
from evaluator.scoring.target_scores import target_scores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

IGNORED = -100  # a target that isn't predicted
POSITIONS_AT_ONCE = (
    256  # rows of float32 logits, where a model gives all of a window's in its own dtype
)


def kept_losses(
    model: "PreTrainedModel",
    tokens: torch.Tensor,
    targets: torch.Tensor,
    head: OutputHead | None,
    store: OutcomeStore | None,
) -> list[float]:
    """Return `summed_losses`, from the store where this very batch was scored before, else kept there.

    A batch is kept whole: the last digits of a row's loss hang on its neighbours.
    """
    if store is None:
        return summed_losses(model, tokens, targets, head)
    key = losses_key(tokens.numpy(), targets.numpy())
    if not store.known([key]):
        store.add([key], [summed_losses(model, tokens, targets, head)])
    losses: list[float] = store.known([key])[key]
    return losses


def summed_losses(
    model: "PreTrainedModel", tokens: torch.Tensor, targets: torch.Tensor, head: OutputHead | None
) -> list[float]:
    """Return the negative log-likelihood of each row's targets, in nats, summed in float64.

    `tokens` (B x T) are read; `targets` (B x T) hold the token that follows each of them, or IGNORED. Without
    a head, rows are read one at a time; where memory runs out, half of the rows are.

    Raises:
        torch.OutOfMemoryError: not even one row fits.
    """
    if head is None:
        return [_row_loss(model, *row) for row in zip(tokens, targets, strict=True)]
    try:
        return _batch_losses(model, tokens, targets, head)
    except torch.OutOfMemoryError:
        if len(tokens) == 1:
            raise
        torch.cuda.empty_cache()
    half = len(tokens) // 2
    return [
        *summed_losses(model, tokens[:half], targets[:half], head),
        *summed_losses(model, tokens[half:], targets[half:], head),
    ]


def _batch_losses(
    model: "PreTrainedModel", tokens: torch.Tensor, targets: torch.Tensor, head: OutputHead
) -> list[float]:
    """Return each row's loss from the body's states, through the head a few positions at a time."""
    states = hidden_states(model, tokens.to(input_device(model)))
    targets = targets.to(states.device)
    losses = torch.zeros(targets.shape, dtype=torch.float64, device=states.device)
    for rows, columns in _positions(targets, head.rows_in_parts):
        wanted = targets[rows, columns].cpu().numpy()
        values, _ = target_scores(head, states[rows, columns], np.arange(len(wanted)), wanted)
        losses[rows, columns] = -values.to(losses.device, torch.float64)
    return [float(value) for value in losses.sum(dim=1)]


def _row_loss(model: "PreTrainedModel", tokens: torch.Tensor, targets: torch.Tensor) -> float:
    """Return the loss of one row (T), without its padding, from the logits that the model itself gives."""
    length = int((targets != IGNORED).nonzero()[-1]) + 1
    inputs = tokens[None, :length].to(input_device(model))
    logits: torch.Tensor = model(inputs, use_cache=False).logits[0]
    targets = targets.to(logits.device)
    parts = [
        _losses(logits[columns].float(), targets[columns])
        for (columns,) in _positions(targets, POSITIONS_AT_ONCE)
    ]
    return float(torch.cat(parts).sum())


def _positions(targets: torch.Tensor, count: int) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield the indices of the predicted positions, by dimension, so many at a time."""
    for some in torch.split((targets != IGNORED).nonzero(), count):
        yield some.unbind(dim=1)


def _losses(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return -log p (N, float64) of the tokens wanted (N), from float32 logits (N x vocabulary)."""
    return functional.cross_entropy(logits, wanted.to(logits.device), reduction="none").double()
