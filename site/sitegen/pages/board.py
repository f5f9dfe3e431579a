"""Make each suite's board: the table, its filters, its charts, and the scripts that hold all its rows."""

import hashlib
from dataclasses import dataclass, replace

from markupsafe import Markup

from sitegen import downloads, tables
from sitegen.board import Board
from sitegen.charts import board as board_charts
from sitegen.contents import Contents
from sitegen.machines import metadata
from sitegen.pages import board_data, board_rows, drawings
from sitegen.pages.board_rows import Table
from sitegen.pages.writer import Pages

SHOWN_GROUPS = ("size", "quality", "hardware0")
MOST_ROWS = 200  # in one document
PAPER_ROWS = 80  # of these at most, for all papers together
LAID_OUT = 40  # at once; the others when the reader first moves


@dataclass(frozen=True)
class Part:
    """A part of a board's rows on a page of its own: which ones, and where its neighbours are."""

    first: int
    last: int
    total: int
    before: str | None = None
    after: str | None = None


def make(pages: Pages, site: Contents) -> None:
    """Add the page of every board; where nothing was measured, a home page that says so."""
    for table, tab in zip(site.boards, site.tabs, strict=True):
        _board(pages, site, table, tab.path)
    if not site.boards:
        _empty(pages, site)


def _board(pages: Pages, site: Contents, board: Board, path: str) -> None:
    disk = board.unit("disk")
    figures = board_charts.figures(tables.points(board), disk)
    table = board_rows.drawn(board)
    facets = board_data.facets(board)
    papers = _papers(board)
    step = MOST_ROWS - sum(len(one.rows) for one in papers)
    parts = _parts(board, path, step)
    name = board.suite.name
    pages.render(
        path,
        "board.html",
        title=f"quantboard: {board.suite.title}"
        if len(site.tabs) > 1
        else "quantboard: quantized language models",
        description="A leaderboard of quantized language models: quality, alignment and efficiency.",
        section="Board",
        board=board,
        table=replace(table, rows=table.rows[:step]),
        step=step,
        laid_out=LAID_OUT,
        part=next(iter(parts.values())),
        papers=papers,
        tabs=site.tabs,
        facets=[one for one in facets if len(one.options) > 1],
        disk_unit=disk if any("disk" in row.figures for row in board.rows) else None,
        shown_groups=SHOWN_GROUPS,
        charts=list(drawings.add(pages, f"assets/charts-{name}.js", figures).values()),
        csv=site.csv_path(board),
        rows_script=_script(pages, f"board-{name}", board_data.rows_script(table, facets)),
        csv_script=_script(pages, f"csv-{name}", board_data.csv_script(board)),
        dataset=_dataset(site) if path == "index.html" else None,
    )
    for place, (own, part) in enumerate(parts.items()):
        if place:
            _further(pages, table, own, part, path)


def _dataset(site: Contents) -> Markup:
    text = downloads.script_json(metadata.dataset(site))
    return Markup(text)  # noqa: S704  it holds no character that markup needs


def _script(pages: Pages, name: str, text: str) -> str:
    """Add a script, and return its path, which changes with it: an older page finds none, no other rows."""
    path = f"assets/{name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"
    pages.add(path, text)
    return path


def _papers(board: Board) -> list[Table]:
    """Return the papers' tables, each with its share of the rows that papers get."""
    most = PAPER_ROWS // max(len(board.papers), 1)
    return [board_rows.drawn_paper(one, max(most, 1)) for one in board.papers]


def _parts(board: Board, path: str, step: int) -> dict[str, Part]:
    """Return the parts of a board by page: the board itself, then those that hold further rows."""
    total = len(board.rows)
    starts = range(0, max(total, 1), step)
    paths = [f"suites/{board.suite.name}/rows/{n}/index.html" for n in range(1, len(starts) + 1)]
    paths[0] = path
    return {
        own: Part(start + 1, min(start + step, total), total, before, after)
        for own, start, before, after in zip(
            paths, starts, [None, *paths[:-1]], [*paths[1:], None], strict=True
        )
    }


def _further(pages: Pages, table: Table, path: str, part: Part, board_path: str) -> None:
    rows = f"Entries {part.first:,} to {part.last:,} of {part.total:,}"
    pages.render(
        path,
        "board_rows.html",
        title=f"{table.board.suite.title}: {rows[0].lower()}{rows[1:]}",
        description=f"{rows} on the board of suite {table.board.suite.label}.",
        section="Board",
        board=table.board,
        board_path=board_path,
        heading=rows,
        table=replace(table, rows=table.rows[part.first - 1 : part.last]),
        part=part,
        shown_groups=SHOWN_GROUPS,
    )


def _empty(pages: Pages, site: Contents) -> None:
    pages.render(
        "index.html",
        "empty.html",
        title="quantboard",
        description="A leaderboard of quantized language models.",
        section="Board",
        waiting=site.data.entries,
    )
