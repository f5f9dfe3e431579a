"""Hold continuous batching to the model's own generation, one row at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

import numpy as np
import torch

from evaluator.scoring.generation.continuous import generate
from evaluator.scoring.generation.prompts import Decoding, GenerationWork, Prompt
from evaluator.scoring.generation.slots import groups
from evaluator.scoring.output_head import output_head
from tests.evaluator.byte_model import byte_llama
from tests.evaluator.generation_examples import (
    MODELS,
    SMALL,
    alone,
    decoding,
    grouped_llama,
    ours,
    prompt,
    random_prompts,
)

SHARED = os.environ.get("QUANTBOARD_SHARED")
MINI = Path(__file__).parents[2] / "evaluator" / "mini" / "model"
TEXTS = (
    "Question: What is the capital of France?\nAnswer:",
    "Question: What colour is grass?\nAnswer: green\n\nQuestion: And snow?\nAnswer:",
    "Once upon a time, there was a little",
    "Lily and Tom went to the park. They saw a big dog.",
)


@pytest.mark.parametrize("name", MODELS)
def test_each_answer_is_the_one_of_its_prompt_alone(name: str) -> None:
    """With shared beginnings, random limits, stops and ends, token by token, close calls included."""
    model = MODELS[name]()
    prompts, how = random_prompts(0, 10), decoding(slots=4, ends={7, 60, 99, 180})
    assert ours(model, prompts, how) == [alone(model, one, how) for one in prompts]


@pytest.mark.parametrize(
    "folder",
    [
        MINI,
        pytest.param(
            Path(SHARED or "") / "models" / "stories260K",
            marks=pytest.mark.skipif(
                SHARED is None, reason="QUANTBOARD_SHARED doesn't name the folder with real models"
            ),
        ),
    ],
)
def test_a_trained_model_says_what_it_says_alone(folder: Path) -> None:
    """Real prompts with the stops of real tasks, in fewer slots than prompts."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    end = model.generation_config.eos_token_id
    how = Decoding(tokenizer.decode, [end] if isinstance(end, int) else end or [], slots=4)
    prompts = [
        Prompt(np.array(tokenizer(text)["input_ids"], dtype=np.int32), 40, stops)
        for text in TEXTS
        for stops in (("\n", "Question:"), (".",))
    ]
    answers = ours(model, prompts, how)
    assert answers == [alone(model, one, how) for one in prompts]
    assert len({len(answer.tokens) for answer in answers}) > 2


def test_nothing_is_computed_but_what_is_wanted() -> None:
    """Positions are the tree's tokens and each new token but the last, whose successor nobody wants."""
    lengths, shared = [3, 30, 8, 1, 17], list(range(10, 40))
    prompts = [prompt([*shared, 50 + n], 99, length=length) for n, length in enumerate(lengths)]
    work = GenerationWork()
    answers = ours(byte_llama(), prompts, decoding(slots=2), work)
    assert [len(answer.tokens) for answer in answers] == lengths
    assert work.slots == 2
    assert (work.prompt, work.generated) == (35, sum(lengths))
    assert work.computed == 35 + sum(lengths) - len(lengths) <= work.wanted
    assert work.head == sum(lengths)


def test_the_next_prompt_takes_a_slot_as_soon_as_it_is_free() -> None:
    """A long answer keeps its slot; all others pass through the second one meanwhile."""
    lengths = [31, 5, 5, 5, 5, 5]
    prompts = [prompt([10 + n], 99, length=length) for n, length in enumerate(lengths)]
    work = GenerationWork()
    ours(byte_llama(), prompts, decoding(slots=2), work)
    assert work.steps == 30


def test_a_prompt_continues_the_path_of_one_that_is_generating() -> None:
    """The tree stops behind 54, with the path to 55 stored behind another branch, and goes on later."""
    branches = ([50, 51], [52, 53, 54], [52, 53, 55], [52, 56], [57])
    prompts = [prompt([10, 11, 12, *branch], 6) for branch in branches]
    model, how = grouped_llama(), decoding(slots=2)
    assert ours(model, prompts, how) == [alone(model, one, how) for one in prompts]


def test_a_prompt_asked_for_twice_is_generated_once() -> None:
    """Each gets its own beginning of the same answer."""
    work = GenerationWork()
    model = byte_llama()
    once, twice = ours(model, [prompt([9, 8], 5), prompt([9, 8], 20)], decoding(), work)
    assert (len(once.tokens), len(twice.tokens)) == (5, 20)
    assert twice.tokens[:5] == once.tokens
    assert work.computed == 2 + 19


@pytest.mark.parametrize("prompts", [[], [prompt([5], 3)], [prompt([5, 6, 7], 0)]])
def test_few_prompts_are_enough(prompts: list[Prompt]) -> None:
    """None at all, one of a single token, and one that wants nothing."""
    model = grouped_llama()
    expected = [alone(model, one, decoding()).tokens if one.limit else [] for one in prompts]
    assert [answer.tokens for answer in ours(model, prompts, decoding())] == expected


def test_little_memory_means_fewer_slots() -> None:
    """Keys and values never take more than is allowed, one slot aside, and answers stay the same."""
    model, prompts = grouped_llama(), [prompt([n, n + 1], 20) for n in range(10, 16)]
    place = 2 * 2 * 2 * 8 * 4  # layers, keys and values, heads, size, bytes
    work = GenerationWork()
    some = ours(model, prompts, decoding(slots=6, cache_bytes=3 * 21 * place), work)
    assert work.slots == 3
    assert some == ours(model, prompts, decoding(slots=6, cache_bytes=1), work)
    assert work.slots == 1


@contextmanager
def out_of_memory(model: Any, *calls: int) -> Iterator[None]:
    """Let a model's body run out of memory at some of its calls, counted from 0."""
    count = iter(range(10**6))

    def hook(*_: Any) -> None:
        if next(count) in calls:
            raise torch.OutOfMemoryError("out of memory, for a test")

    handle = model.base_model.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize("call", [1, 4, 15])
def test_without_memory_it_goes_on_with_half_the_slots(call: int) -> None:
    """While prompts are read and while tokens are; nobody's answer is given twice, or changes."""
    model, how = grouped_llama(), decoding(slots=4, ends={7, 60, 99, 180})
    prompts, work = random_prompts(2, 8), GenerationWork()
    expected = ours(model, prompts, how)
    head = output_head(model)
    assert head is not None
    with out_of_memory(model, call):
        given = list(generate(model, head, prompts, how, SMALL, work))
    assert sorted(number for number, _ in given) == list(range(9))
    assert [answer for _, answer in sorted(given, key=lambda one: one[0])] == expected
    assert work.slots == 2


def test_without_any_memory_the_error_flies() -> None:
    """Nothing is tried for ever."""
    model = byte_llama()
    head = output_head(model)
    assert head is not None
    with out_of_memory(model, *range(100)), pytest.raises(torch.OutOfMemoryError):
        list(generate(model, head, random_prompts(0, 4), decoding(), SMALL, GenerationWork()))


def test_between_answers_the_model_is_as_it_was() -> None:
    """Whoever uses it while answers come gets its own attention, and what it says is the same."""
    model = byte_llama()
    head, before = output_head(model), model.config._attn_implementation
    assert head is not None
    prompts = random_prompts(3, 5)
    expected, first = ours(model, prompts, decoding()), alone(model, prompts[0], decoding())
    for number, answer in generate(model, head, prompts, decoding(), SMALL, GenerationWork()):
        assert model.config._attn_implementation == before
        assert torch.is_grad_enabled()
        assert answer == expected[number]
        assert number != 0 or alone(model, prompts[0], decoding()) == first


def test_memory_that_was_never_written_is_never_read() -> None:
    """Fresh memory may hold what isn't a number, which no mask hides: here all of it does."""
    model, prompts = grouped_llama(), random_prompts(4, 8)
    expected = ours(model, prompts, decoding(slots=4))
    torch.use_deterministic_algorithms(True)  # fills fresh memory with NaN
    try:
        assert ours(model, prompts, decoding(slots=4)) == expected
    finally:
        torch.use_deterministic_algorithms(False)


def test_a_tie_is_told() -> None:
    """All logits are equal where the head is zero; an answer of another model hangs on nothing."""
    model = byte_llama()
    assert not ours(model, [prompt([40, 41, 42], 5)], decoding())[0].near_tie
    torch.nn.init.zeros_(model.lm_head.weight)
    (answer,) = ours(model, [prompt([40, 41, 42], 5)], decoding())
    assert answer.near_tie
    assert answer.tokens == [0] * 5


def test_rows_of_similar_length_attend_together() -> None:
    """A neighbour far longer, or a slot between that is free, means another call."""
    found = groups([0, 1, 2, 4, 5], [10, 12, 90, 90, 90], call=16)
    assert [(one.first, one.last, one.slot, one.longest) for one in found] == [
        (0, 2, 0, 12),
        (2, 3, 2, 90),
        (3, 5, 4, 90),
    ]
    assert [one.lengths for one in found] == [(10, 12), None, None]
