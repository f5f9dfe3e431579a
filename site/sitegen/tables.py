"""Make data frames of a board: one for files, one for charts."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from sitegen import words
from sitegen.board import Board, Column, Row
from sitegen.metrics import Figure
from sitegen.places import FRONT_OF_SIZE

WHOLE_NUMBERS = ("bits", "tie_group", "rank_best", "rank_worst")


def frame(table: Board) -> pd.DataFrame:
    """Return a board as one row per entry, units in the names, intervals beside the values.

    The entries that papers report come last; `source` tells them, and what only they have is a column more.
    """
    parts = [table, *table.papers]
    names = dict.fromkeys(name for part in parts for name in _record(part, None))
    made = pd.DataFrame(
        [_record(part, row) for part in parts for row in part.rows], columns=list(names)
    )
    return made.astype({name: kind for name in names if (kind := _kind(name, parts))})


def _kind(name: str, parts: Sequence[Board]) -> str | None:
    """Return the type of a column that may have no value at all; None of texts."""
    if name in WHOLE_NUMBERS:
        return "Int64"
    if name.startswith("front_"):
        return "boolean"
    measured = {column_name(column, part) for part in parts for column in part.columns}
    return "float64" if name.removesuffix("_low").removesuffix("_high") in measured else None


def column_name(column: Column, table: Board) -> str:
    """Return a column's name in files: key and unit, hardware spelled out."""
    key = column.key
    if hardware := table.hardware_of(column):
        key = f"{key.rstrip('0123456789')}_{hardware}"
    unit = {"%": "percent", "tokens/s": "tokens_per_second", "bits/weight": "bits_per_weight"}
    return "_".join(filter(None, (key, unit.get(column.unit, column.unit))))


def _record(table: Board, row: Row | None) -> dict[str, object]:
    """Return a row's cells by name; of no row, the names with nothing in them."""
    quantization = row.entry.submission.quantization if row else None
    place = row.place if row else None
    record: dict[str, object] = {
        "suite": table.suite.label,
        "entry": row and row.entry.name,
        "model": row and row.entry.submission.model,
        "base_model": row and row.entry.submission.base_model,
        "variant": row and row.entry.variant,
        "method": quantization and quantization.method,
        "bits": quantization and quantization.bits,
        "status": row and row.status,
        "tie_group": place and place.group,
        "rank_best": place and place.best,
        "rank_worst": place and place.worst,
        "front_size": row and row.fronts.get(FRONT_OF_SIZE),
    }
    for number, hardware in enumerate(table.hardware):
        record[f"front_speed_{hardware}"] = row and row.fronts.get(f"speed{number}")
    for column in table.columns:
        name = column_name(column, table)
        shown = row.figures.get(column.key) if row else None
        record[name] = _rounded(shown, "value")
        if column.interval:
            record[f"{name}_low"] = _rounded(shown, "low")
            record[f"{name}_high"] = _rounded(shown, "high")
    record |= {
        "date": row and row.date,
        "source": row and row.source,
        "paper": row and row.entry.paper,
        "problems": row and " ".join(row.told),
    }
    return record


def _rounded(shown: Figure | None, part: Literal["value", "low", "high"]) -> float | None:
    value: float | None = getattr(shown, part) if shown else None
    return None if value is None else round(value, 6)


def points(table: Board) -> pd.DataFrame:
    """Return what charts show, one row per entry with a score: figures, intervals, labels."""
    records = []
    for row in table.rows:
        if "score" not in row.figures:
            continue
        quantization = row.entry.submission.quantization
        record: dict[str, object] = {
            "entry": row.entry.name,
            "family": row.entry.family.replace("--", "/"),
            "variant": row.entry.variant,
            "method": words.method_title(quantization.method),
            "bits": quantization.bits,
        }
        for key in ("score", "retention", "perplexity", "disk", "effective_bits"):
            shown = row.figures.get(key)
            record[key] = _rounded(shown, "value")
            record[f"{key}_low"] = _rounded(shown, "low")
            record[f"{key}_high"] = _rounded(shown, "high")
        records.append(record)
    return pd.DataFrame(records)
