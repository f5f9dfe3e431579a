"""The texts that a board's page and its scripts draw, and how they are spread over files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sitegen import load
from sitegen.board import Board, Column, boards
from sitegen.metrics import Figure
from sitegen.pages import board as board_page
from sitegen.pages import board_data, board_rows

from tests.sitegen.large import large_site
from tests.sitegen.reading import Page

SCORE = Column("score", "Score", "%", "higher", "quality", "A mean.")


@pytest.fixture(scope="module")
def small(tree: Path) -> Board:
    """Return the board of the made-up submissions."""
    return boards(load.read(tree))[0]


def held(script: str) -> dict[str, Any]:
    """Return the data that a script assigns."""
    found: dict[str, Any] = json.loads(script.partition(" = ")[2].removesuffix(";\n"))
    return found


def test_cell_says_what_the_page_says() -> None:
    """A figure is a number and its interval; a score has the ends of its bar within the scale."""
    made = board_rows.cell(SCORE, Figure(99.0, 97.0, 101.0, note="windows of 512"))
    assert made == board_rows.Cell("99.0 ± 2.0", "windows of 512", ("99.0", "97.0", "100.0"))
    plain = replace(SCORE, key="disk", digits=2, interval=False)
    assert board_rows.cell(plain, Figure(4.2, 4.1, 4.3)) == board_rows.Cell("4.20")
    assert board_rows.cell(SCORE, Figure(-5.0)) == board_rows.Cell("−5.0", "", ("0.0",))


def test_script_holds_every_row(small: Board) -> None:
    """Texts and raw values stand by column and row; what only few have by the row's place."""
    data = held(board_data.rows_script(board_rows.drawn(small), board_data.facets(small)))
    assert data["entries"] == [row.entry.name for row in small.rows]
    assert data["columns"]["score"]["cells"][0] == "59.3 ± 1.8"
    assert data["columns"]["score"]["cells"][-1] == ""
    assert data["columns"]["score"]["values"][-1] is None
    assert list(data["commands"]) == ["8"]
    assert data["problems"]["9"][0].startswith("Every benchmark failed")
    assert data["shares"][-1] is None
    assert len(data["shares"][0]) == len(data["weighed"]) == len(small.weighed)


def test_facets_name_each_rows_value(small: Board) -> None:
    """Each row points at one option of each filter; methods stand in their usual order."""
    found = {one.name: one for one in board_data.facets(small)}
    for row, place in zip(small.rows, found["bits"].of, strict=True):
        assert found["bits"].options[place][0] == str(row.entry.submission.quantization.bits)
    assert found["method"].options[0] == ("none", "unquantized")
    assert found["family"].options[0] == ("local--tiny-llama", "local/tiny-llama")


def test_bases_are_rows_of_the_same_family(small: Board) -> None:
    """A variant points at its base's row; a base and an entry whose base has no row at none."""
    assert board_data.bases(small.rows) == [None, 0, 0, 0, 0, 0, 0, 0, None, 0]
    assert board_data.bases(small.rows[1:3]) == [None, None]
    assert board_data.bases([]) == []


def test_csv_cells_are_harmless_and_know_their_columns(small: Board) -> None:
    """The cells are the CSV file's, without what papers report, each under its group of columns."""
    row = small.rows[-1]
    hostile = replace(small, rows=[replace(row, problems=("=cmd|'/C calc'!A0",))], papers=[small])
    data = held(board_data.csv_script(hostile))
    groups = dict(zip(data["header"], data["groups"], strict=True))
    assert groups["disk_GB"] == "size"
    assert groups["mmlu_percent_low"] == "benchmarks"
    assert groups["entry"] == ""
    assert len(data["rows"]) == 1
    assert data["rows"][0][data["header"].index("problems")].startswith("'=cmd")


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (200, 1), (201, 2), (600, 3)])
def test_parts_hold_all_rows(small: Board, total: int, pages: int) -> None:
    """Rows are spread over pages of 200, each linked with its neighbours."""
    board = replace(small, rows=[small.rows[0]] * total)
    parts = board_page._parts(board, "index.html", 200)
    assert len(parts) == pages
    assert next(iter(parts)) == "index.html"
    made = list(parts.values())
    assert [part.after for part in made[:-1]] == list(parts)[1:]
    assert [part.before for part in made[1:]] == list(parts)[:-1]
    assert (made[0].before, made[-1].after) == (None, None)
    assert sum(part.last - part.first + 1 for part in made) == total


def test_papers_take_their_rows_from_the_boards(small: Board) -> None:
    """A document holds 200 rows of entries, those of papers among them; each paper gets its share."""
    paper = replace(small, rows=[small.rows[0]] * 100, paper="A paper")
    found = board_page._papers(replace(small, papers=[paper] * 3))
    assert [len(one.rows) for one in found] == [26, 26, 26]
    assert board_page._papers(small) == []


def test_widths_stay_within_the_style_sheets(small: Board) -> None:
    """However long a cell is, its column has a class that the style sheet knows."""
    long = replace(small.rows[0], figures={"score": Figure(1.0, note="x" * 500)})
    table = board_rows.drawn(replace(small, rows=[long]))
    css = Path("site/assets/board.css").read_text("utf-8")
    for head in table.heads:
        assert f".{head.column_classes.split()[0]} " in css
    assert table.heads[2].width == board_rows.WIDEST


def test_every_group_of_columns_can_be_hidden(small: Board) -> None:
    """The style sheet knows each group's box."""
    css = Path("site/assets/board.css").read_text("utf-8")
    for group in (*small.groups, *(f"hardware{place}" for place in range(64))):
        assert f".show-{group}:not(:checked)) .g-{group}" in css


def test_further_rows_have_pages_of_their_own(tmp_path: Path) -> None:
    """The home page of 300 entries holds 200 rows, a further page the rest."""
    site = large_site(300, tmp_path / "site")
    assert [one.get("scope") for one in Page(site / "index.html").all("th")].count("row") == 200
    assert (site / "suites" / "mini" / "rows" / "2" / "index.html").is_file()


def large_rows(small: Board) -> Board:
    """Return a board of 250 rows."""
    return replace(small, rows=small.rows[:1] * 250)


def test_paper_of_many_entries_is_cut(small: Board) -> None:
    """Of a paper's rows a page holds at most as many as it is told, and no ranks or dates."""
    table = board_rows.drawn_paper(large_rows(small), 200)
    assert len(table.rows) == 200
    assert {head.kind for head in table.heads} == {"entry", "number", "method", "bits"}
