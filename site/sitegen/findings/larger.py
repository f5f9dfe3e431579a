"""Finding: a larger model at fewer bits beats a smaller one at more, at about the same bytes.

Each quantized entry meets one opponent: of the entries of smaller models by the same maker with more bits per
weight, the one nearest in bytes. So 10,000 entries make 10,000 pairs at most.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitegen import words
from sitegen.board import Board
from sitegen.charts import findings as charts
from sitegen.findings import points as made
from sitegen.findings.parts import (
    Finding,
    Line,
    Part,
    Sheet,
    counted,
    path_of,
    records,
    sampled,
    shown_of,
    sides,
    source_name,
    verdict,
)
from sitegen.findings.points import SAVED
from sitegen.findings.verdicts import Cases

APART = 1.5  # times the parameters
NEAR = 0.75  # the smaller number of bytes over the larger
MARGIN = 1.0  # points of score, where there is no interval
NAMES = ("larger is better", "can't be told apart", "smaller is better")
FINDING = Finding(
    "larger",
    "A larger model at fewer bits beats a smaller one at more",
    "At similar levels of memory consumption, LLMs quantized to lower bit precision with a larger parameter "
    "scale can be preferred over LLMs with a smaller parameter scale",
    "Section 5, Figure 8a",
    f"Each quantized entry meets one opponent by the same maker: a base model at least {APART} times "
    "smaller, more effective bits per weight, bytes within 25 % of the larger of the two; of several, the "
    "nearest in bytes. Parameters follow from the base's bytes and bits. Bytes are those on disk, of a paper "
    "the memory that it reports; what saves none of its base's bytes is left out. Scores are compared by "
    f"their intervals, or without these by {MARGIN:.0f} point.",
)
Positions = NDArray[np.int64]


def part(key: str, table: Board, points: pd.DataFrame) -> Part:
    """Test the claim on one board's entries."""
    duels = pairs(points)
    noun = "pairs of a larger and a smaller model"
    found = duels["outcome"].to_numpy(int)
    claims = ("favours the larger", "favour the larger")
    cases = Cases(found, duels["family"].tolist(), noun, *claims)
    told = verdict(table, cases)
    if duels.empty:
        return Part(key, source_name(table), table.paper, told)
    counts = counted([f"{bits} bits" for bits in duels["bits"]], found, NAMES)
    title = "Larger against smaller, by the larger's bits"
    unit = table.unit(made.size_key(table))
    return Part(
        key,
        source_name(table),
        table.paper,
        told,
        charts.outcome_bars(key, title, counts, NAMES),
        _sheet(duels),
        _listed(duels, unit),
    )


def pairs(points: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs, most bits of the larger first, with the outcome for the larger."""
    usable = points.dropna(subset=["bytes", "parameters"])
    usable = usable[usable["is_base"].astype(bool) | _packed(usable)]
    parts = [_of_maker(group) for _, group in usable.groupby("maker")]
    columns = [*points.columns, "opponent", "opponent_bytes", "opponent_score", "gain", "outcome"]
    if not parts:
        return pd.DataFrame(columns=columns)
    duels = pd.concat(parts)
    return duels.sort_values(["bits", "entry"], ascending=[False, True])


def _packed(points: pd.DataFrame) -> pd.Series:
    """Say which entries take fewer bytes than their base would: `bytes` below those of its parameters."""
    return points["bytes"] < SAVED * points["base_bytes"]


def _of_maker(group: pd.DataFrame) -> pd.DataFrame:
    ordered = group.sort_values(["bytes", "entry"])
    larger, smaller = _matched(ordered)
    own, other = ordered.iloc[larger], ordered.iloc[smaller]
    gain = own["score"].to_numpy(float) - other["score"].to_numpy(float)
    half = 1.959964 * np.hypot(
        own["score_error"].to_numpy(float), other["score_error"].to_numpy(float)
    )
    half = np.where(np.isnan(half), MARGIN, half)
    return own.assign(
        opponent=(other["family"] + " " + other["variant"]).to_numpy(),
        opponent_bytes=other["bytes"].to_numpy(float),
        opponent_score=other["score"].to_numpy(float),
        gain=gain,
        outcome=sides(gain - half, gain + half, 0.0),
    )


def _matched(ordered: pd.DataFrame) -> tuple[Positions, Positions]:
    """Return the positions of each pair's larger and smaller side, entries being sorted by bytes."""
    size, width, parameters = (
        ordered[name].to_numpy(float) for name in ("bytes", "width", "parameters")
    )
    starts = np.searchsorted(size, size * NEAR, side="left")
    ends = np.searchsorted(size, size / NEAR, side="right")
    quantized = ~ordered["is_base"].to_numpy(bool)
    larger, smaller = [], []
    for own in np.flatnonzero(quantized):
        near = slice(starts[own], ends[own])
        fits = (parameters[near] * APART <= parameters[own]) & (width[near] > width[own])
        if fits.any():
            distance = np.where(fits, np.abs(np.log(size[near] / size[own])), np.inf)
            larger.append(own)
            smaller.append(starts[own] + int(distance.argmin()))
    return np.asarray(larger, dtype=np.int64), np.asarray(smaller, dtype=np.int64)


def _sheet(duels: pd.DataFrame) -> Sheet:
    lines = []
    for bits, group in duels.groupby("bits", sort=False):
        outcomes = [str(int((group["outcome"] == one).sum())) for one in (1, 0, -1)]
        median = words.number(float(group["gain"].median()), signed=True)
        cells = (str(len(group)), str(group["family"].nunique()), *outcomes, f"{median} points")
        lines.append(Line(f"{bits} bits", cells))
    heads = ("Larger's bits", "Pairs", "Larger models", *(name.capitalize() for name in NAMES))
    return Sheet((*heads, "Median gain in score"), lines, "Pairs by the larger one's nominal bits.")


def _listed(duels: pd.DataFrame, unit: str) -> Sheet:
    shown = sampled(duels)
    lines = [
        Line(
            f"{row['family']} {row['variant']}",
            (
                f"{words.number(row['bytes'], 2)} {unit}",
                f"{words.number(row['score'])} %",
                row["opponent"],
                f"{words.number(row['opponent_bytes'], 2)} {unit}",
                f"{words.number(row['opponent_score'])} %",
                f"{words.number(row['gain'], signed=True)} points",
            ),
            path_of(row["entry"]),
        )
        for row in records(shown)
    ]
    heads = ("Larger", "Bytes", "Score", "Smaller", "Its bytes", "Its score", "Gain")
    return Sheet(heads, lines, f"The pairs. {shown_of(len(shown), len(duels))}".strip())
