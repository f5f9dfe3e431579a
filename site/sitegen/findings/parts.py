"""Hold what a page shows of a finding: the claim, and each part of the data that it was tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitegen.board import Board
from sitegen.charts.base import Figure
from sitegen.findings.verdicts import Cases, Outcomes, Verdict, measured, reported

Floats = NDArray[np.float64]
MOST_SHOWN = 150  # marks in a chart, and rows in the table with the same numbers


@dataclass(frozen=True)
class Line:
    """One row of a table: its head, with the entry's page where it names one, and its cells."""

    head: str
    cells: tuple[str, ...]
    path: str = ""


@dataclass(frozen=True)
class Sheet:
    """A small table, ready to be shown."""

    heads: tuple[str, ...]
    lines: list[Line]
    caption: str


@dataclass(frozen=True)
class Part:
    """A finding on one suite's measured entries, or on what one paper reports.

    Attributes:
        key: unique on the page.
        place: what the part was tested on, in few words.
        paper: citation, where the figures are reported.
        table: the same numbers as the chart's.
        more: a longer table that the page folds away.
        notes: what a paper's figures need to be read rightly, beside the entries that it is about.
        elsewhere: verdicts on other hardware than the part's own, by its name.
        remark: what holds for all figures of the part.
    """

    key: str
    place: str
    paper: str | None
    verdict: Verdict
    figure: Figure | None = None
    table: Sheet | None = None
    more: Sheet | None = None
    charted: str = "table"  # which of the two holds the chart's numbers
    notes: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[tuple[str, Verdict], ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Finding:
    """A claim of the paper, and what became of it."""

    key: str
    title: str
    quote: str
    where: str
    how: str
    parts: list[Part] = field(default_factory=list)


def part_key(finding: str, table: Board, number: int) -> str:
    """Return an id: `bits-paper` for what was measured, `bits-paper-1` for the first paper's."""
    return "-".join(filter(None, (finding, table.suite.name, str(number or ""))))


def source_name(table: Board) -> str:
    """Return whose entries a table has: `Measured, paper@1`, or the paper's first author."""
    if table.paper is None:
        return f"Measured, {table.suite.label}"
    author, comma, _ = table.paper.partition(",")
    return author[:60] + (" et al." if comma else "")


def verdict(table: Board, cases: Cases) -> Verdict:
    """Return the verdict by the rule for what was measured, or by that for what a paper reports."""
    return measured(cases) if table.paper is None else reported(cases)


def bounds(points: pd.DataFrame, column: str, margin: float) -> tuple[Floats, Floats]:
    """Return a column's interval, of `_low` and `_high`; where there is none, the value ± a margin."""
    value = points[column].to_numpy(float)
    low, high = (points[f"{column}_{side}"].to_numpy(float) for side in ("low", "high"))
    return np.where(np.isnan(low), value - margin, low), np.where(
        np.isnan(high), value + margin, high
    )


def sides(low: Floats, high: Floats, line: float) -> Outcomes:
    """Return 1 where an interval is at or above a line, -1 where it is below, 0 where the line is inside."""
    return np.where(low >= line, 1, np.where(high < line, -1, 0))


def counted(groups: Sequence[str], found: Outcomes, names: Sequence[str]) -> pd.DataFrame:
    """Return how many cases of each group agree, are open or disagree, as a chart's bars want it.

    Args:
        groups: each case's group, in the order that the chart shall show.
        found: each case's outcome.
        names: what to call outcomes 1, 0 and -1.
    """
    records: list[dict[str, Any]] = []
    labels = np.asarray(groups, dtype=object)
    for group in dict.fromkeys(groups):
        own, start = found[labels == group], 0.0
        for outcome, name in zip((1, 0, -1), names, strict=True):
            count = int((own == outcome).sum())
            end = start + 100 * count / len(own)
            records.append(
                {"group": group, "outcome": name, "count": count, "start": start, "end": end}
            )
            start = end
    return pd.DataFrame(records, columns=["group", "outcome", "count", "start", "end"])


def sampled(points: pd.DataFrame) -> pd.DataFrame:
    """Return at most 150 entries, evenly spread over all by name."""
    ordered = points.sort_values("entry", kind="stable")
    if len(ordered) <= MOST_SHOWN:
        return ordered
    return ordered.iloc[np.linspace(0, len(ordered) - 1, MOST_SHOWN).astype(int)]


def shown_of(shown: int, total: int) -> str:
    """Say how many of all are shown, where it isn't all."""
    return "" if shown == total else f"{shown} of {total:,} shown, evenly spread by name."


def records(points: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows by column name."""
    return [dict(zip(points.columns, row, strict=True)) for row in points.itertuples(index=False)]


def path_of(entry: str) -> str:
    """Return an entry's page, from the site's root."""
    return quote(f"entries/{entry}/index.html")
