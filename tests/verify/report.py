"""Run the points of a `verify-` target: one line each, with its figures; exit 1 where one falls short.

Every point has a named fault. `--break N` puts it in, and the point must then turn red.
"""

import argparse
import fcntl
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ShortfallError(Exception):
    """A point isn't reached; the message holds the figures."""


@dataclass(frozen=True)
class Context:
    """What a point needs to know: how much to do, which fault is in, and where to work.

    Attributes:
        common: a folder that all groups of a run share.
    """

    quick: bool
    fault: int | None
    scratch: Path
    common: Path

    def broken(self, point: int) -> bool:
        """Return whether this point's fault is in."""
        return self.fault == point

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """Wait until no other process of the run does some work in the common folder."""
        with (self.common / f"{work}.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True)
class Point:
    """One thing that must be shown."""

    number: int
    title: str
    fault: str
    show: Callable[[Context], str]


def require(condition: bool, figures: str) -> None:
    """Raise ShortfallError with the figures where a condition doesn't hold."""
    if not condition:
        raise ShortfallError(figures)


def shared_folder() -> Path:
    """Return the folder with real data and checkpoints.

    Raises:
        ShortfallError: QUANTBOARD_SHARED isn't set, or is no folder.
    """
    folder = Path(os.environ.get("QUANTBOARD_SHARED", ""))
    require(bool(str(folder) != "." and folder.is_dir()), "QUANTBOARD_SHARED isn't set to a folder")
    return folder


def main(
    points: list[Point],
    groups: list[list[int]],
    arguments: Sequence[str] | None = None,
    common: Path | None = None,
) -> int:
    """Run the points and print a line for each.

    `groups` says which points depend on each other's work and so run one after the other; in the
    quick form the groups run side by side. `common` is a folder for what other processes use, too.
    """
    faults = "; ".join(f"{point.number}: {point.fault}" for point in points)
    parser = argparse.ArgumentParser(description=f"Faults: {faults}")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--break", dest="fault", type=int, choices=[point.number for point in points]
    )
    parser.add_argument("--only", type=int, action="append", help="only this point, repeatable")
    options = parser.parse_args(arguments)
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="quantboard-verify-") as scratch:
        own = Path(scratch)
        context = Context(options.quick, options.fault, own, common or own)
        by_number = {point.number: point for point in points}
        with ThreadPoolExecutor(max_workers=2 if options.quick else 1) as pool:
            done = pool.map(
                lambda group: [
                    _show(by_number[number], context)
                    for number in group
                    if not options.only or number in options.only
                ],
                groups,
            )
            reached = [ok for group in done for ok in group]
    return 0 if all(reached) else 1


def _show(point: Point, context: Context) -> bool:
    started = time.time()
    try:
        figures, ok = point.show(context), True
    except ShortfallError as error:
        figures, ok = str(error), False
    except Exception as error:
        traceback.print_exc()
        figures, ok = f"{type(error).__name__}: {error}", False
    word = "ok  " if ok else "FAIL"
    fault = f" [fault in: {point.fault}]" if context.broken(point.number) else ""
    seconds = time.time() - started
    sys.stdout.write(f"{word} {point.number}. {point.title}: {figures} ({seconds:.0f} s){fault}\n")
    sys.stdout.flush()
    return ok
