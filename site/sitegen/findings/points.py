"""Make one frame of a board for all findings: an entry's figures, and those of its base beside them."""

import math
from collections.abc import Iterator

import pandas as pd

from evaluator.suites.definitions import QUALITY, MetricDefinition
from sitegen import words
from sitegen.board import Board, Row
from sitegen.load import base_names
from sitegen.metrics import Figure
from sitegen.probes import Setting

SAVED = 0.95  # of the base's bytes: what takes more was stored as wide as the base
FIXED = (
    "entry", "family", "maker", "variant", "method", "bits", "is_base", "score", "score_error", "perplexity",
    "retention", "retention_low", "retention_high", "width", "bytes", "base_bytes", "memory",
    "speed", "speed_low", "speed_high", "unfair", "parameters",
)  # fmt: skip
# What a paper's notes say of figures that can't be laid beside the base's, as of runs on fewer cards: result
# files have no field for it.
UNFAIR = "no fair comparison"
Keys = tuple[str, str, str]


def points(table: Board) -> pd.DataFrame:
    """Return one row per entry that is ranked, or that a paper reports with a score.

    `bytes` are those on disk, or where nobody has these the peak memory; `memory` and `speed` are in percent
    of the base's on the first hardware, where driver and engine agree; `width` is the effective bits per
    weight, or else the nominal ones; `parameters` follow from the base's bytes and width, in the unit of
    `bytes`. Each benchmark of the score has a column of its own, by its headline. `unfair` are the memory
    and speed of a paper that its notes call no fair comparison.
    """
    size, keys = size_key(table), _keys(table)
    benchmarks = [one.name for one in table.weighed]
    records = [
        _record(row, base, size, keys) | {name: _value(row, name) for name in benchmarks}
        for row, base in _taken(table)
    ]
    return pd.DataFrame(records, columns=[*FIXED, *benchmarks])


def on_hardware(table: Board, place: int) -> pd.DataFrame:
    """Return family, memory and speed of the same quantized entries, on the hardware at a place."""
    keys = _keys(table, place)
    records = [
        {"family": row.entry.family, **_beside_base(row, base, keys)}
        for row, base in _taken(table)
        if not row.entry.is_base
    ]
    columns = ["family", "memory", "speed", "speed_low", "speed_high", "unfair"]
    return pd.DataFrame(records, columns=columns)


def _taken(table: Board) -> Iterator[tuple[Row, Row | None]]:
    """Give the rows that are ranked or that a paper reports with a score, each with its base's."""
    rows = [row for row in table.rows if "score" in row.figures]
    pairs = _with_bases(rows)
    return ((row, base) for row, base in pairs if row.status in ("ranked", "reported"))


def size_key(table: Board) -> str:
    """Return the figure that says how large an entry is: on disk, or where nobody has it peak memory."""
    return "disk" if any("disk" in row.figures for row in table.rows) else "peak0"


def definitions(table: Board) -> dict[str, MetricDefinition]:
    """Return the headline metric of each benchmark of the score."""
    quality = (one for one in table.suite.benchmarks if one.dimension in QUALITY)
    return {one.name: one.headline_definition for one in quality}


def _keys(table: Board, place: int = 0) -> Keys:
    """Return the figures of memory and speed on some hardware, the commonest first, and its name."""
    found = {column.key for column in table.columns}
    speed = f"speed{place}" if f"speed{place}" in found else f"call_speed{place}"
    return f"peak{place}", speed, next(iter(table.hardware[place:]), "")


def _setting(row: Row, hardware: str) -> Setting:
    return row.settings.get(hardware, ())


def _with_bases(rows: list[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Give each row with its base's, family by family."""
    named = {row.entry.name: row for row in rows}
    bases = base_names(row.entry for row in rows)
    places = {
        name: place for place, name in enumerate(dict.fromkeys(row.entry.family for row in rows))
    }
    for row in sorted(rows, key=lambda row: places[row.entry.family]):
        yield row, named.get(bases.get(row.entry.name, ""))


def _record(row: Row, base: Row | None, size: str, keys: Keys) -> dict[str, object]:
    entry, quantization = row.entry, row.entry.submission.quantization
    score, retention = row.figures["score"], row.figures.get("retention")
    return {
        "entry": entry.name,
        "family": entry.family.replace("--", "/", 1),
        "maker": entry.family.partition("--")[0],
        "variant": entry.variant,
        "method": words.method_title(quantization.method),
        "bits": quantization.bits,
        "is_base": entry.is_base,
        "score": score.value,
        "score_error": math.nan if score.error is None else score.error,
        "perplexity": _value(row, "perplexity"),
        "retention": retention.value if retention and not entry.is_base else math.nan,
        "retention_low": _bound(retention, "low"),
        "retention_high": _bound(retention, "high"),
        "width": _width(row),
        "bytes": _value(row, size),
        "base_bytes": _value(base, size) if base else math.nan,
        "parameters": _parameters(row if entry.is_base else base, size),
        **_beside_base(row, base, keys),
    }


def _beside_base(row: Row, base: Row | None, keys: Keys) -> dict[str, object]:
    """Return memory and speed in percent of the base's, where driver and engine agree."""
    peak, speed, hardware = keys
    alike = base if base and _setting(row, hardware) == _setting(base, hardware) else None
    percent, low, high = _relative(row, alike, speed)
    return {
        "memory": _relative(row, alike, peak)[0],
        "speed": percent,
        "speed_low": low,
        "speed_high": high,
        "unfair": row.entry.paper is not None and _is_unfair(row, hardware),
    }


def _is_unfair(row: Row, hardware: str) -> bool:
    probes = (one.result for one in row.entry.probes() if one.result.hardware == hardware)
    return any(UNFAIR in note for probe in probes for note in probe.provenance.notes)


def _value(row: Row, key: str) -> float:
    found = row.figures.get(key)
    return math.nan if found is None else found.value


def _bound(shown: Figure | None, side: str) -> float:
    found = getattr(shown, side) if shown else None
    return math.nan if found is None else float(found)


def _width(row: Row) -> float:
    width = _value(row, "effective_bits")
    return float(row.entry.submission.quantization.bits) if math.isnan(width) else width


def _parameters(base: Row | None, size: str) -> float:
    return math.nan if base is None else 8 * _value(base, size) / _width(base)


def _relative(row: Row, base: Row | None, key: str) -> tuple[float, float, float]:
    """Return a figure in percent of the base's with its interval; NaN where one side has none.

    The interval is that of the logarithm of the ratio of two independent figures.
    """
    own, other = row.figures.get(key), base.figures.get(key) if base else None
    if own is None or other is None or min(own.value, other.value) <= 0:
        return math.nan, math.nan, math.nan
    ratio = 100 * own.value / other.value
    if own.error is None or other.error is None:
        return ratio, math.nan, math.nan
    half = 1.959964 * math.hypot(own.error / own.value, other.error / other.value)
    return ratio, ratio * math.exp(-half), ratio * math.exp(half)
