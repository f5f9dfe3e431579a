"""Make the tables of one benchmark's scores: best first, at most 200 rows, and how they are spread.

What two judges decided never stands in one table, nor what was measured and what a paper reports.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from evaluator.suites.definitions import Benchmark, Suite
from sitegen import metrics, plain, words
from sitegen.charts import distribution
from sitegen.charts.base import Figure as Chart
from sitegen.comparisons import BesideBase
from sitegen.entries import Measured, SiteEntry
from sitegen.load import Data
from sitegen.metrics import Figure

MOST_ROWS = 200


@dataclass(frozen=True)
class Scored:
    """One entry's result of a benchmark, and its headline; None where it failed or has no value."""

    entry: SiteEntry
    measured: Measured
    headline: tuple[str, Figure] | None

    @property
    def kind(self) -> tuple[str, str]:
        """Return what it may share a table with: the paper, or nothing, and the judge."""
        return self.entry.paper or "", words.judge(self.measured.result.provenance.judge)


@dataclass(frozen=True)
class ScoreLine:
    """One row of a table of scores."""

    entry: SiteEntry
    figures: list[Figure | None]
    n: str
    comparison: BesideBase
    reason: str


@dataclass(frozen=True)
class ScoreTable:
    """One table of scores.

    Attributes:
        paper: citation, empty where it was measured.
        judge: which judge decided, empty where none did.
        total: entries, of which the best 200 are lines.
        groups: how the values of each method and width are spread.
        chart: of the same.
    """

    paper: str
    judge: str
    lines: list[ScoreLine]
    total: int
    groups: pd.DataFrame
    chart: Chart | None


QUARTILES = {"lowest": 0.0, "quarter": 0.25, "median": 0.5, "three_quarters": 0.75, "highest": 1.0}

Index = dict[tuple[str, str], list[tuple[SiteEntry, Measured]]]


def index(entries: Iterable[SiteEntry]) -> Index:
    """Return every current result of a benchmark by suite's label and benchmark, in one pass."""
    found: Index = {}
    for entry in entries:
        for one in entry.current:
            if one.result.kind == "benchmark" and one.result.suite:
                place = (one.result.suite, one.result.benchmark)
                found.setdefault(place, []).append((entry, one))
    return found


def tables(
    data: Data, suite: Suite, benchmark: Benchmark, results: Index, order: list[str]
) -> list[ScoreTable]:
    """Return a benchmark's scores by paper and judge, measured ones first; `order`: of its metrics."""
    scored = [
        Scored(entry, one, metrics.headline(benchmark, one.result))
        for entry, one in results.get((suite.label, benchmark.name), [])
    ]
    kinds: dict[tuple[str, str], list[Scored]] = {}
    for found in scored:
        kinds.setdefault(found.kind, []).append(found)
    return [
        _table(data, suite, benchmark, members, order)
        for _, members in sorted(kinds.items(), key=_kind)
    ]


def _kind(item: tuple[tuple[str, str], list[Scored]]) -> tuple[str, str]:
    return item[0]


def _table(
    data: Data, suite: Suite, benchmark: Benchmark, members: list[Scored], order: list[str]
) -> ScoreTable:
    members.sort(key=lambda one: _place(benchmark, order[0], one))
    paper, judge = members[0].kind
    groups = spread(members)
    metric = benchmark.metrics[order[0]]
    unit, digits = _unit(benchmark, order[0])
    return ScoreTable(
        paper=paper,
        judge=judge,
        lines=[_line(data, suite, benchmark, one, order) for one in members[:MOST_ROWS]],
        total=len(members),
        groups=groups,
        chart=distribution.figure("spread", groups, metric.title, unit, digits, metric.direction),
    )


def _unit(benchmark: Benchmark, metric: str) -> tuple[str, int]:
    display = benchmark.metrics[metric].display
    return words.UNITS[display], words.DIGITS[display]


def _place(benchmark: Benchmark, metric: str, one: Scored) -> tuple[bool, float, str]:
    """Sort by the headline, best first; entries without a value last."""
    if one.headline is None:
        return True, 0.0, one.entry.name
    direction, value = benchmark.metrics[metric].direction, one.headline[1].value
    value = abs(value) if direction == "zero" else value
    return False, -value if direction == "higher" else value, one.entry.name


def _line(
    data: Data, suite: Suite, benchmark: Benchmark, scored: Scored, order: list[str]
) -> ScoreLine:
    result, found = scored.measured.result, scored.headline
    measured = {name.split("_window_")[0]: metric for name, metric in result.metrics.items()}
    figures = [
        metrics.figure(measured[name], benchmark.metrics[name]) if name in measured else None
        for name in order
    ]
    figures[0] = found[1] if found else figures[0]
    counts = [shown.n for shown in figures if shown and shown.n is not None]
    place = (suite.label, benchmark.name)
    return ScoreLine(
        scored.entry,
        figures,
        f"{counts[0]:,}" if counts else "",
        data.compared(scored.entry).by(place, found[0]) if found else BesideBase(),
        plain.reason(result.reason) if result.status != "ok" else "",
    )


def spread(members: list[Scored]) -> pd.DataFrame:
    """Return how the headlines of each method and width are spread: most bits first.

    Columns: group, method, bits, entries, lowest, quarter, median, three_quarters, highest.
    """
    points = pd.DataFrame(
        [
            (quantization.bits, words.method_title(quantization.method), one.headline[1].value)
            for one in members
            if one.headline and (quantization := one.entry.submission.quantization)
        ],
        columns=["bits", "method", "value"],
    ).astype({"value": float})  # without rows too
    parts = points.groupby(["bits", "method"])["value"]
    made = pd.DataFrame(
        {"entries": parts.size(), **{name: parts.quantile(at) for name, at in QUARTILES.items()}}
    )
    made = made.reset_index().sort_values(["bits", "method"], ascending=[False, True])
    made["group"] = made["method"] + ", " + made["bits"].astype(str) + " bits"
    return made
