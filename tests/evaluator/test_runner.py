"""Test planning and resuming, on result files alone."""

from pathlib import Path

import pytest

from evaluator import runner
from evaluator.errors import InputError, ResultError
from evaluator.results import (
    Metric,
    Provenance,
    Status,
    Timing,
    UnitResult,
    canonical_json,
    comparable,
)
from evaluator.runner import Settings, Unit
from evaluator.suites.definitions import load_suite

ENTRY = "org--model/bf16"


def result(status: Status = "ok", **more: object) -> UnitResult:
    """Return a small result of MMLU."""
    record = {
        "kind": "benchmark",
        "entry": ENTRY,
        "suite": load_suite("paper").label,
        "benchmark": "mmlu",
        "status": status,
        "reason": "it broke" if status == "failed" else None,
        "provenance": Provenance(command="quantboard run"),
        "timing": Timing(
            started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", seconds=1
        ),
    }
    return UnitResult.model_validate({**record, **more})


def units(folder: Path, *, benchmarks: list[str] | None = None) -> list[Unit]:
    """Return the units of suite `paper` in a folder."""
    return runner.plan(
        folder, [load_suite("paper")], benchmarks=benchmarks, efficiency=True, hardware="cpu"
    )


def put(path: Path, record: UnitResult) -> None:
    """Write a result where a unit expects it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canonical_json(record))


def test_plan_names_every_benchmark_and_one_probe(tmp_path: Path) -> None:
    """A suite's plan is its benchmarks, in order, and the efficiency probe."""
    names = [unit.name for unit in units(tmp_path)]

    expected = [benchmark.name for benchmark in load_suite("paper").benchmarks]
    assert [*expected, "decode-256-512"] == names


def test_unknown_benchmark_is_named_with_the_known_ones(tmp_path: Path) -> None:
    """A mistyped benchmark stops the run with the list to choose from."""
    with pytest.raises(InputError, match=r"has a benchmark nmlu; choose from .*mmlu"):
        units(tmp_path, benchmarks=["nmlu"])


def test_done_unit_does_not_run_again(tmp_path: Path) -> None:
    """A unit whose file says ok is left out."""
    (unit, *others) = units(tmp_path, benchmarks=["mmlu"])
    put(unit.path, result())

    assert others == runner.pending([unit, *others], Settings())


def test_failed_unit_runs_again_unless_kept(tmp_path: Path) -> None:
    """A failed unit is tried again by default, and left alone with keep_failed."""
    unit = units(tmp_path, benchmarks=["mmlu"])[0]
    put(unit.path, result("failed"))

    assert runner.pending([unit], Settings()) == [unit]
    assert runner.pending([unit], Settings(keep_failed=True)) == []


def test_rerun_writes_beside_the_first_file(tmp_path: Path) -> None:
    """A unit that is run again on purpose gets a new file, which names the one it supersedes."""
    unit = units(tmp_path, benchmarks=["mmlu"])[0]
    put(unit.path, result())

    (again,) = runner.pending([unit], Settings(rerun="a scorer was wrong"))

    assert (again.path.name, again.supersedes) == ("mmlu.2.json", unit.path)


def test_newest_counts_by_number(tmp_path: Path) -> None:
    """The tenth file is newer than the second."""
    unit = units(tmp_path, benchmarks=["mmlu"])[0]
    for name in ("mmlu.json", "mmlu.2.json", "mmlu.10.json", "mmlu_other.json"):
        put(unit.path.with_name(name), result())

    newest = runner.newest(unit.path)

    assert newest is not None
    assert newest.name == "mmlu.10.json"


def test_half_written_result_stops_the_run(tmp_path: Path) -> None:
    """A result file that was cut is never taken for a result."""
    unit = units(tmp_path, benchmarks=["mmlu"])[0]
    put(unit.path, result())
    unit.path.write_text(unit.path.read_text()[:100])

    with pytest.raises(ResultError, match="delete it and run the unit again"):
        runner.pending([unit], Settings())


def test_comparable_leaves_out_times_and_timed_figures() -> None:
    """Two runs agree when they differ only in times and timed measurements."""
    first = result(metrics={"speed": Metric(value=1.0, raw=[1.0]), "bytes": Metric(value=5)})
    second = result(
        metrics={"speed": Metric(value=2.0, raw=[2.0]), "bytes": Metric(value=5)},
        timing=Timing(started="2026-01-02T00:00:00Z", finished="2026-01-02T00:00:09Z", seconds=9),
    )

    assert comparable(first) == comparable(second)


def test_reproducing_command_names_benchmark_and_limit(tmp_path: Path) -> None:
    """The command in a result runs that unit alone, with the same limit."""
    unit = units(tmp_path, benchmarks=["mmlu"])[0]

    command = runner.reproducing_command(unit, ENTRY, Settings(limit=5))

    assert command == (
        "quantboard run org--model/bf16 --suite paper --benchmarks mmlu --no-efficiency --limit 5"
    )
