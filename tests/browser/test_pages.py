"""Every page as readers meet it: both themes, wide and narrow, opened from disk and below a folder."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.browser.reader import address, entries, followed, opened

PAGES = (
    "index.html",
    "entries/local--tiny-llama/gptq-3bit-g128/index.html",
    "entries/local--tiny-llama/bnb-nf4/index.html",
    "benchmarks/index.html",
    "benchmarks/mini/mmlu/index.html",
    "benchmarks/paper/bbq/index.html",
    "families/index.html",
    "families/local--tiny-llama/index.html",
    "methods/gptq/index.html",
    "methodology/index.html",
    "submit/index.html",
    "404.html",
)


class Quiet(SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


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
            followed(page, "tbody a.family >> nth=0")
            assert page.url == f"{root}/families/local--tiny-llama/index.html"
            followed(page, "nav >> text=Models")
            assert page.locator("a", has_text="local/tiny-llama").count() == 1
            (site / "methods" / "404.html").write_bytes((site / "404.html").read_bytes())
            page.goto(f"{root}/methods/404.html")
            assert page.evaluate("document.getElementById('home').href") == f"{root}/index.html"
    finally:
        (site / "methods" / "404.html").unlink(missing_ok=True)
        server.shutdown()
        server.server_close()
