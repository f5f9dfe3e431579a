"""Weigh what a browser loads with a page, packed by gzip, and make a board of hundreds of rows."""

import gzip
import random
from dataclasses import dataclass, replace
from pathlib import Path

from sitegen import drawing, load
from sitegen.board import Board, Row
from sitegen.build import BUNDLE, sources
from sitegen.contents import Contents, contents
from sitegen.metrics import Figure
from sitegen.pages import board as board_page
from sitegen.pages.writer import Pages
from sitegen.places import Place
from sitegen.render import environment

from tests.simulated.entries import BASELINE, Facts, write_entry
from tests.simulated.shapes import SHAPES
from tests.sitegen.reading import Page

ROOT = Path(__file__).resolve().parents[2]
KB = 1_000
URL = "https://board.example/"  # as published
PACKING = 6  # gzip's own level, which hosts use
FAMILY = 10  # entries
FONTS = (".woff", ".woff2", ".ttf", ".otf")


@dataclass(frozen=True)
class Weight:
    """Packed bytes of a page, of the scripts and styles that it loads at once, and the number of fonts."""

    page: int
    scripts: int
    styles: int
    fonts: int


def weight(site: Path, path: str = "index.html") -> Weight:
    """Weigh a page of a built site."""
    page = Page(site / path)
    folder = (site / path).parent
    scripts = [folder / one["src"].partition("?")[0] for one in page.all("script") if "src" in one]
    sheets = [
        folder / one["href"].partition("?")[0]
        for one in page.all("link")
        if one.get("rel") == "stylesheet"
    ]
    fonts = [one for one in site.rglob("*") if one.suffix in FONTS]
    return Weight(
        packed(site / path), sum(map(packed, scripts)), sum(map(packed, sheets)), len(fonts)
    )


def packed(file: Path) -> int:
    """Return the bytes of a file after gzip."""
    return len(gzip.compress(file.read_bytes(), PACKING))


def write_large_board(folder: Path, rows: int) -> None:
    """Write the home page of a board with so many rows into `folder / "site"`, with all that it may load.

    The rows are made from those of two simulated entries, written into `folder / "submissions"`.
    """
    family = folder / "submissions" / "simulated--model"
    facts = Facts(shape=SHAPES[2])
    base = write_entry(family / BASELINE, 1, 0.7, facts=facts)
    write_entry(family / "gptq-4bit-g128", 2, 0.7, base, 0.05, facts=facts)
    found = contents(load.read(folder / "submissions"), URL)
    larger = replace(found, boards=[of_many(found.boards[0], rows)])
    write_boards(folder / "site", larger)
    (folder / "site" / BUNDLE).write_bytes(drawing.bundle().encode())


def write_boards(output: Path, site: Contents) -> None:
    """Write the pages of boards with all styles and scripts; links to other pages lead nowhere."""

    def write(path: str, content: bytes) -> None:
        file = output / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    templates, assets = sources(ROOT)
    for asset in assets.iterdir():
        write(f"assets/{asset.name}", asset.read_bytes())
    board_page.make(Pages(environment(templates), write, site.url), site)


def of_many(table: Board, rows: int) -> Board:
    """Return a board of so many ranked rows, no two with the same figures, each with all intervals.

    The rows take turns in being like those of the board that is given.
    """
    told = random.Random(rows)
    like = [row for row in table.rows if row.status == "ranked"]
    made = [_row(like[place % len(like)], place, told) for place in range(rows)]
    return replace(table, rows=made)


def _row(row: Row, place: int, told: random.Random) -> Row:
    number = place // FAMILY
    family = f"organisation-{number % 7}--model-{number * 7919 % 1000}-{number % 72}B"
    variant = f"{row.entry.variant}-{told.randrange(16**4):04x}"
    said = row.entry.submission
    base = family.replace("--", "/")
    entry = replace(
        row.entry,
        name=f"{family}/{variant}",
        family=family,
        variant=variant,
        submission=said.model_copy(update={"model": f"{base}-{variant}", "base_model": base}),
    )
    return replace(
        row,
        entry=entry,
        figures={key: _figure(one, told) for key, one in row.figures.items()},
        shares={key: _figure(one, told) for key, one in row.shares.items()},
        place=Place(group=1 + place // 3, tied=3, best=max(1, place - 2), worst=place + 3),
        date=f"2026-{1 + told.randrange(12):02d}-{1 + told.randrange(28):02d}",
    )


def _figure(shown: Figure, told: random.Random) -> Figure:
    value = shown.value * told.uniform(0.7, 1.3)
    spread = abs(value) * told.uniform(0.005, 0.02)
    return replace(shown, value=value, low=value - spread, high=value + 1.1 * spread)
