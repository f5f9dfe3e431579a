"""Make each suite's board: the table, its filters and its charts."""

from markupsafe import Markup

from sitegen import downloads, tables, words
from sitegen.board import Board
from sitegen.charts import board as board_charts
from sitegen.contents import Contents
from sitegen.machines import metadata
from sitegen.pages import drawings
from sitegen.pages.writer import Pages

SHOWN_GROUPS = ("size", "quality", "hardware0")


def make(pages: Pages, site: Contents) -> None:
    """Add the page of every board; where nothing was measured, a home page that says so."""
    for table, tab in zip(site.boards, site.tabs, strict=True):
        _board(pages, site, table, tab.path)
    if not site.boards:
        _empty(pages, site)


def _board(pages: Pages, site: Contents, table: Board, path: str) -> None:
    disk = next(column.unit for column in table.columns if column.key == "disk")
    figures = board_charts.figures(tables.points(table), disk)
    pages.render(
        path,
        "board.html",
        title=f"quantboard: {table.suite.title}"
        if len(site.tabs) > 1
        else "quantboard: quantized language models",
        description="A leaderboard of quantized language models: quality, alignment and efficiency.",
        section="Board",
        board=table,
        tabs=site.tabs,
        choices=_choices(table),
        shown_groups=SHOWN_GROUPS,
        charts=drawings.add(pages, f"assets/charts-{table.suite.name}.js", figures),
        csv=site.csv_path(table),
        dataset=_dataset(site) if path == "index.html" else None,
    )


def _dataset(site: Contents) -> Markup:
    text = downloads.script_json(metadata.dataset(site))
    return Markup(text)  # noqa: S704  it holds no character that markup needs


def _choices(table: Board) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the filters: name, label, and value with text of each option that some row has."""
    entries = [row.entry for row in table.rows]
    families = sorted({entry.family for entry in entries})
    used = {entry.submission.quantization.method for entry in entries}
    methods = [method for method in words.METHOD_TITLES if method in used]
    bits = sorted({entry.submission.quantization.bits for entry in entries})
    return [
        ("family", "Model", [(one, one.replace("--", "/", 1)) for one in families]),
        ("method", "Method", [(one, words.method_title(one)) for one in methods]),
        ("bits", "Bits", [(str(one), str(one)) for one in bits]),
    ]


def _empty(pages: Pages, site: Contents) -> None:
    pages.render(
        "index.html",
        "empty.html",
        title="quantboard",
        description="A leaderboard of quantized language models.",
        section="Board",
        waiting=site.data.entries,
    )
