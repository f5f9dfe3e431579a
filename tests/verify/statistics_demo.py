"""Show the statistics on the demo's family: what is lost as bits fall, as a spreadsheet has it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from evaluator.comparison.boards import BoardStatistics, board_statistics
from evaluator.comparison.entries import Line
from evaluator.comparison.scores import scores
from evaluator.entries import Entry, find_entries
from evaluator.statistics.ranking import tie_groups
from evaluator.suites.definitions import load_suite
from tests.independent.score_interval import standard_errors_away
from tests.verify import statistics_divergence
from tests.verify.report import ROOT, Context, require

POINT = 4
SUITE = load_suite("mini")
BASE = "fp32"
FALLING = ("gptq-8bit-g128", "gptq-4bit-g128", "gptq-3bit-g128", "gptq-2bit-g128")
EIGHT = ("bnb-int8", "gptq-8bit-g128")
TWO = "gptq-2bit-g128"
DEMO = "unquantized,llm.int8,gptq-8bit,gptq-4bit,gptq-3bit,gptq-2bit"
QUICK_DEMO, QUICK_ITEMS = "unquantized,llm.int8,gptq-2bit", 12
SURE = 1.96  # standard errors to an interval's end


def show(context: Context) -> str:
    """Run the demo for one family, and judge its statistics.

    Raises:
        ShortfallError: retention doesn't fall with bits, 8 bits can be told from the base or 2 can't, or
            flips, p or interval aren't those of a spreadsheet.
    """
    with _demo(context) as ran:
        divergence = statistics_divergence.show(context)
        entries = {one.variant: one for one in find_entries(_submissions(context, ran))}
    found = board_statistics(SUITE, list(entries.values()))
    ties = dict(zip(found.names, tie_groups(found.scores, found.drawn), strict=True))
    groups = {variant: ties[entry.name] for variant, entry in entries.items()}
    retained = {
        variant: _retained(found.lines[entry.name])
        for variant, entry in entries.items()
        if variant != BASE
    }
    said = ", ".join(
        f"{variant} {100 * value:.1f} % (tie group {groups[variant]})"
        for variant, value in retained.items()
    )
    falling = [retained[name] for name in FALLING if name in retained]
    require(falling == sorted(falling, reverse=True), f"retention doesn't fall with bits: {said}")
    apart = [name for name in EIGHT if groups.get(name, groups[BASE]) != groups[BASE]]
    require(not apart, f"{', '.join(apart)} can be told from the base: {said}")
    require(groups[TWO] != groups[BASE], f"2 bits can't be told from the base: {said}")
    checked = _by_spreadsheet(entries, found)
    return f"retention of the score: {said}; {checked}; KL divergence from the base: {divergence}"


@contextmanager
def _demo(context: Context) -> Iterator[subprocess.Popen[bytes]]:
    """Run the demo beside what else is done meanwhile."""
    command = [sys.executable, "-m", "evaluator", "demo", "--output", str(_folder(context))]
    command += ["--no-efficiency"]
    command += ["--variants", QUICK_DEMO, "--limit", str(QUICK_ITEMS)] if context.quick else []
    command += [] if context.quick else ["--variants", DEMO]
    with (
        _said(context).open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT) as ran,
    ):
        try:
            yield ran
        finally:
            ran.kill()


def _folder(context: Context) -> Path:
    return context.scratch / "family"


def _said(context: Context) -> Path:
    return context.scratch / "demo.log"


def _submissions(context: Context, ran: subprocess.Popen[bytes]) -> Path:
    """Wait for the demo, and return its submissions; by the fault 2 bits stand where 8 did."""
    status = ran.wait()
    require(status == 0, f"the demo failed: {_said(context).read_text(errors='replace')[-800:]}")
    submissions = _folder(context) / "submissions"
    if context.broken(POINT):
        family = next(submissions.glob("*/"))
        eight = next(family / name for name in EIGHT if (family / name).is_dir())
        shutil.rmtree(eight / "results")
        shutil.copytree(family / TWO / "results", eight / "results")
    return submissions


def _retained(lines: list[Line]) -> float:
    retention = scores(SUITE, lines)["score"].retention
    require(retention is not None, "the base's score isn't above chance")
    return retention.value if retention else 0.0


def _by_spreadsheet(entries: dict[str, Entry], found: BoardStatistics) -> str:
    """Recompute flips, p and interval of all right and wrong answers from the files, and compare."""
    checked = 0
    for variant, entry in entries.items():
        for line in found.lines.get(entry.name, []):
            if line.comparison and line.comparison.flips:
                _check(line, *(_sheet(one, line) for one in (entries[BASE], entry)))
                checked += 1
        require(variant == BASE or checked > 0, f"{variant} has no comparison with flips")
    return f"flips, p and interval of {checked} comparisons are a spreadsheet's"


def _sheet(entry: Entry, line: Line) -> pd.DataFrame:
    return pd.read_parquet(entry.folder / "results" / line.suite / f"{line.benchmark.name}.parquet")


def _check(line: Line, base: pd.DataFrame, variant: pd.DataFrame) -> None:
    comparison, name = line.comparison, line.benchmark.name
    if comparison is None or comparison.flips is None:
        return
    lost = int((base["correct"] & ~variant["correct"]).sum())
    gained = int((~base["correct"] & variant["correct"]).sum())
    own = (comparison.flips.lost, comparison.flips.gained)
    require(own == (lost, gained), f"{name}: flips {own}, by a spreadsheet {(lost, gained)}")
    if "cluster" in base or name == "ceval":
        _check_mean(line, base, variant)
        return
    p = mcnemar([[0, lost], [gained, 0]], exact=True).pvalue if lost + gained else 1.0
    require(comparison.p == pytest.approx(p), f"{name}: p {comparison.p}, by statsmodels {p}")
    for bound in (comparison.difference.low, comparison.difference.high):
        far = abs(standard_errors_away(len(base), lost, gained, bound))
        require(abs(bound) == 1 or SURE - 0.01 < far < 2.3, f"{name}: a bound {far} errors away")


def _check_mean(line: Line, base: pd.DataFrame, variant: pd.DataFrame) -> None:
    """Hold the difference of weighted items to the mean of the strata's means."""
    apart = variant["correct"].astype(float) - base["correct"].astype(float)
    value = float(np.mean(apart.groupby(base["stratum"]).mean()))
    found = line.comparison.difference if line.comparison else None
    held = found is not None and found.low <= found.value <= found.high
    require(
        held and found is not None and found.value == pytest.approx(value),
        f"{line.benchmark.name}: difference {found}, by a spreadsheet {value}",
    )
