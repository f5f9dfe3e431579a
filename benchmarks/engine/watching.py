"""Count what passes through a model while something runs, and time it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Timing:
    """What one run took.

    Attributes:
        seconds: wall time, tokenization included.
        encoding: seconds of it before the first token was forwarded: tokenization, for the most part.
        processor: seconds of processor time, which others on the machine disturb less.
        tokens: positions through the body, padding included.
        positions: positions through the output head.
    """

    seconds: float
    encoding: float
    processor: float
    tokens: int
    positions: int

    @property
    def computing(self) -> float:
        """Return the wall time without tokenization."""
        return self.seconds - self.encoding


@dataclass
class Passes:
    """What passed through a model so far, and when the first did (seconds of `time.perf_counter`)."""

    tokens: int = 0
    positions: int = 0
    first: float | None = None


@contextmanager
def passes(model: "PreTrainedModel") -> Iterator[Passes]:
    """Count the positions that pass through a model's body and its head."""
    seen = Passes()

    def body(_: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        tokens = named.get("input_ids")
        seen.tokens += int((arguments[0] if tokens is None else tokens).numel())
        seen.first = seen.first or time.perf_counter()

    def head(_: Any, arguments: tuple[torch.Tensor, ...]) -> None:
        seen.positions += arguments[0].shape[:-1].numel()

    hooks = [
        model.base_model.register_forward_pre_hook(body, with_kwargs=True),
        model.get_output_embeddings().register_forward_pre_hook(head),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def timed(model: "PreTrainedModel", run: Callable[[], Any]) -> tuple[Any, Timing]:
    """Return what `run` returns, and what it took."""
    finish(model)
    with passes(model) as seen:
        started, used = time.perf_counter(), time.process_time()
        result = run()
        finish(model)
        seconds, processor = time.perf_counter() - started, time.process_time() - used
    encoding = (seen.first or started + seconds) - started
    return result, Timing(seconds, encoding, processor, seen.tokens, seen.positions)


def finish(model: "PreTrainedModel") -> None:
    """Wait for a card to finish what it was given."""
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
