"""Draw what a method keeps of its bases' scores: a mark per entry, or of many their quantiles."""

from functools import cache

import altair as alt
import pandas as pd

from sitegen.charts.base import (
    METHODS,
    Axis,
    Figure,
    Filled,
    Key,
    Rows,
    Specification,
    encoded,
    entries,
    present,
    reference,
    rows,
    scatter,
    zoomable,
)
from sitegen.charts.board import BITS, RETENTION, by_bits, has_intervals
from sitegen.charts.many import LIMIT

NOMINAL = Axis("place", "Nominal bits per weight (spread sideways)", include_zero=True)
QUANTILES = {"p5": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "p95": 0.95}
SPREAD = 0.6  # bits that the entries of one width are spread over


def figure(points: pd.DataFrame, key: str) -> Figure | None:
    """Return the chart of one method's entries; None where none has a retention."""
    shown = present(points, "retention")
    if shown.empty:
        return None
    title = "Retention by bits"
    if len(shown) > LIMIT:
        summary = f"{entries(shown)}. {by_bits(shown)} Median, middle half and middle 90 % at each bit width."
        data = {"quantiles": quantiles(shown), "whole": [{"retention": 100.0}]}
        keys = (Key("filled", "median, middle half"), Key("line", "middle 90 %"))
        chart = Filled(_quantile_form(METHODS.index(shown["method"].iloc[0])), data)
        return Figure(key, title, summary, chart, keys, intervals=False)
    known = present(shown, "effective_bits")
    axis = BITS if len(known) == len(shown) else NOMINAL
    drawn = known if axis is BITS else _spread(shown)
    data = {"points": rows(drawn, axis, RETENTION), "whole": [{"retention": 100.0}]}
    summary = (
        f"{entries(drawn)}. {by_bits(drawn)} One mark for each entry; the dotted line is the base."
    )
    chart = Filled(_form(axis), data)
    return Figure(key, title, summary, chart, intervals=has_intervals(drawn, RETENTION))


def quantiles(shown: pd.DataFrame) -> Rows:
    """Return the quantiles of the retention at each nominal bit width, fewest bits first."""
    return [
        {
            "bits": int(str(bits)),
            "entries": len(group),
            **{
                name: round(float(group["retention"].quantile(part)), 3)
                for name, part in QUANTILES.items()
            },
        }
        for bits, group in shown.groupby("bits")
    ]


def _spread(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the entries beside one another at their nominal bits, best first."""
    ordered = shown.sort_values(["bits", "retention", "entry"], ascending=[True, False, True])
    groups = ordered.groupby("bits")["entry"]
    share = groups.cumcount() / (groups.transform("size") - 1).clip(lower=1)
    alone = groups.transform("size") == 1
    return ordered.assign(place=ordered["bits"] + SPREAD * (share.where(~alone, 0.5) - 0.5))


def _whole() -> alt.Chart:
    return reference("whole").encode(y=alt.Y("retention:Q", title=RETENTION.title))


@cache
def _form(axis: Axis) -> Specification:
    """Return the chart of marks without data; Altair builds and checks it once in a process."""
    return scatter(alt.NamedData("points"), axis, RETENTION, [_whole()]).to_dict()


@cache
def _quantile_form(method: int) -> Specification:
    """Return the chart of quantiles without data; Altair builds and checks it once in a process."""
    colour = f"var(--method-{method})"
    data = alt.Chart(alt.NamedData("quantiles")).encode(
        x=encoded(Axis("bits", "Nominal bits per weight", include_zero=True), alt.X)
    )
    tooltip = [alt.Tooltip("bits:Q", title="Bits"), alt.Tooltip("entries:Q", title="Entries")]
    tooltip += [alt.Tooltip(f"{name}:Q", title=name, format=".1f") for name in QUANTILES]
    low = encoded(Axis("p5", RETENTION.title), alt.Y)
    return zoomable(
        [
            _whole(),
            data.mark_rule(color=colour).encode(y=low, y2="p95:Q"),
            data.mark_rule(color=colour, strokeWidth=7, opacity=0.5).encode(y="q1:Q", y2="q3:Q"),
            data.mark_point(filled=True, size=60, color=colour, opacity=1).encode(
                y="median:Q", tooltip=tooltip
            ),
        ]
    ).to_dict()
