"""Score continuations over a token tree: log-likelihoods, and whether greedy decoding would say the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.scoring.output_head import OutputHead, input_device
from evaluator.scoring.target_scores import target_scores
from evaluator.scoring.tree.attention import PathCache, tree_attention
from evaluator.scoring.tree.packs import Pack, packs
from evaluator.scoring.tree.passes import forward_read
from evaluator.scoring.tree.sections import sections
from evaluator.scoring.tree.token_tree import Integers, TokenTree, build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Scored = tuple[float, bool]


@dataclass(frozen=True, eq=False)
class Continuation:
    """One request: the tokens to read (cut to the context, the last target left out), and the targets.

    The last `len(targets)` of the tokens are the positions that predict the targets.
    """

    tokens: NDArray[np.int32]
    targets: NDArray[np.int64]


def continuation(context: Sequence[int], targets: Sequence[int], length: int) -> Continuation:
    """Return a request cut from the left to a context of `length` tokens, as lm-eval cuts it."""
    whole = np.array([*context, *targets], dtype=np.int32)[-(length + 1) :]
    return Continuation(whole[:-1], np.array(targets, dtype=np.int64))


@dataclass(frozen=True)
class Sizes:
    """Tokens of a forward pass (`budget`), and of a call of attention within it (`block`)."""

    budget: int
    block: int


@dataclass
class Work:
    """What was computed: tokens through the body, positions through the head, packs."""

    tokens: int = 0
    positions: int = 0
    packs: int = 0
    advance: Callable[[int], object] = field(default=lambda tokens: None)


def score(
    model: "PreTrainedModel",
    head: OutputHead,
    requests: Sequence[Continuation],
    sizes: Sizes,
    work: Work,
) -> Iterator[tuple[list[int], list[Scored]]]:
    """Score requests section by section; of each give the requests' numbers, and what came of them.

    An answer is the sum of its targets' log-likelihoods, in nats, and whether each target has the highest
    logit at its place.
    """
    for numbers in sections([request.tokens for request in requests], sizes.budget):
        chosen = [requests[number] for number in numbers]
        yield numbers, score_with_less(model, head, chosen, sizes, work)


def score_with_less(
    model: "PreTrainedModel",
    head: OutputHead,
    requests: Sequence[Continuation],
    sizes: Sizes,
    work: Work,
) -> list[Scored]:
    """Score requests that share one tree; where memory runs out, again with half the budget.

    Raises:
        torch.OutOfMemoryError: not even one block fits.
    """
    budget = sizes.budget
    while True:
        try:
            return score_section(model, head, requests, Sizes(budget, sizes.block), work)
        except torch.OutOfMemoryError:
            if budget <= sizes.block:
                raise
            budget = max(budget // 2, sizes.block)
            torch.cuda.empty_cache()


def score_section(
    model: "PreTrainedModel",
    head: OutputHead,
    requests: Sequence[Continuation],
    sizes: Sizes,
    work: Work,
) -> list[Scored]:
    """Score requests that share one tree."""
    tree = build(
        [request.tokens for request in requests], [len(request.targets) for request in requests]
    )
    reads = Reads(tree, requests)
    device = input_device(model)
    cache = PathCache(tree.longest + sizes.block)
    with torch.no_grad(), tree_attention(model, cache):
        for pack in packs(tree, sizes.budget, sizes.block):
            reads.read(head, forward_read(model, cache, pack, reads.rows(pack), device))
            work.tokens += pack.stop - pack.start
            work.packs += 1
            work.advance(pack.stop - pack.start)
        answers = reads.answers(head)
    work.positions += reads.positions
    return answers


class Reads:
    """The positions that are read, in depth-first order, and the log-likelihoods found there.

    Hidden states wait until they are as many as the head reads at once: its weights are large, and reading
    them costs the same for one position as for a hundred.
    """

    def __init__(self, tree: TokenTree, requests: Sequence[Continuation]) -> None:
        """Note which targets are looked up at which node."""
        self._lengths = [len(request.targets) for request in requests]
        nodes = np.concatenate([np.zeros(0, np.int64), *tree.tails])
        self._order = np.argsort(nodes, kind="stable")
        self._targets: Integers = np.concatenate(
            [np.zeros(0, np.int64), *(request.targets for request in requests)]
        )[self._order]
        # of each target, the number of its node among those that are read
        self._nodes, self._places = np.unique(nodes[self._order], return_inverse=True)
        self._values = np.zeros(len(nodes))
        self._best = np.zeros(len(nodes), dtype=bool)
        self._waiting: list[torch.Tensor] = []
        self._done = 0

    @property
    def positions(self) -> int:
        """Return how many nodes are read."""
        return len(self._nodes)

    def rows(self, pack: Pack) -> Integers:
        """Return which of a pack's tokens are read, in ascending order."""
        first, last = np.searchsorted(self._nodes, [pack.start, pack.stop])
        return self._nodes[first:last] - pack.start

    def read(self, head: OutputHead, states: torch.Tensor) -> None:
        """Take the hidden states (N x size) of the next pack's rows, and look up what is wanted of them."""
        self._waiting.append(states)
        waiting = sum(map(len, self._waiting))
        self._look_up(head, waiting - waiting % head.rows_in_parts)

    def _look_up(self, head: OutputHead, count: int) -> None:
        """Look up what is wanted of so many of the states that wait."""
        if count == 0:
            return
        states = torch.cat(self._waiting)
        for some in torch.split(states[:count], head.rows_in_parts):
            first, last = np.searchsorted(self._places, [self._done, self._done + len(some)])
            wanted = slice(first, last)
            rows = self._places[wanted] - self._done
            values, best = target_scores(head, some, rows, self._targets[wanted])
            self._values[wanted] = values.double().cpu().numpy()
            self._best[wanted] = best.cpu().numpy()
            self._done += len(some)
        self._waiting = [states[count:]]

    def answers(self, head: OutputHead) -> list[Scored]:
        """Return each request's summed log-likelihood, in nats, and whether all its targets came first."""
        self._look_up(head, sum(map(len, self._waiting)))
        values, best = np.empty_like(self._values), np.empty_like(self._best)
        values[self._order], best[self._order] = self._values, self._best
        stops = np.cumsum(self._lengths)
        return [
            (float(values[stop - length : stop].sum()), bool(best[stop - length : stop].all()))
            for stop, length in zip(stops, self._lengths, strict=True)
        ]
