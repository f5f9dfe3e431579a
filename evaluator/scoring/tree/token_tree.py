"""Turn token sequences into a prefix tree, laid out in depth-first order.

In that order a node's subtree is one interval, and any run of nodes has all its ancestors from before the run
on one path, the one to the run's first node. So a forward pass may take any run of nodes, as long as the keys
and values of that one path are at hand: no padding, no token twice, and a cache no longer than one prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Sequences = Sequence[NDArray[np.int32]]


@dataclass(frozen=True, eq=False)
class TokenTree:
    """The distinct prefixes of some sequences; each node is one token behind one prefix.

    Attributes:
        tokens: token id of each of the N nodes, in depth-first order.
        depths: number of ancestors of each node, which is also its position in its sequence.
        ends: first node behind each node's subtree.
        tails: last nodes of each of the S sequences, as many as were asked for.
    """

    tokens: Integers
    depths: Integers
    ends: Integers
    tails: tuple[Integers, ...]

    def __len__(self) -> int:
        """Return the number of nodes: the tokens that have to pass through the model."""
        return len(self.tokens)

    @property
    def longest(self) -> int:
        """Return the tokens of the longest path."""
        return int(self.depths.max(initial=-1)) + 1


def order(sequences: Sequences) -> list[int]:
    """Return the sequences' numbers in lexicographic order of their tokens, which is depth-first order."""
    keys = [sequence.astype(">u4").tobytes() for sequence in sequences]
    return sorted(range(len(sequences)), key=keys.__getitem__)


def shared(first: NDArray[np.int32], second: NDArray[np.int32]) -> int:
    """Return how many tokens two sequences have in common at their beginning."""
    length = min(len(first), len(second))
    differs = first[:length] != second[:length]
    where = int(differs.argmax()) if length else 0
    return where if length and differs[where] else length


def distinct(sequences: Sequences) -> int:
    """Return how many nodes the sequences' tree has, without building it."""
    ordered = [sequences[number] for number in order(sequences)]
    again = sum(shared(first, second) for first, second in pairwise(ordered))
    return sum(map(len, ordered)) - again


def build(sequences: Sequences, wanted: Sequence[int]) -> TokenTree:
    """Build the tree of some sequences, none of them empty; of each, note as many last nodes as `wanted`.

    Raises:
        ValueError: a sequence has no token.
    """
    if any(len(sequence) == 0 for sequence in sequences):
        raise ValueError("a sequence without tokens has no place in a tree")
    tokens, depths = [], []
    tails: list[Integers] = [np.zeros(0, np.int64)] * len(sequences)
    ends = np.zeros(sum(map(len, sequences)), dtype=np.int64)
    path = np.zeros(max(map(len, sequences), default=0), dtype=np.int64)
    previous: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
    size = 0
    for number in order(sequences):
        sequence = sequences[number]
        common, length = shared(previous, sequence), len(sequence)
        ends[path[common : len(previous)]] = size
        path[common:length] = np.arange(size, size + length - common)
        tokens.append(sequence[common:])
        depths.append(np.arange(common, length))
        size += length - common
        tails[number] = path[length - wanted[number] : length].copy()
        previous = sequence
    ends[path[: len(previous)]] = size
    return TokenTree(_joined(tokens), _joined(depths), ends[:size], tuple(tails))


def _joined(parts: Sequence[NDArray[np.generic]]) -> Integers:
    joined: Integers = np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
    return joined
