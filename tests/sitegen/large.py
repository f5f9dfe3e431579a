"""Make boards of any number of rows without measuring anything: rows of a small board, varied by place."""

from dataclasses import replace
from pathlib import Path

from sitegen import load
from sitegen.board import Board, Row, boards
from sitegen.contents import Contents
from sitegen.load import Data
from sitegen.metrics import Figure
from sitegen.places import Place

from tests.sitegen import examples
from tests.sitegen.first_load import write_boards

LICENCES = ("Apache-2.0", "mit", "llama3.1", "gemma")


def large_board(total: int, folder: Path) -> Board:
    """Return a board of so many rows, each family with a base and seven variants."""
    small = boards(load.read(examples.full_tree(folder)))[0]
    rows = [_varied(row, place) for place, row in enumerate(_repeated(small, total))]
    rows.sort(key=lambda row: -row.figures["score"].value)
    return replace(small, rows=[_placed(row, at) for at, row in enumerate(rows)])


def _repeated(small: Board, total: int) -> list[Row]:
    ranked = [row for row in small.rows if row.status == "ranked"]
    return [ranked[place % len(ranked)] for place in range(total)]


def _varied(row: Row, place: int) -> Row:
    family = f"org-{place // 8 % 40}--model-{place // 8}"
    entry = replace(
        row.entry,
        name=f"{family}/{row.entry.variant}",
        family=family,
        submission=row.entry.submission.model_copy(
            update={"license": LICENCES[place // 8 % len(LICENCES)]}
        ),
    )
    factor = 0.5 + (place * 7919 % 1000) / 1000
    figures = {key: _scaled(one, factor) for key, one in row.figures.items()}
    return replace(row, entry=entry, figures=figures)


def _scaled(shown: Figure, factor: float) -> Figure:
    low, high = (one and one * factor for one in (shown.low, shown.high))
    return replace(shown, value=shown.value * factor, low=low, high=high)


def _placed(row: Row, at: int) -> Row:
    return replace(row, place=Place(best=max(at - 3, 1), worst=at + 5, group=at // 6 + 1, tied=6))


def large_site(total: int, folder: Path) -> Path:
    """Write the pages of such a board with their styles and scripts; links to other pages lead nowhere."""
    folder.mkdir(parents=True)
    site = Contents(Data(()), [large_board(total, folder / "submissions")])
    write_boards(folder / "_site", site)
    return folder / "_site"
