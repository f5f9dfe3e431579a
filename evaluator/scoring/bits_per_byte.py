"""Measure bits per byte over whole documents, which compares models whatever their tokenizers.

Each document is tokenized alone, without special tokens, and every token of it is predicted: the first from
the token that begins a text (BOS, or EOS where a tokenizer has none), the others from those before them. A
document longer than a window of `w` tokens is cut as lm-eval's rolling likelihood cuts it: no token is
predicted twice, the first token of a window is predicted from the one before it, and the last window is
filled up with tokens that only give context. The measure is the sum of all negative log-likelihoods in bits
over the sum of the documents' UTF-8 bytes, and its name says how long the windows were:
`bits_per_byte_window_2048`.

A row is a document, or a page, or a block of sentences: `evaluator.tasks.passages`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.results import Metric
from evaluator.scoring.outcome_store import OutcomeStore
from evaluator.scoring.output_head import output_head
from evaluator.scoring.token_losses import IGNORED, kept_losses
from evaluator.statistics.intervals import normal_interval, ratio_stderr

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PADDING = 0  # a token that follows a window; nothing before it sees it


@dataclass(frozen=True)
class Window:
    """A stretch of a document: the tokens to read, and those of which each is to be predicted, at its end."""

    document: int
    read: list[int]
    predicted: list[int]


@dataclass(frozen=True)
class Documents:
    """Documents cut into windows of at most `length` tokens; `sizes` are UTF-8 bytes."""

    length: int
    sizes: list[int]
    windows: list[Window]

    @property
    def tokens(self) -> int:
        """Return how many tokens the model reads."""
        return sum(len(window.read) for window in self.windows)


def first_token(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """Return the token from which a text's first one is predicted: BOS, else EOS; null without either."""
    tokens: tuple[int | None, ...] = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return next((token for token in tokens if token is not None), None)


def cut(
    tokenizer: "PreTrainedTokenizerBase", texts: list[str], beginning: int, length: int
) -> Documents:
    """Tokenize each document alone and cut it into windows of at most `length` tokens."""
    windows: list[Window] = []
    for number, text in enumerate(texts):
        ids = list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
        windows += _windows(number, [beginning, *ids], length)
    return Documents(length, [len(text.encode()) for text in texts], windows)


def _windows(document: int, ids: list[int], length: int) -> Iterator[Window]:
    """Cut a document whose first token isn't predicted; `done` counts the tokens that are."""
    done = 0
    while done < len(ids) - 1:
        end = min(done + length, len(ids) - 1)
        yield Window(document, ids[max(0, end - length) : end], ids[done + 1 : end + 1])
        done = end


def document_losses(
    model: "PreTrainedModel",
    documents: Documents,
    *,
    batch_size: int,
    progress: bool,
    store: OutcomeStore | None = None,
) -> list[float]:
    """Return the negative log-likelihood of each document, in nats, summed over all its tokens.

    A batch holds windows of about the same length, and of short ones as many as `batch_size` full windows
    have tokens. What pads them follows them, and no causal model looks ahead. A batch size of 1 means one
    window at a time, without padding. Batches that the store knows are passed over, the others kept there.
    """
    losses = [0.0] * len(documents.sizes)
    ordered = sorted(documents.windows, key=lambda window: -len(window.read))
    if not ordered:
        return losses
    batches = list(_batches(ordered, batch_size, documents.length))
    head = output_head(model)
    with torch.no_grad():
        for batch in tqdm(batches, desc="Bits per byte, batches", disable=not progress):
            sums = kept_losses(model, *_padded(batch), head, store)
            for window, loss in zip(batch, sums, strict=True):
                losses[window.document] += loss
    return losses


def _batches(ordered: list[Window], batch_size: int, length: int) -> Iterator[list[Window]]:
    """Part windows, longest first, into batches of so many full windows' tokens, with their padding."""
    start = 0
    while start < len(ordered):
        fitting = batch_size * length // len(ordered[start].read)
        count = 1 if batch_size == 1 else max(1, fitting)
        yield ordered[start : start + count]
        start += count


def _padded(batch: list[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens that are read and the targets, both B x T, padded on the right."""
    width = len(batch[0].read)
    tokens = torch.full((len(batch), width), PADDING)
    targets = torch.full((len(batch), width), IGNORED)
    for row, window in enumerate(batch):
        end = len(window.read)
        tokens[row, :end] = torch.tensor(window.read)
        targets[row, end - len(window.predicted) : end] = torch.tensor(window.predicted)
    return tokens, targets


def summarize(losses: list[float], sizes: list[int]) -> Metric:
    """Return the bits of all documents over their bytes, with documents as the units of the standard error.

    Null where a document's loss is no finite number.
    """
    bits = [loss / math.log(2) for loss in losses]
    value = math.fsum(bits) / sum(sizes)
    if not math.isfinite(value):
        return Metric(value=None, n=len(bits), reason="the loss is no finite number")
    stderr = ratio_stderr(bits, sizes)
    interval = normal_interval(value, stderr, 0.0, math.inf)
    return Metric(value=value, stderr=stderr, ci95=interval, n=len(bits))
