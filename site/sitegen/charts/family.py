"""Draw one base and its variants: quality against bytes, and differences from the base by benchmark."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

import altair as alt
import pandas as pd

from evaluator.statistics.ranking import pareto_front
from sitegen.charts.base import (
    HEIGHT,
    PADDING,
    SCORE,
    WIDTH,
    Axis,
    Figure,
    Filled,
    Key,
    Rows,
    Specification,
    bars,
    by,
    encoded,
    entries,
    marks,
    present,
    rows,
    zoomable,
)
from sitegen.charts.board import has_intervals, size_axis
from sitegen.charts.labels import placed

NAMED = 24  # names that a chart has room for
FRONT, BEHIND, NAMES = "front", "behind", "names"


@dataclass(frozen=True)
class Cost:
    """What quality is weighed against.

    Attributes:
        column: of the frame.
        title: of the figure.
        axis: its title, with the unit.
        less: how less of it is called, such as `smaller`.
    """

    column: str
    title: str
    axis: str
    less: str


def pareto_figure(points: pd.DataFrame, cost: Cost) -> Figure | None:
    """Draw score against bytes: filled and joined what nothing smaller beats, hollow and faint the rest."""
    column = cost.column
    shown = present(points, "score", column)
    if shown.empty:
        return None
    size = replace(size_axis(shown, column, cost.axis), include_zero=False, nice=False)
    on_front = pareto_front(shown[column].to_list(), shown["score"].to_list())
    front, behind = shown[on_front], shown[[not one for one in on_front]]
    axes = (size, replace(SCORE, nice=False))
    data = {
        FRONT: rows(front, *axes),
        BEHIND: rows(behind, *axes),
        NAMES: _names(pd.concat([front, behind]), *axes),
    }
    named = ", ".join(one["variant"] for one in by(front, column))
    summary = f"{entries(shown)}. Nothing {cost.less} is better: {named}."
    line = Key("line", f"nothing {cost.less} is better")
    rest = Key("hollow", f"something {cost.less}, or alike, scores as high")
    keys = (line, rest) if len(behind) else (line,) if len(front) > 1 else ()
    intervals = has_intervals(shown, SCORE)
    chart = Filled(_pareto_form(*axes), data)
    return Figure(column, cost.title, summary, chart, keys, intervals=intervals)


def _names(shown: pd.DataFrame, x: Axis, y: Axis) -> Rows:
    """Return the variants' names beside their marks, in so far as there is room."""
    across = _pixels(shown[x.column], [shown[x.column]], WIDTH, log=x.log)
    bounds = [shown[one] for one in (y.column, f"{y.column}_low", f"{y.column}_high")]
    up = _pixels(shown[y.column], bounds, HEIGHT)
    at = [(left, HEIGHT - low) for left, low in zip(across, up, strict=True)]
    names = shown["variant"].to_list()
    found = placed(at[:NAMED], names[:NAMED], WIDTH, HEIGHT)
    places = zip(shown[x.column], shown[y.column], found, strict=False)
    return [
        {x.column: round(left, 4), y.column: round(low, 4), **asdict(label)}
        for left, low, label in places
        if label
    ]


def _pixels(
    values: "pd.Series[float]",
    all_of: Sequence["pd.Series[float]"],
    size: int,
    *,
    log: bool = False,
) -> list[float]:
    """Return where Vega draws values on an axis that ends `PADDING` pixels beyond the outermost."""
    known = [float(value) for one in all_of for value in one.dropna()]
    turned = math.log if log else float
    low, high = turned(min(known)), turned(max(known))
    room = size - 2 * PADDING
    return [
        PADDING + room * (turned(value) - low) / (high - low) if high > low else size / 2
        for value in values
    ]


@cache
def _pareto_form(x: Axis, y: Axis) -> Specification:
    """Return the chart without data; Altair builds and checks it once in a process."""
    front, behind = alt.NamedData(FRONT), alt.NamedData(BEHIND)
    line = alt.Chart(front).mark_line(
        strokeWidth=1.5, color="var(--muted)", interpolate="step-after", clip=True
    )
    texts = alt.Chart(alt.NamedData(NAMES)).mark_text(
        fontSize=10,
        color="var(--ink)",
        clip=True,
        align=alt.expr("datum.align"),
        dx=alt.expr("datum.dx"),
        dy=alt.expr("datum.dy"),
    )
    layers = [
        line.encode(x=encoded(x, alt.X), y=encoded(y, alt.Y), order=f"{x.column}:Q"),
        bars(behind, x, y, 0.3),
        bars(front, x, y),
        texts.encode(x=encoded(x, alt.X), y=encoded(y, alt.Y), text="text:N"),
        marks(behind, x, y, filled=False, opacity=0.6),
        marks(front, x, y),
    ]
    return zoomable(layers).to_dict()
