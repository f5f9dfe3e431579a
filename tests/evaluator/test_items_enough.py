"""Hold that an items file and the benchmark's definition are enough for its headline and standard error.

Two things are shown by a stand-in: in suite harness one subject of MMLU and of C-Eval, and the pooling of
many by one of lm-eval's smaller groups; and chrF++ where spBLEU is first, whose tokenizer is a download (its
counts are kept and summed as BLEU's are). What only the parts of a benchmark need isn't in the files:
FollowBench's categories, and which of lm-eval's groups a subject of MMLU belongs to.
"""

import math
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.items import Items, read_items, write_items
from evaluator.scoring import Outcome, run_benchmark
from evaluator.scoring.computing import Computing
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import Question, embedded_folder, run_tasks
from evaluator.suites.definitions import Benchmark, load_suite
from evaluator.tasks.registry import BENCHMARKS
from evaluator.tasks.subjects import MMLU_AREAS
from tests.evaluator.byte_model import byte_llama, byte_tokenizer
from tests.golden.asking import asked_benchmark, write_hub
from tests.golden.rows import ANSWERS, FOLLOWBENCH, SUBJECTS
from tests.independent import from_items
from tests.scripted_model import ScriptedEngine

Row = dict[str, Any]
TIMES = 24  # that each written row is asked, with a change
MORE_TIMES = {"ptb": 90}  # 50 sentences are one document
CONTEXT = 128
AREA, GROUP = "Social Science", "mmlu_social_sciences"  # of MMLU, the one with the fewest subjects
FURTHER_ANSWERS = {  # beside those of the golden rows, so that every part has right ones and wrong ones
    "flores": ["The ship left the harbour at noon.", "The ship left at dawn."],
    "bbq": ["Not known"],
}
ALL = [
    (suite, benchmark.name)
    for suite in ("mini", "paper", "harness")
    for benchmark in load_suite(suite).benchmarks
]
ROUNDING = {"flores": 1e-9}  # counts are whole; all others are kept to 1e-4


def many(_suite: str, name: str, split: str, rows: list[Row]) -> list[Row]:
    """Return each row of a scored split many times, told apart by its number; other splits as they are."""
    if split in ("dev", "validation") and name not in ("truthfulqa", "c4"):
        return rows
    times = MORE_TIMES.get(name, TIMES)
    return [numbered(name, row, number) for number in range(times) for row in rows]


CHANGED = ("question", "document", "article", "hypothesis", "text", "sentence")


def numbered(name: str, row: Row, number: int) -> Row:
    """Return a row as if it were another: its text, its place, and part and template where it has some."""
    changed = {key: f"{value} {number}" for key, value in row.items() if key in CHANGED}
    return {**row, **changed, **PLACES.get(name, lambda _row, _number: {})(row, number)}


def bbq_place(row: Row, number: int) -> Row:
    """Return one of three templates, the last told by names, in both contexts and orders of the people."""
    ambiguous = number % 2 == 0
    turned = {"ans0": row["ans2"], "ans2": row["ans0"]} if number % 4 > 1 else {}
    info = row["answer_info"]
    groups = {**info, "ans0": info["ans2"], "ans2": info["ans0"]} if turned else info
    return {
        **turned,
        "answer_info": groups,
        "example_id": number,
        "question_index": str((1, 2, 26)[number // 8 % 3]),
        "context_condition": "ambig" if ambiguous else "disambig",
        "label": 1 if ambiguous else (2 if turned else 0),
    }


def longer(row: Row, number: int) -> Row:
    """Return a line or a page of WikiText with some words more; its headings stay as they are."""
    return {key: value.replace("lit", "lit " * (number + 1)) for key, value in row.items()}


PLACES: Mapping[str, Any] = {
    "wikitext2": longer,
    "flores": lambda _, number: {"id": number},
    "ceval": lambda _, number: {"id": number},
    "snli": lambda _, number: {"label": number % 3},
    "followbench": lambda _, number: {
        **FOLLOWBENCH,
        "example_id": number // 5,
        "level": number % 5 + 1,
    },
    "bbq": bbq_place,
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder laid out like the Hub, with the golden rows many times."""
    return write_hub(tmp_path_factory.mktemp("hub"), many)


@pytest.fixture
def subjects(hub: Path, tmp_path: Path) -> Path:
    """Return a folder laid out like the Hub, with MMLU's social sciences of 4, 5, ... rows."""
    path = load_suite("harness").benchmark("mmlu").dataset.path
    written = hub / path / SUBJECTS["mmlu"]
    lines = (written / "test.jsonl").read_text("utf-8").splitlines(keepends=True)
    for rows, subject in enumerate(MMLU_AREAS[AREA], start=4):
        folder = tmp_path / "hub" / path / subject
        shutil.copytree(written, folder)
        (folder / "test.jsonl").write_text("".join(lines[:rows]), encoding="utf-8")
    return tmp_path / "hub"


def said(suite: str, name: str, row: Row, prompt: str) -> str:
    """Return one of a benchmark's answers, by chance but always the same for a prompt."""
    draw = zlib.crc32(f"{prompt}{row.get('id')}{row.get('level')}".encode())
    if suite != "mini":
        answers = [answer or "" for answer in ANSWERS[suite].get(name, {}).values()]
        answers += FURTHER_ANSWERS.get(name, [])
        return answers[draw % len(answers)]
    code = BENCHMARKS[name]
    if code.choices is None:
        return (str(code.target(row)), "", "A. No, 3", "Maybe so")[draw % 4]
    choices = code.choices(row)
    return choices[draw % len(choices)]


def outcome(suite: str, name: str, hub: Path) -> Outcome:
    """Return what a benchmark gives of answers by chance, or of a random model where a text is read."""
    chosen = load_suite(suite)
    benchmark = chosen.benchmark(name) if suite == "mini" else asked_benchmark(suite, name)
    folder = embedded_folder() if suite == "mini" else hub
    with quiet():
        if not benchmark.tasks:
            return run_benchmark(
                byte_llama(CONTEXT),
                byte_tokenizer(),
                CONTEXT,
                chosen,
                benchmark,
                datasets_folder=folder,
                limit=6,
                computing=Computing(batch_size=2),
            )
        return asked(suite, benchmark, folder)


def asked(suite: str, benchmark: Benchmark, folder: Path) -> Outcome:
    """Return what a benchmark's tasks give of answers by chance."""
    chosen = load_suite(suite)
    engine = ScriptedEngine(
        lambda row, prompt: said(suite, benchmark.name, dict(row), prompt),
        chat=chosen.chat_template,
    )
    return run_tasks(engine, Question(chosen, benchmark, folder, None, Computing(), False))


def kept(found: Outcome, folder: Path) -> Items:
    """Return the items as they come back from a file."""
    write_items(found.columns, folder / "items.parquet")
    return read_items(folder / "items.parquet")


@pytest.mark.parametrize(("suite", "name"), ALL)
def test_items_give_the_headline_back(suite: str, name: str, hub: Path, tmp_path: Path) -> None:
    """Value and standard error come from the file as they came from the run, within its rounding."""
    benchmark = load_suite(suite).benchmark(name)
    found = outcome(suite, name, hub)
    items = kept(found, tmp_path)
    best = benchmark.headline_metric(found.metrics)
    assert best is not None
    metric, measured = best
    assert measured.stderr, "the fixture must have scatter, or nothing is shown"
    value, stderr = from_items.headline(benchmark, items, metric)
    rounding = ROUNDING.get(name, 1e-4)
    assert value == pytest.approx(measured.value, rel=rounding, abs=rounding / 2)
    assert stderr == pytest.approx(measured.stderr, rel=1e-3, abs=rounding / 2)


@pytest.mark.parametrize("name", ["mmlu", "ceval", "followbench", "truthfulqa", "bbq"])
def test_items_give_every_metric_back(name: str, tmp_path: Path) -> None:
    """Not only the headline: all metrics of this project's tasks follow from the file."""
    benchmark = load_suite("mini").benchmark(name)
    found = outcome("mini", name, tmp_path)
    again = from_items.own_metrics(benchmark, BENCHMARKS[name], kept(found, tmp_path))
    assert {metric: one.value for metric, one in again.items()} == pytest.approx(
        {metric: one.value for metric, one in found.metrics.items()}, abs=1e-4
    )


@pytest.mark.parametrize("name", ["wikitext2", "c4", "ptb"])
def test_items_give_bits_per_byte_back(name: str, hub: Path, tmp_path: Path) -> None:
    """Documents of any length weigh by their bytes."""
    found = outcome("paper", name, hub)
    measured = next(
        one for metric, one in found.metrics.items() if metric.startswith("bits_per_byte")
    )
    again = from_items.documents(kept(found, tmp_path))
    assert (again.value, again.stderr) == pytest.approx((measured.value, measured.stderr), rel=1e-4)


def test_items_give_the_error_back_that_lm_eval_pools(subjects: Path, tmp_path: Path) -> None:
    """Of a group of lm-eval's tasks each item knows its own; the subjects' errors weigh by their size."""
    group = load_suite("harness").benchmark("mmlu").model_copy(update={"tasks": [GROUP]})
    with quiet():
        found = asked("harness", group, subjects)
    items, measured = kept(found, tmp_path), found.metrics["accuracy"]
    assert items.strata is not None
    assert len(items.strata.names) == len(MMLU_AREAS[AREA])
    value, stderr = from_items.headline(group, items, "accuracy")
    assert measured.stderr
    assert (value, stderr) == pytest.approx((measured.value, measured.stderr), rel=1e-9)


def test_lm_evals_metrics_of_the_same_numbers_share_columns(hub: Path, tmp_path: Path) -> None:
    """Bits per byte come back from byte perplexity's columns; no number is kept twice."""
    found = outcome("harness", "wikitext2", hub)
    numbers = kept(found, tmp_path).numbers
    assert "bits_per_byte_0" not in numbers
    bits = -numbers["byte_perplexity_0"].sum() / math.log(2) / numbers["byte_perplexity_1"].sum()
    assert bits == pytest.approx(found.metrics["bits_per_byte"].value)


def test_bbq_items_know_their_template(hub: Path, tmp_path: Path) -> None:
    """In both suites questions of one template are one cluster, whatever their context."""
    for suite, parts in (("paper", ["Age, ambiguous", "Age, disambiguated"]), ("harness", ["Age"])):
        items = kept(outcome(suite, "bbq", hub), tmp_path)
        assert items.clusters is not None
        assert items.strata is not None
        assert np.array_equal(items.clusters, np.repeat([0, 1, 2], 8))
        assert list(items.strata.names[: len(parts)]) == parts
