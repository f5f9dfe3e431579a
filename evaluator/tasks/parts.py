"""Say of each item which part of a benchmark and which cluster it is of: two columns of the items file."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

STRATUM, CLUSTER = "stratum", "cluster"  # as in `evaluator.results.ITEM_COLUMNS`


def numbered(keys: Iterable[Hashable]) -> list[int]:
    """Return each key's number, counted from 0 in the order in which keys first appear."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


def part_columns(strata: Sequence[str], clusters: Sequence[Hashable]) -> dict[str, list[Any]]:
    """Return `stratum` and `cluster`, each left out where it says nothing.

    Items whose parts have no name are all of one part, and where no two share a cluster they are independent.
    """
    columns: dict[str, list[Any]] = {STRATUM: list(strata)} if any(strata) else {}
    numbers = numbered(clusters)
    shared = len(set(numbers)) < len(numbers)
    return {**columns, CLUSTER: numbers} if shared else columns
