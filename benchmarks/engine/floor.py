"""Measure the floor: the seconds of forwarding as many tokens in ideal batches, without any padding.

Rows are all of one length, lie in plain batches of whichever size is fastest, and pass through the model's
own body; the head runs at as many positions, with the log-sum-exp that a log-likelihood needs. Two lengths
are measured: the mean prompt's, as lm-eval's rows have it, and the one at which a token sees on the mean as
many others as in the tree, where most tokens stand behind a long prefix.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from benchmarks.engine.watching import finish

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCHES = (512, 1024, 2048)  # tokens of a batch, of which the fastest counts
BATCHES_ON_A_CARD = (4096, 16384, 65536)
AT_ONCE = 256  # positions of the head


@dataclass(frozen=True)
class Floor:
    """Seconds of forwarding so many tokens in rows of so many, with the head at so many positions."""

    tokens: int
    length: int
    positions: int
    body: float
    head: float

    @property
    def seconds(self) -> float:
        """Return the seconds of both."""
        return self.body + self.head


def floor(model: "PreTrainedModel", tokens: int, length: int, positions: int) -> Floor:
    """Measure the floor; a last batch that is cut short counts by its share of a whole one."""
    length = min(length, tokens, model.config.max_position_embeddings)
    on_cpu = model.device.type == "cpu"
    with torch.no_grad():
        sizes = BATCHES if on_cpu else BATCHES_ON_A_CARD
        whole = fastest(model, length, {min(size, tokens) for size in sizes})
        body = _body(model, tokens, length, whole)
        head = _head(model, positions)
    return Floor(tokens, length, positions, body, head)


def fastest(model: "PreTrainedModel", length: int, batches: set[int]) -> int:
    """Return the rows in a batch that forward the most tokens per second, of those tried."""
    speeds: dict[int, float] = {}
    for rows in sorted({max(1, tokens // length) for tokens in batches}):
        try:
            speeds[rows] = min(_once(model, rows, length) for _ in range(2)) / rows
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    return min(speeds, key=lambda rows: speeds[rows])


def _body(model: "PreTrainedModel", tokens: int, length: int, rows: int) -> float:
    batches, rest = divmod(tokens, rows * length)
    seconds = sum(_once(model, rows, length) for _ in range(batches))
    last = -(-rest // length)
    return seconds + (_once(model, last, length) * rest / (last * length) if last else 0.0)


def _once(model: "PreTrainedModel", rows: int, length: int) -> float:
    tokens = torch.randint(model.config.vocab_size, (rows, length), device=model.device)
    finish(model)
    started = time.perf_counter()
    model.base_model(tokens, use_cache=False)
    finish(model)
    return time.perf_counter() - started


def _head(model: "PreTrainedModel", positions: int) -> float:
    weight = model.get_output_embeddings().weight
    states = torch.randn((AT_ONCE, weight.shape[1]), dtype=weight.dtype, device=weight.device)
    started = time.perf_counter()
    for start in range(0, positions, AT_ONCE):
        logits = model.get_output_embeddings()(states[: positions - start])
        torch.logsumexp(logits.float(), dim=-1)
    finish(model)
    return time.perf_counter() - started
