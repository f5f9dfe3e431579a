"""What readers do with the board and with What fits; each act raises where the page fails them."""

import re
from collections.abc import Callable
from typing import Any

from tests.browser.reader import followed
from tests.verify.report import require

ROWS = "table.board tbody tr"
MOST_PINS = 4
STEPS = 150  # of the Tab key, at most, to reach something
SECONDS_TO_SEE = 10_000  # milliseconds
FOCUS_IS_SEEN = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""
Act = Callable[[Any, str], None]


def sort(page: Any, address: str) -> None:
    """Sort by score and by size: the metric's own way first, the other way next."""
    page.goto(address)
    for key, way in (("score", "descending"), ("disk", "ascending")):
        for turned in (False, True):
            page.click(f"th[data-key={key}] button")
            other = {"descending": "ascending", "ascending": "descending"}
            wanted = other[way] if turned else way
            page.wait_for_selector(f"th[data-key={key}][aria-sort={wanted}]")
            values = _column(page, key)
            in_order = sorted(values, reverse=wanted == "descending")
            require(
                len(values) > 1 and values == in_order, f"sorted by {key}, {wanted}: {values[:6]}"
            )


def narrow(page: Any, address: str) -> None:
    """Filter by model: only its rows stay, and their number is said."""
    page.goto(address)
    everything = page.locator(f"{ROWS}:visible").count()
    _open_filters(page)
    family = page.locator("select[name=family] option").nth(1).get_attribute("value")
    page.select_option("select[name=family]", family)
    _until(page, lambda: page.locator(f"{ROWS}:visible").count() < everything, "no row was hidden")
    names = page.locator(f"{ROWS}:visible .family").all_inner_texts()
    wanted = family.replace("--", "/", 1)
    require(set(names) == {wanted}, f"filtered by {wanted}: {sorted(set(names))}")
    require(str(len(names)) in page.inner_text("#shown"), f"it says {page.inner_text('#shown')!r}")


def search(page: Any, address: str) -> None:
    """Search for a word, and for a field's value."""
    page.goto(address)
    everything = len(_variants(page))
    for text, part in (("awq", "awq"), ("method:gptq", "gptq")):
        page.fill("#filters [name=q]", text)
        _until(page, lambda: len(_variants(page)) < everything, f"{text} hides nothing")
        found = _variants(page)
        require(bool(found) and all(part in one for one in found), f"{text} finds {found[:5]}")


def pin(page: Any, address: str) -> None:
    """Pin entries: up to four stay, and their base stands beside them."""
    page.goto(address)
    quantized = page.locator(f"{ROWS}:has(a.variant:not(:text-is('bf16'))) .pin")
    for place in range(MOST_PINS):
        quantized.nth(place).check()
    page.wait_for_selector(".tray:visible")
    require("4 of 4" in page.inner_text(".tray"), f"the tray says {page.inner_text('.tray')!r}")
    require("(base)" in page.inner_text(".tray"), "no base stands beside the pinned entries")
    quantized.nth(MOST_PINS).click()
    require(not quantized.nth(MOST_PINS).is_checked(), "a fifth entry could be pinned")


def compare(page: Any, address: str) -> None:
    """Compare two pinned entries with their base, figure by figure."""
    page.goto(address)
    quantized = page.locator(f"{ROWS}:has(a.variant:not(:text-is('bf16'))) .pin")
    quantized.nth(0).check()
    quantized.nth(1).check()
    page.click(".tray a")
    page.wait_for_selector("table.compare:visible")
    heads = page.locator("table.compare thead th").count()
    lines = page.locator("table.compare tbody tr").count()
    require(heads >= 4 and lines >= 10, f"the comparison has {heads - 1} entries, {lines} lines")


def fit(page: Any, address: str) -> None:
    """Ask what fits another memory and context: the answer, the list and the address follow."""
    page.goto(address + "fit/index.html")
    page.wait_for_selector("#fits tbody tr")
    small = page.locator(".best:visible").inner_text()
    page.fill("#fit [name=memory]", "24")
    page.fill("#fit [name=context]", "8192")
    large = page.locator(".best:visible").inner_text()
    require("24 GB" in large and "8,192" in large, f"asked for 24 GB at 8,192 tokens: {large!r}")
    require(large.partition(":")[2] != small.partition(":")[2], "24 GB give what 8 GB gave")
    page.reload()
    page.wait_for_selector("#fits tbody tr")
    again = page.locator(".best:visible").inner_text()
    require(again == large, f"loaded again from its address: {again!r}")


def share(page: Any, address: str) -> None:
    """Set everything, and open the address anew: the same rows in the same order, the same pins."""
    page.goto(address)
    page.fill("#filters [name=q]", "gptq")
    _until(page, lambda: all("gptq" in one for one in _variants(page)), "gptq finds others")
    page.click("th[data-key=disk] button")
    page.wait_for_selector("th[data-key=disk][aria-sort]")
    page.locator(f"{ROWS}:visible .pin").nth(1).check()
    page.wait_for_selector(".tray:visible")
    before = _state(page)
    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    page.wait_for_selector("th[data-key=disk][aria-sort]")
    _until(page, lambda: _state(page) == before, f"{shared} shows {_state(page)}, not {before}")


def keyboard(page: Any, address: str) -> None:
    """Reach the content, sort and pin with the keyboard alone, and see where the focus is."""
    page.goto(address)
    page.keyboard.press("Tab")
    require(
        page.evaluate("document.activeElement.className") == "skip",
        "the first stop isn't the skip link",
    )
    _tab_to(page, "th[data-key=score] button")
    require(page.evaluate(FOCUS_IS_SEEN), "a focused sort button looks like any other")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[data-key=score][aria-sort]")
    _tab_to(page, ".pin")
    page.keyboard.press("Space")
    page.wait_for_selector(".tray:visible")


def _tab_to(page: Any, selector: str) -> None:
    for _ in range(STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
    require(False, f"the Tab key doesn't reach {selector} in {STEPS} steps")


def without_scripts(page: Any, address: str) -> None:
    """Read the board and what fits without JavaScript: no control stands there that would do nothing."""
    page.goto(address)
    require(len(_variants(page)) > 1, "without JavaScript the board is empty")
    idle = page.locator(".script:visible").count()
    require(idle == 0, f"{idle} controls do nothing without JavaScript")
    followed(page, f"{ROWS} a.variant >> nth=0")
    require("entries/" in page.url, f"a variant leads to {page.url}")
    page.goto(address + "fit/index.html")
    require(page.locator("main table tbody tr").count() > 1, "without JavaScript nothing fits")
    require(page.locator(".script:visible").count() == 0, "What fits has controls that do nothing")


ACTS: dict[str, Act] = {
    "sort": sort,
    "filter": narrow,
    "search": search,
    "pin": pin,
    "compare": compare,
    "fit": fit,
    "share": share,
    "keyboard": keyboard,
}


def _variants(page: Any) -> list[str]:
    return list(page.locator(f"{ROWS}:visible a.variant").all_inner_texts())


def _state(page: Any) -> tuple[list[str], list[str], str]:
    rows = page.locator(f"{ROWS}:visible").all_inner_texts()
    pinned = page.locator(".tray li").all_inner_texts()
    return [row.strip()[:60] for row in rows], pinned, page.input_value("#filters [name=q]")


def _open_filters(page: Any) -> None:
    more = page.locator("#more")
    if more.is_visible() and more.get_attribute("aria-expanded") != "true":
        more.click()


def _until(page: Any, holds: Callable[[], bool], shortfall: str) -> None:
    for _ in range(50):
        if holds():
            return
        page.wait_for_timeout(SECONDS_TO_SEE / 50 / 4)
    require(False, shortfall)


def _column(page: Any, key: str) -> list[float]:
    """Return the numbers of a column from top to bottom, without rows that have none."""
    place = page.evaluate("key => document.querySelector(`th[data-key=${key}]`).cellIndex", key)
    cells = page.locator(f"{ROWS}:visible > :nth-child({place + 1})").all_inner_texts()
    found = [re.match(r"[−-]?[\d,]+(\.\d+)?", cell.strip()) for cell in cells]
    texts = [one[0].replace("−", "-").replace(",", "") for one in found if one]
    return [float(text) for text in texts]
