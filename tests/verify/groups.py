"""Run groups of points, each in a process of its own, forked after the slow imports.

A fault that is put into the evaluator stays with its group, and two cores do the work of two.
"""

import importlib
import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.verify import report
from tests.verify.report import Context, Point

SLOW_IMPORTS = (
    "torch",
    "lm_eval",
    "evaluator.scoring",
    "datasets",
    "pandas",
    "sacrebleu",
    "rouge_score.rouge_scorer",
    "transformers.models.llama.modeling_llama",
)
CHATTY = ("torch.utils._pytree", "torchao")  # they warn of other packages when they are imported
AT_ONCE = 2  # processes, in the quick form

Groups = Sequence[list[int]]


def shown_by(module: str) -> Callable[[Context], str]:
    """Return a point's function, whose module is imported when it is run."""

    def show(context: Context) -> str:
        figures: str = importlib.import_module(f"tests.verify.{module}").show(context)
        return figures

    return show


def main(
    points: list[Point],
    groups: Groups,
    arguments: Sequence[str],
    imports: Sequence[str] = SLOW_IMPORTS,
    quick_at_once: int = AT_ONCE,
) -> int:
    """Run every group, those that take longest first, and return 1 where a point falls short.

    `imports` are made once, before the groups' processes part; `quick_at_once` groups run beside each other
    in the quick form.
    """
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    for name in imports:
        importlib.import_module(name)
        for logger in CHATTY:
            logging.getLogger(logger).setLevel(logging.ERROR)
    at_once = quick_at_once if "--quick" in arguments else 1
    with tempfile.TemporaryDirectory(prefix="quantboard-verify-") as common:
        ended = _all(groups, at_once, partial(_run, points, arguments, Path(common)))
    return 0 if all(status == 0 for status in ended) else 1


def _all(groups: Groups, at_once: int, run: Callable[[list[int]], None]) -> list[int | None]:
    """Run every group in a process of its own; return the status that each ended with."""
    running: list[ForkProcess] = []
    ended: list[int | None] = []
    for group in groups:
        while len(running) >= at_once:
            _collect(running, ended)
        process = multiprocessing.get_context("fork").Process(target=run, args=(group,))
        process.start()
        running.append(process)
    while running:
        _collect(running, ended)
    return ended


def _run(points: list[Point], arguments: Sequence[str], common: Path, group: list[int]) -> None:
    sys.exit(report.main(points, [group], arguments, common))


def _collect(running: list[ForkProcess], ended: list[int | None]) -> None:
    """Move the processes that have ended from the one list to the other's statuses."""
    time.sleep(0.1)
    for process in [process for process in running if not process.is_alive()]:
        running.remove(process)
        ended.append(process.exitcode)
