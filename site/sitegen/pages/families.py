"""Make the list of families, in pages of at most 200."""

from typing import Any

from sitegen.board import Board, Row
from sitegen.contents import Contents
from sitegen.family_pairs import MEMORY, smallest
from sitegen.family_sentences import base_of
from sitegen.load import Data
from sitegen.pages.writer import Pages

LONGEST = 200  # rows of a table
NEAR = 1.0  # points of the score


def make(pages: Pages, site: Contents) -> None:
    """Add the list: a page at least, so that links to it hold."""
    table = site.boards[0] if site.boards else None
    lines = _lines(site, table)
    parts = [lines[start : start + LONGEST] for start in range(0, max(len(lines), 1), LONGEST)]
    paths = [_path(number) for number in range(len(parts))]
    disk = table.unit("disk") if table else ""
    for number, part in enumerate(parts):
        pages.render(
            paths[number],
            "families.html",
            title="Models" if not number else f"Models, page {number + 1}",
            description="Every base model on the board, with its quantized variants.",
            section="Models",
            lines=part,
            paths=paths,
            number=number,
            total=len(lines),
            suite=table.suite if table else None,
            disk_unit=disk,
            near=NEAR,
        )


def _path(number: int) -> str:
    return f"families/page-{number + 1}/index.html" if number else "families/index.html"


def _lines(site: Contents, table: Board | None) -> list[dict[str, Any]]:
    """Return a line for each family: its entries, its base's score, its smallest variant near the base."""
    families = site.data.families
    tables = table.by_family(families) if table else {}
    rows = {name: one.rows for name, one in tables.items()}
    return [
        {
            "family": family,
            "count": sum(one.paper is None for one in entries),
            "reported": sum(one.paper is not None for one in entries),
            "base": base_of(rows.get(family, [])) or _reported_base(tables.get(family)),
            "near": _near(site.data, rows.get(family, [])),
        }
        for family, entries in families.items()
    ]


def _reported_base(table: Board | None) -> Row | None:
    """Return the base of a family as the first paper reports it."""
    rows = [row for paper in table.papers for row in paper.rows] if table else []
    return next((row for row in rows if row.entry.is_base and "score" in row.figures), None)


def _near(data: Data, rows: list[Row]) -> dict[str, Any] | None:
    """Return the smallest ranked variant whose score is within a point of its base's, and by what."""
    scores = {row.entry.name: row.figures["score"].value for row in rows if row.status == "ranked"}
    found = [
        row
        for row in rows
        if row.status == "ranked"
        and (base := data.base_of(row.entry))
        and base.name in scores
        and row.figures["score"].value >= scores[base.name] - NEAR
    ]
    least = smallest(found)
    return {"row": least[0], "by_memory": least[1] == MEMORY} if least else None
