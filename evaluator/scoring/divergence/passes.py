"""Compute next-token logits at the positions that are compared, a few positions at a time.

Passages that branch go through the token tree where that is sound for the model, all others row by row in
batches padded at the end, which no token before it sees. Of no batch do all logits exist at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from evaluator.scoring.budget import sizes_for
from evaluator.scoring.computing import Computing
from evaluator.scoring.divergence.asked import Asked, Passage
from evaluator.scoring.output_head import OutputHead, hidden_states, input_device, output_head
from evaluator.scoring.shared_lm import way_of
from evaluator.scoring.token_losses import POSITIONS_AT_ONCE
from evaluator.scoring.tree.attention import PathCache, tree_attention
from evaluator.scoring.tree.likelihoods import Sizes
from evaluator.scoring.tree.packs import Pack, packs
from evaluator.scoring.tree.passes import forward_read
from evaluator.scoring.tree.sections import sections
from evaluator.scoring.tree.token_tree import Integers, build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Some = tuple[
    Integers, torch.Tensor
]  # numbers of positions (n), and of them states or logits (n x ...)
Advance = Callable[[int], object]
PADDING = 0
BATCHES = "in batches: windows share nothing"


@dataclass(frozen=True)
class Plan:
    """How passages pass through a model: over trees of these sizes, or in batches of so many rows.

    `vocabulary` is how many logits count: rows of a head beyond the tokenizer's tokens are padding.
    """

    head: OutputHead | None
    sizes: Sizes | None
    rows: int
    reason: str
    vocabulary: int

    def otherwise(self, passages: int) -> "Plan":
        """Return a plan with other shapes of forward passes, to find out what these change."""
        if self.sizes is not None:
            halves = Sizes(self.sizes.budget // 2, self.sizes.block // 2)
            return Plan(self.head, halves, self.rows, self.reason, self.vocabulary)
        rows = 1 if min(self.rows, passages) > 1 else 2
        return Plan(self.head, None, rows, self.reason, self.vocabulary)


def plan(model: "PreTrainedModel", tokens: int, given: Asked, computing: Computing) -> Plan:
    """Choose how a model reads; `tokens` is how many its tokenizer knows."""
    head = output_head(model)
    longest = max(len(passage.tokens) for passage in given.passages)
    way = way_of(model, head, longest, computing)
    shared = way.shared and given.branching
    config = model.config.get_text_config(decoder=True)
    width = int(config.vocab_size) if head is None else head.vocabulary
    return Plan(
        head=head,
        sizes=sizes_for(model) if shared else None,
        rows=1 if way.alone else computing.rows,
        reason=way.reason if shared or way.alone else BATCHES,
        vocabulary=min(width, tokens),
    )


def logits(
    model: "PreTrainedModel",
    how: Plan,
    passages: Sequence[Passage],
    places: Sequence[Integers],
    advance: Advance,
) -> Iterator[Some]:
    """Yield positions' numbers (n) with their float32 logits (n x vocabulary), a few at a time.

    A position may come more than once. `advance` is told the tokens that have passed through.

    Raises:
        torch.OutOfMemoryError: not even one row, or one block of a tree, fits.
    """
    found = _over_trees if how.sizes else _by_rows
    with torch.no_grad():
        for numbers, values in found(model, how, passages, places, advance):
            yield numbers, values[:, : how.vocabulary]


def _through_head(head: OutputHead, numbers: Integers, states: torch.Tensor) -> Iterator[Some]:
    for start in range(0, len(numbers), head.rows):
        some = slice(start, start + head.rows)
        yield numbers[some], head(states[some])


# Over trees -------------------------------------------------------------------------------------


def _over_trees(
    model: "PreTrainedModel",
    how: Plan,
    passages: Sequence[Passage],
    places: Sequence[Integers],
    advance: Advance,
) -> Iterator[Some]:
    """Read each section's tree; where memory runs out, again with half the budget."""
    if how.head is None or how.sizes is None:
        raise ValueError("a model whose head can't be told from its body shares nothing")
    for group in sections([passage.tokens for passage in passages], how.sizes.budget):
        chosen, numbers = [passages[one] for one in group], [places[one] for one in group]
        sizes = how.sizes
        while True:
            try:
                yield from _over_tree(model, how.head, sizes, chosen, numbers, advance)
                break
            except torch.OutOfMemoryError:
                if sizes.budget <= sizes.block:
                    raise
                sizes = Sizes(max(sizes.budget // 2, sizes.block), sizes.block)
                torch.cuda.empty_cache()


def _over_tree(
    model: "PreTrainedModel",
    head: OutputHead,
    sizes: Sizes,
    passages: Sequence[Passage],
    places: Sequence[Integers],
    advance: Advance,
) -> Iterator[Some]:
    tree = build([one.tokens for one in passages], [one.read for one in passages])
    nodes, first = np.unique(np.concatenate(tree.tails), return_index=True)
    numbers = np.concatenate(places)[first]
    cache, device = PathCache(tree.longest + sizes.block), input_device(model)
    for pack in packs(tree, sizes.budget, sizes.block):
        inside = slice(*np.searchsorted(nodes, [pack.start, pack.stop]))
        states = _states(model, cache, pack, nodes[inside] - pack.start, device)
        advance(pack.stop - pack.start)
        yield from _through_head(head, numbers[inside], states)


def _states(
    model: "PreTrainedModel", cache: PathCache, pack: Pack, rows: Integers, device: torch.device
) -> torch.Tensor:
    """Pass a pack through the body; the head's own forward pass, outside of this, attends as ever."""
    with tree_attention(model, cache):
        return forward_read(model, cache, pack, rows, device)


# By rows ----------------------------------------------------------------------------------------


def _by_rows(
    model: "PreTrainedModel",
    how: Plan,
    passages: Sequence[Passage],
    places: Sequence[Integers],
    advance: Advance,
) -> Iterator[Some]:
    order = sorted(range(len(passages)), key=lambda number: -len(passages[number].tokens))
    for start in range(0, len(order), how.rows):
        batch = order[start : start + how.rows]
        chosen, numbers = [passages[one] for one in batch], [places[one] for one in batch]
        if how.head is None:
            for passage, own in zip(chosen, numbers, strict=True):
                yield from _whole_row(model, passage, own)
        else:
            yield from _batch(model, how.head, chosen, numbers)
        advance(sum(len(passage.tokens) for passage in chosen))


def _batch(
    model: "PreTrainedModel",
    head: OutputHead,
    passages: Sequence[Passage],
    places: Sequence[Integers],
) -> Iterator[Some]:
    """Read a batch of rows; where memory runs out, the two halves of it."""
    try:
        states = _rows_read(model, passages)
    except torch.OutOfMemoryError:
        if len(passages) == 1:
            raise
        torch.cuda.empty_cache()
    else:
        yield from _through_head(head, np.concatenate(places), states)
        return
    half = len(passages) // 2
    yield from _batch(model, head, passages[:half], places[:half])
    yield from _batch(model, head, passages[half:], places[half:])


def _rows_read(model: "PreTrainedModel", passages: Sequence[Passage]) -> torch.Tensor:
    """Return the hidden states (n x size) of what a batch reads, passage by passage."""
    longest = max(len(one.tokens) for one in passages)
    tokens = np.full((len(passages), longest), PADDING, np.int64)
    for row, one in enumerate(passages):
        tokens[row, : len(one.tokens)] = one.tokens
    states = hidden_states(model, torch.from_numpy(tokens).to(input_device(model)))
    read = [
        states[row, len(one.tokens) - one.read : len(one.tokens)]
        for row, one in enumerate(passages)
    ]
    return torch.cat(read)


def _whole_row(model: "PreTrainedModel", passage: Passage, own: Integers) -> Iterator[Some]:
    """Read one row from the logits that the model itself gives, in its own dtype."""
    tokens = torch.from_numpy(passage.tokens.astype(np.int64))[None].to(input_device(model))
    whole = model(tokens, use_cache=False).logits[0, len(passage.tokens) - passage.read :]
    for start in range(0, len(own), POSITIONS_AT_ONCE):
        some = slice(start, start + POSITIONS_AT_ONCE)
        yield own[some], whole[some].float()
