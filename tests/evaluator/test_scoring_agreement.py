"""Hold our scores to lm-eval's own on real items, and show that the comparison finds faults."""

import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evaluator.scoring.computing import Computing

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from benchmarks.agreement.compare import FAULTS, Both, difference, fault, run_both

SHARED = os.environ.get("QUANTBOARD_SHARED")
needs_shared = pytest.mark.skipif(
    SHARED is None, reason="QUANTBOARD_SHARED doesn't name the folder with real models and data"
)


def folders() -> tuple[Path, Path]:
    """Return the folders of a small real model and of real data sets."""
    shared = Path(SHARED or "")
    return shared / "models" / "stories260K", shared / "hub"


@cache
def ran(name: str) -> Both:
    """Return both sides of a benchmark on three real items."""
    return run_both(name, *folders(), limit=3)


@needs_shared
@pytest.mark.parametrize("name", ["truthfulqa", "bbq", "cnn_dailymail"])
def test_scores_equal_lm_evals_own(name: str) -> None:
    """On the same real items every token, likelihood, text, value and standard error is the same."""
    row = difference(ran(name))
    assert row.agrees, row


@needs_shared
@pytest.mark.parametrize("kind", FAULTS)
def test_one_changed_value_is_found(kind: str) -> None:
    """One changed likelihood, judgement, text, last digit or standard error makes the comparison differ."""
    name = "cnn_dailymail" if kind == "text" else "truthfulqa"
    assert not difference(fault(kind)(ran(name))).agrees


@needs_shared
def test_subjects_share_a_limit() -> None:
    """Sixty items of MMLU come from all 57 subjects, one or two from each, grouped as in lm-eval."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from evaluator.scoring import run_benchmark
    from evaluator.suites.definitions import load_suite

    model_folder, data = folders()
    suite = load_suite("harness")
    model: Any = AutoModelForCausalLM.from_pretrained(model_folder, dtype="float32")
    outcome = run_benchmark(
        model,
        AutoTokenizer.from_pretrained(model_folder),
        512,
        suite,
        suite.benchmark("mmlu"),
        datasets_folder=data,
        limit=60,
        computing=Computing(batch_size=16, shared=False),
    )
    asked = Counter(text["task"] for text in outcome.texts)
    assert (len(asked), set(asked.values())) == (57, {1, 2})
    assert {"anatomy", "stem", "humanities", "social_sciences", "other"} <= outcome.groups.keys()
    assert outcome.metrics["accuracy"].n == 60
    assert outcome.shots == 5
