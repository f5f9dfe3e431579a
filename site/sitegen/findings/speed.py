"""Finding: quantization saves memory and slows decoding."""

import math
from typing import Any

import pandas as pd

from sitegen import words
from sitegen.board import Board
from sitegen.charts import findings as charts
from sitegen.findings.parts import (
    Finding,
    Line,
    Part,
    Sheet,
    bounds,
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

MARGIN = 5.0  # percent, where a speed has no interval
FINDING = Finding(
    "speed",
    "Memory saved, speed lost",
    "Despite the memory savings achieved through quantization, it can also slow down the inference speed of "
    "LLMs",
    "Abstract; section 5, Figure 8",
    "Peak memory and speed of each quantized entry in percent of its base's, on the hardware that most "
    f"entries were measured on. Counted are those whose memory is below {100 * SAVED:.0f} % of the base's: "
    "an entry agrees where its speed, with its interval, is below the base's. Without intervals, differences "
    f"of less than {MARGIN:.0f} % decide nothing.",
)


def part(key: str, table: Board, points: pd.DataFrame) -> Part:
    """Test the claim on one board's entries, by its first hardware."""
    both = points[~points["is_base"].astype(bool)].dropna(subset=["memory", "speed"])
    low, high = bounds(both, "speed", MARGIN)
    both = both.assign(outcome=-sides(low, high, 100.0))
    saved = both[both["memory"] < 100 * SAVED]
    cases = Cases(
        saved["outcome"].to_numpy(int),
        saved["family"].tolist(),
        "entries that save memory",
        "is slower than its base",
        "are slower than their base",
    )
    told = verdict(table, cases)
    if both.empty:
        return Part(key, source_name(table), table.paper, told)
    shown = sampled(both)
    note = shown_of(len(shown), len(both))
    hardware = table.hardware[0]
    return Part(
        key,
        source_name(table),
        table.paper,
        told,
        charts.speed_figure(key, shown, f"{_told(both, hardware)} {note}".strip()),
        _sheet(both, hardware),
        _listed(shown, note, hardware),
        charted="more",
        notes=_notes(table) if table.paper is not None else (),
    )


def _notes(table: Board) -> tuple[str, ...]:
    """Return what a paper's files say of their speeds and memory, each once."""
    every = (one for row in table.rows for one in row.entry.probes())
    return tuple(dict.fromkeys(note for one in every for note in one.result.provenance.notes))


def _told(both: pd.DataFrame, hardware: str) -> str:
    median = (
        words.number(float(both["memory"].median()), 0),
        words.number(float(both["speed"].median()), 0),
    )
    return (
        f"{len(both):,} quantized {'entry' if len(both) == 1 else 'entries'} on {hardware}: the median takes "
        f"{median[0]} % of its base's memory and generates at {median[1]} % of its speed."
    )


def _sheet(both: pd.DataFrame, hardware: str) -> Sheet:
    lines = []
    for (bits, method), group in both.groupby(["bits", "method"]):
        counts = [str(int((group["outcome"] == one).sum())) for one in (1, 0, -1)]
        middle = [
            f"{words.number(float(group[name].median()), 0)} %" for name in ("memory", "speed")
        ]
        lines.append(Line(f"{bits} bits, {method}", (str(len(group)), *middle, *counts)))
    medians = ("Memory, median", "Speed, median")
    heads = ("Recipe", "Entries", *medians, "Slower", "Can't be decided", "Faster")
    text = f"In percent of the base's, on {hardware}; nominal bits."
    return Sheet(heads, lines[::-1], text)


def _listed(shown: pd.DataFrame, note: str, hardware: str) -> Sheet:
    lines = [
        Line(
            f"{row['family']} {row['variant']}",
            (row["method"], str(row["bits"]), f"{words.number(row['memory'])} %", _speed(row)),
            path_of(row["entry"]),
        )
        for row in records(shown)
    ]
    heads = ("Entry", "Method", "Bits", "Memory", "Speed")
    text = f"In percent of the base's, on {hardware}. {note}".strip()
    return Sheet(heads, lines, text)


def _speed(row: dict[str, Any]) -> str:
    text = f"{words.number(row['speed'])} %"
    if math.isnan(row["speed_low"]):
        return text
    return f"{text} ({words.number(row['speed_low'])} to {words.number(row['speed_high'])})"
