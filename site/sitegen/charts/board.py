"""Draw the three charts of a board: pure functions from a frame of points to a chart.

`tables.points` makes the frame. A chart of many entries shows counts, and as marks only those that no other
entry beats in both axes.
"""

from functools import cache

import altair as alt
import pandas as pd

from sitegen.charts import many
from sitegen.charts.base import (
    SCORE,
    Axis,
    Figure,
    Filled,
    Specification,
    ends,
    entries,
    joined,
    label,
    present,
    reference,
    rows,
    scatter,
)
from sitegen.words import METHOD_TITLES, number

RETENTION = Axis("retention", "Retention (% of the base's score)")
BITS = Axis("effective_bits", "Effective bits per weight (linear layers)", include_zero=True)
PERPLEXITY = Axis("perplexity", "Perplexity (log scale, lower is better)", log=True)
POINTS, WHOLE = "points", "whole"


def figures(points: pd.DataFrame, disk_unit: str) -> list[Figure]:
    """Return the charts that the points suffice for; none where nothing has a score."""
    made = []
    for make in (size_figure, retention_figure, perplexity_figure):
        one = make(points, disk_unit)
        if one is not None:
            made.append(one)
    return made


def size_figure(points: pd.DataFrame, disk_unit: str) -> Figure | None:
    """Draw score against size on disk."""
    shown = present(points, "score", "disk")
    if shown.empty:
        return None
    size = size_axis(shown, "disk", f"Size on disk ({disk_unit})")
    best, smallest = ends(shown, "score")[1], ends(shown, "disk")[0]
    summary = (
        f"{entries(shown)}. Best score: {label(best)}, {best['score']:.1f} % at "
        f"{best['disk']:.2f} {disk_unit}. Smallest: {label(smallest)}, "
        f"{smallest['score']:.1f} % at {smallest['disk']:.2f} {disk_unit}."
    )
    return _figure("size", "Quality against size", summary, shown, (size, SCORE))


def size_axis(shown: pd.DataFrame, column: str, title: str) -> Axis:
    """Return an axis of bytes: logarithmic where the largest is more than eight times the smallest."""
    spread_out = shown[column].max() > 8 * shown[column].min()
    return Axis(column, title, log=bool(spread_out), include_zero=True)


def retention_figure(points: pd.DataFrame, disk_unit: str = "") -> Figure | None:
    """Draw retention against effective bits per weight, joined by method within a family."""
    shown = present(points, "retention", "effective_bits")
    if shown.empty:
        return None
    fewest = ends(shown, "effective_bits")[0]
    summary = (
        f"{entries(shown)}. {by_bits(shown)} Fewest bits: {label(fewest)}, "
        f"{fewest['effective_bits']:.2f} bits per weight, "
        f"keeps {fewest['retention']:.1f} % of its base's score."
    )
    return _figure("retention", "Retention against bits", summary, shown, (BITS, RETENTION))


def by_bits(shown: pd.DataFrame) -> str:
    """Say the median retention at the most and at the fewest nominal bits; the unquantized keep all."""
    quantized = shown[shown["method"] != METHOD_TITLES["none"]]
    medians = quantized.groupby("bits")["retention"].median()
    told = [f"{number(float(kept))} % at {bits}" for bits, kept in medians.items()]
    if len(told) > 1:
        return f"Median retention from {told[-1]} to {told[0]} nominal bits."
    return f"Median retention {told[0]} nominal bits." if told else ""


def perplexity_figure(points: pd.DataFrame, disk_unit: str) -> Figure | None:
    """Draw score against perplexity."""
    shown = present(points, "score", "perplexity")
    if shown.empty:
        return None
    lowest, highest = ends(shown, "perplexity")
    summary = (
        f"{entries(shown)}. Lowest perplexity: {label(lowest)}, {lowest['perplexity']:.2f} at a score of "
        f"{lowest['score']:.1f} %. Highest: {label(highest)}, {highest['perplexity']:.2f} at "
        f"{highest['score']:.1f} %."
    )
    axes = (PERPLEXITY, SCORE)
    return _figure("perplexity", "Perplexity against quality", summary, shown, axes)


def _figure(
    key: str, title: str, summary: str, shown: pd.DataFrame, axes: tuple[Axis, Axis]
) -> Figure:
    if len(shown) > many.LIMIT:
        return many.figure(Figure(key, title, summary, Filled({}, {})), shown, *axes)
    chart = Filled(_form(*axes), {POINTS: rows(shown, *axes), WHOLE: [{"retention": 100.0}]})
    return Figure(key, title, summary, chart, intervals=has_intervals(shown, axes[1]))


def has_intervals(shown: pd.DataFrame, axis: Axis) -> bool:
    """Say whether any entry has an interval on an axis."""
    return f"{axis.column}_low" in shown and bool(shown[f"{axis.column}_low"].notna().any())


@cache
def _form(x: Axis, y: Axis) -> Specification:
    """Return the chart without data; Altair builds and checks it once in a process."""
    points = alt.NamedData(POINTS)
    below = []
    if y == RETENTION:
        below = [reference(WHOLE).encode(y="retention:Q"), joined(points, x, y)]
    return scatter(points, x, y, below).to_dict()
