"""Draw what each benchmark lost or won against the base: a forest plot in one panel per benchmark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt

from sitegen.charts.base import Figure, Filled, Key, Rows, Specification, styled

PANEL, ROW, NAMES = 92, 17, 130  # pixels: a panel's width, a variant's height, the names' width
FARTHEST = 25.0  # points; what lies farther stands at the panel's edge
NARROWEST = 2.0  # points on each side of zero
SHORTER = 0.45  # one side of zero, of the other: room for its number
ROOM = 0.9  # of a panel, for values
INK = "var(--ink)"
SHAPES = {"shown": "circle", "open": "circle", "below": "triangle-left", "above": "triangle-right"}


@dataclass(frozen=True)
class Difference:
    """One benchmark of a variant beside its base, in points, more is better.

    Attributes:
        shown: whether p, corrected over the variant's benchmarks, is below 0.05.
    """

    variant: str
    benchmark: str
    value: float
    low: float
    high: float
    shown: bool


def figure(key: str, found: Sequence[Difference], variants_in_all: int = 0) -> Figure | None:
    """Return the forest plot of some differences, in the order given; None without any.

    Args:
        key: unique in the page.
        found: what is drawn.
        variants_in_all: how many variants there are; where they are more than are drawn, the figure says so.
    """
    if not found:
        return None
    panels = list(dict.fromkeys(one.benchmark for one in found))
    variants = list(dict.fromkeys(one.variant for one in found))
    reach = _reach(found)
    places = {name: place for place, name in enumerate(variants)}
    data = {
        "differences": [
            {**_row(one, panels.index(one.benchmark), reach), "row": places[one.variant]}
            for one in found
        ],
        "panels": _panels(panels, reach),
        "names": [{"variant": name, "row": place} for name, place in places.items()],
    }
    keys = [Key("filled", "p < 0.05 after Holm"), Key("hollow", "no difference shown")]
    far = any(row["kind"] in ("below", "above") for row in data["differences"])
    keys += [Key("edge", f"beyond {FARTHEST:.0f} points")] if far else []
    chart = Filled(_form(len(panels), len(variants)), data)
    title = "Difference from the base by benchmark"
    told = _told(found)
    if variants_in_all > len(variants):
        told += f" Drawn are the first {len(variants)} of {variants_in_all} variants."
    return Figure(key, title, told, chart, tuple(keys), wide=True)


def _told(found: Sequence[Difference]) -> str:
    """Say how many differences are shown, and which is the largest."""
    lost = [one for one in found if one.shown and one.value < 0]
    won = sum(one.shown and one.value > 0 for one in found)
    text = (
        f"{len(lost)} of {len(found)} differences are losses with p below 0.05 after Holm's correction "
        f"over a variant's benchmarks, {won} are gains."
    )
    if lost:
        most = min(lost, key=lambda one: (one.value, one.variant, one.benchmark))
        text += f" The largest loss: {most.variant} on {most.benchmark}, {-most.value:.1f} points."
    return f"{text} Right of the line is better; a smaller bias counts as better."


def _reach(found: Sequence[Difference]) -> tuple[float, float]:
    """Return how many points every panel shows left and right of zero."""
    left = min(FARTHEST, max(-one.low for one in found))
    right = min(FARTHEST, max(one.high for one in found))
    least = max(NARROWEST, SHORTER * left, SHORTER * right)
    return float(math.ceil(max(left, least))), float(math.ceil(max(right, least)))


def _row(one: Difference, panel: int, reach: tuple[float, float]) -> dict[str, Any]:
    far = "below" if one.value < -reach[0] else "above" if one.value > reach[1] else ""
    return {
        "variant": one.variant,
        "benchmark": one.benchmark,
        "points": round(one.value, 3),
        "from": round(one.low, 3),
        "to": round(one.high, 3),
        "x": _across(one.value, panel, reach),
        "left": _across(one.low, panel, reach),
        "right": _across(one.high, panel, reach),
        "kind": far or ("shown" if one.shown else "open"),
    }


def _across(points: float, panel: int, reach: tuple[float, float]) -> float:
    """Return the place of a difference, in panels from the left."""
    inside = min(max(points, -reach[0]), reach[1])
    return round(panel + (1 - ROOM) / 2 + ROOM * (inside + reach[0]) / sum(reach), 4)


def _panels(titles: Sequence[str], reach: tuple[float, float]) -> Rows:
    left, right = reach
    ends = {"low": f"−{left:.0f}", "high": f"+{right:.0f}"}
    return [
        {
            "title": title,
            "zero": _across(0.0, panel, reach),
            "start": _across(-left, panel, reach),
            "end": _across(right, panel, reach),
            "middle": panel + 0.5,
            "edge": panel + 1,
            **ends,
        }
        for panel, title in enumerate(titles)
    ]


@lru_cache(64)
def _form(panels: int, variants: int) -> Specification:
    """Return the chart without its numbers; Altair builds and checks it once in a process."""
    height = ROW * variants
    frame = alt.Chart(alt.NamedData("panels"))
    faint = {"fontSize": 10, "color": "var(--muted)"}
    names = alt.Chart(alt.NamedData("names")).mark_text(
        x=-8, align="right", baseline="middle", fontSize=11, color="var(--ink)", limit=NAMES
    )
    titles = frame.mark_text(y=-8, fontSize=11, color="var(--ink)", limit=PANEL - 4)
    first, last, middle = (
        frame.mark_text(y=height + 12, align=align, **faint)
        for align in ("left", "right", "center")
    )
    layers = [
        frame.mark_rule(color="var(--line)", y=0, y2=height).encode(x=_across_axis("edge", panels)),
        frame.mark_rule(color="var(--muted)", y=0, y2=height).encode(
            x=_across_axis("zero", panels)
        ),
        titles.encode(x=_across_axis("middle", panels), text="title:N"),
        first.encode(x=_across_axis("start", panels), text="low:N"),
        last.encode(x=_across_axis("end", panels), text="high:N"),
        middle.encode(x=_across_axis("zero", panels), text=alt.value("0")),
        names.encode(y=_row_axis(variants), text="variant:N"),
        *_differences(panels, variants),
    ]
    return styled(alt.layer(*layers).properties(width=PANEL * panels, height=height)).to_dict()


def _across_axis(column: str, panels: int) -> alt.X:
    return alt.X(f"{column}:Q", scale=alt.Scale(domain=[0, panels], nice=False), axis=None)


def _row_axis(variants: int) -> alt.Y:
    scale = alt.Scale(domain=[variants - 0.5, -0.5], nice=False, zero=False)
    return alt.Y("row:Q", scale=scale, axis=None)


def _differences(panels: int, variants: int) -> list[alt.Chart]:
    """Return intervals and marks of the differences."""
    fills = alt.Scale(domain=list(SHAPES), range=[INK, "var(--card)", INK, INK])
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    data = alt.Chart(alt.NamedData("differences")).encode(y=_row_axis(variants))
    dots = data.mark_point(size=36, opacity=1, stroke=INK, strokeWidth=1.3)
    spans = data.mark_rule(strokeWidth=1.5, color="var(--muted)")
    return [
        spans.encode(x=_across_axis("left", panels), x2="right:Q"),
        dots.encode(
            x=_across_axis("x", panels),
            fill=alt.Fill("kind:N", scale=fills, legend=None),
            shape=alt.Shape("kind:N", scale=shapes, legend=None),
            tooltip=[
                alt.Tooltip("variant:N", title="Variant"),
                alt.Tooltip("benchmark:N", title="Benchmark"),
                alt.Tooltip("points:Q", title="Points", format="+.1f"),
                alt.Tooltip("from:Q", title="95 % from", format="+.1f"),
                alt.Tooltip("to:Q", title="95 % to", format="+.1f"),
            ],
        ),
    ]
