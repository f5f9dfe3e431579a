"""Draw many entries as counts, with marks only for those that no other entry beats."""

from dataclasses import replace
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluator.statistics.ranking import pareto_front
from sitegen.charts.base import (
    HEIGHT,
    WIDTH,
    Axis,
    Figure,
    Filled,
    Key,
    Rows,
    Specification,
    encoded,
    marks,
    rows,
    zoomable,
)

LIMIT = 300  # marks; more of them hide each other and weigh more than the page
CELL = 10  # pixels
MARKS = 60  # of the entries that none beats
STEPS = {1: 0.16, 3: 0.3, 10: 0.45, 30: 0.6, 100: 0.75}  # entries in a cell, from: opacity


def figure(bare: Figure, shown: pd.DataFrame, x: Axis, y: Axis) -> Figure:
    """Return a figure whose chart draws counts, and says so.

    Args:
        bare: key, title and sentence.
        shown: one row per entry, complete on both axes.
        x: what is to be small.
        y: what is to be large.
    """
    front = shown[pareto_front(shown[x.column].to_list(), shown[y.column].to_list())]
    cells = counts(shown, x, y)
    named = front.sort_values(x.column).head(MARKS)
    told = "the one" if len(named) == 1 else f"the {len(named)}"
    summary = (
        f"{bare.summary} The more entries, the stronger the field; marks are {told} that no "
        "other beats on both axes."
    )
    data = {"cells": cells, "front": rows(named, x, y)}
    used = sorted({one["step"] for one in cells})
    keys = tuple(Key("cell", _range(step), STEPS[step]) for step in used)
    return replace(
        bare, summary=summary, chart=Filled(_form(x, y), data), keys=keys, intervals=False
    )


def counts(shown: pd.DataFrame, x: Axis, y: Axis) -> Rows:
    """Return the fields of a grid that hold entries: their edges, and how many there are.

    Each also names the step of `STEPS` that it is drawn in; fields of one step stand side by side.
    """
    across = _edges(shown[x.column], x, WIDTH // CELL)
    up = _edges(shown[y.column], y, HEIGHT // CELL)
    grid, _, _ = np.histogram2d(shown[x.column], shown[y.column], bins=(across, up))
    found = [
        {
            "left": round(float(across[column]), 5),
            "right": round(float(across[column + 1]), 5),
            "low": round(float(up[row]), 5),
            "high": round(float(up[row + 1]), 5),
            "entries": int(grid[column, row]),
            "step": max(step for step in STEPS if step <= grid[column, row]),
        }
        for column, row in np.argwhere(grid)
    ]
    return sorted(found, key=lambda one: one["step"])


def _edges(values: "pd.Series[float]", axis: Axis, number: int) -> npt.NDArray[np.floating[Any]]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low * 0.99 - 1e-9, high * 1.01 + 1e-9
    edges = np.geomspace(low, high, number + 1) if axis.log else np.linspace(low, high, number + 1)
    edges[0], edges[-1] = low, high  # geomspace misses its own ends by a rounding
    return edges


def _range(step: int) -> str:
    """Return the counts that a step stands for."""
    following = [one for one in STEPS if one > step]
    if not following:
        return f"{step} or more entries"
    return f"{step} to {min(following) - 1}"


@cache
def _form(x: Axis, y: Axis) -> Specification:
    """Return the chart without data; Altair builds and checks it once in a process."""
    opacity = alt.Opacity(
        "step:O", scale=alt.Scale(domain=list(STEPS), range=list(STEPS.values())), legend=None
    )
    left, bottom = (
        encoded(Axis(column, axis.title, axis.log, axis.include_zero, axis.nice), channel)
        for column, axis, channel in (("left", x, alt.X), ("low", y, alt.Y))
    )
    field = alt.Chart(alt.NamedData("cells")).mark_rect(color="var(--ink)", clip=True)
    fields = field.encode(
        x=left,
        x2="right:Q",
        y=bottom,
        y2="high:Q",
        opacity=opacity,
        tooltip=[
            alt.Tooltip("entries:Q", title="Entries"),
            alt.Tooltip("left:Q", title=f"{x.title}, from", format=".2f"),
            alt.Tooltip("right:Q", title="to", format=".2f"),
            alt.Tooltip("low:Q", title=f"{y.title}, from", format=".1f"),
            alt.Tooltip("high:Q", title="to", format=".1f"),
        ],
    )
    return zoomable([fields, marks(alt.NamedData("front"), x, y)]).to_dict()
