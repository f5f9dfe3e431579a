"""Test that a plan counts what a run then computes, says what it can't know, and writes no result."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluator import plan_report, planning, runner
from evaluator.cli import main
from evaluator.mini.model import MODEL_FOLDER
from evaluator.planning import Expected, Plan, Row
from evaluator.results import Provenance, Timing, UnitResult, canonical_json
from evaluator.suites.definitions import load_suite
from tests.evaluator.submission_trees import submission, write_entry

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.items import write_items
from evaluator.models import Loaded, load
from evaluator.scoring import calibration, run_benchmark
from evaluator.scoring.budget import ON_A_CPU
from evaluator.scoring.calibration import Rates, cache_bytes_per_token
from evaluator.scoring.computing import Computing
from evaluator.scoring.cost import Calibration, Cost
from evaluator.scoring.counting import LIKELIHOODS, Count, Part, count
from evaluator.scoring.run import Question, embedded_folder

MINI = load_suite("mini")
COST = Cost(
    items=320,
    plain=18_440,
    computed=5_000,
    new=20_480,
    at_most=True,
    seconds=600.0,
    bytes=24_000_000,
    ways=("prefix tree: sound",),
)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """Return the mini model."""
    return load(MODEL_FOLDER, identifier="local/mini", dtype="float32")


def counted(loaded: Loaded, name: str, computing: Computing) -> Count:
    """Count four items of a benchmark."""
    question = Question(MINI, MINI.benchmark(name), embedded_folder(), 4, computing, progress=False)
    return count(loaded, question)


@pytest.mark.parametrize(
    ("name", "computing"),
    [
        ("mmlu", Computing()),
        ("mmlu", Computing(shared=False)),
        ("truthfulqa", Computing()),
        ("bbq", Computing(exact=True)),
        ("ptb", Computing()),
    ],
    ids=["texts", "texts in rows", "tree", "rows", "windows"],
)
def test_counted_tokens_are_those_that_a_run_records(
    loaded: Loaded, name: str, computing: Computing
) -> None:
    """Items and prompt tokens of a plan equal a run's, whichever way the requests go."""
    found = counted(loaded, name, computing)

    ran = run_benchmark(
        loaded.model,
        loaded.tokenizer,
        loaded.context_length,
        MINI,
        MINI.benchmark(name),
        limit=4,
        computing=computing,
    )
    assert sum(part.computed for part in found.parts) == ran.tokens["prompt"]
    assert found.items == len(ran.columns["correct"])


def test_tokens_row_by_row_do_not_depend_on_the_way(loaded: Loaded) -> None:
    """What sharing is compared with is what the plain way computes."""
    shared, plain = (
        counted(loaded, "bbq", Computing(shared=sharing)).parts[0] for sharing in (True, False)
    )

    assert shared.plain == plain.plain == plain.computed
    assert shared.computed < plain.computed


def test_plan_reports_every_unit_and_writes_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A benchmark without data is a row with the reason, the others are counted, and nothing is measured."""
    monkeypatch.setenv("QUANTBOARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(calibration, "ENOUGH", 0.05)
    (tmp_path / "empty").mkdir()
    words = ["plan", str(MODEL_FOLDER), "--suite", "paper", "--suite", "mini", "--limit", "2"]
    words += ["--benchmarks", "truthfulqa", "--datasets", str(tmp_path / "empty"), "--json"]
    words += ["--no-efficiency", "--dtype", "float32", "--output", str(tmp_path / "runs")]

    status = main(words)

    missing, known = json.loads(capsys.readouterr().out)["units"]
    assert status == 1
    assert "truthful" in missing["problem"]
    assert known["tokens"]["computed"] < known["tokens"]["row_by_row"]
    assert known["seconds"] > 0
    assert list((tmp_path / "runs").rglob("*.json")) == []


def test_run_finds_what_was_planned(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seconds of a plan are there for a run of the same units, and for no other limit."""
    monkeypatch.setenv("QUANTBOARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(calibration, "ENOUGH", 0.05)
    units = runner.plan(
        tmp_path, [MINI], benchmarks=["truthfulqa"], efficiency=False, hardware="cpu"
    )
    settings = runner.Settings(limit=2)

    plan = planning.estimate(runner.Work("org--model/fp32", tmp_path, units), loaded, settings)

    (found,) = planning.expected(units, loaded, settings)
    (cost,) = [row.cost for row in plan.rows]
    assert found and cost and found.seconds == cost.seconds
    assert planning.expected(units, loaded, replace(settings, limit=3)) == [None]


def test_list_needs_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` names the units and their states, also of an entry whose model is nowhere."""
    folder = write_entry(tmp_path, submission())

    status = main(["plan", str(folder), "--list"])

    printed = capsys.readouterr().out.splitlines()
    assert status == 0
    assert printed[0] == "to run   mini@1/mmlu"
    assert len(printed) == len(MINI.benchmarks) + 1


# How long answers are ---------------------------------------------------------------------------


def entry(folder: Path, method: str) -> Path:
    """Write an entry's submission, as far as a plan reads it."""
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(yaml.safe_dump({"quantization": {"method": method}}))
    return folder


def put_result(folder: Path, generated: int, items: int) -> None:
    """Write a result of mini's MMLU with so many items and new tokens."""
    path = folder / "results" / MINI.label / "mmlu.json"
    path.parent.mkdir(parents=True)
    columns: dict[str, list[Any]] = {
        "answer": [0] * items,
        "correct": [True] * items,
        "flags": [0] * items,
    }
    digest = write_items(columns, path.with_suffix(".parquet"))
    record = UnitResult(
        kind="benchmark",
        entry="org--model/bf16",
        suite=MINI.label,
        benchmark="mmlu",
        status="ok",
        items="mmlu.parquet",
        items_sha256=digest,
        provenance=Provenance(command="quantboard run", tokens={"generated": generated}),
        timing=Timing(started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", seconds=1),
    )
    path.write_text(canonical_json(record))


def test_length_of_answers_comes_from_the_base(tmp_path: Path) -> None:
    """A variant without results expects answers as long as its base's, not as another variant's."""
    put_result(entry(tmp_path / "org--model" / "a-4bit", "gptq"), generated=1000, items=10)
    put_result(entry(tmp_path / "org--model" / "bf16", "none"), generated=50, items=10)
    variant = entry(tmp_path / "org--model" / "nf4", "nf4")

    (unit,) = runner.plan(variant, [MINI], benchmarks=["mmlu"], efficiency=False, hardware="cpu")

    assert planning.new_per_item(unit) == 5.0


def test_without_a_result_new_tokens_are_a_bound(loaded: Loaded) -> None:
    """Answers of unknown length count as long as they may be, and the cost says so."""
    found = counted(loaded, "mmlu", Computing())
    measured = Calibration(loaded, Computing())
    measured.rates[("texts", True, 16)] = Rates(token=0.01, new=0.1)

    bound, known = measured.cost(found, None), measured.cost(found, 2.0)

    assert (bound.at_most, known.at_most) == (True, False)
    assert known.new == 2 * found.items
    assert bound.seconds - known.seconds == pytest.approx(0.1 * (bound.new - known.new))


def test_memory_counts_the_cache_of_the_longest_path(loaded: Loaded) -> None:
    """A path of a hundred tokens more than the one that was measured takes their keys and values more."""
    measured = Calibration(loaded, Computing())
    weights = loaded.footprint.weight_bytes
    held = 100 + ON_A_CPU.block
    measured.rates[(LIKELIHOODS, True, 1)] = Rates(0.01, peak=weights + 10**7, held=held)
    part = Part(LIKELIHOODS, True, 1, 1, 300, 300, 1, 0, longest=200, sample=[])

    cost = measured.cost(Count(1, (part,), ()), None)

    assert cost.bytes == weights + 10**7 + 100 * cache_bytes_per_token(loaded)


# What a person reads ----------------------------------------------------------------------------


def test_table_has_a_row_per_unit_the_totals_and_the_reasons() -> None:
    """Every unit is in the table, a bound is marked, and each way and problem has one line."""
    rows = [
        Row("mini@1/mmlu", "to run", COST),
        Row("mini@1/bbq", "ok"),
        Row("mini@1/ptb", "failed", problem="the data set is missing"),
    ]

    lines = plan_report.lines(Plan("org--model/bf16", "cpu", 10**9, rows, []))

    table = lines[2:7]
    assert [line.split()[:2] for line in table[1:4]] == [
        ["to", "run"], ["ok", "mini@1/bbq"], ["failed", "mini@1/ptb"],
    ]  # fmt: skip
    assert "up to 10 min" in table[1]
    assert "3.7" in table[4].split()
    assert "mini@1/ptb: the data set is missing" in lines
    assert "prefix tree: sound: mini@1 mmlu" in lines


# Progress ---------------------------------------------------------------------------------------


def test_time_left_follows_the_plan_and_what_units_really_took() -> None:
    """Where the units so far took twice their estimates, those to come will, too; bounds are apart."""
    planned = [Expected(10, False), Expected(100, True), Expected(30, False), Expected(50, True)]

    assert planning.seconds_left(planned, [20.0, 10.0]) == pytest.approx(60 + 5)


def test_time_left_without_a_plan_is_that_of_a_mean_unit() -> None:
    """Two units of ten and twenty seconds let a third expect fifteen."""
    assert planning.seconds_left([None, None, None], [10.0, 20.0]) == pytest.approx(15)
