"""Hold what a run of a benchmark says against the model's own logits and rules."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from evaluator.scoring.computing import Computing

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

import torch

from evaluator.errors import DatasetError
from evaluator.results import FLAGS
from evaluator.scoring import Outcome, run_benchmark
from evaluator.suites.definitions import load_suite
from tests.evaluator.byte_model import (
    REFUSING_TEMPLATE,
    TEMPLATE,
    byte_llama,
    byte_tokenizer,
    write_rows,
)

CONTEXT = 256
PROBLEMS = [{"question": f"What is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(6)]
ARTICLES = [{"article": f"Event {n} happened.", "highlights": f"Event {n}."} for n in range(3)]
TRUTHS = [
    {
        "question": f"What is thing {n}?",
        "mc1_targets": {"choices": [f"right {n}", "wrong"], "labels": [1, 0]},
        "mc2_targets": {"choices": [f"right {n}", "true", "wrong"], "labels": [1, 1, 0]},
    }
    for n in range(5)
]


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a small random model."""
    return byte_llama(CONTEXT)


def ask(
    model: Any,
    folder: Path,
    name: str,
    rows: list[dict[str, Any]],
    *,
    suite: str = "paper",
    template: str | None = None,
    limit: int | None = None,
) -> Outcome:
    """Write a benchmark's rows to a Hub-shaped folder, and ask the model."""
    chosen = load_suite(suite)
    dataset = chosen.benchmark(name).dataset
    write_rows(folder, dataset.path, dataset.split, rows)
    return run_benchmark(
        model,
        byte_tokenizer(template),
        CONTEXT,
        chosen,
        chosen.benchmark(name),
        datasets_folder=folder,
        limit=limit,
        computing=Computing(batch_size=2),
    )


def summed(model: Any, prompt: str, answer: str) -> float:
    """Return the log-likelihood of an answer after a prompt, from one forward pass."""
    ids = torch.tensor([list_of_ids(prompt + answer)])
    start = len(list_of_ids(prompt))
    with torch.no_grad():
        logs = torch.log_softmax(model(ids).logits[0, :-1], dim=-1)
    picked = logs.gather(1, ids[0, 1:, None])[:, 0]
    return float(picked[start - 1 :].sum())


def list_of_ids(text: str) -> list[int]:
    """Return a text's tokens."""
    return list(byte_tokenizer()(text, add_special_tokens=False)["input_ids"])


def test_likelihoods_equal_a_direct_forward(model: Any, tmp_path: Path) -> None:
    """Each choice's likelihood is what the model's logits say of it after the chat turn."""
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS, template=TEMPLATE)
    text = outcome.texts[1]
    prompt = "<system>You are a helpful assistant.\n<user>What is thing 1?\n<assistant>"
    expected = [summed(model, prompt, choice) for choice in ("right 1", "wrong", "true")]
    assert text["prompt"] == prompt
    assert text["likelihoods"] == pytest.approx(expected, abs=1e-4)


def test_a_turns_last_newline_stays_out_of_the_answer(model: Any, tmp_path: Path) -> None:
    """Without a template an answer follows a newline, and its mean is over its own tokens alone."""
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS)
    prompt = "What is thing 0?\n"
    values = [summed(model, prompt, choice) for choice in ("right 0", "wrong")]
    assert outcome.texts[0]["likelihoods"][:2] == pytest.approx(values, abs=1e-4)
    best = max(range(2), key=lambda index: values[index] / len(("right 0", "wrong")[index]))
    assert outcome.columns["answer"][0] == best


def test_missing_templates_are_noted(model: Any, tmp_path: Path) -> None:
    """A tokenizer without a chat template is asked in plain text, and the result says so."""
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS, limit=1)
    assert not outcome.chat_template_applied
    assert "no chat template" in outcome.notes[0]


def test_refused_system_lines_are_left_out(model: Any, tmp_path: Path) -> None:
    """A template that takes no system role gets none, and the result says so."""
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS, template=REFUSING_TEMPLATE, limit=1)
    assert outcome.texts[0]["prompt"].startswith("<user>")
    assert "no system role" in outcome.notes[0]


def test_answers_too_long_for_the_context_fail_alone(model: Any, tmp_path: Path) -> None:
    """An item with an answer longer than the context counts as wrong, and the others are scored."""
    long = {**TRUTHS[0], "mc1_targets": {"choices": ["x" * 300, "wrong"], "labels": [1, 0]}}
    outcome = ask(model, tmp_path, "truthfulqa", [long, *TRUTHS[1:]])
    assert outcome.columns["flags"][0] & FLAGS["failed"]
    assert outcome.columns["correct"][0] is False
    assert outcome.metrics["mc1"].n == len(TRUTHS)


def test_new_tokens_are_capped_at_a_quarter_of_the_context(model: Any, tmp_path: Path) -> None:
    """A context of 256 tokens leaves 64 to generate, though the task wants 512."""
    outcome = ask(model, tmp_path, "gsm8k", PROBLEMS, limit=1)
    assert outcome.decoding["max_new_tokens"] == 64
    assert 0 < outcome.tokens["generated"] <= 64


def test_cut_prompts_are_counted_and_flagged(model: Any, tmp_path: Path) -> None:
    """Prompts beyond three quarters of the context are cut; one token less isn't."""
    room = CONTEXT - CONTEXT // 4 - len("\n")  # a newline closes a turn without a template
    rows = [{**PROBLEMS[0], "question": "x" * (room + extra)} for extra in (0, 1)]
    outcome = ask(model, tmp_path, "gsm8k", rows)
    assert outcome.truncated_prompts == 1
    assert [flag & FLAGS["truncated"] for flag in outcome.columns["flags"]] == [0, 2]


def test_cut_likelihood_prompts_are_counted(model: Any, tmp_path: Path) -> None:
    """A question longer than the context is cut, and still scored."""
    rows = [{**TRUTHS[0], "question": "x" * 400}, *TRUTHS[1:]]
    outcome = ask(model, tmp_path, "truthfulqa", rows)
    assert outcome.truncated_prompts == 1
    assert outcome.columns["flags"][0] == FLAGS["truncated"]


def test_decoding_is_greedy_whatever_the_checkpoint_says(tmp_path: Path) -> None:
    """Sampling and a repetition penalty in the checkpoint change nothing, and are left as they were."""
    plain = ask(byte_llama(CONTEXT), tmp_path, "gsm8k", PROBLEMS, limit=2)
    model = byte_llama(CONTEXT)
    model.generation_config.update(do_sample=True, temperature=9.0, repetition_penalty=3.0)
    outcome = ask(model, tmp_path, "gsm8k", PROBLEMS, limit=2)
    assert [text["output"] for text in outcome.texts] == [text["output"] for text in plain.texts]
    assert model.generation_config.repetition_penalty == 3.0


def test_lm_evals_tasks_get_the_tokens_they_want(model: Any, tmp_path: Path) -> None:
    """Half of the context is left to a task of lm-eval's that wants so many, as lm-eval would do."""
    outcome = ask(model, tmp_path, "cnn_dailymail", ARTICLES, suite="harness", limit=1)
    assert outcome.decoding["max_new_tokens"] == 128


def test_lm_evals_tasks_keep_a_repetition_penalty(tmp_path: Path) -> None:
    """lm-eval decodes with the checkpoint's penalty, so its own tasks do here; the result says so."""
    plain = ask(byte_llama(CONTEXT), tmp_path, "cnn_dailymail", ARTICLES, suite="harness", limit=1)
    model = byte_llama(CONTEXT)
    model.generation_config.update(repetition_penalty=3.0)
    outcome = ask(model, tmp_path, "cnn_dailymail", ARTICLES, suite="harness", limit=1)
    assert outcome.texts[0]["output"] != plain.texts[0]["output"]
    assert outcome.decoding["repetition_penalty"] == 3.0


def test_equal_choices_are_near_ties(model: Any, tmp_path: Path) -> None:
    """An item whose two best choices are alike is counted and marked, and the result says so."""
    twins = {**TRUTHS[0], "mc1_targets": {"choices": ["same", "same"], "labels": [1, 0]}}
    outcome = ask(model, tmp_path, "truthfulqa", [twins, *TRUTHS[1:]], suite="harness")
    assert outcome.near_ties == sum(text.get("near_tie", False) for text in outcome.texts)
    assert outcome.texts[0]["near_tie"]
    assert "hung on less than" in outcome.notes[-1]


def test_equal_tokens_are_near_ties(tmp_path: Path) -> None:
    """A model that finds every token equally likely hangs on a near tie in each answer."""
    model = byte_llama(CONTEXT)
    model.lm_head.weight.data.zero_()
    assert ask(model, tmp_path, "gsm8k", PROBLEMS, limit=3).near_ties == 3


def test_likelihoods_that_are_no_numbers_are_judged_as_lm_eval_does(tmp_path: Path) -> None:
    """lm-eval takes the first of equal NaN, so MC1 is 1 and MC2 has no value; each item is flagged."""
    model = byte_llama(CONTEXT)
    model.lm_head.weight.data.fill_(float("nan"))
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS, suite="harness")
    assert outcome.metrics["mc1"].value == 1.0
    assert outcome.metrics["mc2"].value is None
    assert {flag & FLAGS["failed"] for flag in outcome.columns["flags"]} == {FLAGS["failed"]}
    assert "failed" in outcome.notes[-1]


def test_generation_uses_the_cache_although_the_config_says_no(tmp_path: Path) -> None:
    """After the prompt each step reads one token."""
    model = byte_llama(CONTEXT, use_cache=False)
    lengths: list[int] = []
    model.model.embed_tokens.register_forward_hook(
        lambda _, inputs, __: lengths.append(inputs[0].shape[1])
    )
    outcome = ask(model, tmp_path, "gsm8k", PROBLEMS, limit=1)
    steps = outcome.tokens["generated"] - 1
    assert steps > 0
    assert lengths[-steps:] == [1] * steps


def test_two_runs_are_equal(model: Any, tmp_path: Path) -> None:
    """The same model, rows and suite give the same outcome in every field."""
    first = ask(model, tmp_path, "gsm8k", PROBLEMS)
    second = ask(model, tmp_path, "gsm8k", PROBLEMS)
    assert dataclasses.asdict(first) == dataclasses.asdict(second)


def test_limits_ask_evenly_spaced_rows(model: Any, tmp_path: Path) -> None:
    """Three of six problems are every second one, and the fingerprint covers just these."""
    outcome = ask(model, tmp_path, "gsm8k", PROBLEMS, limit=3)
    whole = ask(model, tmp_path, "gsm8k", PROBLEMS)
    assert [text["row"] for text in outcome.texts] == [0, 2, 4]
    assert outcome.datasets[0].rows == 3
    assert outcome.datasets[0].fingerprint != whole.datasets[0].fingerprint


def test_harness_tasks_are_scored_by_lm_eval(model: Any, tmp_path: Path) -> None:
    """MC1 of lm-eval's TruthfulQA is the share of items whose first choice is likeliest; MC2 is a column."""
    outcome = ask(model, tmp_path, "truthfulqa", TRUTHS, suite="harness")
    likeliest = [max(text["likelihoods"]) == text["likelihoods"][0] for text in outcome.texts[:5]]
    assert outcome.columns["correct"] == likeliest
    assert outcome.metrics["mc1"].value == pytest.approx(sum(likeliest) / 5)
    assert outcome.metrics["mc2"].value == pytest.approx(sum(outcome.columns["mc2"]) / 5)


def test_corpus_metrics_have_an_error(model: Any, tmp_path: Path) -> None:
    """A metric that is no mean over items, such as word perplexity, has lm-eval's value and an error."""
    rows = [{"page": f" = Page {n} = \n words and words of page {n}"} for n in range(4)]
    outcome = ask(model, tmp_path, "wikitext2", rows, suite="harness")
    bits = outcome.metrics["bits_per_byte"]
    assert bits.value is not None
    assert bits.stderr is not None
    assert len(outcome.columns["nll_per_byte"]) == 4


def test_missing_columns_are_named(model: Any, tmp_path: Path) -> None:
    """A data set without a column that the benchmark reads is refused before the model is asked."""
    rows = [{"question": "What?"}]
    with pytest.raises(DatasetError, match="no column answer"):
        ask(model, tmp_path, "gsm8k", rows)


def test_missing_folders_are_named(model: Any, tmp_path: Path) -> None:
    """A benchmark that the folder lacks is refused with the place that was searched."""
    suite = load_suite("paper")
    with pytest.raises(DatasetError, match=str(tmp_path / "openai" / "gsm8k")):
        run_benchmark(
            model,
            byte_tokenizer(),
            CONTEXT,
            suite,
            suite.benchmark("gsm8k"),
            datasets_folder=tmp_path,
        )
