"""Make the files that other programs read: CSV, parquet, and data inside scripts."""

import csv
import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq


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


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as parquet whose bytes depend on its content and on pyarrow's version alone."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    texts = [
        pa.field(one.name, pa.string() if pa.types.is_null(one.type) else one.type)
        for one in table.schema
    ]
    table = table.cast(pa.schema(texts))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return sink.getvalue().to_pybytes()


def script_json(value: Any) -> str:
    """Return JSON that is safe inside a script, wherever the script stands."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
