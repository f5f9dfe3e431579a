"""Draw the three charts of a board: pure functions from a frame of points to an Altair chart.

`tables.points` makes the frame.
"""

import altair as alt
import pandas as pd

from sitegen.charts.base import SCORE, Axis, Figure, by, entries, joined, label, present, scatter


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
    spread_out = shown["disk"].max() > 8 * shown["disk"].min()
    size = Axis("disk", f"Size on disk ({disk_unit})", log=bool(spread_out), include_zero=True)
    best, smallest = by(shown, "score")[-1], by(shown, "disk")[0]
    summary = (
        f"{entries(shown)}. Best score: {label(best)}, {best['score']:.1f} % at "
        f"{best['disk']:.2f} {disk_unit}. Smallest: {label(smallest)}, "
        f"{smallest['score']:.1f} % at {smallest['disk']:.2f} {disk_unit}."
    )
    return Figure("size", "Quality against size", summary, scatter(shown, size, SCORE))


def retention_figure(points: pd.DataFrame, disk_unit: str) -> Figure | None:
    """Draw retention against effective bits per weight, joined by method within a family."""
    shown = present(points, "retention", "effective_bits")
    if shown.empty:
        return None
    bits = Axis("effective_bits", "Effective bits per weight (linear layers)", include_zero=True)
    left = Axis("retention", "Retention (% of the base's score)")
    fewest = by(shown, "effective_bits")[0]
    summary = (
        f"{entries(shown)}. Fewest bits: {label(fewest)}, {fewest['effective_bits']:.2f} bits per weight, "
        f"keeps {fewest['retention']:.1f} % of its base's score."
    )
    whole = alt.Chart(pd.DataFrame({"retention": [100.0]})).mark_rule(
        color="var(--muted)", strokeDash=[2, 3]
    )
    rule = whole.encode(y="retention:Q")
    below = [rule, joined(shown, bits, left)]
    chart = scatter(shown, bits, left, below)
    return Figure("retention", "Retention against bits", summary, chart)


def perplexity_figure(points: pd.DataFrame, disk_unit: str) -> Figure | None:
    """Draw score against perplexity."""
    shown = present(points, "score", "perplexity")
    if shown.empty:
        return None
    surprise = Axis("perplexity", "Perplexity (log scale, lower is better)", log=True)
    ordered = by(shown, "perplexity")
    lowest, highest = ordered[0], ordered[-1]
    summary = (
        f"{entries(shown)}. Lowest perplexity: {label(lowest)}, {lowest['perplexity']:.2f} at a score of "
        f"{lowest['score']:.1f} %. Highest: {label(highest)}, {highest['perplexity']:.2f} at "
        f"{highest['score']:.1f} %."
    )
    return Figure(
        "perplexity", "Perplexity against quality", summary, scatter(shown, surprise, SCORE)
    )
