"""Show what sites of thousands of entries take: time by part, memory, bytes, time to the next paint."""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.simulated.entries import RECIPES
from tests.simulated.trees import POOL, write_large_tree
from tests.verify import site_budgets, site_made, site_paint
from tests.verify.report import Context, require
from tests.verify.site_processes import watched
from tests.verify.site_scale_run import ALONE, FAULT

POINT = 4
SMALL, PAINTED, LARGE = 1_000, 5_000, 10_000
SECONDS = {SMALL: 60.0, LARGE: 600.0}  # of rendering
GIB, SITE_BYTES, FLAT = 3.0, 1e9, 1.3
STARTING = 15.0  # seconds of rendering in the quick form that no entry is to blame for
MOST_ROWS, ROW = 200, '<a class="variant"'  # which names the entry of each row
PARTS = ("load", "statistics", "rendering")
WITH = "with its cache"


@dataclass(frozen=True)
class Built:
    """One build: its entries, the seconds of its parts, memory, and the site."""

    entries: int
    parts: dict[str, float]
    gib: float
    site: Path

    @property
    def size(self) -> int:
        """Return the bytes of the site."""
        return sum(file.stat().st_size for file in self.site.rglob("*") if file.is_file())

    @property
    def rendering(self) -> float:
        """Return the seconds of rendering by entry."""
        return self.parts["rendering"] / self.entries

    def __str__(self) -> str:
        """Say all figures."""
        told = ", ".join(f"{part} {self.parts[part]:.1f} s" for part in PARTS)
        return f"{self.entries:,} entries: {told}, {self.gib:.2f} GiB, {self.size / 1e6:.0f} MB of site"


def show(context: Context) -> str:
    """Build trees of two sizes, rebuild one with and without its cache, and sort and filter a large board.

    Raises:
        ShortfallError: a bound isn't kept, or a rebuilt site differs.
    """
    told = _small_form(context) if context.quick else _full_form(context)
    painted = site_budgets.ENTRIES if context.quick else PAINTED
    paint = site_paint.show(site_budgets.board(context, painted), quick=context.quick)
    figures = f"{told}; {painted:,} rows to the next paint: {paint}"
    require(context.quick or paint.fast, figures)
    return figures


def _full_form(context: Context) -> str:
    """Build trees of two sizes, and rebuild the smaller one with and without its cache."""
    small, large = (_build(context, entries) for entries in (SMALL, LARGE))
    again = _again(context, small)
    ratio = large.rendering / small.rendering
    rows = max(map(most_rows, (small.site, large.site)))
    figures = (
        f"{small}; {large} (x {ratio:.2f} per entry); {again}; {rows} rows of entries at most in a document; "
        f"items drawn for {POOL * len(RECIPES)} entries, each entry with a choice of them and JSON its own"
    )
    require(all(_within(one, SECONDS[one.entries]) for one in (small, large)), figures)
    require(ratio <= FLAT and rows <= MOST_ROWS, figures)
    return figures


def _small_form(context: Context) -> str:
    """Build the site that other points look at again, in a process of its own, with its cache."""
    first, own = site_made.site(context), context.scratch / "_site"
    took = site_made.took(context)
    built = Built(int(took["entries"]), took, took["gib"], first)
    for folder in (first, first.with_name(f"{first.name}.cache")):
        shutil.copytree(folder, own.with_name(folder.name))
    _run(context, site_made.submissions(context), own, built.entries)
    _require_same(first, own, WITH)
    rows = most_rows(first)
    figures = (
        f"{built}, built again {WITH}, the same bytes; {rows} rows of entries at most in a document"
    )
    require(_within(built, STARTING + SECONDS[SMALL] * built.entries / SMALL), figures)
    require(rows <= MOST_ROWS, figures)
    return figures


def _within(built: Built, seconds: float) -> bool:
    kept = built.gib <= GIB and built.size <= SITE_BYTES
    return kept and built.parts["rendering"] <= seconds


def _build(context: Context, entries: int) -> Built:
    folder = context.scratch / f"scale-{entries}"
    write_large_tree(folder / "submissions", entries)
    return _run(context, folder / "submissions", folder / "_site", entries)


def _run(context: Context, submissions: Path, site: Path, entries: int) -> Built:
    fault = [FAULT] if context.broken(POINT) else []
    alone = [ALONE] if context.quick else []  # other groups have the other processor
    arguments = [str(submissions), str(site), *fault, *alone]
    ran = watched("tests.verify.site_scale_run", arguments)
    found = json.loads(ran.line)
    return Built(entries, {part: found[part] for part in PARTS}, ran.gib, site)


def _again(context: Context, built: Built) -> str:
    """Build a site again with its cache, then without; tell the seconds.

    Raises:
        ShortfallError: a byte differs.
    """
    folder, took = built.site.parent, []
    first = folder / "first"
    shutil.copytree(built.site, first)
    for how in (WITH, "without its cache"):
        if how != WITH:
            for beside in folder.glob("_site?*"):
                shutil.rmtree(beside)
        started = time.time()
        _run(context, folder / "submissions", built.site, built.entries)
        took.append(f"{how} in {time.time() - started:.1f} s")
        _require_same(first, built.site, how)
    return f"built again {', '.join(took)}, the same bytes"


def _require_same(first: Path, second: Path, how: str) -> None:
    differing = sorted({path for path, _ in contents(first).items() ^ contents(second).items()})
    require(not differing, f"built {how}, {len(differing)} files differ: {differing[:3]}")


def contents(site: Path) -> dict[str, str]:
    """Return the digest of every file of a site by path."""
    return {
        file.relative_to(site).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(site.rglob("*"))
        if file.is_file()
    }


def most_rows(site: Path) -> int:
    """Return the most rows of entries that stand in a page, in all of its tables together."""
    return max(page.read_text("utf-8").count(ROW) for page in site.rglob("*.html"))
