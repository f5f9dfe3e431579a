"""Show what readers load before they do anything, from a board of 300 entries."""

import shutil
from pathlib import Path

from tests.sitegen.first_load import KB, Weight, packed, weight, write_large_board
from tests.verify.report import Context, require

POINT = 3
ENTRIES = 300
PAGE, SCRIPTS, STYLES, CHARTS = 80 * KB, 20 * KB, 15 * KB, 320 * KB
AT_ONCE = '<script src="assets/vega.js"></script>'


def show(context: Context) -> str:
    """Weigh the home page with its scripts and styles, and the bundle of interactive charts.

    Raises:
        ShortfallError: a budget isn't kept.
    """
    site = board(context, ENTRIES)
    if context.broken(POINT):
        site = shutil.copytree(site, context.scratch / "at-once")
        _load_at_once(site / "index.html")
    first, charts = weight(site), packed(site / "assets" / "vega.js")
    figures = (
        f"{ENTRIES} entries, gzipped: page {first.page / KB:.1f} of {PAGE / KB:.0f} KB, scripts "
        f"{first.scripts / KB:.1f} of {SCRIPTS / KB:.0f} KB, styles {first.styles / KB:.1f} of "
        f"{STYLES / KB:.0f} KB, {first.fonts} web fonts; charts on demand {charts / KB:.0f} of "
        f"{CHARTS / KB:.0f} KB"
    )
    require(_kept(first) and charts <= CHARTS, figures)
    return figures


def board(context: Context, entries: int) -> Path:
    """Return the site of a board of so many entries, written once for all points of a run."""
    folder = context.common / f"board-{entries}"
    with context.alone(folder.name):
        if not folder.exists():
            write_large_board(folder, entries)
    return folder / "site"


def _kept(first: Weight) -> bool:
    sizes = first.page <= PAGE and first.scripts <= SCRIPTS and first.styles <= STYLES
    return sizes and first.fonts == 0


def _load_at_once(page: Path) -> None:
    text = page.read_text("utf-8")
    page.write_text(text.replace("</head>", f"{AT_ONCE}</head>"), "utf-8")
