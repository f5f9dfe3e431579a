"""Hostile submissions in a real browser: nothing runs, nothing opens, nothing is wider than the window."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.reader import opened
from tests.sitegen import hostile


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Return a page on which any dialog, error or request elsewhere fails the test."""
    with opened(browser, viewport={"width": 390, "height": 844}, accept_downloads=True) as page:
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        yield page
        assert page.evaluate(hostile.FLAG) is None
        assert dialogs == []


def assert_harmless(page: Any) -> None:
    """Assert that no script ran, no foreign element stands in the page, and it isn't too wide."""
    assert page.evaluate(hostile.FLAG) is None
    never = "iframe, img:not([src*='/badges/']), [onerror], [onload], [onfocus], [autofocus]"
    assert page.locator(never).count() == 0
    assert page.locator("a[href^='javascript:' i]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_entry_pages_run_nothing(page: Any, strangers_site: Path, name: str) -> None:
    """Every page of an entry, and of a paper's, shows the text; opening what can be opened runs nothing."""
    family = strangers_site / "entries" / hostile.MODEL.replace("/", "--")
    for variant in (f"gptq-4bit-g128-{name}", f"gptq-4bit-g128-{name}-reported"):
        page.goto((family / variant / "index.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        shown = page.inner_text("main")
        assert " ".join(hostile.TEXTS[name].split())[:40] in " ".join(shown.split())
        assert_harmless(page)


def test_the_board_runs_nothing(page: Any, strangers_site: Path) -> None:
    """Sorting, searching for a hostile text and showing every column leave the board a board."""
    page.goto((strangers_site / "index.html").as_uri())
    assert_harmless(page)
    for text in ("<img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "=cmd|"):
        page.fill("#filters [name=q]", text)
        assert_harmless(page)
    page.fill("#filters [name=q]", "")
    page.locator("th[data-key=entry] button").dispatch_event("click")
    page.locator("table.board tbody tr:visible").nth(len(hostile.TEXTS)).wait_for()
    assert_harmless(page)


@pytest.mark.parametrize("parameter", ["q", "family", "sort", "show", "pin", "weight.mmlu", "x"])
@pytest.mark.parametrize("name", ["markup", "link", "formula"])
def test_addresses_run_nothing(page: Any, strangers_site: Path, parameter: str, name: str) -> None:
    """What stands in the address is a text as well."""
    page.goto((strangers_site / "index.html").as_uri() + "?" + _query(parameter, name))
    page.wait_for_load_state("load")
    assert_harmless(page)


def _query(parameter: str, name: str) -> str:
    return urlencode({parameter: hostile.TEXTS[name]})


def test_the_table_that_readers_save_holds_no_formula(
    page: Any, strangers_site: Path, tmp_path: Path
) -> None:
    """A CSV of what is shown, made in the page, begins no text as a formula does."""
    page.goto((strangers_site / "index.html").as_uri())
    with page.expect_download() as saved:
        page.locator("#csv").dispatch_event("click")
    saved.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(newline="", encoding="utf-8-sig") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert any("hostile-7B" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "@", "\t", "\r"))]
    assert not [cell for cell in cells if cell.startswith(("+", "-")) and "cmd" in cell]


def test_other_pages_run_nothing(page: Any, strangers_site: Path) -> None:
    """The pages of every other kind are harmless, too: two of each."""
    for folder in sorted(strangers_site.iterdir()):
        found = sorted(path for path in folder.rglob("index.html") if path.is_file())
        for path in found[:2] if folder.name != "entries" else []:
            page.goto(path.as_uri())
            assert_harmless(page)
