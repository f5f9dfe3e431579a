"""Turn a board's rows into the texts that its page and its script both draw."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from evaluator.suites.describe import DIRECTION_WORDS
from sitegen import words
from sitegen.board import Board, Column, Row, Way
from sitegen.metrics import Figure

Kind = Literal["entry", "rank", "method", "bits", "number", "date"]
WIDE = ("entry", "date")  # their widths are the style sheet's
NARROWEST, WIDEST = 4, 40  # the widths that the style sheet knows, in characters
CLASSES: dict[Kind, str] = {"rank": "num rank", "bits": "num", "number": "num", "date": "date"}


@dataclass(frozen=True)
class Head:
    """One column of a board's page; its kind says how its cells are drawn."""

    key: str
    title: str
    way: Way
    kind: Kind
    group: str = ""
    unit: str = ""
    description: str = ""
    width: int = 0  # in characters
    fixed: bool = False  # whether readers can't hide it

    @property
    def _chosen(self) -> str:
        return f"g-{self.group}" if self.group and not self.fixed else ""

    @property
    def classes(self) -> str:
        """Return the classes of the head and of its cells."""
        return " ".join(filter(None, (CLASSES.get(self.kind), self._chosen)))

    @property
    def column_classes(self) -> str:
        """Return the classes that give the column its width and let it be hidden."""
        width = self.kind if self.kind in WIDE else self.width
        return " ".join(filter(None, (f"w-{width}", self._chosen)))


@dataclass(frozen=True)
class Cell:
    """One figure as texts.

    Attributes:
        text: the number, and after a space its 95 % interval where it has one.
        note: what sets it apart from the others in its column.
        bar: of a score, its value and the ends of its interval on a scale from 0 to 100.
    """

    text: str
    note: str = ""
    bar: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """One row with the cells of its figures by column; a column without a figure has none."""

    row: Row
    cells: dict[str, Cell]
    rank: str = ""
    tie: tuple[str, str] = ("", "")
    front: str = ""

    @property
    def classes(self) -> str:
        """Return the row's classes: how it stands, and a band for every second tie group."""
        place = self.row.place
        return f"{self.row.status} band" if place and place.group % 2 == 0 else self.row.status


@dataclass(frozen=True)
class Table:
    """A board, or a part of its rows, as a page draws it."""

    board: Board
    heads: list[Head]
    rows: list[Drawn] = field(default_factory=list)

    @property
    def groups(self) -> list[tuple[str, str, int]]:
        """Return each group of columns: name, title and number of columns."""
        found = [head.group for head in self.heads]
        return [(name, title, found.count(name)) for name, title in self.board.groups.items()]

    def chosen(self, group: str) -> bool:
        """Say whether readers choose to see a group: not a paper's hardware, which isn't the board's."""
        return not any(head.fixed for head in self.heads if head.group == group)


ENTRY = Head("entry", "Entry", "lower", "entry")
RANK = Head(
    "rank",
    "Rank",
    "lower",
    "rank",
    description="Best and worst rank that drawing the items anew leaves open, and the tie group",
)
RECIPE = (
    Head("method", "Method", "lower", "method", "size"),
    Head("bits", "Bits", "lower", "bits", "size", description="Nominal bits per weight"),
)
DATE = Head("date", "Measured", "higher", "date", description="When it was measured, and by whom")


def drawn(board: Board) -> Table:
    """Return a board of measured entries as its page and its script draw it."""
    return _table(board, [ENTRY, RANK, *_figure_heads(board), DATE], board.rows)


def drawn_paper(board: Board, most: int) -> Table:
    """Return at most so many rows of a paper's table, which has neither ranks nor dates."""
    heads = [
        replace(head, fixed=head.group.startswith("hardware")) for head in _figure_heads(board)
    ]
    return _table(board, [ENTRY, *heads], board.rows[:most])


def _table(board: Board, heads: list[Head], rows: list[Row]) -> Table:
    drawn_rows = [_row(board, row) for row in rows]
    return Table(
        board, [replace(head, width=_width(head, drawn_rows)) for head in heads], drawn_rows
    )


def _width(head: Head, rows: list[Drawn]) -> int:
    """Return the characters that a column needs, so that a browser needn't look at every cell first."""
    needed = max((_needed(head, one) for one in rows), default=0)
    titles = max(0.93 * len(head.title) + 0.5, 0.75 * len(head.unit))
    return min(max(math.ceil(max(needed, titles)), NARROWEST), WIDEST)


def _needed(head: Head, one: Drawn) -> float:
    """Return about how wide a cell is in characters; intervals and notes are set smaller."""
    if head.kind == "method":
        return 0.87 * len(words.method_title(one.row.entry.submission.quantization.method))
    if head.kind == "rank":
        return max(len(one.rank), 0.8 * len(one.tie[0]))
    found = one.cells.get(head.key)
    if found is None:
        return 0
    number, _, spread = found.text.partition(" ")
    narrow = 0.45 * sum(letter in ".," for letter in number)
    return max(
        len(number) - narrow + (0.75 * len(spread) + 0.2 if spread else 0),
        0.75 * len(found.note),
    )


def _figure_heads(board: Board) -> list[Head]:
    heads: list[Head] = []
    for group in board.groups:
        heads += RECIPE if group == "size" else ()
        heads += [_head(one) for one in board.columns if one.group == group]
    return heads


def _head(column: Column) -> Head:
    text = f"{column.description} ({DIRECTION_WORDS[column.direction]})"
    return Head(
        column.key, column.title, column.direction, "number", column.group, column.unit, text
    )


def _row(board: Board, row: Row) -> Drawn:
    cells = {}
    for column in board.columns:
        shown = row.figures.get(column.key)
        if shown:
            cells[column.key] = cell(column, shown)
        elif board.hardware_of(column) in row.failures:
            cells[column.key] = Cell("failed")  # the entry's page says why
    place = row.place
    if place is None:
        return Drawn(row, cells)
    tied = place.tied > 1
    tie = f"{'tie' if tied else 'group'} {place.group}", f", {place.tied} entries" if tied else ""
    return Drawn(row, cells, words.rank(place), tie, words.front(row.fronts, board.hardware))


def cell(column: Column, shown: Figure) -> Cell:
    """Return a figure of a column as texts."""
    text = words.number(shown.value, column.digits)
    spread = words.spread(shown, column.digits) if column.interval else ""
    bar = _bar(shown) if column.key == "score" else ()
    return Cell(f"{text} {spread}".rstrip(), shown.note, bar)


def _bar(shown: Figure) -> tuple[str, ...]:
    ends = (shown.value, shown.low, shown.high)
    return tuple(f"{min(max(one, 0.0), 100.0):.1f}" for one in ends if one is not None)
