"""Show that what strangers write is harmless, by the tests that hold it: pages, browser, table files."""

import multiprocessing
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.verify.report import ROOT, Context, require

POINT = 5
FILES = ("tests/sitegen/test_hostile.py", "tests/browser/test_hostile.py")
QUICK = "not built_all_the_same"


def show(context: Context) -> str:
    """Run the tests of hostile submissions; in the quick form none in a browser.

    Raises:
        ShortfallError: a test fails, or is skipped.
    """
    chosen = ["-k", QUICK] if context.quick else []
    files = FILES[:1] if context.quick else FILES
    arguments = ["-q", "-p", "no:cacheprovider", *files, *chosen]
    told = context.scratch / "hostile.txt"
    # A process of its own: the fault and what pytest does to modules stay there.
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(arguments, told, context.broken(POINT))
    )
    process.start()
    process.join()
    last = told.read_text("utf-8").splitlines()[-1]
    counted = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last)}
    figures = f"{counted.get('passed', 0)} tests of hostile texts and paths hold: {last}"
    require(process.exitcode == 0 and "skipped" not in counted, figures)
    return figures


def _run(arguments: Sequence[str], told: Path, broken: bool) -> None:
    os.chdir(ROOT)
    with told.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    if broken:
        _bare()
    status = pytest.main(list(arguments))
    sys.stdout.flush()
    os._exit(status)  # the usual end fails in a process that a thread forked


def _bare() -> None:
    """Put the fault in: templates escape nothing."""
    own: Any = jinja2.Environment

    def bare(*given: Any, **named: Any) -> jinja2.Environment:
        made: jinja2.Environment = own(*given, **named | {"autoescape": False})
        return made

    jinja2.Environment = bare  # type: ignore[assignment,misc]
