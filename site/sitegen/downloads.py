"""Make the files that other programs read: JSON, CSV, and data inside scripts."""

import csv
import io
import json
from typing import Any

import pandas as pd

from sitegen import tables
from sitegen.board import Board

JSON_VERSION = 1


def listing(boards: list[Board]) -> str:
    """Return every board as JSON: its columns with units and directions, its entries as rows."""
    suites = [
        {
            "suite": table.suite.label,
            "title": table.suite.title,
            "columns": _column_facts(table),
            "entries": json.loads(tables.frame(table).to_json(orient="records")),
        }
        for table in boards
    ]
    listed = {"schema_version": JSON_VERSION, "suites": suites}
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"


def _column_facts(table: Board) -> list[dict[str, Any]]:
    facts = {
        tables.column_name(column, part): {
            "title": column.title,
            "unit": column.unit,
            "direction": column.direction,
            "description": column.description,
        }
        for part in (*table.papers, table)
        for column in part.columns
    }
    names = [name for name in tables.frame(table).columns if name in facts]
    return [{"name": name, **facts[name]} for name in names]


def safe_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV in which no text is a formula to a spreadsheet.

    A text that begins with `=`, `+`, `-`, `@`, a tab or a line end gets an apostrophe before it; numbers
    stay numbers.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(frame.columns)
    for values in frame.astype(object).itertuples(index=False):
        writer.writerow(["" if pd.isna(value) else _harmless(value) for value in values])
    return stream.getvalue()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return "'" + value
    return value


def script_json(value: Any) -> str:
    """Return JSON that is safe inside a script, wherever the script stands."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
