"""The board: which rows stand where, and what they say."""

from pathlib import Path

import pytest
from sitegen import load
from sitegen.board import Board, Row, boards

from evaluator.errors import InputError, ResultError
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.examples import RECIPES, add_entry


def rows(root: Path) -> dict[str, Row]:
    """Return the rows of the first board by entry."""
    return {row.entry.name: row for row in boards(load.read(root))[0].rows}


def test_every_entry_with_results_has_a_row(tree: Path) -> None:
    """Nothing is left out: ranked, unranked and failed entries are all rows."""
    statuses = [row.status for row in boards(load.read(tree))[0].rows]
    assert statuses == ["ranked"] * 8 + ["unranked", "failed"]


def test_ranked_rows_fall_by_score(tree: Path) -> None:
    """The order is the score's."""
    scores = [row.figures["score"].value for row in boards(load.read(tree))[0].rows[:8]]
    assert scores == sorted(scores, reverse=True)


def test_entry_without_base_names_the_command(tree: Path) -> None:
    """An entry whose base has no entry is unranked and says what to run."""
    row = rows(tree)["org--no-base-7B/gptq-4bit-g128"]
    assert row.place is None
    assert row.command == "quantboard run org/no-base-7B --suite mini"


def test_base_without_results_names_the_command(tmp_path: Path) -> None:
    """An entry whose base lacks results of the suite says how to run the base."""
    add_entry(tmp_path, RECIPES[4])
    examples.write_submission(tmp_path, examples.submission(RECIPES[0]))
    row = rows(tmp_path)["local--tiny-llama/gptq-4bit-g128"]
    assert row.status == "unranked"
    assert row.command == "quantboard run local--tiny-llama/bf16 --suite mini"


def test_failure_keeps_its_reason(tree: Path) -> None:
    """A failed entry's row says why, once for all benchmarks."""
    problems = rows(tree)["local--tiny-llama/gptq-3bit-g128-again"].problems
    assert len(problems) == 1
    assert problems[0].startswith("Every benchmark failed: CUDA out of memory.")


def test_incomplete_entry_is_unranked(tmp_path: Path) -> None:
    """An entry that lacks a benchmark is unranked and says which."""
    folder = add_entry(tmp_path, RECIPES[0])
    (folder / "results" / "mini@1" / "mmlu.json").unlink()
    row = rows(tmp_path)["local--tiny-llama/bf16"]
    assert row.status == "unranked"
    assert "MMLU" in row.problems[0]
    assert "score" not in row.figures


def test_later_file_supersedes(tmp_path: Path) -> None:
    """The second file of a unit counts, and the first stays known."""
    folder = add_entry(tmp_path, RECIPES[0])
    name = "local--tiny-llama/bf16"
    again = examples.benchmark_result(name, RECIPES[6], load_suite("mini").benchmark("gsm8k"))
    again = again.model_copy(
        update={"supersedes": "gsm8k.json", "supersedes_reason": "wrong dtype"}
    )
    before = rows(tmp_path)[name].figures["gsm8k"].value
    examples.write_result(folder, again, number=2)
    row = rows(tmp_path)[name]
    assert row.figures["gsm8k"].value < before
    assert [one.path for one in row.entry.superseded] == [f"{name}/results/mini@1/gsm8k.json"]


def test_suites_have_boards_of_their_own(tmp_path: Path) -> None:
    """A ranked suite comes first and the embedded one last; they share no row."""
    for suite in ("mini", "paper"):
        add_entry(tmp_path / suite, RECIPES[0], suite=suite)
    merged = tmp_path / "merged"
    add_entry(merged, RECIPES[0], suite="mini")
    add_entry(merged, RECIPES[1], suite="paper")
    found: list[Board] = boards(load.read(merged))
    assert [table.suite.name for table in found] == ["paper", "mini"]
    assert [len(table.rows) for table in found] == [1, 1]


def test_each_hardware_has_columns_of_its_own(tmp_path: Path) -> None:
    """Speed on two machines never stands in one column."""
    folder = add_entry(tmp_path, RECIPES[0])
    name = "local--tiny-llama/bf16"
    examples.write_result(folder, examples.probe_result(name, RECIPES[6], hardware="cpu-4-core"))
    figures = rows(tmp_path)[name].figures
    assert {figures["speed0"].value, figures["speed1"].value} == {61.0, 52.9}


def test_base_in_the_same_dtype_is_preferred(tree: Path) -> None:
    """A quantized entry is compared with its family's baseline; a baseline with nothing."""
    data = load.read(tree)
    by_name = {entry.name: entry for entry in data.entries}
    base = data.base_of(by_name["local--tiny-llama/awq-4bit-g128"])
    assert base is by_name["local--tiny-llama/bf16"]
    assert data.base_of(base) is None


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    """A wrong --submissions says what to change."""
    with pytest.raises(InputError, match="--submissions"):
        load.read(tmp_path / "nowhere")


def test_half_a_result_stops_the_build(tmp_path: Path) -> None:
    """A result file that was cut is named, not skipped."""
    folder = add_entry(tmp_path, RECIPES[0])
    path = folder / "results" / "mini@1" / "mmlu.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(ResultError, match=r"mmlu\.json"):
        load.read(tmp_path)
