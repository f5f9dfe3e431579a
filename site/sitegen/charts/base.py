"""Hold what all charts share: axes, marks by method, intervals, the style.

Colours are CSS variables, so that one drawing serves the light and the dark theme; every method also has
a shape of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from sitegen.words import METHOD_TITLES

SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
METHODS = list(METHOD_TITLES.values())
COLOURS = [f"var(--method-{place})" for place in range(len(METHODS))]
WIDTH, HEIGHT = 340, 230


@dataclass(frozen=True)
class Figure:
    """A chart with what a page says about it."""

    key: str
    title: str
    summary: str
    chart: alt.LayerChart


@dataclass(frozen=True)
class Axis:
    """One numeric axis: the column of the frame, its title with the unit, and its scale."""

    column: str
    title: str
    log: bool = False
    include_zero: bool = False

    def scale(self, points: pd.DataFrame) -> alt.Scale:
        """Return the scale, a bit wider than the values so that no mark touches the frame."""
        if self.log:
            low, high = points[self.column].min() / 1.15, points[self.column].max() * 1.15
            return alt.Scale(type="log", domain=[float(low), float(high)], nice=False)
        return alt.Scale(zero=self.include_zero, nice=True, padding=8)


SCORE = Axis("score", "Score (% of best)")


def present(points: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the points that have a value in every one of some columns."""
    if points.empty:
        return points
    return points.dropna(subset=list(columns))


def entries(shown: pd.DataFrame) -> str:
    """Return how many entries are shown, in words."""
    return "1 entry" if len(shown) == 1 else f"{len(shown)} entries"


def by(shown: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return the rows, smallest value of a column first."""
    ordered = shown.sort_values([column, "entry"])
    return [dict(zip(ordered.columns, row, strict=True)) for row in ordered.itertuples(index=False)]


def label(row: dict[str, Any]) -> str:
    """Return an entry's name for a sentence."""
    return f"{row['family']} {row['variant']}"


def method_channels(points: pd.DataFrame) -> tuple[alt.Color, alt.Shape]:
    """Return colour and shape by method: always the same ones, the legend only of those present."""
    places = [place for place, method in enumerate(METHODS) if method in set(points["method"])]
    domain = [METHODS[place] for place in places]
    legend = alt.Legend(
        orient="top", title=None, columns=5, symbolSize=60, symbolOpacity=1, columnPadding=14
    )
    colours = alt.Scale(domain=domain, range=[COLOURS[place] for place in places])
    shapes = alt.Scale(domain=domain, range=[SHAPES[place] for place in places])
    colour = alt.Color("method:N", scale=colours, legend=legend, title="Method")
    return colour, alt.Shape("method:N", scale=shapes, legend=legend)


def _encoded(axis: Axis, points: pd.DataFrame, channel: Callable[..., alt.X | alt.Y]) -> object:
    ticks = alt.Axis(tickCount=5, labelOverlap=True, **({"format": "~s"} if axis.log else {}))
    return channel(f"{axis.column}:Q", title=axis.title, scale=axis.scale(points), axis=ticks)


def joined(points: pd.DataFrame, x: Axis, y: Axis) -> alt.Chart:
    """Join the entries of each family and method by a line."""
    line = alt.Chart(points).mark_line(strokeWidth=1.5, opacity=0.7, clip=True)
    return line.encode(
        x=_encoded(x, points, alt.X),
        y=_encoded(y, points, alt.Y),
        detail="family:N",
        color=method_channels(points)[0],
    )


def scatter(
    points: pd.DataFrame, x: Axis, y: Axis, below: list[alt.Chart] | None = None
) -> alt.LayerChart:
    """Draw one mark per entry with the vertical 95 % interval."""
    colour, shape = method_channels(points)
    across, up = _encoded(x, points, alt.X), _encoded(y, points, alt.Y)
    chart = alt.Chart(points).encode(x=across)
    bars = chart.mark_rule(strokeWidth=1.5, opacity=0.55, clip=True).encode(
        y=alt.Y(f"{y.column}_low:Q", title=y.title), y2=f"{y.column}_high:Q", color=colour
    )
    marks = chart.mark_point(filled=True, size=70, opacity=1, clip=True).encode(
        y=up, color=colour, shape=shape, tooltip=_tooltip(x, y)
    )
    zoom = alt.selection_interval(name="zoom", bind="scales")
    layers = [*(below or []), bars, marks.add_params(zoom)]
    return styled(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def _tooltip(x: Axis, y: Axis) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("entry:N", title="Entry"),
        alt.Tooltip(f"{x.column}:Q", title=x.title, format=".2f"),
        alt.Tooltip(f"{y.column}:Q", title=y.title, format=".1f"),
        alt.Tooltip(f"{y.column}_low:Q", title="95 % from", format=".1f"),
        alt.Tooltip(f"{y.column}_high:Q", title="95 % to", format=".1f"),
    ]


def styled(chart: alt.LayerChart) -> alt.LayerChart:
    """Return a chart in the colours and type of the page around it."""
    ink, muted, line = "var(--ink)", "var(--muted)", "var(--line)"
    font = "system-ui, sans-serif"
    return (
        chart.configure(background="transparent", font=font, padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=muted,
            titleColor=ink,
            gridColor=line,
            domainColor=muted,
            tickColor=muted,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=ink, labelFontSize=11)
    )
