"""Make a page for each quantization method, and the list of them."""

from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from sitegen import tables, words
from sitegen.board import Board, Row
from sitegen.charts import method as charts
from sitegen.contents import Contents
from sitegen.pages import drawings
from sitegen.pages.writer import Pages
from sitegen.render import method_path

LONGEST = 200  # rows of a table
SHOWN_GROUPS = ("size", "quality", "hardware0")
PAPERS = {
    "llm.int8": ("Dettmers et al. 2022, LLM.int8()", "2208.07339"),
    "nf4": ("Dettmers et al. 2023, QLoRA", "2305.14314"),
    "gptq": ("Frantar et al. 2023, GPTQ", "2210.17323"),
    "awq": ("Lin et al. 2024, AWQ", "2306.00978"),
    "spqr": ("Dettmers et al. 2024, SpQR", "2306.03078"),
}


@dataclass(frozen=True)
class Kept:
    """What entries of one bit width keep of their bases' scores.

    Attributes:
        entries: how many.
        median: of their retention, in percent.
        open: how many of them can't be told from their base: their interval reaches 100 %.
        intervals: how many have an interval at all.
    """

    bits: int
    entries: int
    median: float
    open: int
    intervals: int


def make(pages: Pages, site: Contents) -> None:
    """Add the pages."""
    listed = [_make(pages, site, method) for method in words.METHOD_TEXTS]
    pages.render(
        "methods/index.html",
        "methods.html",
        title="Methods",
        description="Quantization methods on the board.",
        section="Methods",
        methods=listed,
        suite=site.boards[0].suite if site.boards else None,
    )


def _make(pages: Pages, site: Contents, method: str) -> dict[str, Any]:
    """Add one method's page, and return its line of the list."""
    parts = [part for whole in site.boards for part in _parts(site, whole, method)]
    listed = [part["figure"] for part in parts if part["figure"]]
    path = method_path(method)
    drawn = drawings.add(pages, path.replace("index.html", "charts.js"), listed)
    for part in parts:
        part["chart"] = drawn.get(part["key"])
    entries = [one for one in site.data.entries if one.submission.quantization.method == method]
    reported = sum(one.paper is not None for one in entries)
    text = words.METHOD_TEXTS[method]
    pages.render(
        path,
        "method.html",
        title=words.method_title(method),
        description=text,
        section="Methods",
        method=method,
        text=text,
        paper=PAPERS.get(method),
        parts=parts,
        longest=LONGEST,
    )
    return {
        "method": method,
        "text": text,
        "count": len(entries) - reported,
        "reported": reported,
        "kept": next((one["kept"] for one in parts if one["home"]), []),
    }


def _parts(site: Contents, whole: Board, method: str) -> list[dict[str, Any]]:
    """Return a suite's measured entries and those of each paper, as far as they use a method."""
    found = []
    for number, table in enumerate((whole, *whole.papers)):
        rows = [row for row in table.rows if row.entry.submission.quantization.method == method]
        if rows:
            key = f"retention-{whole.suite.name}{number or ''}"
            part = _part(replace(table, rows=rows), key, method)
            part["home"] = table is site.boards[0]
            part["board"] = f"{site.board_path(whole)}?method={method}"
            found.append(part)
    return found


def _part(table: Board, key: str, method: str) -> dict[str, Any]:
    placed = [row for row in table.rows if row.status in ("ranked", "reported")]
    compared = [] if method == "none" else placed
    return {
        "key": key,
        "suite": table.suite,
        "paper": table.paper,
        "columns": [one for one in table.columns if one.group in SHOWN_GROUPS],
        "rows": table.rows,
        "kept": kept(compared),
        "figure": charts.figure(tables.points(replace(table, rows=compared)), key),
    }


def kept(rows: list[Row]) -> list[Kept]:
    """Return what entries keep of their bases' scores, most bits first."""
    by_bits: dict[int, list[Row]] = {}
    for row in rows:
        if "retention" in row.figures:
            by_bits.setdefault(row.entry.submission.quantization.bits, []).append(row)
    return [_kept(bits, by_bits[bits]) for bits in sorted(by_bits, reverse=True)]


def _kept(bits: int, rows: list[Row]) -> Kept:
    figures = [row.figures["retention"] for row in rows]
    known = [(one.low, one.high) for one in figures if one.low is not None and one.high is not None]
    reaching = sum(low <= 100 <= high for low, high in known)
    return Kept(bits, len(rows), median(one.value for one in figures), reaching, len(known))
