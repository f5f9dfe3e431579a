"""The board as readers meet it: in a real browser, both themes, wide and narrow, without a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

PAGES = (
    "index.html",
    "entries/local--tiny-llama/gptq-3bit-g128/index.html",
    "entries/local--tiny-llama/bnb-nf4/index.html",
    "benchmarks/index.html",
    "benchmarks/mini/mmlu/index.html",
    "benchmarks/paper/bbq/index.html",
    "methods/gptq/index.html",
    "methodology/index.html",
    "submit/index.html",
    "404.html",
)


class Quiet(SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def opened(browser: Any, **settings: Any) -> Iterator[Any]:
    """Open a page whose errors and requests are collected: none may go elsewhere, none may fail."""
    settings.setdefault("viewport", {"width": 1440, "height": 900})
    context = browser.new_context(**settings)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda told: troubles.append(f"{told.type}: {told.text}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: _note_failed(request, troubles))
    page.on("request", lambda request: _note_foreign(request.url, troubles))
    try:
        yield page
    finally:
        context.close()
    assert troubles == []


def _note_failed(request: Any, troubles: list[str]) -> None:
    """Note a file that can't be had; one that the reader left before it came isn't."""
    if request.failure != "net::ERR_ABORTED":
        troubles.append(f"failed: {request.url}: {request.failure}")


def _note_foreign(address: str, troubles: list[str]) -> None:
    if not address.startswith(("file://", "data:", "http://127.0.0.1:")):
        troubles.append(f"foreign: {address}")


def address(site: Path, path: str = "index.html") -> str:
    """Return a page's address on disk."""
    return (site / path).as_uri()


def entries(page: Any) -> list[str]:
    """Return the variants in view, in order."""
    return list(page.locator("table.board tbody tr:visible a.variant").all_inner_texts())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_overflows(browser: Any, site: Path, theme: str, width: int) -> None:
    """No page is wider than the window, asks another host, or logs an error; hostile texts don't run."""
    with opened(browser, viewport={"width": width, "height": 900}, color_scheme=theme) as page:
        for path in PAGES:
            page.goto(address(site, path))
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, path
            assert page.evaluate("window.hacked") is None, path


def test_results_are_above_the_fold(browser: Any, site: Path) -> None:
    """The first rows are seen without scrolling, on a phone too."""
    for width, height in ((1440, 900), (390, 844)):
        with opened(browser, viewport={"width": width, "height": height}) as page:
            page.goto(address(site))
            box = page.locator("table.board tbody tr").nth(2).bounding_box()
            assert box["y"] + box["height"] < height


def test_themes_differ_and_the_choice_stays(browser: Any, site: Path) -> None:
    """The button switches the theme, and the next page keeps it."""
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, color_scheme="light") as page:
        page.goto(address(site))
        light = page.evaluate(ground)
        page.click("#theme")
        dark = page.evaluate(ground)
        page.goto(address(site, "methodology/index.html"))
        assert light != dark == page.evaluate(ground)


def test_sorting_goes_the_metrics_way_first(browser: Any, site: Path) -> None:
    """Speed sorts fastest first, then slowest first; rows without a value stay last."""
    with opened(browser) as page:
        page.goto(address(site))
        page.click("th[data-key=speed0] button")
        assert page.get_attribute("th[data-key=speed0]", "aria-sort") == "descending"
        assert entries(page)[0] == "awq-4bit-g128"
        assert entries(page)[-1] == "gptq-3bit-g128-again"
        page.click("th[data-key=speed0] button")
        assert page.get_attribute("th[data-key=speed0]", "aria-sort") == "ascending"
        assert entries(page)[0] == "bnb-int8"
        assert entries(page)[-1] == "gptq-3bit-g128-again"
        assert page.locator("th[aria-sort]").count() == 1


def test_sorting_works_by_keyboard(browser: Any, site: Path) -> None:
    """A head is a button: it takes the focus and Enter."""
    with opened(browser) as page:
        page.goto(address(site))
        page.focus("th[data-key=disk] button")
        page.keyboard.press("Enter")
        assert entries(page)[0] == "gptq-2bit-g128"


def test_filter_and_search_narrow_the_rows(browser: Any, site: Path) -> None:
    """Method, bits and text each narrow the rows, and the count is told."""
    with opened(browser) as page:
        page.goto(address(site))
        page.select_option("select[name=method]", "gptq")
        assert len(entries(page)) == 6
        page.select_option("select[name=bits]", "4")
        assert len(entries(page)) == 2
        page.fill("input[name=q]", "no-base")
        assert len(entries(page)) == 1
        assert page.inner_text("#shown") == "1 of 10 entries"
        page.click("button[type=reset]")
        assert len(entries(page)) == 10


def test_state_is_in_the_address(browser: Any, site: Path) -> None:
    """Opening the address again gives the same rows, order and columns."""
    with opened(browser) as page:
        page.goto(address(site))
        page.select_option("select[name=method]", "gptq")
        page.click("th[data-key=perplexity] button")
        page.check("input.show-benchmarks")
        before, link = entries(page), page.url
        page.goto("about:blank")
        page.goto(link)
        assert entries(page) == before
        assert page.locator("th[data-key=mmlu]").is_visible()
        assert page.input_value("select[name=method]") == "gptq"


def test_benchmarks_are_shown_on_demand(browser: Any, site: Path) -> None:
    """The benchmarks' columns come with their box, without any script."""
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site))
        assert not page.locator("th[data-key=mmlu]").is_visible()
        page.check("input.show-benchmarks")
        assert page.locator("th[data-key=mmlu]").is_visible()


def test_board_is_whole_without_scripts(browser: Any, site: Path) -> None:
    """Without JavaScript every row, reason and chart is there, and no dead control is."""
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site))
        assert len(entries(page)) == 10
        assert page.locator("figure .drawing svg").count() == 3
        assert page.get_by_text("CUDA out of memory").is_visible()
        assert page.locator("button:visible, select:visible").count() == 0


def test_charts_become_interactive(browser: Any, site: Path) -> None:
    """Charts load one local bundle when asked, not before, and answer the pointer."""
    with opened(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address(site))
        assert not any("vega" in one for one in asked)
        figures = page.locator("figure[data-chart]")
        for place in range(figures.count()):
            figures.nth(place).locator("button").click()
            figures.nth(place).locator(".live svg").wait_for(timeout=30_000)
        assert sum("vega.js" in one for one in asked) == 1
        assert figures.nth(0).locator(".live .mark-symbol path").count() >= 9
        figures.nth(0).locator(".live .mark-symbol.role-mark path").nth(3).hover(force=True)
        tooltip = page.locator("#vg-tooltip-element.visible")
        tooltip.wait_for(timeout=15_000)
        assert "Score" in tooltip.inner_text()


def test_site_works_under_a_subpath(browser: Any, site: Path) -> None:
    """Served below a folder, pages and assets are found; the 404 page finds the board from any depth."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site.parent)))
    Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}/_site"
    try:
        with opened(browser) as page:
            page.goto(f"{root}/entries/local--tiny-llama/bf16/index.html")
            page.click("nav >> text=Board")
            page.wait_for_url(f"{root}/index.html")
            assert len(entries(page)) == 10
            (site / "methods" / "404.html").write_bytes((site / "404.html").read_bytes())
            page.goto(f"{root}/methods/404.html")
            assert page.evaluate("document.getElementById('home').href") == f"{root}/index.html"
    finally:
        (site / "methods" / "404.html").unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


def only_bias(page: Any) -> None:
    """Give BBQ alone a weight, by keyboard."""
    page.locator("#weights summary").focus()
    page.keyboard.press("Enter")
    for one in page.locator("#weights input").all():
        one.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("2" if one.get_attribute("name") == "weight.bbq" else "0")


def test_weights_change_score_and_order(browser: Any, site: Path) -> None:
    """Bias alone puts the least biased first, without interval and rank; equal weights undo it."""
    with opened(browser) as page:
        page.goto(address(site))
        before = page.locator("table.board tbody tr").first.inner_text()
        only_bias(page)
        assert entries(page)[0] == "gptq-2bit-g128"
        row = page.locator("table.board tbody tr").first
        shares = row.get_attribute("data-shares").split()
        assert float(row.locator("td").nth(1).inner_text()) == round(float(shares[-1]), 1)
        assert "tie" not in row.inner_text()
        assert "hidden" in page.inner_text("#weighed")
        link = page.url
        page.goto("about:blank")
        page.goto(link)
        assert entries(page)[0] == "gptq-2bit-g128"
        assert page.input_value("input[name='weight.bbq']") == "2"
        page.click("#equal")
        assert page.inner_text("#weighed") == ""
        assert page.locator("table.board tbody tr").first.inner_text() == before
        assert "weight" not in page.url


def test_no_weight_at_all_is_no_score(browser: Any, site: Path) -> None:
    """Weights of 0 leave the scores empty and say what to do; resetting the filters brings them back."""
    with opened(browser) as page:
        page.goto(address(site))
        page.click("#weights summary")
        for one in page.locator("#weights input").all():
            one.fill("0")
        assert page.locator("table.board tbody tr td:nth-child(3)").first.inner_text() == "\u2013"
        assert "above 0" in page.inner_text("#weighed")
        page.click("button[type=reset]")
        assert "59.3" in page.locator("table.board tbody tr td:nth-child(3)").first.inner_text()
        assert page.inner_text("#weighed") == ""


def test_formula_stands_without_scripts(browser: Any, site: Path) -> None:
    """Without JavaScript the formula and the ties are there, and no field that would do nothing."""
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site))
        page.click("#weights summary")
        assert page.get_by_text("sum of weight").is_visible()
        assert page.locator("#weights input:visible").count() == 0
        assert "tie 1" in page.locator("table.board tbody tr").first.inner_text()
