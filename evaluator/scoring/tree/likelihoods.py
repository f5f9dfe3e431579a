"""Score continuations over a token tree: log-likelihoods, and whether greedy decoding would say the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.scoring.output_head import OutputHead, hidden_states, input_device
from evaluator.scoring.tree.attention import PathCache, tree_attention
from evaluator.scoring.tree.packs import Pack, packs
from evaluator.scoring.tree.sections import sections
from evaluator.scoring.tree.token_tree import Integers, TokenTree, build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

AT_ONCE = 32  # rows of logits that a processor's cache holds

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
            states = forward(model, cache, pack, device)
            reads.read(head, pack, states)
            work.tokens += pack.stop - pack.start
            work.packs += 1
            work.advance(pack.stop - pack.start)
    work.positions += reads.positions
    return reads.answers()


def forward(
    model: "PreTrainedModel", cache: PathCache, pack: Pack, device: torch.device
) -> torch.Tensor:
    """Pass one pack through the body, under `tree_attention`; return its hidden states (T x size)."""
    cache.begin(pack)
    tokens = torch.from_numpy(pack.tokens)[None].to(device)
    positions = torch.from_numpy(pack.positions)[None].to(device)
    return hidden_states(model, tokens, position_ids=positions)[0]


class Reads:
    """The positions that are read, in depth-first order, and the log-likelihoods found there."""

    def __init__(self, tree: TokenTree, requests: Sequence[Continuation]) -> None:
        """Note which targets are looked up at which node."""
        self._lengths = [len(request.targets) for request in requests]
        nodes = np.concatenate([np.zeros(0, np.int64), *tree.tails])
        self._order = np.argsort(nodes, kind="stable")
        self._nodes: Integers = nodes[self._order]
        self._targets: Integers = np.concatenate(
            [np.zeros(0, np.int64), *(request.targets for request in requests)]
        )[self._order]
        self._values = np.zeros(len(nodes))
        self._best = np.zeros(len(nodes), dtype=bool)
        self.positions = 0

    def read(self, head: OutputHead, pack: Pack, states: torch.Tensor) -> None:
        """Look up what is wanted of a pack, given its hidden states (T x size)."""
        first, last = np.searchsorted(self._nodes, [pack.start, pack.stop])
        nodes, places = np.unique(self._nodes[first:last], return_inverse=True)
        self.positions += len(nodes)
        for start in range(0, len(nodes), head.rows):
            rows = torch.from_numpy(nodes[start : start + head.rows] - pack.start)
            logits = head(states[rows.to(states.device)])
            low, high = np.searchsorted(places, [start, start + head.rows])
            self._look_up(logits, places[low:high] - start, slice(first + low, first + high))
            del logits  # or the next ones would be made beside them

    def _look_up(self, logits: torch.Tensor, rows: Integers, wanted: slice) -> None:
        where = torch.from_numpy(rows).to(logits.device)
        targets = torch.from_numpy(self._targets[wanted]).to(logits.device)
        chosen = logits[where, targets]
        values = chosen - _log_sums(logits)[where]
        self._values[wanted] = values.double().cpu().numpy()
        # argmax, which says who is first among equals, takes several times as long as amax
        best = chosen == logits.amax(dim=-1)[where]
        best[best.clone()] = logits[where[best]].argmax(dim=-1) == targets[best]
        self._best[wanted] = best.cpu().numpy()

    def answers(self) -> list[Scored]:
        """Return each request's summed log-likelihood, in nats, and whether all its targets came first."""
        values, best = np.empty_like(self._values), np.empty_like(self._best)
        values[self._order], best[self._order] = self._values, self._best
        stops = np.cumsum(self._lengths)
        return [
            (float(values[stop - length : stop].sum()), bool(best[stop - length : stop].all()))
            for stop, length in zip(stops, self._lengths, strict=True)
        ]


def _log_sums(logits: torch.Tensor) -> torch.Tensor:
    """Return the log-sum-exp of each row of logits; on a CPU of a few rows at a time, to copy no more."""
    at_once = AT_ONCE if logits.device.type == "cpu" else len(logits)
    parts = [logits[start : start + at_once] for start in range(0, len(logits), at_once)]
    return torch.cat([torch.logsumexp(part, dim=-1) for part in parts])
