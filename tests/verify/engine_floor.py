"""Show that each distinct token is forwarded once, in hardly more time than ideal batches would take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.verify.engine_measured import few, whole
from tests.verify.report import Context, require, shared_folder

POINT = 2

FORWARDED = 1.05  # over the tree's distinct tokens
OVER_FLOOR = 1.3  # wall time over that of ideal batches
QUICK_OVER_FLOOR = 4.0  # where a pass takes milliseconds, beside another process


def show(context: Context) -> str:
    """Compare tokens with the tree's, and wall time with the floor measured in the same run.

    Raises:
        ShortfallError: tokens are forwarded again, or the time is too long.
    """
    folder = shared_folder() / "hub"
    if context.broken(POINT):
        with fault():
            measured = few(folder, exact=False).measured
    else:
        measured = whole(folder, quick=context.quick).measured
    most = QUICK_OVER_FLOOR if context.quick else OVER_FLOOR
    figures = "; ".join(
        f"{one.benchmark} {one.forwarded:.3f} of {one.counts.distinct} distinct tokens, "
        f"{one.over_floor_computing:.2f} times the floor ({one.over_floor:.2f} with tokenization)"
        for one in measured
    )
    require(all(one.forwarded <= FORWARDED for one in measured), figures)
    require(all(one.over_floor_computing <= most for one in measured), figures)
    return figures


@contextmanager
def fault() -> Iterator[None]:
    """Put the fault in: each request is a tree of its own, and prefixes pass through again and again."""
    from evaluator.scoring import shared_lm

    module: Any = shared_lm
    own = module.sections
    module.sections = lambda sequences, budget: [[number] for number in range(len(sequences))]
    try:
        yield
    finally:
        module.sections = own
