"""Measure perplexity by the GPTQ convention, which the tables of quantization papers follow.

All documents are joined by the benchmark's joiner, tokenized once without special tokens, and cut into
windows that don't overlap; what is left at the end is dropped. In each window of `w` tokens the last `w - 1`
are predicted from those before them, and perplexity is e to the mean negative log-likelihood (Frantar et al.
2023, arXiv 2210.17323, and Jin et al. 2024, section 4: 2048 tokens). Where the model's context is shorter the
windows shrink to it, and the metric's name says how long they were: `perplexity_window_512`.

Bits per byte are another measure, over whole documents: `evaluator.scoring.bits_per_byte`.
"""

import math
from typing import TYPE_CHECKING

import torch
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.errors import DatasetError
from evaluator.results import Metric
from evaluator.scoring.outcome_store import OutcomeStore
from evaluator.scoring.output_head import output_head
from evaluator.scoring.selection import evenly_spaced
from evaluator.scoring.token_losses import kept_losses
from evaluator.statistics.intervals import Z95, mean_stderr

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PAPER_WINDOW = 2048


def window_length(wanted: int | None, context_length: int) -> int:
    """Return the tokens per window: what the benchmark asks, or the whole context where that is shorter."""
    return min(wanted or PAPER_WINDOW, context_length)


def cut(
    tokenizer: "PreTrainedTokenizerBase", text: str, length: int, *, limit: int | None = None
) -> torch.Tensor:
    """Cut a text into windows of `length` tokens (N x length), or take it as one window where it is shorter.

    A limit keeps that many windows, at equal distances.

    Raises:
        DatasetError: the text has fewer than two tokens.
    """
    ids = list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    if len(ids) < 2:
        raise DatasetError("the text for perplexity has fewer than two tokens; give a longer one")
    length = min(length, len(ids))
    starts = [number * length for number in range(len(ids) // length)]
    starts = starts if limit is None else [starts[i] for i in evenly_spaced(len(starts), limit)]
    return torch.tensor([ids[start : start + length] for start in starts])


def window_losses(
    model: "PreTrainedModel",
    windows: torch.Tensor,
    *,
    batch_size: int,
    progress: bool,
    store: OutcomeStore | None = None,
) -> list[float]:
    """Return the mean negative log-likelihood per predicted token, in nats, of each window (N x w).

    Batches that the store knows are passed over, and the others kept there.
    """
    losses: list[float] = []
    predicted = windows.shape[1] - 1
    head = output_head(model)
    with torch.no_grad():
        batches = torch.split(windows, batch_size)
        for batch in tqdm(batches, desc="Perplexity, batches", disable=not progress):
            sums = kept_losses(model, batch[:, :-1], batch[:, 1:], head, store)
            losses += [total / predicted for total in sums]
    return losses


def summarize(losses: list[float]) -> Metric:
    """Return e to the mean of the windows' losses, with the standard error of their scatter (delta method).

    Null where a loss is no finite number, or the result too large for one.
    """
    count, mean = len(losses), math.fsum(losses) / len(losses)
    value = _exponential(mean)
    if not math.isfinite(value):
        return Metric(value=None, n=count, reason="the loss is no finite number")
    spread = mean_stderr(losses)
    if spread is None:
        return Metric(value=value, n=count)
    low, high = (_exponential(mean + sign * Z95 * spread) for sign in (-1, 1))
    interval = (low, high) if math.isfinite(high) else None
    return Metric(value=value, stderr=value * spread, ci95=interval, n=count)


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
