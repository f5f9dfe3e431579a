"""Read the rows of a data set: from the Hub, from a pinned download, or from a folder laid out like the Hub.

A folder holds each data set under its Hub id, `<folder>/<org>/<name>`, as `huggingface-cli download
--local-dir` lays it out (data_files.py). Without a folder, rows come from the Hub at one commit
(data_hub.py), or from a file whose SHA-256 is known where the Hub has only a script (data_sources.py).
All are read as data: no data set's script is ever run, and nothing is unpickled.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.errors import DatasetError
from evaluator.results import DatasetUsed
from evaluator.suites.definitions import DatasetDefinition
from evaluator.tasks import data_files, data_hub
from evaluator.tasks.data_sources import source_of

if TYPE_CHECKING:
    import datasets

Row = Mapping[str, Any]


def load_rows(dataset: DatasetDefinition, folder: Path | None = None) -> "datasets.Dataset":
    """Return all rows of the split that is scored, with at least the columns that the benchmark reads.

    A `config` of null takes the only or default config, or else all of them in sorted order, with
    the config's name in a column `subject`. `folder` is a Hub-shaped folder; null reads the Hub.

    Raises:
        DatasetError: the folder, config, split or a column is missing, a file isn't the one that is
            pinned, or it can't be downloaded.
    """
    rows = load_split(dataset, dataset.split, folder)
    require_columns(rows, dataset, folder)
    return rows


def require_columns(
    rows: "datasets.Dataset", dataset: DatasetDefinition, folder: Path | None
) -> None:
    """Check that the rows of the scored split have every column that the benchmark reads.

    Raises:
        DatasetError: one is missing.
    """
    missing = [column for column in dataset.columns if column not in rows.column_names]
    if missing:
        raise DatasetError(
            f"{where(dataset, folder)}, split {dataset.split}, has no column {', '.join(missing)} (it has "
            f"{', '.join(rows.column_names)}); use the data set as the Hub has it"
        )


def load_split(
    dataset: DatasetDefinition, split: str, folder: Path | None = None
) -> "datasets.Dataset":
    """Return all rows of any split, such as the one that few-shot examples come from.

    Raises:
        DatasetError: as in `load_rows`, columns aside.
    """
    rows = _read(dataset, split, folder)
    if len(rows) == 0:
        raise DatasetError(
            f"{where(dataset, folder)}, split {split}, has no rows; download it anew"
        )
    return rows


def _read(dataset: DatasetDefinition, split: str, folder: Path | None) -> "datasets.Dataset":
    if folder is not None:
        return data_files.read_split(dataset, split, data_files.folder_listing(dataset, folder))
    source = source_of(dataset)
    if source is not None:
        return source.read(dataset, split)
    return data_files.read_split(dataset, split, data_hub.listing(dataset))


def where(dataset: DatasetDefinition, folder: Path | None) -> str:
    """Return where a data set is read from, for a message."""
    return f"{dataset.path} on the Hub" if folder is None else str(folder / dataset.path)


def resolved_revision(dataset: DatasetDefinition, folder: Path | None) -> str | None:
    """Return what was read: a commit on the Hub, `sha256:` and a download's digest, or null for a folder.

    Raises:
        DatasetError: the Hub can't be reached, or as in `load_rows`.
    """
    if folder is not None:
        return None
    source = source_of(dataset)
    if source is not None:
        return f"sha256:{source.digest(dataset.split)}"
    return data_hub.listing(dataset).commit


def used(dataset: DatasetDefinition, folder: Path | None, rows: Sequence[Row]) -> DatasetUsed:
    """Return what a result records of the rows that were scored.

    Raises:
        DatasetError: as in `resolved_revision`.
    """
    return DatasetUsed(
        path=dataset.path,
        revision=resolved_revision(dataset, folder),
        split=dataset.split,
        fingerprint=fingerprint(rows, dataset.columns),
        rows=len(rows),
    )


def fingerprint(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return the SHA-256 of the scored fields in order.

    The same rows give the same from the Hub, from a download and from a folder, in parquet and in JSON.
    """
    digest = hashlib.sha256()
    for row in as_list(rows):
        for column in columns:
            value = _without_nulls(row[column])
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
            digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _without_nulls(value: Any) -> Any:
    """Leave null keys of nested records out: a table fills in those that only its other rows have."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def as_list(rows: Iterable[Row]) -> list[Row]:
    """Return rows as a list; a `Dataset` is decoded at once, fifty times as fast as row by row."""
    return rows.to_list() if hasattr(rows, "to_list") else list(rows)
