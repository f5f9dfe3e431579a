"""Measure time and tokens once, for the points that look at them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.engine.generation import BENCHMARKS, Generation, generation, lengths
from benchmarks.engine.likelihoods import Bench, Measured, Subject
from benchmarks.engine.models import SHAPES, random_model
from benchmarks.engine.record import write
from benchmarks.engine.run import SMALL, Plan, measure, quick_parts
from benchmarks.engine.samples import Questions, Source
from benchmarks.engine.totals import Total
from evaluator.scoring.computing import Computing
from tests.verify import engine_items

ONE = "truthfulqa"  # the quick form's, and what is measured where a fault is in
RECORD = "QUANTBOARD_RECORD"
QUICK_SHAPE, QUICK_PROMPTS = "tiny", 12
QUICK_ROWS = 8  # in lm-eval's batches, where no time is spent on a search for the best


@dataclass(frozen=True)
class Found:
    """The measurements on the model for which the targets are given, and what the full sets would take."""

    measured: tuple[Measured, ...]
    totals: tuple[Total, ...]
    lm_eval_seconds: float


@cache
def source(folder: Path) -> Source:
    """Return the data, read once."""
    return Source(folder)


def plan(*, quick: bool) -> Plan:
    """Return what is measured."""
    return Plan(quick=quick, full=not quick)


@cache
def whole(folder: Path, *, quick: bool) -> Found:
    """Return the measurements, which take minutes, and are kept for the other points.

    They are written down, too, where the environment names a file for them.
    """
    if quick:
        return few(folder, exact=False)
    report = measure(source(folder), plan(quick=False), lambda said: None)
    if RECORD in os.environ:
        write(Path(os.environ[RECORD]), report.record)
    return Found(tuple(report.of(SMALL).values()), report.totals, report.lm_eval_seconds)


def few(folder: Path, *, exact: bool) -> Found:
    """Return one measurement on a few questions; `exact` lets our side forward each row alone."""
    data = source(folder)
    subject = Subject(SMALL, random_model(SHAPES[SMALL]), data.tokenizer())
    bench = Bench(subject, ONE, Computing(exact=exact))
    bench.rows = bench.rows_restricted = QUICK_ROWS
    asked = quick_parts(data, ONE, Plan.seed)[0]
    bench.answers("ours", asked.instances[:2], 1)  # the model is tried for trees before it is timed
    return Found((bench.measured([bench.pair(asked)]),), (), bench.spent)


def generations(folder: Path, *, quick: bool) -> Iterator[Generation]:
    """Go through what both sides computed for answers of the same, forced lengths.

    Positions are the same on any shape, so the quick form takes the smallest.
    """
    words = source(folder).tokenizer()
    shape = QUICK_SHAPE if quick else SMALL
    subject = Subject(shape, random_model(SHAPES[shape]), words)
    for name in BENCHMARKS[:1] if quick else BENCHMARKS:
        count = QUICK_PROMPTS if quick else len(lengths())
        asked = engine_items.asked(name, folder, count)
        yield generation(subject, Questions(name, (f"{count} spread",), count, asked))
