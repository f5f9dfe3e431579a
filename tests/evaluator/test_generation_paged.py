"""Hold transformers' own continuous batching, as we use it, to ours."""

import threading
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.errors import ModelError
from evaluator.scoring.generation.choose import generate_compared, generate_fastest
from evaluator.scoring.generation.paged import generate_paged
from evaluator.scoring.generation.prompts import GenerationWork
from evaluator.scoring.output_head import output_head
from tests.evaluator.generation_examples import SMALL, decoding, grouped_llama, ours, random_prompts

HOW = decoding(slots=3, ends={7, 60, 99, 180}, paged=True)


def give_up_in_threads(*_: Any) -> None:
    """Fail in any thread but the first, where transformers' own batching runs."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("no more, for a test")


def test_both_are_tried_and_give_the_same() -> None:
    """Every prompt is answered once, whoever answers, and the record has both sides' speed."""
    model, prompts, work = grouped_llama(), random_prompts(5, 9), GenerationWork()
    head = output_head(model)
    assert head is not None
    given = list(generate_compared(model, head, prompts, HOW, SMALL, work))
    assert sorted(number for number, _ in given) == list(range(10))
    expected = ours(model, prompts, HOW)
    for number, answer in given:
        wanted = expected[number]
        assert (answer.tokens, answer.end) == (wanted.tokens, wanted.end)
    assert "new tokens per second by our own slots" in work.chosen
    assert 3 <= work.unknown_ties <= 7
    assert model.config._attn_implementation == "sdpa"


def test_an_answer_that_is_missing_is_an_error() -> None:
    """By itself, transformers logs what went wrong and returns what it has."""
    model = grouped_llama()
    handle = model.base_model.register_forward_pre_hook(give_up_in_threads)
    with pytest.raises(ModelError, match="gave up with 4 answers missing"):
        list(generate_paged(model, random_prompts(5, 3), HOW, GenerationWork()))
    handle.remove()


def test_where_transformers_gives_up_ours_goes_on() -> None:
    """The record says why."""
    model, prompts, work = grouped_llama(), random_prompts(5, 6), GenerationWork()
    expected, head = ours(model, prompts, HOW), output_head(model)
    assert head is not None
    handle = model.base_model.register_forward_pre_hook(give_up_in_threads)
    given = dict(generate_compared(model, head, prompts, HOW, SMALL, work))
    handle.remove()
    assert [given[number] for number in range(7)] == expected
    assert work.chosen.startswith("own slots: transformers' continuous batching gave up")


def test_on_a_cpu_it_is_ours() -> None:
    """Nothing is tried."""
    model, prompts, work = grouped_llama(), random_prompts(5, 8), GenerationWork()
    head = output_head(model)
    assert head is not None
    given = dict(generate_fastest(model, head, prompts, HOW, SMALL, work))
    assert [given[number] for number in range(9)] == ours(model, prompts, HOW)
    assert work.chosen == "own slots: the faster on a CPU"
    assert work.unknown_ties == 0
