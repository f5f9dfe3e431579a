"""Pass prompts through a model as one tree, bit by bit, and leave each prompt's keys and values in a slot.

Prompts are taken in the tree's depth-first order. Keys and values of the path to the next token stay in the
tree's buffer while rows generate, so that the tree can stop behind any prompt and go on later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.scoring.generation.prompts import GenerationWork
from evaluator.scoring.generation.slots import Calls, Layer, Pair, Slots
from evaluator.scoring.output_head import input_device
from evaluator.scoring.tree.attention import Masks, PathCache, tree_attention
from evaluator.scoring.tree.likelihoods import Sizes
from evaluator.scoring.tree.packs import Block, Pack, packs
from evaluator.scoring.tree.passes import forward
from evaluator.scoring.tree.token_tree import Integers, TokenTree, build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NOTHING: Integers = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Landing:
    """A prompt whose last token is in a block: its slot, and where in the buffer its path lies.

    `above` is how many tokens of the path come before the block, at their own places; `inside` are the places
    of those in the block.
    """

    slot: int
    above: int
    inside: torch.Tensor


class PromptCache(PathCache):
    """Keep the path to the next token, and copy the paths of finished prompts before they are overwritten."""

    def __init__(self, length: int) -> None:
        """Start empty; `length` is that of a `PathCache`."""
        super().__init__(length)
        self.layers: dict[Layer, Pair] = {}
        self._stages: list[tuple[Block, list[Landing]]] = []
        self._slots: Slots | None = None
        self._calls = Calls()
        self._layer: Layer = (0, 0)

    def land(self, pack: Pack, last: Integers, slots: Slots | None, numbers: list[int]) -> None:
        """Say which prompts end in the next pack: at which nodes, and in which slots they belong."""
        self._slots = slots
        self._stages = []
        for block in pack.blocks:
            here = np.flatnonzero((last >= block.start) & (last < block.stop))
            landings = [_landing(block, int(last[one]) - block.start, numbers[one]) for one in here]
            self._stages.append((block, landings))

    def begin(self, pack: Pack) -> None:
        """Take up a pack's blocks, with the moves behind each left to this cache."""
        still = [replace(block, moved_from=NOTHING, moved_to=NOTHING) for block in pack.blocks]
        super().begin(replace(pack, blocks=tuple(still)))
        self._calls = Calls()

    def of(self, module: torch.nn.Module, key: torch.Tensor, value: torch.Tensor) -> Pair:
        """Return a layer's buffers, and remember whose they are."""
        self._layer = self._calls.layer(module)
        pair = super().of(module, key, value)
        self.layers[self._layer] = pair
        return pair

    @property
    def blocks(self) -> Iterator[tuple[Block, Masks]]:
        """Return each block with its masks; behind each, copy what ends there, then make room."""
        for given, (block, landings) in zip(super().blocks, self._stages, strict=True):
            yield given
            pair = self.layers[self._layer]
            for landing in landings:
                self._copy(landing, pair)
            for part in pair if len(block.moved_to) else ():
                part[:, :, block.moved_to] = part[:, :, block.moved_from]

    def _copy(self, landing: Landing, pair: Pair) -> None:
        if self._slots is None:
            return
        keys, values = pair[0][0], pair[1][0]
        inside = landing.inside.to(keys.device)
        above = keys[:, : landing.above], values[:, : landing.above]
        self._slots.fill(landing.slot, self._layer, 0, above)
        own = keys[:, inside], values[:, inside]
        self._slots.fill(landing.slot, self._layer, landing.above, own)


def _landing(block: Block, node: int, slot: int) -> Landing:
    inside = block.prefix + np.flatnonzero(block.own[node])
    return Landing(slot, int(block.visible[node]), torch.from_numpy(inside))


class Prefill:
    """Distinct prompts, numbered in depth-first order, and how far they have come."""

    def __init__(
        self,
        model: "PreTrainedModel",
        prompts: Sequence[NDArray[np.int32]],
        sizes: Sizes,
        work: GenerationWork,
    ) -> None:
        """Lay out the tree of prompts which are in lexicographic order, and no two of them the same."""
        self._model = model
        self._tree = build(prompts, [1] * len(prompts))
        self._last = np.array([int(tail[0]) for tail in self._tree.tails], dtype=np.int64)
        self._cache = PromptCache(self._tree.longest + sizes.block)
        self._sizes = sizes
        self._work = work
        self._node = 0
        self.next = 0  # the first prompt that isn't through

    def measure(self) -> dict[Layer, Pair]:
        """Begin with the first prompt, short of its last token, and return what each layer keeps of it.

        A prompt of a single token is passed through for this alone.
        """
        before = max(1, min(int(self._last[0]), self._sizes.budget))
        self._forward(0, before, None, [])
        self._node = before if self._last[0] > 0 else 0
        return self._cache.layers

    def into(self, slots: Slots, numbers: list[int]) -> torch.Tensor:
        """Pass the next prompts through, one for each slot number; return their last states (N x size)."""
        stop = int(self._last[self.next + len(numbers) - 1]) + 1
        states = []
        for start in range(self._node, stop, self._sizes.budget):
            states += self._forward(start, min(start + self._sizes.budget, stop), slots, numbers)
        self._node = stop
        self.next += len(numbers)
        return torch.cat(states)

    def _forward(
        self, start: int, stop: int, slots: Slots | None, numbers: list[int]
    ) -> list[torch.Tensor]:
        """Pass nodes through; return the states of the prompts that end among them."""
        pack = _pack(self._tree, start, stop, self._sizes.block)
        last = self._last[self.next : self.next + len(numbers)]
        inside = np.flatnonzero((last >= start) & (last < stop))
        nodes, chosen = last[inside] - start, [numbers[one] for one in inside]
        self._cache.land(pack, nodes, slots, chosen)
        with tree_attention(self._model, self._cache):
            states = forward(self._model, self._cache, pack, input_device(self._model))
        self._work.computed += stop - start
        self._work.packs += 1
        return [states[torch.from_numpy(nodes).to(states.device)]] if len(nodes) else []


def _pack(tree: TokenTree, start: int, stop: int, block: int) -> Pack:
    """Cut nodes out of a tree, with the first one behind them, so that the path to that one is kept."""
    behind = slice(start, stop + 1)
    view = TokenTree(tree.tokens[behind], tree.depths[behind], tree.ends[behind] - start, ())
    return next(packs(view, stop - start, block))
