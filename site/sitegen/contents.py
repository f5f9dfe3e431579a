"""Hold what the pages are made from: the data, each suite's board, and where the boards stand."""

from dataclasses import dataclass, replace

from evaluator.suites.definitions import Suite
from sitegen.board import Board, boards
from sitegen.load import Data, SiteEntry


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

    def board_path(self, table: Board) -> str:
        """Return where a board's page stands."""
        return next(tab.path for tab in self.tabs if tab.suite.name == table.suite.name)

    def csv_path(self, table: Board) -> str:
        """Return where a board's CSV file stands."""
        first = table.suite.name == self.boards[0].suite.name
        return "leaderboard.csv" if first else f"suites/{table.suite.name}/leaderboard.csv"

    def beside(self, entry: SiteEntry) -> list[Board]:
        """Return the tables that an entry may stand in, one at most for each suite."""
        return [found for table in self.boards if (found := table.beside(entry))]

    @property
    def families(self) -> list[str]:
        """Return the folders of all families, sorted."""
        return sorted({entry.family for entry in self.data.entries})

    def of_family(self, family: str) -> "Contents":
        """Return the part that a family's own pages are made from."""
        entries = tuple(one for one in self.data.entries if one.family == family)
        return Contents(Data(entries), [_cut(table, family) for table in self.boards])


def _cut(table: Board, family: str) -> Board:
    rows = [row for row in table.rows if row.entry.family == family]
    return replace(table, rows=rows, papers=[_cut(one, family) for one in table.papers])


def contents(data: Data) -> Contents:
    """Return what the pages of some data are made from."""
    return Contents(data, boards(data))
