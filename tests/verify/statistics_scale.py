"""Show what the statistics of many entries take, from simulated entries with all items of suite `paper`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from evaluator import items
from tests.simulated.trees import write_tree
from tests.verify.report import ROOT, Context, require
from tests.verify.statistics_storage import MOST_BYTES, bytes_per_entry

POINT = 6
ENTRIES, QUICK_ENTRIES = 1_000, 20
SECONDS, GIB = 60.0, 2.0
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
    stored = max(map(bytes_per_entry, root.glob("*/*")))
    require(
        stored <= MOST_BYTES, f"{stored:,} bytes of items in an entry, allowed are {MOST_BYTES:,}"
    )
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
    """Put the fault in: each column is stored value by value, without lists of values or streams of bytes."""
    module: Any = items
    own = module._encodings
    if active:
        module._encodings = lambda table: {"use_dictionary": False}
    try:
        yield
    finally:
        module._encodings = own
