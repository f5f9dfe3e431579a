"""Probes: another driver or engine, a failure, another source than the benchmarks'."""

import json
from pathlib import Path
from typing import Any

import pytest
from sitegen import glance, load
from sitegen.board import Board, Row, boards
from sitegen.entries import slim
from sitegen.findings import points
from sitegen.load import Data
from sitegen.pages import board_rows

from evaluator.ledger import LEDGER, file_digest
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.examples import RECIPES, add_entry

BASE, FAST, OTHER = "bf16", "awq-4bit-g128", "gptq-4bit-g128"


def probed(folder: Path, **changed: Any) -> None:
    """Change fields of the one probe of an entry; those of its provenance by name."""
    file = next(folder.glob("results/efficiency/*/*.json"))
    result = json.loads(file.read_text("utf-8"))
    for name, value in changed.items():
        (result["provenance"] if name in ("hardware", "packages") else result)[name] = value
    if result["status"] == "failed":
        result["metrics"] = {}
    file.write_text(json.dumps(result), "utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a base, and two variants of which the faster ran under another driver."""
    for recipe in (RECIPES[0], RECIPES[4], RECIPES[7]):
        folder = add_entry(tmp_path, recipe)
        driver = "535.54" if folder.name == FAST else "550.90"
        probed(folder, hardware={"driver": driver}, packages={"torch": "2.13.0"})
    return tmp_path


def table_of(tree: Path) -> Board:
    """Return the board as the build makes it, from slim entries."""
    data = load.read(tree)
    known = {("", name): data.statistics(one[0]) for name, one in data.families.items()}
    return boards(Data(tuple(map(slim, data.entries)), known=known))[0]


def rows_of(table: Board) -> dict[str, Row]:
    """Return a board's rows by variant."""
    return {row.entry.variant: row for row in table.rows}


def test_another_driver_is_told_and_stands_on_no_front(tree: Path) -> None:
    """Speed and memory say what differs from most entries; nobody is beaten by such a speed."""
    rows = rows_of(table_of(tree))
    assert rows[FAST].figures["speed0"].note == "driver 535.54"
    assert rows[FAST].figures["peak0"].note == "driver 535.54"
    assert rows[OTHER].figures["speed0"].note == ""
    assert "speed0" not in rows[FAST].fronts
    assert rows[OTHER].fronts["speed0"]
    assert "size" in rows[FAST].fronts


def test_no_ratio_across_drivers(tree: Path) -> None:
    """Beside the base stands what differs instead of a ratio; sizes compare all the same."""
    table = table_of(tree)
    rows = rows_of(table)
    sizes, machine = dict(glance.ratios(table, rows[FAST], rows[BASE])).values()
    assert all(one.times for one in sizes)
    assert {one.times for one in machine} == {None}
    assert {one.refusal for one in machine} == {"not comparable: driver 535.54"}
    _, same = dict(glance.ratios(table, rows[OTHER], rows[BASE])).values()
    assert all(one.times and not one.refusal for one in same)


def test_findings_leave_other_drivers_out(tree: Path) -> None:
    """What isn't comparable has neither speed nor memory beside its base's."""
    found = points.points(table_of(tree)).set_index("variant")
    assert found.loc[FAST, ["speed", "memory"]].isna().all()
    assert found.loc[OTHER, ["speed", "memory"]].notna().all()


def test_an_engine_that_is_not_recorded_is_not_the_same(tree: Path) -> None:
    """A probe that doesn't say its torch can't be laid beside one that does."""
    folder = next(tree.glob(f"*/{OTHER}"))
    probed(folder, packages={})
    assert rows_of(table_of(tree))[OTHER].figures["speed0"].note == "torch not recorded"


def test_a_failed_probe_is_told_in_a_ranked_row(tree: Path) -> None:
    """The row stays ranked, says `failed` where a speed would stand, and why in files, in bounded length."""
    folder = next(tree.glob(f"*/{OTHER}"))
    probed(folder, status="failed", reason="out of memory " * 1_000)
    row = rows_of(table_of(tree))[OTHER]
    assert row.status == "ranked"
    assert "speed0" not in row.figures
    assert row.problems == ()
    assert len(row.told) == 1
    assert row.told[0].startswith(f"Efficiency on {examples.HARDWARE} failed: out of memory")
    assert len(row.told[0]) < 500
    drawn = {one.row.entry.variant: one for one in board_rows.drawn(table_of(tree)).rows}
    assert drawn[OTHER].cells["speed0"].text == drawn[OTHER].cells["peak0"].text == "failed"


def test_the_least_trusted_of_benchmarks_and_probes_is_told(tree: Path) -> None:
    """Verified benchmarks with a probe of the submitter's make a self-reported row."""
    files = sorted(next(tree.glob(f"*/{OTHER}")).glob("results/mini@1/*.json"))
    lines = [f"{file_digest(file)}  {file.relative_to(tree).as_posix()}" for file in files]
    (tree / LEDGER).write_text("\n".join(lines) + "\n", "utf-8")
    row = rows_of(table_of(tree))[OTHER]
    assert {one.source for one in row.entry.own(load_suite("mini")).values()} == {"verified"}
    assert row.source == "self-reported"
