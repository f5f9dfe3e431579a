"""Faults that can be put into the engine, to show that what checks it would see them."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np

from evaluator.scoring.tree.packs import Block
from evaluator.scoring.tree.token_tree import TokenTree

Cut = Callable[[TokenTree, int, int], Any]


def sees_its_neighbours(block: Block) -> Any:
    """Return a mask with a fault: within a block each token sees all before it, of other branches too."""
    prefix = np.arange(block.prefix)[None, :] < block.visible[:, None]
    size = block.stop - block.start
    return np.concatenate([prefix, np.tril(np.ones((size, size), dtype=bool))], axis=1)


def shifted_after_branches(cut: Cut) -> Cut:
    """Return `packs` with a fault: the token that begins a branch stands one place too far right."""

    def shifted(tree: TokenTree, budget: int, block: int) -> Any:
        branches = np.flatnonzero(tree.depths[1:] <= tree.depths[:-1]) + 1
        for pack in cut(tree, budget, block):
            positions = pack.positions.copy()
            inside = branches[(branches >= pack.start) & (branches < pack.stop)]
            positions[inside - pack.start] += 1
            yield replace(pack, positions=positions)

    return shifted


def without_files(identity: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return `identity` with a fault: it forgets which files a model was loaded from."""

    def forgetful(*arguments: Any) -> dict[str, Any]:
        known = identity(*arguments)
        return {**known, "model": {**known["model"], "files": {}}}

    return forgetful


def without_lengths(kind: str, *parts: bytes) -> str:
    """Return a key with a fault: parts one after another, so that a token may pass from one to the next."""
    return sha256(kind.encode() + b"".join(parts)).hexdigest()
