"""Draw how a benchmark's values are spread over entries: a pure function from a frame to a chart."""

from functools import cache

import altair as alt
import pandas as pd

from sitegen.charts.base import (
    WIDTH,
    Axis,
    Figure,
    Filled,
    Specification,
    method_channels,
    records,
    reference,
    styled,
)
from sitegen.words import METHOD_TITLES, number

ROW = 24  # pixels for each group
GROUPS, BASES = "groups", "bases"
LABELS = 118  # room for "unquantized, 16 bits" in any font: browsers draw it wider than vl-convert measures


def figure(
    key: str, groups: pd.DataFrame, metric: str, unit: str, digits: int, direction: str = "higher"
) -> Figure | None:
    """Draw each group's lowest and highest value, middle half and median; None of fewer than two entries.

    Args:
        key: of the figure, unique on its page.
        groups: columns group, method, entries, lowest, quarter, median, three_quarters and highest.
        metric: its title.
        unit: what its values are in.
        digits: how many after the point the sentence has.
        direction: of better values: `higher`, `lower` or `zero`.
    """
    if groups["entries"].sum() < 2:
        return None
    title = f"{metric} ({unit})" if unit else metric
    bases = groups[groups["method"] == METHOD_TITLES["none"]].head(1)
    data = {GROUPS: records(groups), BASES: records(bases[["median"]])}
    chart = Filled(_form(_is_wide(groups)), data)
    return Figure(key, f"Distribution: {title}", _told(groups, unit, digits, direction), chart)


def _is_wide(groups: pd.DataFrame) -> bool:
    """Say whether values are so far apart, as perplexities are, that only a logarithm shows them."""
    lowest = float(groups["lowest"].min())
    return lowest > 0 and float(groups["highest"].max()) > 50 * lowest


@cache
def _form(log: bool) -> Specification:
    """Return the chart without data: the groups in their order, the median of the unquantized as a line."""
    up = alt.Y(
        "group:N",
        sort=None,
        title=None,
        axis=alt.Axis(ticks=False, labelLimit=140, minExtent=LABELS),
    )
    scale = Axis("median", "", log=log).scale()
    colour, shape = method_channels()
    chart = alt.Chart(alt.NamedData(GROUPS)).encode(y=up, color=colour)
    whole = chart.mark_rule(strokeWidth=1.5, opacity=0.6).encode(
        x=alt.X("lowest:Q", title=None, scale=scale), x2="highest:Q"
    )
    half = chart.mark_bar(height=8, opacity=0.35).encode(
        x=alt.X("quarter:Q", title=None), x2="three_quarters:Q"
    )
    middle = chart.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("median:Q", title=None),
        shape=shape,
        tooltip=["group:N", "entries:Q", "median:Q"],
    )
    base = reference(BASES).encode(x=alt.X("median:Q", title=None))
    layers = alt.layer(base, whole, half, middle)
    return styled(layers.properties(width=WIDTH - 80, height=alt.Step(ROW))).to_dict()


def _told(groups: pd.DataFrame, unit: str, digits: int, direction: str) -> str:
    """Say how many entries there are, and where the ends, the first group and the worst one stand."""
    after = f" {unit}" if unit else ""
    entries = int(groups["entries"].sum())
    lowest, highest = float(groups["lowest"].min()), float(groups["highest"].max())
    span = (
        f"{entries:,} entries, from {number(lowest, digits)} to {number(highest, digits)}{after}. "
    )
    first, (name, worst) = groups.iloc[0], _worst(groups, direction)
    middle = f"Median of {first['group']}, {number(float(first['median']), digits)}{after}"
    if worst is not None:
        middle += f"; {name}: {worst['group']}, {number(float(worst['median']), digits)}{after}"
    return f"{span}{middle}. Dot: median; bar: middle half; line: all."


def _worst(groups: pd.DataFrame, direction: str) -> tuple[str, "pd.Series | None"]:
    """Return the group with the worst median and what to call it; None where it is the first group."""
    names = {"higher": "lowest", "lower": "highest", "zero": "farthest from 0"}
    medians = groups["median"].reset_index(drop=True)
    signed = {"higher": -medians, "lower": medians, "zero": medians.abs()}[direction]
    place = int(signed.to_numpy().argmax())
    return names[direction], groups.iloc[place] if place else None
