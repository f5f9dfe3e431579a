"""Know where an entry stands on each board, looked up once for all entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitegen import words
from sitegen.board import Board, Row
from sitegen.metrics import Figure


@dataclass(frozen=True)
class Standing:
    """An entry's row in a suite's table, or in that of the paper that reports it."""

    table: Board
    row: Row

    @property
    def score(self) -> Figure | None:
        """Return the score in percent."""
        return self.row.figures.get("score")

    @property
    def retention(self) -> Figure | None:
        """Return the score in percent of the base's."""
        return self.row.figures.get("retention")


Standings = Mapping[str, Sequence[Standing]]


def standings(boards: Sequence[Board]) -> dict[str, list[Standing]]:
    """Return each entry's rows by its name, in the order of the boards; the first is the one to show."""
    found: dict[str, list[Standing]] = {}
    for board in boards:
        for table in (board, *board.papers):
            for row in table.rows:
                found.setdefault(row.entry.name, []).append(Standing(table, row))
    return found


def with_spread(shown: Figure) -> str:
    """Return a figure in percent with its interval, such as `71.2 ± 0.8 %`."""
    return " ".join(filter(None, (words.number(shown.value), words.spread(shown), "%")))
