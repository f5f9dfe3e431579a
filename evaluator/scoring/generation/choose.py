"""Generate by whichever is faster: our own continuous batching, or transformers'.

On a CPU it is ours: transformers' takes pages of 256 tokens and a mask over everybody's keys there, and
starts slowly. On a card nobody knows beforehand, so each gets one slotful of prompts, and the faster one, as
counted up for what is left, gets the rest. What was generated on the way is kept.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluator.errors import ModelError
from evaluator.scoring.generation.continuous import generate
from evaluator.scoring.generation.paged import Watch, generate_paged
from evaluator.scoring.generation.prompts import Decoding, Generated, GenerationWork, Prompt
from evaluator.scoring.output_head import OutputHead, input_device
from evaluator.scoring.tree.likelihoods import Sizes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

OURS, THEIRS = "own slots", "transformers' continuous batching"

Answers = Iterator[tuple[int, Generated]]


@dataclass
class Speed:
    """What one side took for the prompts that it was tried on (seconds), and the new tokens it gave."""

    prompts: int
    starting: float = 0.0
    seconds: float = 0.0
    tokens: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Return new tokens per second, once it has started."""
        return self.tokens / max(self.seconds, 1e-9)

    def forecast(self, prompts: int) -> float:
        """Return the seconds that other prompts will take, a new start included."""
        return self.starting + prompts * self.seconds / max(self.prompts, 1)


def generate_fastest(
    model: "PreTrainedModel",
    head: OutputHead,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    sizes: Sizes,
    work: GenerationWork,
) -> Answers:
    """Generate as `continuous.generate` does, by the faster of the two; `work.chosen` says which, and why."""
    if input_device(model).type == "cpu":
        work.chosen = f"{OURS}: the faster on a CPU"
    elif not decoding.paged:
        work.chosen = f"{OURS}: transformers' doesn't hold for this model"
    elif len(prompts) <= 2 * decoding.slots:
        work.chosen = f"{OURS}: too few prompts to try both"
    else:
        yield from generate_compared(model, head, prompts, decoding, sizes, work)
        return
    yield from generate(model, head, prompts, decoding, sizes, work)


def generate_compared(
    model: "PreTrainedModel",
    head: OutputHead,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    sizes: Sizes,
    work: GenerationWork,
) -> Answers:
    """Try both on the first prompts, by turns, and give the rest to the faster; say so in `work.chosen`."""
    left = set(range(len(prompts)))

    def ours(numbers: Sequence[int], _: Watch) -> Answers:
        chosen = [prompts[number] for number in numbers]
        for place, generated in generate(model, head, chosen, decoding, sizes, work):
            left.discard(numbers[place])
            yield numbers[place], generated

    def theirs(numbers: Sequence[int], watch: Watch) -> Answers:
        chosen = [prompts[number] for number in numbers]
        for place, generated in generate_paged(model, chosen, decoding, work, watch):
            left.discard(numbers[place])
            yield numbers[place], generated

    tried = range(min(2 * decoding.slots, len(prompts)))
    own, other = Speed(len(tried[::2])), Speed(len(tried[1::2]))
    yield from _timed(ours(tried[::2], watch := Watch()), own, watch)
    try:
        yield from _timed(theirs(tried[1::2], watch := Watch()), other, watch)
        work.chosen = _verdict(own, other, len(prompts) - len(tried))
        if work.chosen.startswith(THEIRS):
            yield from theirs(sorted(left), Watch())
    except ModelError as error:
        work.chosen = f"{OURS}: {error}"
    yield from ours(sorted(left), Watch())


def _timed(answers: Iterable[tuple[int, Generated]], speed: Speed, watch: Watch) -> Answers:
    """Give answers on, and note how long it took to start and to make them."""
    begun = time.perf_counter()
    for number, generated in answers:
        speed.tokens += len(generated.tokens)
        speed.seconds = time.perf_counter() - (watch.began or begun)
        yield number, generated
    speed.starting = (watch.began or begun) - begun


def _verdict(own: Speed, other: Speed, prompts: int) -> str:
    """Say who gets the other prompts, with both sides' figures."""
    faster = THEIRS if other.forecast(prompts) < own.forecast(prompts) else OURS
    return (
        f"{faster}: {own.tokens_per_second:.1f} new tokens per second by our own slots, "
        f"{other.tokens_per_second:.1f} by transformers' after {other.starting:.1f} seconds to start"
    )
