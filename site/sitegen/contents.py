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
        url: the site's own address with a slash at its end; None where it isn't known.
    """

    data: Data
    boards: list[Board]
    url: str | None = None

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
        return self.download_path(table, "csv")

    def download_path(self, table: Board, ending: str) -> str:
        """Return where a board's file of some kind stands."""
        first = table.suite.name == self.boards[0].suite.name
        folder = "" if first else f"suites/{table.suite.name}/"
        return f"{folder}leaderboard.{ending}"

    def boards_by_family(self) -> dict[str, list[Board]]:
        """Return for each family all boards with its rows alone."""
        cut = [one.by_family(self.data.families) for one in self.boards]
        return {name: [one[name] for one in cut] for name in self.data.families}

    def beside(self, entry: SiteEntry) -> list[Board]:
        """Return the tables that an entry may stand in, one at most for each suite."""
        return [found for table in self.boards if (found := table.beside(entry))]

    def of_family(self, family: str) -> "Contents":
        """Return the part that a family's own pages are made from."""
        return Contents(self.data.of_family(family), self.boards_by_family()[family], self.url)


def contents(data: Data, url: str | None = None) -> Contents:
    """Return what the pages of some data are made from, at an address that is already checked."""
    return Contents(data, boards(data), url)
