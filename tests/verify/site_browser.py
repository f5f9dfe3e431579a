"""Show that readers can use the site: every act, narrow and wide, in both themes, in chromium."""

from pathlib import Path
from typing import Any

from tests.verify.report import Context, ShortfallError, require
from tests.verify.site_acts import ACTS, without_scripts
from tests.verify.site_made import site, site_of_its_own
from tests.verify.site_serving import THEMES, WIDTHS, browser, one_of_each_kind, opened, served

POINT = 1
MILLISECONDS = 10_000  # for the rows of a board to come from disk
STUCK = "window.history.replaceState = function () {};\n"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def show(context: Context) -> str:
    """Look at every kind of page, and do everything that readers do.

    Raises:
        ShortfallError: something can't be done, or a page overflows, logs an error, asks another host.
    """
    own = site_of_its_own(context, "browser") if context.broken(POINT) else site(context)
    if context.broken(POINT):
        first = own / "assets" / "theme.js"
        first.write_text(STUCK + first.read_text("utf-8"), "utf-8")
    kinds, troubles, done = one_of_each_kind(own), list[str](), 0
    with served(own) as address, browser() as running:
        looks = [(theme, width) for theme in THEMES for width in WIDTHS]
        # The quick form looks at the light theme narrow and the dark one wide.
        for number, (theme, width) in enumerate(looks[::3] if context.quick else looks):
            settings = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
            with opened(running, troubles, **settings) as page:
                seen = dict(list(kinds.items())[number::2]) if context.quick else kinds
                _look(page, address, seen, troubles)
                acts = list(ACTS)[number::2] if context.quick else list(ACTS)
                done += _act(page, address, acts, f"{width} pixels, {theme}", troubles)
        _plainly(running, address, own, troubles)
    require(not troubles, f"{len(troubles)} troubles: {'; '.join(troubles[:5])}")
    return (
        f"{len(kinds)} kinds of pages, {2 if context.quick else 4} of {len(THEMES)} themes x "
        f"{len(WIDTHS)} widths ({' and '.join(map(str, WIDTHS))}), {done} acts ({', '.join(ACTS)}), once "
        "without JavaScript and once from disk: no error, no request to another origin, no overflow"
    )


def _look(page: Any, address: str, kinds: dict[str, str], troubles: list[str]) -> None:
    for kind, path in kinds.items():
        page.goto(address + path)
        wide = page.evaluate(OVERFLOW)
        if wide > 0:
            troubles.append(f"{kind} overflows by {wide} pixels at {page.viewport_size['width']}")


def _act(page: Any, address: str, acts: list[str], where: str, troubles: list[str]) -> int:
    """Do some acts; return how many were done."""
    for name in acts:
        try:
            ACTS[name](page, address)
            wide = page.evaluate(OVERFLOW)
            require(wide <= 0, f"afterwards the page overflows by {wide} pixels")
        except Exception as error:
            said = str(error) if isinstance(error, ShortfallError) else str(error).splitlines()[0]
            troubles.append(f"{name} ({where}): {said}")
    return len(acts)


def _plainly(running: Any, address: str, own: Path, troubles: list[str]) -> None:
    """Read without JavaScript, and sort the home page opened from disk."""
    with opened(running, troubles, java_script_enabled=False) as page:
        try:
            without_scripts(page, address)
        except ShortfallError as error:
            troubles.append(str(error))
    with opened(running, troubles) as page:
        page.goto((own / "index.html").as_uri())
        page.click("th[data-key=score] button")
        try:
            page.wait_for_selector("th[data-key=score][aria-sort]", timeout=MILLISECONDS)
        except Exception:
            troubles.append("opened from disk, the board can't be sorted")
