"""What the benchmark of the engine measures with: samples, counts, and lm-eval with a restricted head."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.engine.counts import counts
from benchmarks.engine.generation import lengths
from benchmarks.engine.likelihoods import Bench, Subject
from benchmarks.engine.plain import best_batch
from benchmarks.engine.samples import Questions, slices
from tests.evaluator.tiny_model import tiny_llama


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Return a Llama with random weights, and its tokenizer of 128 words."""
    folder: Path = tiny_llama(tmp_path_factory.mktemp("tiny"))
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    return Subject("tiny", model, AutoTokenizer.from_pretrained(folder))


def questions() -> Questions:
    """Return five questions of two answers, one of them of one word."""
    instances = [
        Instance("loglikelihood", {}, (f"w4 w5 w{row + 10}", answer), place, ("task", row, 1))
        for row in range(5)
        for place, answer in enumerate((" w9", " w8 w7 w6"))
    ]
    return Questions("mmlu", ("all",), 5, instances)


def test_slices_leave_no_question_out() -> None:
    """Slices are whole questions in their order, and together they are the sample."""
    found = slices(questions(), 3)

    assert [one.items for one in found] == [1, 2, 2]
    assert [one for part in found for one in part.instances] == questions().instances


def test_the_fastest_batch_is_found() -> None:
    """The search goes on while a batch is faster, and never past the rows there are."""
    tried: list[int] = []
    best_batch(tried.append, 5)

    assert tried[0] == 1
    assert max(tried) <= 4


def test_tokens_are_those_that_hflm_forwards(subject: Subject) -> None:
    """What is counted row by row is what passes through the model in `HFLM`, a row at a time."""
    bench = Bench(subject, "mmlu", rows=1, rows_restricted=2)
    pair = bench.pair(questions())

    assert pair.plain.tokens == pair.counts.row_tokens
    assert pair.ours.tokens >= pair.counts.distinct == pair.floor.tokens
    assert pair.restricted is not None
    assert pair.restricted.positions < pair.plain.positions


def test_a_restricted_head_scores_as_hflm(subject: Subject) -> None:
    """The rows, the order and the numbers are `HFLM`'s; the head's positions alone are fewer."""
    bench = Bench(subject, "mmlu")
    plain, restricted = (
        bench.answers(side, questions().instances, 4) for side in ("plain", "restricted")
    )

    assert [value for value, _ in restricted] == pytest.approx([one for one, _ in plain], abs=1e-5)
    assert [greedy for _, greedy in restricted] == [greedy for _, greedy in plain]


def test_shared_words_are_counted_once(subject: Subject) -> None:
    """Distinct tokens are those of the questions' tree."""
    found = counts(questions(), subject.tokenizer, 64)

    # two words for all, one per question, two more behind each for the longer answer
    assert found.distinct == 2 + 5 + 5 * 2


def test_recorded_lengths_have_the_mean_that_they_name() -> None:
    """The lengths forced in generation have a mean of 60 and 512 as the longest."""
    assert sum(lengths()) / len(lengths()) == 60
    assert max(lengths()) == 512
