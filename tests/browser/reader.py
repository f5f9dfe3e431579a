"""Do on a page what a reader does, and note what must never happen: errors, and requests to elsewhere."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The popups of an address bar that no one sees are pages that cost each window a second of a processor. This
# list replaces Playwright's and Lighthouse's own, so that what matters of theirs stands here again.
WITHOUT = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled", "LensOverlay", "MediaRouter"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch", "Translate"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "PaintHolding"),
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(WITHOUT)}",
]


def chromium() -> str | None:
    """Return where Debian's chromium is; None where it isn't."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def opened(browser: Any, **settings: Any) -> Iterator[Any]:
    """Open a page whose errors and requests are collected: none may go elsewhere, none may fail."""
    troubles: list[str] = []
    with watched(browser, troubles, **settings) as page:
        page.set_default_timeout(10_000)
        yield page
    assert troubles == []


@contextmanager
def watched(browser: Any, troubles: list[str], **settings: Any) -> Iterator[Any]:
    """Open a page; what it logs, what fails, and what it asks of other hosts goes into `troubles`."""
    settings.setdefault("viewport", {"width": 1440, "height": 900})
    context = browser.new_context(**settings)
    page = context.new_page()
    page.on("console", lambda told: troubles.append(f"{told.type}: {told.text}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: _note_failed(request, troubles))
    page.on("request", lambda request: _note_foreign(request.url, troubles))
    try:
        yield page
    finally:
        context.close()


def _note_failed(request: Any, troubles: list[str]) -> None:
    """Note a file that can't be had; one that the reader left before it came isn't."""
    if request.failure != "net::ERR_ABORTED":
        troubles.append(f"failed: {request.url}: {request.failure}")


def _note_foreign(address: str, troubles: list[str]) -> None:
    if not address.startswith(("file://", "data:", "blob:", "http://127.0.0.1:")):
        troubles.append(f"request to {address}")


def address(site: Path, path: str = "index.html") -> str:
    """Return a page's address on disk."""
    return (site / path).as_uri()


def entries(page: Any) -> list[str]:
    """Return the variants in view, in order."""
    return list(page.locator("table.board tbody tr:visible a.variant").all_inner_texts())


def until(page: Any, told: str, arg: object = None) -> None:
    """Wait until an expression, or a function of `arg`, is true; the policy forbids pages to evaluate texts.

    Raises:
        TimeoutError: it isn't within ten seconds.
    """
    end = time.monotonic() + 10
    while not page.evaluate(told, arg):
        if time.monotonic() > end:
            raise TimeoutError(told)
        page.wait_for_timeout(20)


def followed(page: Any, link: str) -> None:
    """Follow a link, and wait until the page that it leads to is loaded."""
    with page.expect_navigation():
        page.click(link)


def sort(page: Any, key: str) -> None:
    """Sort by a column and wait until its rows stand."""
    before = page.get_attribute(f"th[data-key={key}]", "aria-sort")
    page.click(f"th[data-key={key}] button")
    changed = "([key, before]) => document.querySelector(`th[data-key=${key}]`).ariaSort !== before"
    until(page, changed, [key, before])


def counted(page: Any, text: str) -> None:
    """Wait until the page says how many entries it shows."""
    until(page, "text => document.getElementById('shown').textContent === text", text)


def loaded(page: Any) -> None:
    """Wait until a page has the data of all rows."""
    until(page, "window.quantboardRows !== undefined")
