"""Show the statistics on the demo's family: what is lost as bits fall, as a spreadsheet has it."""

import shutil
import subprocess
import sys
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
QUICK_DEMO, QUICK_ITEMS = "unquantized,llm.int8,gptq-2bit", 6
SURE = 1.96  # standard errors to an interval's end


def show(context: Context) -> str:
    """Run the demo for one family, and judge its statistics.

    Raises:
        ShortfallError: retention doesn't fall with bits, 8 bits can be told from the base or 2 can't, or
            flips, p or interval aren't those of a spreadsheet.
    """
    entries = {one.variant: one for one in find_entries(_demo(context))}
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
    divergence = statistics_divergence.show(context, broken=context.broken(POINT))
    return f"retention of the score: {said}; {checked}; KL divergence from the base: {divergence}"


def _demo(context: Context) -> Path:
    """Run the demo, and return its submissions; by the fault 2 bits stand where 8 did."""
    folder = context.scratch / "family"
    command = [sys.executable, "-m", "evaluator", "demo", "--output", str(folder), "--variants"]
    command += [QUICK_DEMO, "--limit", str(QUICK_ITEMS)] if context.quick else [DEMO]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    require(ran.returncode == 0, f"the demo failed: {ran.stdout[-400:]} {ran.stderr[-400:]}")
    submissions = folder / "submissions"
    if context.broken(POINT):
        family = next(submissions.glob("*/"))
        shutil.rmtree(family / FALLING[0] / "results")
        shutil.copytree(family / TWO / "results", family / FALLING[0] / "results")
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
