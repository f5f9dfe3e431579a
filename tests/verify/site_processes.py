"""Run a command, and see the most memory that it and all its processes take together at one moment."""

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.verify.report import ROOT, require

PAUSE = 2.0  # seconds between two looks, each of which halts what it looks at
GIB = 2**30


@dataclass(frozen=True)
class Ran:
    """What a command printed last, how long it took, and its memory at the largest moment."""

    line: str
    seconds: float
    gib: float


def watched(module: str, arguments: Sequence[str]) -> Ran:
    """Run a module of this project, and look at its processes until it ends.

    Memory is the proportional set size, which counts pages that processes share once.

    Raises:
        ShortfallError: it fails.
    """
    started, most = time.time(), 0
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None:
        most = max(most, sum(map(_pss, _with_children(process.pid))))
        with suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
    told = process.stdout.read() if process.stdout else ""
    require(process.returncode == 0, f"{module} failed: {told[-800:]}")
    return Ran(told.splitlines()[-1], time.time() - started, most / GIB)


def _with_children(pid: int) -> list[int]:
    """Return a process and all that it started, and that those started."""
    children = defaultdict(list)
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may have ended
            # The name, in brackets, may hold anything; what follows it is state and parent.
            parent = int(file.read_text("utf-8").rpartition(")")[2].split()[1])
            children[parent].append(int(file.parent.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
