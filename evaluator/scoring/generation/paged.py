"""Generate by transformers' own continuous batching, the one behind `generate_batch`.

It pages keys and values, shares whole pages of equal prefixes, and on a card records its passes as graphs. It
knows no stops: answers are watched here as they grow, and cancelled. It logs its errors and gives what it
has: here an answer that is missing is an error. Of the second best token it says nothing, so that near ties
stay unknown. It holds for models with full attention, decoded greedily without penalties; the caller knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers import GenerationConfig
from transformers.generation import ContinuousBatchingConfig

from evaluator.errors import ModelError
from evaluator.scoring.generation.prompts import Decoding, Generated, GenerationWork, Prompt
from evaluator.scoring.generation.stops import Ending, judged

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PATIENCE = 1.0  # seconds to wait for an answer before looking whether anybody is still at work
NO_END = -1  # what transformers takes for a sequence that nothing ends
SHARE = 0.5  # of a card's free memory, for keys and values
PAGES_ON_A_CPU, PAGE, TOKENS_ON_A_CPU = 64, 256, 512


@dataclass
class Watch:
    """When the first request began to be computed; None before it (seconds of `time.perf_counter`)."""

    began: float | None = None


def generate_paged(
    model: "PreTrainedModel",
    prompts: Sequence[Prompt],
    decoding: Decoding,
    work: GenerationWork,
    watch: Watch | None = None,
) -> Iterator[tuple[int, Generated]]:
    """Generate greedily; give the number of each prompt and what came of it, as it is done.

    Of `work`, the answers' tokens are counted; how many positions transformers computes isn't known.

    Raises:
        ModelError: transformers gave up before each prompt had its answer.
    """
    for number, prompt in enumerate(prompts):
        if prompt.most <= 0:
            yield number, Generated([], near_tie=False)
    left = {str(number): prompt for number, prompt in enumerate(prompts) if prompt.most > 0}
    if not left:
        return
    with _manager(model, list(left.values()), decoding) as manager:
        try:
            for name, prompt in sorted(left.items(), key=lambda one: one[1].tokens.tolist()):
                _ask(manager, name, prompt, decoding)
            for name, generated in _answers(manager, left, decoding, watch or Watch()):
                work.generated += len(generated.tokens)
                work.unknown_ties += 1
                work.advance(len(generated.tokens))
                yield int(name), generated
        finally:
            for name in left:  # else leaving waits for answers that nobody wants any more
                manager.cancel_request(name)


def _manager(model: "PreTrainedModel", prompts: Sequence[Prompt], decoding: Decoding) -> Any:
    """Return transformers' context in which requests are computed, in a thread of its own."""
    settings = GenerationConfig(
        do_sample=False,
        eos_token_id=sorted(decoding.ends) or NO_END,
        max_new_tokens=max(prompt.most for prompt in prompts),
    )
    on_cpu = model.device.type == "cpu"
    batching = ContinuousBatchingConfig(
        max_requests_per_batch=decoding.slots,
        max_memory_percent=SHARE,
        # another attention would be fetched from the Hub as code
        auto_switch_to_flash=False,
        **({"num_blocks": PAGES_ON_A_CPU, "max_batch_tokens": TOKENS_ON_A_CPU} if on_cpu else {}),
    )
    return model.continuous_batching_context_manager(
        generation_config=settings, continuous_batching_config=batching
    )


def _ask(manager: Any, name: str, prompt: Prompt, decoding: Decoding) -> None:
    """Hand in one prompt; its tokens are given one by one where a stop may end it."""
    manager.add_request(
        prompt.tokens.tolist(),
        request_id=name,
        max_new_tokens=prompt.most,
        streaming=bool(prompt.stops) and prompt.length is None,
        eos_token_id=NO_END if prompt.length is not None else sorted(decoding.ends) or NO_END,
    )


def _answers(
    manager: Any, left: dict[str, Prompt], decoding: Decoding, watch: Watch
) -> Iterator[tuple[str, Generated]]:
    """Give each answer as it is done, and take its prompt from those that are left."""
    endings = {prompt.stops: Ending(decoding.decode, prompt.stops) for prompt in left.values()}
    judged_so_far = dict.fromkeys(left, 0)
    while left:
        output = manager.get_result(timeout=PATIENCE)
        if output is None:
            _check_at_work(manager, len(left))
        elif output.error is not None:
            raise ModelError(_gave_up(len(left), output.error))
        elif output.request_id in left:  # else cancelled, and done before it heard of it
            watch.began = output.lifespan[0] if watch.began is None else watch.began
            name, prompt = output.request_id, left[output.request_id]
            tokens, start = output.generated_tokens, judged_so_far[output.request_id]
            judged_so_far[name] = len(tokens)
            found = _first(prompt, endings[prompt.stops], decoding, tokens, start)
            if found is not None:
                del left[name]
                if not output.is_finished():
                    manager.cancel_request(name)
                yield name, found
            elif output.is_finished():
                raise ModelError(_gave_up(len(left), "an answer ended before its end"))


def _first(
    prompt: Prompt, ending: Ending, decoding: Decoding, tokens: list[int], start: int
) -> Generated | None:
    """Return what an answer is if it ends at one of its tokens from a place on."""
    answers = (
        judged(prompt, ending, decoding, tokens[:stop], close=False)
        for stop in range(start + 1, len(tokens) + 1)
    )
    return next((answer for answer in answers if answer is not None), None)


def _check_at_work(manager: Any, left: int) -> None:
    if not manager.is_running():
        error = manager.background_thread_status.fatal_error
        raise ModelError(_gave_up(left, error or "its thread ended")) from error


def _gave_up(left: int, why: object) -> str:
    return f"transformers' continuous batching gave up with {left} answers missing ({why})"
