"""Processes that share a build: they end with the one that began them, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import time
from sitegen.workers import workers
from tests.sitegen.test_workers import pid_of
with workers(None, 99, 2) as sharing:
    print(*set(sharing.each(pid_of, range(8))), flush=True)
    time.sleep(60)
"""


def pid_of(setup: object, task: int) -> int:
    """Return the process that does a task."""
    time.sleep(0.05)
    return os.getpid()


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and wasn't waited for doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_workers_end_with_a_build_that_is_killed() -> None:
    """After SIGKILL, which no process can answer, none of its workers is left."""
    command = [sys.executable, "-c", CODE]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as build:
        assert build.stdout
        workers = [int(pid) for pid in build.stdout.readline().split()]
        assert workers
        assert all(map(alive, workers))
        build.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(alive, workers))
