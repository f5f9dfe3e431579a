"""Give tests the columns of an items file, and files that anyone might write."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS: dict[str, list[Any]] = {
    "answer": [1, None, 0],
    "correct": [True, False, None],
    "flags": [0, 3, 4],
    "stratum": ["law", "art", "law"],
    "cluster": [0, 0, 1],
    "biased": [1.0, None, 0.0],
    "rougeL": [0.123456, 1.0, None],
    "document_bytes": [12, None, 70_000],
    "nll": [0.123456, None, 2.0],
}


def foreign(folder: Path, **arrays: Any) -> Path:
    """Write a file with pyarrow alone, as anyone might."""
    pq.write_table(pa.table(arrays), folder / "x.parquet")
    return folder / "x.parquet"
