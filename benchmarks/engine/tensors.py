"""Watch which tensors are made, to show that none is as large as all logits of a context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.engine.likelihoods import Bench, Subject

CONTEXT = 2048  # tokens


class LargestTensor(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Note the largest tensor that any operation gives while the context lasts, views of weights included."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.shape: tuple[int, ...] = ()
        self.elements = 0

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: Any = (), named: Any = None
    ) -> Any:
        """Run an operation, and look at what it gives."""
        given = operation(*arguments, **(named or {}))
        for one in given if isinstance(given, tuple | list) else (given,):
            if isinstance(one, torch.Tensor) and one.numel() > self.elements:
                self.elements, self.shape = one.numel(), tuple(one.shape)
        return given


@dataclass(frozen=True)
class LargestTensors:
    """Elements of the largest tensor on either side, and of all logits of one context.

    Attributes:
        context: tokens.
        vocabulary: logits per position.
        likelihoods: shape of the largest tensor in our log-likelihoods.
        perplexity: the same in our perplexity, where every position is read.
        plain: the same in `HFLM`'s log-likelihoods, one row in a batch.
    """

    context: int
    vocabulary: int
    likelihoods: tuple[int, ...]
    perplexity: tuple[int, ...]
    plain: tuple[int, ...]

    @property
    def whole(self) -> int:
        """Return the elements of batch x sequence x vocabulary for one row."""
        return self.context * self.vocabulary


def largest_tensors(subject: Subject, texts: Sequence[str]) -> LargestTensors:
    """Score a prompt of 2,048 tokens and a window of as many, and look at every tensor that is made.

    `texts` are joined until they fill the context.
    """
    from lm_eval.api.instance import Instance

    text, joined = "", iter(texts)
    while len(subject.tokenizer.encode(text)) < CONTEXT:
        text += next(joined) + "\n"
    tokens = subject.tokenizer.encode(text)[: CONTEXT - 1]
    text = subject.tokenizer.decode(tokens)
    asked = [Instance("loglikelihood", {}, (text, " A"), 0, ("long", 0, 1))]
    rolling = [Instance("loglikelihood_rolling", {}, (text,), 0, ("long", 0, 1))]
    bench = Bench(subject, "", context=CONTEXT)
    bench.answers("ours", asked, 1)  # the model is tried for trees before tensors are watched
    return LargestTensors(
        CONTEXT,
        int(subject.model.config.vocab_size),
        _largest(lambda: bench.answers("ours", asked, 1)),
        _largest(lambda: bench.rolling(rolling)),
        _largest(lambda: bench.answers("plain", asked, 1)),
    )


def _largest(run: Callable[[], object]) -> tuple[int, ...]:
    with LargestTensor() as seen:
        run()
    return seen.shape
