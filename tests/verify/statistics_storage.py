"""Measure what the items of an entry take on disk."""

from pathlib import Path

MOST_BYTES = 250_000  # of one entry's items in one suite


def bytes_per_entry(folder: Path) -> int:
    """Return the bytes of an entry's items files, of the suite that takes the most.

    `folder` is the entry's, such as `tests.simulated.entries.write_entry` writes.
    """
    suites = {file.parent for file in folder.glob("results/*@*/*.parquet")}
    sizes = [sum(file.stat().st_size for file in suite.glob("*.parquet")) for suite in suites]
    return max(sizes, default=0)
