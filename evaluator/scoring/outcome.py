"""Hold what one benchmark gave on one model, and write its items.

Items are what pairing needs: one row per scored example, in the order of the data set
(`evaluator.results.ITEM_COLUMNS`).
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.results import DatasetUsed, JudgeUsed, LoadedModel, Metric, write_atomically

COLUMN_TYPES = {"answer": pa.int8(), "correct": pa.bool_(), "flags": pa.uint8()}
DECIMALS = 4  # of the float columns, so that noise below a kernel's accuracy never reaches a file


@dataclass(frozen=True)
class Outcome:
    """Everything a unit's result records of a benchmark, and the texts that stay in a local cache."""

    metrics: dict[str, Metric]
    groups: dict[str, dict[str, Metric]]
    columns: dict[str, list[Any]]
    datasets: list[DatasetUsed]
    prompt_hash: str | None
    task_versions: dict[str, str]
    shots: int
    decoding: dict[str, Any]
    seeds: dict[str, int]
    tokens: dict[str, int]
    truncated_prompts: int
    chat_template_applied: bool
    notes: list[str] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    near_ties: int = 0
    reused: int = 0
    judge: JudgeUsed | None = None
    compared_with: LoadedModel | None = None


def items_table(columns: dict[str, list[Any]]) -> pa.Table:
    """Return the items as a table: answer int8, correct bool, flags uint8, every other column float32."""
    arrays = {}
    for name, values in columns.items():
        kind = COLUMN_TYPES.get(name, pa.float32())
        arrays[name] = pa.array(values if name in COLUMN_TYPES else _rounded(values), type=kind)
    return pa.table(arrays)


def _rounded(values: list[Any]) -> list[float | None]:
    return [None if value is None else round(float(value), DECIMALS) for value in values]


def write_items(columns: dict[str, list[Any]], path: Path) -> str:
    """Write the items as parquet, whole or not at all, and return the SHA-256 of the file.

    The same columns give the same bytes, as long as pyarrow is the same.

    Raises:
        OSError: the folder can't be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        items_table(columns), sink, compression="zstd", version="2.6", store_schema=False
    )
    content = sink.getvalue().to_pybytes()
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()
