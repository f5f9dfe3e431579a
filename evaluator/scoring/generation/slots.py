"""Hold the keys and values of the rows that are being generated, each in a slot of its own.

A slot is a piece of one buffer per layer, so that neighbours of similar length can be read in one call.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

# keys that can be read in the time that one more call takes
CALL, CALL_ON_A_CARD = 64, 4096
CLEARED = 64  # places that are set to zero at a time

Layer = tuple[int, int]  # a module, and how often it was called before in the same pass
Pair = tuple[torch.Tensor, torch.Tensor]


class Calls:
    """Tell the layers apart, and the calls of one that attends more than once in a pass."""

    def __init__(self) -> None:
        """Start a pass."""
        self._calls: Counter[int] = Counter()

    def layer(self, module: torch.nn.Module) -> Layer:
        """Return the name of a module's next call."""
        name = id(module), self._calls[id(module)]
        self._calls[id(module)] += 1
        return name


@dataclass(frozen=True)
class Group:
    """Rows (`first` to `last`) in slots next to one another that attend in one call.

    `longest` is the keys of the longest row, `lengths` those of each, or None where all have as many.
    """

    first: int
    last: int
    slot: int
    longest: int
    lengths: tuple[int, ...] | None

    def mask(self, like: torch.Tensor) -> torch.Tensor | None:
        """Return the numbers to add (rows x 1 x 1 x longest), in the dtype and on the device of a tensor."""
        if self.lengths is None:
            return None
        lengths = torch.tensor(self.lengths, device=like.device)[:, None]
        unseen = torch.arange(self.longest, device=like.device)[None] >= lengths
        mask = torch.zeros(unseen.shape, dtype=like.dtype, device=like.device)
        return mask.masked_fill_(unseen, float("-inf"))[:, None, None]


def groups(slots: Sequence[int], lengths: Sequence[int], call: int) -> list[Group]:
    """Divide rows, in order of their slots, so that little is read in vain and calls are few.

    A row joins its neighbours where the keys read in vain are fewer than `call`, what a call costs.
    """
    found: list[Group] = []
    first, longest = 0, 0
    for row, (slot, length) in enumerate(zip(slots, lengths, strict=True)):
        most, rows = max(longest, length), row - first
        vain = (most - longest) * rows + most - length
        if row and (slot != slots[row - 1] + 1 or vain > call):
            found.append(_group(slots, lengths, first, row))
            first, most = row, length
        longest = most
    return [*found, _group(slots, lengths, first, len(slots))] if slots else found


def _group(slots: Sequence[int], lengths: Sequence[int], first: int, last: int) -> Group:
    inside = tuple(lengths[first:last])
    return Group(first, last, slots[first], max(inside), None if len(set(inside)) == 1 else inside)


@dataclass
class Step:
    """One new token for each of some rows: their slots, in order, and how many keys each holds before."""

    slots: list[int]
    lengths: list[int]
    calls: Calls = field(default_factory=Calls)
    _groups: dict[torch.device, list[Group]] = field(default_factory=dict)
    _places: dict[torch.device, Pair] = field(default_factory=dict)
    _masks: dict[tuple[int, torch.dtype, torch.device], torch.Tensor | None] = field(
        default_factory=dict
    )

    def groups(self, device: torch.device) -> list[Group]:
        """Return which rows attend together."""
        if device not in self._groups:
            call = CALL if device.type == "cpu" else CALL_ON_A_CARD
            self._groups[device] = groups(self.slots, [one + 1 for one in self.lengths], call)
        return self._groups[device]

    def places(self, device: torch.device) -> Pair:
        """Return the slots and the places in them at which the new tokens' keys go."""
        if device not in self._places:
            places = torch.tensor([self.slots, self.lengths], device=device)
            self._places[device] = places[0], places[1]
        return self._places[device]

    def mask(self, group: Group, like: torch.Tensor) -> torch.Tensor | None:
        """Return a group's mask, made once for all layers."""
        name = group.first, like.dtype, like.device
        if name not in self._masks:
            self._masks[name] = group.mask(like)
        return self._masks[name]


class Slots:
    """Keys and values of `number` rows of at most `length` tokens, layer by layer."""

    def __init__(self, layers: dict[Layer, Pair], number: int, length: int) -> None:
        """Take memory for keys and values like those of some layers (each 1 x heads x anything x size)."""
        self.number = number
        self.length = length
        self._layers = {
            name: tuple(
                like.new_empty((number, like.shape[1], length, like.shape[3])) for like in pair
            )
            for name, pair in layers.items()
        }
        self._cleared = [0] * number
        self.step = Step([], [])

    def of(self, layer: Layer) -> Pair:
        """Return a layer's keys and values, each slots x heads x length x size."""
        keys, values = self._layers[layer]
        return keys, values

    def begin(self, step: Step) -> None:
        """Take up the rows of the next forward pass.

        What a row reads beyond its own is zero or was once real: a mask doesn't hide what isn't a number.
        """
        self.step = step
        for device in {keys.device for keys, _ in self._layers.values()}:
            for group in step.groups(device):
                for slot in range(group.slot, group.slot + group.last - group.first):
                    self._clear(slot, group.longest)

    def _clear(self, slot: int, until: int) -> None:
        start = self._cleared[slot]
        if until <= start:
            return
        stop = min(self.length, until + CLEARED)
        for pair in self._layers.values():
            for part in pair:
                part[slot, :, start:stop] = 0
        self._cleared[slot] = stop

    def take(self, slot: int, tokens: int) -> None:
        """Make ready for as many tokens' keys, which have to be put into every layer."""
        self._cleared[slot] = max(self._cleared[slot], tokens)

    def fill(self, slot: int, layer: Layer, start: int, pair: Pair) -> None:
        """Put keys and values (each heads x tokens x size) into a slot, from a place on."""
        for part, given in zip(self.of(layer), pair, strict=True):
            part[slot, :, start : start + given.shape[1]] = given
