"""Finding: quantization saves memory and slows decoding."""

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from sitegen import words
from sitegen.board import Board
from sitegen.charts import findings as charts
from sitegen.findings.notes import notes
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
from sitegen.findings.points import SAVED, on_hardware
from sitegen.findings.verdicts import Cases, Verdict

MARGIN = 5.0  # percent, where a speed has no interval
FINDING = Finding(
    "speed",
    "Memory saved, speed lost",
    "Despite the memory savings achieved through quantization, it can also slow down the inference speed of "
    "LLMs",
    "Abstract; section 5, Figure 8",
    "Peak memory and speed of each quantized entry in percent of its base's on the same hardware; the "
    "verdict in the head is by the hardware with the most entries, of several the first by name. Counted are "
    f"entries whose memory is below {100 * SAVED:.0f} % of the base's: one agrees where its speed, with its "
    f"interval, is below the base's. Without intervals, differences of less than {MARGIN:.0f} % decide "
    "nothing. Of a paper, entries that its notes call no fair comparison are left out.",
)


def part(key: str, table: Board, points: pd.DataFrame) -> Part:
    """Test the claim on one board's entries, by its first hardware, and beside it by every other."""
    both = _decided(points[~points["is_base"].astype(bool)])
    told = _verdict(table, both)
    if both.empty:
        return Part(key, source_name(table), table.paper, told, elsewhere=_elsewhere(table))
    hardware = table.hardware[0]
    if len(table.hardware) > 1:
        told = replace(told, reason=f"On {hardware}: {told.reason}")
    shown = sampled(both)
    note = shown_of(len(shown), len(both))
    return Part(
        key,
        source_name(table),
        table.paper,
        told,
        charts.speed_figure(key, shown, f"{_told(both, hardware)} {note}".strip()),
        _sheet(both, hardware),
        _listed(shown, note, hardware),
        charted="more",
        notes=notes(table) if table.paper is not None else (),
        elsewhere=_elsewhere(table),
    )


def _decided(points: pd.DataFrame) -> pd.DataFrame:
    """Return the entries with memory and speed beside their base's, and whether they are slower."""
    both = points.dropna(subset=["memory", "speed"])
    low, high = bounds(both, "speed", MARGIN)
    return both.assign(outcome=-sides(low, high, 100.0))


def _saving(both: pd.DataFrame) -> pd.DataFrame:
    return both[both["memory"] < 100 * SAVED]


def _verdict(table: Board, both: pd.DataFrame) -> Verdict:
    """Return the verdict by what saves memory and is a fair comparison; say what isn't."""
    saving = _saving(both)
    unfair = saving["unfair"].astype(bool)
    fair, left = saving[~unfair], int(unfair.sum())
    cases = Cases(
        fair["outcome"].to_numpy(int),
        fair["family"].tolist(),
        "entries that save memory",
        "is slower than its base",
        "are slower than their base",
    )
    told = verdict(table, cases)
    if not left:
        return told
    more = f"{left:,} more {'is' if left == 1 else 'are'} left out, as no fair comparison with the base"
    return replace(told, reason=f"{told.reason} {more}: see the notes.")


def _elsewhere(table: Board) -> tuple[tuple[str, Verdict], ...]:
    """Return the verdicts on the hardware after the first."""
    return tuple(
        (name, _verdict(table, _decided(on_hardware(table, place))))
        for place, name in enumerate(table.hardware)
        if place > 0
    )


def _told(both: pd.DataFrame, hardware: str) -> str:
    saving = _saving(both)
    one = len(saving) == 1
    text = f"{len(saving):,} of {len(both):,} quantized entries on {hardware} "
    text += "saves memory" if one else "save memory"
    if saving.empty:
        return f"{text}."
    memory, speed = (
        f"{words.number(float(saving[name].median()))} %" for name in ("memory", "speed")
    )
    who = "it takes" if one else "their median takes"
    return f"{text}: {who} {memory} of the base's memory and generates at {speed} of its speed."


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
    counted = _saving(both)
    if len(counted) < len(both) or counted["unfair"].any():
        text += " Also entries that the verdict leaves out."
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
