"""Hold what all charts share: axes, marks by method, intervals, the style.

Colours are CSS variables, so that one drawing serves the light and the dark theme; every method also has
a shape of its own. The legend stands beside the drawing, in the page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import altair as alt
import pandas as pd

from sitegen.words import METHOD_TITLES

SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
METHODS = list(METHOD_TITLES.values())
COLOURS = [f"var(--method-{place})" for place in range(len(METHODS))]
WIDTH, HEIGHT = 340, 230
PADDING = 12  # pixels between the outermost marks and the frame

Specification = dict[str, Any]
Rows = list[dict[str, Any]]


class Chart(Protocol):
    """What can be drawn: a chart of Altair's, or `Filled`."""

    def to_dict(self) -> Specification:
        """Return the chart in Vega-Lite, its data by name under `datasets`."""


@dataclass(frozen=True)
class Filled:
    """A chart whose form was built and checked once, with data of its own.

    Building and checking one with Altair takes about 150 ms, three times as long as drawing it.
    """

    form: Specification
    data: Mapping[str, Rows]

    def to_dict(self) -> Specification:
        """Return the chart in Vega-Lite, its data by name under `datasets`."""
        return {**self.form, "datasets": dict(self.data)}


@dataclass(frozen=True)
class Key:
    """One line of a legend beside those of the methods: a mark and what it means.

    Attributes:
        mark: `filled`, `hollow`, `line` or `cell`, as `charts.html` draws it.
        opacity: of the mark, from 0 to 1.
    """

    mark: str
    text: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Figure:
    """A chart with what a page says about it.

    Attributes:
        keys: lines of the legend after the methods that the data have.
        intervals: whether bars of 95 % intervals are drawn.
        wide: whether it needs the page's whole width.
    """

    key: str
    title: str
    summary: str
    chart: Chart
    keys: tuple[Key, ...] = ()
    intervals: bool = True
    wide: bool = False


@dataclass(frozen=True)
class Axis:
    """One numeric axis: the column of the frame, its title with the unit, and its scale.

    Attributes:
        nice: whether it ends at round numbers.
    """

    column: str
    title: str
    log: bool = False
    include_zero: bool = False
    nice: bool = True

    def scale(self) -> alt.Scale:
        """Return the scale, a bit wider than the values so that no mark touches the frame."""
        if self.log:
            return alt.Scale(type="log", nice=False, padding=PADDING)
        return alt.Scale(zero=self.include_zero, nice=self.nice, padding=PADDING)


SCORE = Axis("score", "Score (% of best)")


def present(points: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the points that have a value in every one of some columns."""
    if points.empty:
        return points
    return points.dropna(subset=list(columns))


def entries(shown: pd.DataFrame) -> str:
    """Return how many entries are shown, in words."""
    return "1 entry" if len(shown) == 1 else f"{len(shown):,} entries"


def by(shown: pd.DataFrame, column: str) -> Rows:
    """Return the rows, smallest value of a column first."""
    ordered = shown.sort_values([column, "entry"])
    return [dict(zip(ordered.columns, row, strict=True)) for row in ordered.itertuples(index=False)]


def ends(shown: pd.DataFrame, column: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows with the smallest and the largest value of a column."""
    ordered = shown.sort_values([column, "entry"]).iloc[[0, -1]]
    return by(ordered.iloc[:1], column)[0], by(ordered.iloc[1:], column)[0]


def label(row: dict[str, Any]) -> str:
    """Return an entry's name for a sentence."""
    return f"{row['family']} {row['variant']}"


def rows(shown: pd.DataFrame, x: Axis, y: Axis, *further: str) -> Rows:
    """Return what a scatter of two axes draws, by method, so that marks alike stand side by side."""
    bounds = [one for one in (f"{y.column}_low", f"{y.column}_high") if one in shown]
    wanted = ["entry", "family", "method", x.column, y.column, *bounds, *further]
    return records(shown.sort_values(["method", x.column, "entry"])[wanted])


def records(shown: pd.DataFrame) -> Rows:
    """Return a frame's rows as a chart's data: missing values as None, numbers to four places."""
    filled = shown.astype(object).where(shown.notna(), None)
    return [
        {name: _short(value) for name, value in zip(shown.columns, row, strict=True)}
        for row in filled.itertuples(index=False)
    ]


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def method_channels() -> tuple[alt.Color, alt.Shape]:
    """Return colour and shape by method, the same ones in every chart."""
    colours = alt.Scale(domain=METHODS, range=COLOURS)
    shapes = alt.Scale(domain=METHODS, range=SHAPES)
    colour = alt.Color("method:N", scale=colours, legend=None)
    return colour, alt.Shape("method:N", scale=shapes, legend=None)


def encoded(axis: Axis, channel: Callable[..., alt.X | alt.Y]) -> Any:
    """Return an axis on its channel, with a handful of ticks."""
    ticks = alt.Axis(tickCount=5, labelOverlap=True, **({"format": "~s"} if axis.log else {}))
    return channel(f"{axis.column}:Q", title=axis.title, scale=axis.scale(), axis=ticks)


def reference(data: str) -> alt.Chart:
    """Return the dotted line of what others are compared with, at the values that the data of a name hold."""
    return alt.Chart(alt.NamedData(data)).mark_rule(color="var(--muted)", strokeDash=[2, 3])


def joined(points: alt.ChartDataType, x: Axis, y: Axis) -> alt.Chart:
    """Join the entries of each family and method by a line."""
    line = alt.Chart(points).mark_line(strokeWidth=1.5, opacity=0.7, clip=True)
    return line.encode(
        x=encoded(x, alt.X),
        y=encoded(y, alt.Y),
        detail="family:N",
        color=method_channels()[0],
    )


def bars(points: alt.ChartDataType, x: Axis, y: Axis, opacity: float = 0.55) -> alt.Chart:
    """Draw the vertical 95 % interval of each entry."""
    rule = alt.Chart(points).mark_rule(strokeWidth=1.5, opacity=opacity, clip=True)
    return rule.encode(
        x=encoded(x, alt.X),
        y=alt.Y(f"{y.column}_low:Q", title=y.title),
        y2=f"{y.column}_high:Q",
        color=method_channels()[0],
    )


def marks(
    points: alt.ChartDataType, x: Axis, y: Axis, *, filled: bool = True, opacity: float = 1.0
) -> alt.Chart:
    """Draw one mark per entry, which tells its figures when pointed at."""
    colour, shape = method_channels()
    mark = alt.Chart(points).mark_point(filled=filled, size=60, opacity=opacity, clip=True)
    return mark.encode(
        x=encoded(x, alt.X), y=encoded(y, alt.Y), color=colour, shape=shape, tooltip=_tooltip(x, y)
    )


def scatter(
    points: alt.ChartDataType, x: Axis, y: Axis, below: list[alt.Chart] | None = None
) -> alt.LayerChart:
    """Draw one mark per entry with the vertical 95 % interval."""
    return zoomable([*(below or []), bars(points, x, y), marks(points, x, y)])


def zoomable(layers: list[alt.Chart]) -> alt.LayerChart:
    """Lay charts over one another, which the wheel and the pointer zoom and move together."""
    zoom = alt.selection_interval(name="zoom", bind="scales")
    layers = [*layers[:-1], layers[-1].add_params(zoom)]
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
    """Give a chart the colours and sizes of all."""
    ink, muted, line = "var(--ink)", "var(--muted)", "var(--line)"
    # Text is measured in the font that vl-convert carries, so that every machine lays it out alike.
    return (
        chart.configure(background="transparent", font="Liberation Sans", padding=4)
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
