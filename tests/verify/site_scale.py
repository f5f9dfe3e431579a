"""Show what sites of thousands of entries take: time by part, memory, bytes, time to the next paint."""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.simulated.trees import POOL, write_large_tree
from tests.verify import site_budgets, site_paint
from tests.verify.report import Context, require
from tests.verify.site_processes import watched
from tests.verify.site_scale_run import ALONE, FAULT

POINT = 4
SMALL, PAINTED, LARGE = 1_000, 5_000, 10_000
QUICK, QUICK_POOL = 10, 1
SECONDS = {SMALL: 60.0, LARGE: 600.0}  # of rendering
GIB, SITE_BYTES, FLAT = 3.0, 1e9, 1.3
STARTING = 15.0  # seconds of rendering in the quick form that no entry is to blame for
MOST_ROWS, ROW = 200, '<a class="variant"'  # which names the entry of each row
PARTS = ("load", "statistics", "rendering")


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
    small = _build(context, QUICK if context.quick else SMALL)
    large = small if context.quick else _build(context, LARGE)
    again = _again(context, small)
    rows = max(map(most_rows, (small.site, large.site)))
    painted = site_budgets.ENTRIES if context.quick else PAINTED
    paint = site_paint.show(site_budgets.board(context, painted))
    ratio = large.rendering / small.rendering
    figures = (
        f"{small}; {large} (x {ratio:.2f} per entry); built again {again}, the same bytes; "
        f"{rows} rows of entries at most in a document; {painted:,} rows to the next paint: {paint}; "
        f"items drawn for {_pool(context) * 10} entries, each entry with a choice of them and JSON its own"
    )
    require(all(_within(one, quick=context.quick) for one in (small, large)), figures)
    require(context.quick or ratio <= FLAT, figures)
    require(rows <= MOST_ROWS and (context.quick or paint.fast), figures)
    return figures


def _within(built: Built, *, quick: bool) -> bool:
    allowed = STARTING + SECONDS[SMALL] * built.entries / SMALL if quick else SECONDS[built.entries]
    kept = built.gib <= GIB and built.size <= SITE_BYTES
    return kept and built.parts["rendering"] <= allowed


def _pool(context: Context) -> int:
    return QUICK_POOL if context.quick else POOL


def _build(context: Context, entries: int) -> Built:
    folder = context.scratch / f"scale-{entries}"
    write_large_tree(folder / "submissions", entries, pool=_pool(context))
    return _run(context, folder, entries)


def _run(context: Context, folder: Path, entries: int) -> Built:
    site = folder / "_site"
    fault = [FAULT] if context.broken(POINT) else []
    alone = [ALONE] if context.quick else []  # another group has the other processor
    arguments = [str(folder / "submissions"), str(site), *fault, *alone]
    ran = watched("tests.verify.site_scale_run", arguments)
    found = json.loads(ran.line)
    return Built(entries, {part: found[part] for part in PARTS}, ran.gib, site)


def _again(context: Context, built: Built) -> str:
    """Build a site again with its cache, then without, which the quick form leaves out; tell the seconds.

    Raises:
        ShortfallError: a byte differs.
    """
    folder, took = built.site.parent, []
    fresh = contents(built.site)
    for kept in (True,) if context.quick else (True, False):
        if not kept:
            for beside in folder.glob("_site?*"):
                shutil.rmtree(beside)
        started = time.time()
        _run(context, folder, built.entries)
        took.append(f"{'with' if kept else 'without'} its cache in {time.time() - started:.1f} s")
        again = contents(built.site)
        differing = sorted({path for path, _ in fresh.items() ^ again.items()})
        how = "with" if kept else "without"
        told = f"built again {how} its cache, {len(differing)} files differ: {differing[:3]}"
        require(not differing, told)
    return ", ".join(took)


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
