"""Draw the findings: outcomes counted by group, correlations by benchmark, speed against memory."""

from collections.abc import Sequence
from functools import cache

import altair as alt
import pandas as pd

from sitegen.charts.base import (
    WIDTH,
    Axis,
    Figure,
    Filled,
    Specification,
    records,
    reference,
    rows,
    scatter,
    styled,
)

OUTCOME_COLOURS = ["var(--good)", "var(--muted)", "var(--bad)"]
ROW = 26  # pixels for each group
LABELS = 94  # room for "CNN/DailyMail" in any font: browsers draw it wider than vl-convert measures
CORRELATION = "Pearson's r with perplexity"
MEMORY = Axis("memory", "Peak memory (% of base)", include_zero=True)
SPEED = Axis("speed", "Speed (% of base)", include_zero=True)
WAYS = ["across entries", "within families"]


def outcome_bars(key: str, title: str, counts: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Draw one bar for each group, divided by outcome: agreeing at the left, open, disagreeing at the right.

    Args:
        key: of the figure, unique on its page.
        title: of the figure.
        counts: columns group, outcome, count, start and end, the last two in percent.
        names: the three outcomes, agreeing first.
    """
    shown = counts[counts["count"] > 0].assign(middle=(counts["start"] + counts["end"]) / 2)
    wide = shown[shown["end"] - shown["start"] >= 5]
    chart = Filled(_bars(tuple(names)), {"outcomes": records(shown), "wide": records(wide)})
    return Figure(key, title, _outcomes_told(counts, names), chart, intervals=False)


@cache
def _bars(names: tuple[str, ...]) -> Specification:
    up = alt.Y(
        "group:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, minExtent=42)
    )
    across = alt.X("start:Q", title="Share (%)", scale=alt.Scale(domain=[0, 100]))
    colours = alt.Scale(domain=list(names), range=OUTCOME_COLOURS)
    legend = alt.Legend(orient="top", title=None, columns=3, columnPadding=14)
    chart = alt.Chart(alt.NamedData("outcomes")).encode(y=up)
    bars = chart.mark_bar(opacity=0.4, stroke="var(--card)", strokeWidth=1.5).encode(
        x=across,
        x2="end:Q",
        color=alt.Color("outcome:N", scale=colours, legend=legend),
        tooltip=["group:N", "outcome:N", "count:Q"],
    )
    texts = alt.Chart(alt.NamedData("wide")).mark_text(color="var(--ink)", fontSize=11)
    numbers = texts.encode(y=up, x=alt.X("middle:Q", title="Share (%)"), text="count:Q")
    layers = alt.layer(bars, numbers).properties(width=WIDTH, height=alt.Step(ROW))
    return styled(layers).to_dict()


def _outcomes_told(counts: pd.DataFrame, names: Sequence[str]) -> str:
    """Say of each group how many agree."""
    parts = []
    for group, own in counts.groupby("group", sort=False):
        agree = int(own.loc[own["outcome"] == names[0], "count"].sum())
        parts.append(f"{group}: {agree:,} of {int(own['count'].sum()):,}")
    return f"{names[0].capitalize()}, {'; '.join(parts)}."


def correlations(key: str, found: pd.DataFrame) -> Figure:
    """Draw each benchmark's correlations with the perplexity and their intervals, one below the other.

    Args:
        key: of the figure, unique on its page.
        found: columns benchmark, way, r, low and high.
    """
    chart = Filled(_intervals(), {"found": records(found), "zero": [{"r": 0.0}]})
    return Figure(key, "Perplexity and each benchmark", _correlations_told(found), chart)


@cache
def _intervals() -> Specification:
    up = alt.Y(
        "benchmark:N",
        sort=None,
        title=None,
        axis=alt.Axis(grid=True, ticks=False, minExtent=LABELS),
    )
    offset = alt.YOffset("way:N", sort=WAYS, scale=alt.Scale(paddingOuter=0.6))
    ticks = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format=".1f")
    scale = alt.Scale(domain=[-1.06, 1.06], nice=False)
    across = alt.X("r:Q", title=CORRELATION, scale=scale, axis=ticks)
    colours = alt.Scale(domain=WAYS, range=["var(--muted)", "var(--accent)"])
    shapes = alt.Scale(domain=WAYS, range=["diamond", "circle"])
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1)
    colour = alt.Color("way:N", scale=colours, legend=legend)
    chart = alt.Chart(alt.NamedData("found")).encode(y=up, yOffset=offset, color=colour)
    bars = chart.mark_rule(strokeWidth=1.5, opacity=0.6).encode(
        x=alt.X("low:Q", title=CORRELATION), x2="high:Q"
    )
    marks = chart.mark_point(filled=True, size=55, opacity=1).encode(
        x=across,
        shape=alt.Shape("way:N", scale=shapes, legend=legend),
        tooltip=["benchmark:N", "way:N", alt.Tooltip("r:Q", format=".2f")],
    )
    zero = alt.Chart(alt.NamedData("zero")).mark_rule(color="var(--muted)")
    layers = alt.layer(zero.encode(x="r:Q"), bars, marks)
    height = alt.Step(ROW, **{"for": "position"})
    return styled(layers.properties(width=WIDTH - 60, height=height)).to_dict()


def _correlations_told(found: pd.DataFrame) -> str:
    parts = []
    for way in WAYS:
        strengths = found.loc[found["way"] == way, "r"].abs()
        if not strengths.empty:
            parts.append(f"{strengths.mean():.2f} {way}")
    return f"Mean strength of the correlation: {', '.join(parts)}."


def speed_figure(key: str, shown: pd.DataFrame, summary: str) -> Figure:
    """Draw speed against peak memory, both in percent of the base's, which stands where the lines cross.

    Args:
        key: of the figure, unique on its page.
        shown: columns memory, speed, speed_low, speed_high, entry and method.
        summary: what the chart shows.
    """
    data = {
        "points": rows(shown.assign(family=""), MEMORY, SPEED),
        "base": [{"memory": 100.0, "speed": 100.0}],
    }
    return Figure(key, "Speed against memory", summary, Filled(_speeds(), data))


@cache
def _speeds() -> Specification:
    line = reference("base")
    below = [line.encode(x="memory:Q"), line.encode(y="speed:Q")]
    return scatter(alt.NamedData("points"), MEMORY, SPEED, below).to_dict()
