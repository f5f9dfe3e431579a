"""What readers load before they do anything: page, scripts and styles of a board of 300 entries."""

from pathlib import Path

import pytest

from tests.sitegen.first_load import KB, Weight, packed, weight, write_large_board
from tests.sitegen.reading import Page

ENTRIES = 300
CHARTS = 3
MOST_ROWS = 200  # at a time in one document


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the home page of a board of 300 entries, made from two with all figures."""
    folder = tmp_path_factory.mktemp("budgets")
    write_large_board(folder, ENTRIES)
    return folder / "site"


@pytest.fixture(scope="module")
def first(home: Path) -> Weight:
    """Return what a browser loads with it."""
    return weight(home)


def test_the_page_is_small(first: Weight) -> None:
    """HTML of 300 entries, with intervals and three charts, takes at most 80 KB packed."""
    assert first.page <= 80 * KB


def test_scripts_before_interaction_are_small(first: Weight) -> None:
    """Scripts that the page loads at once take at most 20 KB packed."""
    assert 0 < first.scripts <= 20 * KB


def test_styles_are_small(first: Weight) -> None:
    """Style sheets take at most 15 KB packed, and no font is loaded."""
    assert 0 < first.styles <= 15 * KB
    assert first.fonts == 0


def test_charts_are_loaded_once_on_demand(home: Path) -> None:
    """The bundle of interactive charts takes at most 320 KB packed, and the page does not ask for it."""
    assert packed(home / "assets" / "vega.js") <= 320 * KB
    assert not [
        one for one in Page(home / "index.html").all("script") if "vega" in one.get("src", "")
    ]


def test_the_page_is_the_whole_board(home: Path) -> None:
    """It has its charts, each dimension with intervals, and no more rows than a document may have."""
    page = Page(home / "index.html")
    assert len(page.all("figure")) == CHARTS
    keys = {one.get("data-key") for one in page.all("th")}
    assert {"score", "retention", "knowledge", "alignment", "perplexity", "disk"} <= keys
    assert {"speed0", "speed1", "peak0", "peak1"} <= keys
    rows = [row for row in page.rows if any("model-" in cell for cell in row)]
    assert 100 <= len(rows) <= MOST_ROWS
    assert sum("±" in cell or "+" in cell for cell in rows[0]) >= 7
