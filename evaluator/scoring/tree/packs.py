"""Cut a tree into packs, each one forward pass, and a pack into blocks, each one call of attention.

A block is a run of nodes small enough that computing all of its tokens against each other costs little; its
mask leaves each token its own ancestors. Keys and values of the path to a block's first node lie in a buffer
at their depths; the block's own lie behind them, and before the next block those that are on its path are
moved to their depths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.tree.token_tree import Integers, TokenTree


@dataclass(frozen=True, eq=False)
class Block:
    """Nodes `start` to `stop` of a pack, counted from the pack's first.

    Attributes:
        start: first node.
        stop: first node behind.
        prefix: nodes on the path before the first node (P).
        visible: of each node (T), how many of those P are its ancestors.
        own: whether a node of the block (column) is an ancestor of another (row), or that one itself (T x T).
        moved_from: places in the buffer of the keys that the next block needs elsewhere.
        moved_to: where it needs them.
    """

    start: int
    stop: int
    prefix: int
    visible: Integers
    own: NDArray[np.bool_]
    moved_from: Integers
    moved_to: Integers

    def mask(self) -> NDArray[np.bool_]:
        """Return which keys (P + T) each node (T) sees."""
        prefix = np.arange(self.prefix)[None, :] < self.visible[:, None]
        return np.concatenate([prefix, self.own], axis=1)


@dataclass(frozen=True, eq=False)
class Pack:
    """The nodes `start` to `stop` of a tree, with their tokens, positions and blocks."""

    start: int
    stop: int
    tokens: Integers
    positions: Integers
    blocks: tuple[Block, ...]


def packs(tree: TokenTree, budget: int, block: int) -> Iterator[Pack]:
    """Cut a tree into packs of at most `budget` tokens, in blocks of at most `block`."""
    edges = _edges(tree, block)
    for start in range(0, len(tree), budget):
        stop = min(start + budget, len(tree))
        inside = edges[(edges > start) & (edges < stop)]
        bounds = _bounded(np.concatenate([[start], inside, [stop]]), block)
        blocks = tuple(_block(tree, first, last, start) for first, last in pairwise(bounds))
        yield Pack(start, stop, tree.tokens[start:stop], tree.depths[start:stop], blocks)


def _edges(tree: TokenTree, block: int) -> Integers:
    """Return the nodes where the path falls back by more than a block's length: there a new block pays."""
    falls = np.flatnonzero(tree.depths[1:] <= tree.depths[:-1] - block) + 1
    edges: Integers = falls.astype(np.int64)
    return edges


def _bounded(bounds: Integers, block: int) -> list[int]:
    """Cut the runs between bounds into pieces of at most `block` nodes."""
    cut: list[int] = []
    for first, last in pairwise(bounds.tolist()):
        cut += range(first, last, block)
    return [*cut, int(bounds[-1])]


def _block(tree: TokenTree, first: int, last: int, offset: int) -> Block:
    depths, ends = tree.depths[first:last], tree.ends[first:last]
    prefix = int(depths[0])
    nodes = np.arange(first, last)
    own = (nodes[None, :] <= nodes[:, None]) & (nodes[:, None] < ends[None, :])
    # a node that doesn't continue the one before it hangs on the path at its own depth
    starts = np.concatenate([[True], depths[1:] != depths[:-1] + 1])
    visible = np.minimum.accumulate(np.where(starts, depths, prefix))
    moved_from, moved_to = _moves(tree, first, last, prefix)
    return Block(
        first - offset,
        last - offset,
        prefix,
        np.minimum(visible, prefix),
        own,
        moved_from,
        moved_to,
    )


def _moves(tree: TokenTree, first: int, last: int, prefix: int) -> tuple[Integers, Integers]:
    """Return where the keys lie that the next block has on its path, and where they belong."""
    if last == len(tree):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing
    kept = first + np.flatnonzero(tree.ends[first:last] > last)
    source, target = prefix + kept - first, tree.depths[kept]
    differ = source != target
    return source[differ], target[differ]
