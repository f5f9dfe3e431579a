"""Show what the statistics of many entries take, from simulated entries with all items of suite `paper`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from evaluator import items
from tests.simulated.entries import write_tree
from tests.verify.report import ROOT, Context, require

POINT = 6
ENTRIES, QUICK_ENTRIES = 1_000, 20
SECONDS, GIB, BYTES = 60.0, 2.0, 250_000
STARTING = 12.0  # seconds of two processes that import and draw, in the quick form


def show(context: Context) -> str:
    """Write entries, and compute their statistics in a process of its own, which starts two more.

    Raises:
        ShortfallError: they take too long or too much memory, or an entry's items too many bytes.
    """
    count = QUICK_ENTRIES if context.quick else ENTRIES
    root, started = context.scratch / "simulated", time.time()
    with _fault(active=context.broken(POINT)):
        write_tree(root, count)
    writing = time.time() - started
    stored = max(
        sum(file.stat().st_size for file in one.rglob("*.parquet")) for one in root.glob("*/*")
    )
    require(stored <= BYTES, f"{stored:,} bytes of items in an entry, allowed are {BYTES:,}")
    command = [sys.executable, "-m", "tests.verify.statistics_scale_run", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    require(done.returncode == 0, done.stderr[-800:])
    found = json.loads(done.stdout.splitlines()[-1])
    allowed = STARTING + SECONDS * count / ENTRIES if context.quick else SECONDS
    figures = (
        f"{count} simulated entries (written in {writing:.0f} s): {found['lines']:,} paired comparisons, "
        f"resampled scores and {found['groups']} tie groups in {found['seconds']:.0f} s, at most "
        f"{found['gib']:.2f} GiB; {stored:,} bytes of items at most"
    )
    require(found["seconds"] <= allowed and found["gib"] <= GIB, figures)
    return figures


@contextmanager
def _fault(*, active: bool) -> Iterator[None]:
    """Put the fault in: items files aren't compressed."""
    module: Any = items
    own = module.CODEC
    if active:
        module.CODEC = {"compression": "none"}
    try:
        yield
    finally:
        module.CODEC = own
