"""Hold what the pages are made from: the data, each suite's board, and where the boards stand."""

from dataclasses import dataclass

from evaluator.suites.definitions import Suite
from sitegen.board import Board, boards
from sitegen.entries import SiteEntry
from sitegen.load import Data


@dataclass(frozen=True)
class Tab:
    """A suite's board and where its page is."""

    suite: Suite
    path: str


@dataclass(frozen=True)
class Contents:
    """Everything that pages of more than one family are made from.

    Attributes:
        data: the entries.
        boards: a table for each suite that has results; the first is the home page's.
    """

    data: Data
    boards: list[Board]

    @property
    def tabs(self) -> list[Tab]:
        """Return each board's suite and page."""
        return [
            Tab(one.suite, f"suites/{one.suite.name}/index.html" if place else "index.html")
            for place, one in enumerate(self.boards)
        ]

    def csv_path(self, table: Board) -> str:
        """Return where a board's CSV file stands."""
        first = table.suite.name == self.boards[0].suite.name
        return "leaderboard.csv" if first else f"suites/{table.suite.name}/leaderboard.csv"

    def beside(self, entry: SiteEntry) -> list[Board]:
        """Return the tables that an entry may stand in, one at most for each suite."""
        return [found for table in self.boards if (found := table.beside(entry))]


def contents(data: Data) -> Contents:
    """Return what the pages of some data are made from."""
    return Contents(data, boards(data))
