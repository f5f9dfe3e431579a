"""Open the demo's board in a real browser, in both themes, wide and narrow."""

from pathlib import Path
from typing import Any

from tests.browser.reader import FLAGS, chromium
from tests.verify.demo_points import demo_folder
from tests.verify.report import Context, require

WIDTHS = (390, 1440)
THEMES = ("light", "dark")
WIDE_LINE = (
    '<canvas width="2000" height="1"></canvas>'  # no style: the page's policy would refuse it
)


def show_browser(context: Context) -> str:
    """Look at every kind of page: none overflows, logs an error, or asks another host."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    require(path is not None, "no chromium is installed; apt-get install chromium")
    site = demo_folder(context) / "_site"
    if context.broken(6):
        index = site / "index.html"
        index.write_text(index.read_text().replace("</body>", WIDE_LINE + "</body>"))
    pages = _one_of_each_kind(site)
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for theme in THEMES:
            for width in WIDTHS:
                _look(browser, pages, theme, width, troubles)
        browser.close()
    require(not troubles, f"{len(troubles)} troubles: {'; '.join(troubles[:5])}")
    return (
        f"{len(pages)} pages x {len(THEMES)} themes x widths {' and '.join(map(str, WIDTHS))}: "
        "no overflow, no console message, no request to another host"
    )


def _one_of_each_kind(site: Path) -> list[Path]:
    """Return the board, and one page of each folder below it."""
    pages = [site / "index.html", site / "404.html"]
    for folder in sorted(child for child in site.iterdir() if child.is_dir()):
        found = sorted(folder.rglob("index.html"), key=lambda page: (-len(page.parts), str(page)))
        pages += found[:1]
    return pages


def _look(browser: Any, pages: list[Path], theme: str, width: int, troubles: list[str]) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.on("console", lambda told: troubles.append(f"{told.type}: {told.text}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, troubles))
    for path in pages:
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            troubles.append(f"{path.name} overflows by {wide} pixels at {width}, {theme}")
    context.close()


def _note_foreign(address: str, troubles: list[str]) -> None:
    if not address.startswith(("file://", "data:", "blob:")):
        troubles.append(f"request to {address}")
