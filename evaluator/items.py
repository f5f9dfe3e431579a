"""Write and read items files: a row per scored item, a column per value (`evaluator.results.ITEM_COLUMNS`).

A thousand entries with 115,000 items each are kept in a repository, so each column is stored in few bytes: a
type by its name, numbers cut into streams of like bytes, and slow compression, which is read as fast as quick
one. Any reader of parquet reads the files. Those that arrive here are from strangers: only flat columns of
plain types are read, as numbers, from bytes whose hash was taken, and nothing in a file chooses how. A part's
name is kept once and never repeated for its items: a file of 1 KB could name one of megabytes for each.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from evaluator.entries import StoredResult
from evaluator.errors import ResultError
from evaluator.files import write_atomically
from evaluator.tasks.parts import CLUSTER, STRATUM

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Columns = Mapping[str, Sequence[Any] | NDArray[Any]]

DECIMALS = 4  # of every number, so that noise below a kernel's accuracy never reaches a file
LARGEST_BYTES = 16 * 1024**2
LARGEST_ROWS = 2_000_000
LARGEST_UNPACKED_BYTES = 512 * 1024**2

SHARE = pa.decimal128(9, DECIMALS)  # 9 digits, which is 32 bits in parquet
CONTRACT_TYPES = {
    "answer": pa.int8(),
    "correct": pa.bool_(),
    "flags": pa.uint8(),
    STRATUM: pa.string(),
    CLUSTER: pa.int32(),
}
FURTHER_TYPES = (  # of the columns beyond, by name
    (re.compile(r"correct_\w+|biased|known|judged|decided|mc1_sum"), pa.bool_()),
    (re.compile(r"rouge\w|mc2|soft"), SHARE),
    (re.compile(r"(sp)?bleu_\w+|chrf_plus_plus_\w+|verdict|document_bytes"), pa.int32()),
)
FEW_VALUES = 0.25  # of the rows: beyond, a list of a column's values is no saving
LEVEL = 19  # of zstd


# Writing ----------------------------------------------------------------------------------------


def column_type(name: str) -> pa.DataType:
    """Return the type in which a column is stored: by its name alone, so that it is one in all files."""
    if name in CONTRACT_TYPES:
        return CONTRACT_TYPES[name]
    for pattern, kind in FURTHER_TYPES:
        if pattern.fullmatch(name):
            return kind
    return pa.float32()


def items_table(columns: Columns) -> pa.Table:
    """Return the items as a table, each column in its type; a number that isn't finite is null."""
    return pa.table({name: _array(name, values) for name, values in columns.items()})


def _array(name: str, values: Sequence[Any] | NDArray[Any]) -> pa.Array:
    kind = column_type(name)
    if kind == pa.string():
        return pa.array(values, kind).dictionary_encode()
    numbers = np.asarray(values, dtype=np.float64)
    missing = ~np.isfinite(numbers)
    filled = np.where(missing, 0.0, numbers)
    if kind == pa.bool_():
        return pa.array(filled != 0, kind, mask=missing)
    if pa.types.is_integer(kind):
        return pa.array(filled.astype(np.int64), mask=missing).cast(kind)
    rounded = pa.array(np.round(filled, DECIMALS), mask=missing)
    return rounded.cast(kind)


def items_bytes(columns: Columns, *, level: int = LEVEL) -> bytes:
    """Return an items file's bytes: the same for the same columns and zstd level, by the same pyarrow."""
    table = items_table(columns)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        version="2.6",
        store_schema=False,
        store_decimal_as_integer=True,
        write_statistics=False,
        compression="zstd",
        compression_level=level,
        **_encodings(table),
    )
    return bytes(sink.getvalue().to_pybytes())


def _encodings(table: pa.Table) -> dict[str, Any]:
    """Return how each column is laid out before it is compressed."""
    coded = {name: way for name in table.column_names if (way := _encoding(name, table[name]))}
    return {
        "column_encoding": coded,
        "use_dictionary": [name for name in table.column_names if name not in coded],
    }


def _encoding(name: str, column: pa.ChunkedArray) -> str | None:
    """Return how a column's values are laid out; None for numbers in a list of its few values."""
    if name == CLUSTER:
        return "DELTA_BINARY_PACKED"
    if column.type == pa.bool_():
        return "PLAIN"
    if column.type in (SHARE, pa.int32()):
        return "BYTE_STREAM_SPLIT"
    if not pa.types.is_floating(column.type):
        return None
    few = pc.count_distinct(column).as_py() <= FEW_VALUES * len(column)
    return None if few else "BYTE_STREAM_SPLIT"


def write_items(columns: Columns, path: Path) -> str:
    """Write the items as parquet, whole or not at all, and return the SHA-256 of the file.

    Raises:
        OSError: the folder can't be written.
    """
    content = items_bytes(columns)
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


# Reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Strata:
    """The part of the benchmark that each item belongs to: `names[codes[i]]` is item i's."""

    codes: Integers
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Items:
    """The items of one result, in the order of its data set.

    `numbers` holds each column that was asked for (n): right and wrong as 1 and 0, null as NaN. `clusters`
    (n) numbers the items that aren't independent alike; it is None where all are, as `strata` where there is
    but one part, and both where they weren't asked for. `names` are all of the file's columns.
    """

    rows: int
    numbers: dict[str, Floats]
    strata: Strata | None = None
    clusters: Integers | None = None
    names: tuple[str, ...] = field(default=())


def stored_items(stored: StoredResult, columns: Sequence[str] | None = None) -> Items:
    """Read the items of a result, as `read_items` does.

    Raises:
        ResultError: the result names no items, or a file that isn't there, isn't the one that was measured or
            isn't an items file.
    """
    result, beside = stored.result, stored.path.with_suffix(".parquet")
    if result.items is None or result.items_sha256 is None:
        raise ResultError(f"{stored.path} names no items with their hash; run the unit again")
    if result.items != beside.name:
        raise ResultError(f"{stored.path}: its items are in {beside.name}; correct `items`")
    return read_items(beside, columns, digest=result.items_sha256)


def read_items(
    path: Path, columns: Sequence[str] | None = None, *, digest: str | None = None
) -> Items:
    """Read an items file, or of its columns those that are named (`stratum` and `cluster` may be absent).

    Raises:
        ResultError: it can't be read, has not the SHA-256 `digest`, is no parquet file, is too large, lacks a
            column, or has one of another kind than an items file's.
    """
    content = _content(path)
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise ResultError(
            f"{path} isn't the file that its result names (items_sha256); restore it, or run the unit again"
        )
    try:
        return _parsed(path, content, columns)
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise ResultError(f"{path} isn't an items file in parquet; run the unit again") from fault


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as fault:
        raise ResultError(f"{path} can't be read ({fault.strerror}); restore it") from fault
    if len(content) > LARGEST_BYTES:
        raise ResultError(
            f"{path} is larger than {LARGEST_BYTES // 1024**2} MiB; run the unit again"
        )
    return content


def _parsed(path: Path, content: bytes, columns: Sequence[str] | None) -> Items:
    file = _opened(content)
    schema = file.schema_arrow
    wanted = _wanted(path, schema, columns)
    _refuse_large(path, file.metadata, len(wanted))
    table = file.read(columns=wanted, use_threads=False, use_pandas_metadata=False)
    table.validate(full=True)  # a damaged file's numbers may point beyond its list of names
    for name in {STRATUM, CLUSTER} & set(wanted):
        if table.column(name).null_count:
            raise ResultError(
                f"{path}: an item has no {name} where others have; run the unit again"
            )
    return Items(
        rows=table.num_rows,
        numbers={
            name: _numbers(table.column(name)) for name in wanted if name not in (STRATUM, CLUSTER)
        },
        strata=_strata(table.column(STRATUM)) if STRATUM in wanted else None,
        clusters=_clusters(table.column(CLUSTER)) if CLUSTER in wanted else None,
        names=tuple(schema.names),
    )


def _opened(content: bytes) -> pq.ParquetFile:
    """Open a file so that the strata come as numbers and a list of names."""
    metadata = pq.read_metadata(pa.BufferReader(content))
    paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    coded = [STRATUM] if STRATUM in paths else []
    return pq.ParquetFile(pa.BufferReader(content), metadata=metadata, read_dictionary=coded)


def _wanted(path: Path, schema: pa.Schema, columns: Sequence[str] | None) -> list[str]:
    """Return the columns to read, once it is known that they are there, each once, flat and plain."""
    if len(set(schema.names)) < len(schema.names):
        raise ResultError(f"{path} has two columns of one name; run the unit again")
    wanted = list(schema.names) if columns is None else list(dict.fromkeys(columns))
    wanted = [name for name in wanted if name in schema.names or name not in (STRATUM, CLUSTER)]
    missing = [name for name in wanted if name not in schema.names]
    if missing:
        raise ResultError(f"{path} has no column {', '.join(missing)}; run the unit again")
    odd = [name for name in wanted if not _plain(name, schema.field(name).type)]
    if odd:
        kind = schema.field(odd[0]).type
        raise ResultError(f"{path}: column {odd[0]} can't be of type {kind}; run the unit again")
    return wanted


def _plain(name: str, kind: pa.DataType) -> bool:
    """Say whether a column's type is one that an items file may have."""
    if name == STRATUM:
        return bool(kind == pa.dictionary(pa.int32(), pa.string()))
    if name == CLUSTER:
        return bool(pa.types.is_integer(kind))
    kinds = (
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal128,
    )
    return any(of_kind(kind) for of_kind in kinds)


def _refuse_large(path: Path, metadata: pq.FileMetaData, columns: int) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    stated = sum(group.total_byte_size for group in groups)
    unpacked = max(stated, metadata.num_rows * columns * np.dtype(np.float64).itemsize)
    if metadata.num_rows > LARGEST_ROWS or unpacked > LARGEST_UNPACKED_BYTES:
        raise ResultError(
            f"{path} has {metadata.num_rows:,} rows in {unpacked:,} bytes when unpacked, more than an items "
            f"file may have ({LARGEST_ROWS:,} in {LARGEST_UNPACKED_BYTES:,}); run the unit again"
        )


def _numbers(column: pa.ChunkedArray) -> Floats:
    numbers: Floats = column.cast(pa.float64()).to_numpy()
    exact = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    return numbers if exact else np.round(numbers, DECIMALS)  # what the rounded float32 stands for


def _strata(column: pa.ChunkedArray) -> Strata:
    """Return the strata, numbered as they appear, whatever list of names the file has."""
    coded = column.unify_dictionaries().combine_chunks()
    names = coded.dictionary.dictionary_encode()  # a list may hold one twice
    codes = names.indices.to_numpy()[coded.indices.to_numpy()]
    first = np.full(len(names.dictionary), len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of places written twice the last one stays
    order = np.argsort(first)[: np.count_nonzero(first < len(codes))]
    ranks = np.zeros(len(first), dtype=np.int32)
    ranks[order] = np.arange(len(order))
    return Strata(ranks[codes], tuple(names.dictionary.take(order).to_pylist()))


def _clusters(column: pa.ChunkedArray) -> Integers:
    clusters: Integers = column.cast(pa.int32()).to_numpy()
    return clusters
