"""Generate for many prompts at once, a slot each: who is done leaves, and the next prompt takes the slot."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.errors import ModelError
from evaluator.scoring.generation.attention import slot_attention
from evaluator.scoring.generation.prefill import Prefill
from evaluator.scoring.generation.prompts import Decoding, Generated, GenerationWork, Prompt
from evaluator.scoring.generation.slots import Slots, Step
from evaluator.scoring.generation.stops import Ending, judged
from evaluator.scoring.near_ties import NEAR
from evaluator.scoring.output_head import OutputHead, hidden_states, input_device
from evaluator.scoring.tree.likelihoods import Sizes
from evaluator.scoring.tree.token_tree import distinct, order

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# on a card a pass of a few tokens takes as long as one of hundreds: there prompts wait for company
WAITING_ON_A_CARD = 8  # one part in so many of the slots is free before it is filled again
CACHE = 2**30  # bytes for keys and values on a CPU

Answers = list[tuple[int, Generated]]


def generate(
    model: "PreTrainedModel",
    head: OutputHead,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    sizes: Sizes,
    work: GenerationWork,
) -> Iterator[tuple[int, Generated]]:
    """Generate greedily; give the number of each prompt and what came of it, as it is done.

    `sizes` are those of the passes that take in prompts. Where memory runs out, the prompts that aren't done
    begin again, with half the slots and half the budget.

    Raises:
        torch.OutOfMemoryError: not even one slot and one block fit.
        ModelError: the model's attention can't be exchanged by transformers' interface.
    """
    left = {number: prompt for number, prompt in enumerate(prompts) if prompt.most > 0}
    work.prompt += distinct([prompt.tokens for prompt in left.values()])
    nothing = (number for number, prompt in enumerate(prompts) if prompt.most <= 0)
    yield from ((number, Generated([], near_tie=False)) for number in nothing)
    while left:
        try:
            for number, generated in _Batch(model, head, left, decoding, sizes, work).answers():
                del left[number]
                work.generated += len(generated.tokens)
                work.advance(len(generated.tokens))
                yield number, generated
        except torch.OutOfMemoryError:
            if decoding.slots <= 1 and sizes.budget <= sizes.block:
                raise
            had = min(decoding.slots, work.slots or decoding.slots)
            decoding = replace(decoding, slots=max(had // 2, 1))
            sizes = Sizes(max(sizes.budget // 2, sizes.block), sizes.block)
        torch.cuda.empty_cache()  # here, where the batch that failed is gone


@dataclass(eq=False)
class _Row:
    """One distinct prompt, and whoever asked for it; what one of them gets is a beginning of what is new."""

    prompt: NDArray[np.int32]
    asking: list[tuple[int, Prompt]]
    new: list[int] = field(default_factory=list)
    close: bool = False

    @property
    def most(self) -> int:
        """Return the tokens that can have to be kept: the last new one is never read."""
        return len(self.prompt) + max(prompt.most for _, prompt in self.asking) - 1

    @property
    def kept(self) -> int:
        """Return the tokens whose keys are kept, one new token aside."""
        return len(self.prompt) + len(self.new) - 1


class _Batch:
    """One attempt at some prompts, in a fixed number of slots."""

    def __init__(
        self,
        model: "PreTrainedModel",
        head: OutputHead,
        prompts: Mapping[int, Prompt],
        decoding: Decoding,
        sizes: Sizes,
        work: GenerationWork,
    ) -> None:
        self._model = model
        self._head = head
        self._decoding = decoding
        self._work = work
        self._device = input_device(model)
        self._waiting = _rows(prompts)
        self._running: dict[int, _Row] = {}  # by slot
        self._prefill = Prefill(model, [row.prompt for row in self._waiting], sizes, work)
        self._ending = cache(lambda stops: Ending(decoding.decode, stops))

    def answers(self) -> Iterator[tuple[int, Generated]]:
        """Give each answer as it is done; in between, the model is as it was."""
        with torch.no_grad():
            slots = self._slots()
        self._work.slots = slots.number
        while self._waiting or self._running:
            with torch.no_grad(), slot_attention(self._model, slots):
                done = self._until_one_is_done(slots)
            yield from done

    def _slots(self) -> Slots:
        """Take memory for as many rows as may be, now that it's known what a token takes in each layer."""
        layers = self._prefill.measure()
        if not layers:
            raise ModelError(
                "this model's attention can't be exchanged: generate with it by transformers' own `generate`"
            )
        length = max(row.most for row in self._waiting)
        token = sum(
            one.shape[1] * one.shape[3] * one.element_size()
            for pair in layers.values()
            for one in pair
        )
        fitting = _room(self._decoding, self._device) // (length * token)
        number = min(self._decoding.slots, fitting, len(self._waiting))
        return Slots(layers, max(number, 1), length)

    def _until_one_is_done(self, slots: Slots) -> Answers:
        done: Answers = []
        while not done and (self._waiting or self._running):
            free = slots.number - len(self._running)
            done = self._refill(slots) if self._is_time(free, slots.number) else self._step(slots)
        return done

    def _is_time(self, free: int, slots: int) -> bool:
        """Say whether to take in prompts now rather than let more slots come free."""
        company = 1 if self._device.type == "cpu" else max(1, slots // WAITING_ON_A_CARD)
        return bool(self._waiting) and free >= min(company, len(self._waiting))

    def _refill(self, slots: Slots) -> Answers:
        """Pass as many prompts through as there are free slots; their first new tokens come with it."""
        free = [slot for slot in range(slots.number) if slot not in self._running]
        rows, self._waiting = self._waiting[: len(free)], self._waiting[len(free) :]
        numbers = self._placed(rows, free)
        for slot, row in zip(numbers, rows, strict=True):
            slots.take(slot, len(row.prompt))
        states = self._prefill.into(slots, numbers)
        self._running |= dict(zip(numbers, rows, strict=True))
        return self._read(numbers, states)

    def _placed(self, rows: Sequence[_Row], free: Sequence[int]) -> list[int]:
        """Choose slots so that neighbours hold about as much: how far apart they are never changes."""

        def beside(slot: int) -> int:
            lower = [other for other in self._running if other < slot]
            return self._running[max(lower)].kept if lower else 0

        by_length = sorted(range(len(rows)), key=lambda number: len(rows[number].prompt))
        chosen = sorted(sorted(free, key=beside)[: len(rows)], key=beside)
        slots = dict(zip(by_length, chosen, strict=True))
        return [slots[number] for number in range(len(rows))]

    def _step(self, slots: Slots) -> Answers:
        """Pass the newest token of each row through, and read the next."""
        numbers = sorted(self._running)
        rows = [self._running[number] for number in numbers]
        step = Step(numbers, [row.kept for row in rows])
        slots.begin(step)
        tokens = torch.tensor([[row.new[-1] for row in rows]], device=self._device)
        positions = torch.tensor([step.lengths], device=self._device)
        states = hidden_states(self._model, tokens, position_ids=positions)[0]
        self._work.computed += len(rows)
        self._work.steps += 1
        return self._read(numbers, states)

    def _read(self, numbers: list[int], states: torch.Tensor) -> Answers:
        """Read the next token of each row off its state, and see whose answers are done."""
        found = [_best(self._head(some)) for some in torch.split(states, self._head.rows)]
        self._work.head += len(states)
        done: Answers = []
        read = [one for part in found for one in part]
        for number, (token, close) in zip(numbers, read, strict=True):
            row = self._running[number]
            row.new.append(token)
            row.close |= close
            done += self._judged(row)
            if not row.asking:
                del self._running[number]
        return done

    def _judged(self, row: _Row) -> Answers:
        done: Answers = []
        for number, prompt in row.asking:
            ending = self._ending(prompt.stops)
            answer = judged(prompt, ending, self._decoding, row.new, close=row.close)
            if answer is not None:
                done.append((number, answer))
        row.asking = [one for one in row.asking if one[0] not in dict(done)]
        return done


def _room(decoding: Decoding, device: torch.device) -> int:
    """Return the bytes that keys and values may take."""
    if decoding.cache_bytes is not None:
        return decoding.cache_bytes
    return CACHE if device.type == "cpu" else torch.cuda.mem_get_info(device)[0] // 2


def _rows(prompts: Mapping[int, Prompt]) -> list[_Row]:
    """Return the distinct prompts in depth-first order."""
    numbers = list(prompts)
    rows: list[_Row] = []
    for place in order([prompts[number].tokens for number in numbers]):
        number, prompt = numbers[place], prompts[numbers[place]]
        if rows and np.array_equal(rows[-1].prompt, prompt.tokens):
            rows[-1].asking.append((number, prompt))
        else:
            rows.append(_Row(prompt.tokens, [(number, prompt)]))
    return rows


def _best(logits: torch.Tensor) -> list[tuple[int, bool]]:
    """Return each row's best token (of N x vocabulary), and whether the next is close; spoil the logits."""
    if (
        logits.device.type == "cpu"
    ):  # ten times as fast as torch's, and the first of several best as well
        token = torch.from_numpy(logits.numpy().argmax(axis=-1))[:, None]
    else:
        token = logits.argmax(dim=-1, keepdim=True)
    value = logits.gather(1, token)
    second = logits.scatter_(1, token, float("-inf")).amax(dim=-1, keepdim=True)
    close = value - second < NEAR
    read = torch.cat([token, close.long()], dim=1).tolist()
    return [(one, bool(near)) for one, near in read]
