"""Read each items file once, though a base is beside many variants and a variant is resampled, too."""

from functools import lru_cache
from pathlib import Path

from evaluator.entries import StoredResult
from evaluator.items import Items, read_items, stored_items

KEPT = 256  # files: some tens of megabytes


def items_of(stored: StoredResult, columns: tuple[str, ...] | None) -> Items:
    """Return the items of a result, read anew only where they aren't at hand.

    Raises:
        ResultError: as `evaluator.items.stored_items`.
    """
    digest, beside = stored.result.items_sha256, stored.path.with_suffix(".parquet")
    if digest is None or stored.result.items != beside.name:
        return stored_items(stored, columns)  # which says what is wrong
    return _read(beside, digest, columns)


@lru_cache(maxsize=KEPT)
def _read(path: Path, digest: str, columns: tuple[str, ...] | None) -> Items:
    return read_items(path, columns, digest=digest)
