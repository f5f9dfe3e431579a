"""Show that the properties of the tree hold on drawn cases, and that they see each fault that is put in."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import pytest

from tests.verify.report import ROOT, Context, ShortfallError, require

POINT = 6
FAULT = "within a block a token sees the tokens of other branches"

PROPERTIES = ("test_tree_properties", "test_tree_scores", "test_tree_cache_key")
FAULTS = "test_tree_faults"
TIMES = 10  # as many cases, in the full form


class Results:
    """What became of each test, as pytest says it."""

    def __init__(self) -> None:
        """Start with no tests."""
        self.passed: list[str] = []
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a test that ended; one that was skipped wasn't shown."""
        if report.when == "call" or not report.passed:
            (self.passed if report.passed else self.failed).append(report.nodeid.split("::")[-1])


def show(context: Context) -> str:
    """Run the property tests, and those that put a fault in.

    Raises:
        ShortfallError: a property doesn't hold, or a fault isn't seen.
    """
    with _times(1 if context.quick else TIMES), fault(active=context.broken(POINT)):
        properties = run(PROPERTIES)
    faults = run((FAULTS,))
    return (
        f"{len(properties)} property tests hold on drawn trees, budgets, vocabularies and cache keys; "
        f"{len(faults) - 1} tests put a fault into mask, positions or cache key, and each is seen"
    )


def run(modules: tuple[str, ...]) -> list[str]:
    """Run some test modules in this process, and return the names of the tests.

    Raises:
        ShortfallError: a test failed, or there was none.
    """
    results, said = Results(), io.StringIO()
    files = [str(ROOT / "tests" / "evaluator" / f"{module}.py") for module in modules]
    with redirect_stdout(said):
        status = pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", *files], [results])
    if results.failed:
        raise ShortfallError(f"not so: {', '.join(dict.fromkeys(results.failed))}")
    require(status == 0 and bool(results.passed), said.getvalue()[-2000:])
    return results.passed


@contextmanager
def _times(factor: int) -> Iterator[None]:
    """Let every property be tried on so many times its usual number of cases."""
    os.environ["QUANTBOARD_TIMES"] = str(factor)
    try:
        yield
    finally:
        del os.environ["QUANTBOARD_TIMES"]


@contextmanager
def fault(*, active: bool) -> Iterator[None]:
    """Put the fault in: the masks of blocks."""
    from evaluator.scoring.tree import packs
    from tests.evaluator.tree_faults import sees_its_neighbours

    block: Any = packs.Block
    own = block.mask
    if active:
        block.mask = sees_its_neighbours
    try:
        yield
    finally:
        block.mask = own
