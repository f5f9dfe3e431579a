"""Compare a family's entries two by two: which takes less, and whether their scores can be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluator.statistics.intervals import Floats
from evaluator.statistics.ranking import told_apart
from sitegen.board import Board, Row
from sitegen.load import Data
from sitegen.loading import quantized_while_loading

DISK, MEMORY = "disk", "peak0"  # figures of a row
ALIKE = 0.01  # of the larger file: two that differ by less are as large as each other


@dataclass(frozen=True)
class Pairs:
    """What is known of the pairs of a family.

    Attributes:
        disk: the unit of `disk`.
        memory: the unit of `peak0`.
        bases: the base that each variant is compared with, both by entry.
        drawn: the scores of ranked entries, by draws common to all, by entry.
    """

    disk: str
    memory: str = ""
    bases: Mapping[str, str] = field(default_factory=dict)
    drawn: Mapping[str, Floats] = field(default_factory=dict)

    def apart(self, one: Row, other: Row) -> bool | None:
        """Say whether the scores of two entries can be told apart; None where none were drawn."""
        first, second = (self.drawn.get(row.entry.name) for row in (one, other))
        return None if first is None or second is None else told_apart(first - second)


def pairs(data: Data, table: Board) -> Pairs:
    """Return what is known of the pairs of one family's measured rows.

    Raises:
        ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
    """
    ranked = [row.entry for row in table.rows if row.status == "ranked"]
    drawn = data.drawn(table.suite, ranked)[1]
    found = ((row.entry.name, data.base_of(row.entry)) for row in table.rows)
    return Pairs(
        table.unit(DISK),
        table.unit(MEMORY),
        {name: base.name for name, base in found if base},
        {entry.name: scores for entry, scores in zip(ranked, drawn, strict=True)},
    )


def size_key(one: Row, other: Row) -> str:
    """Return the figure that says which of two takes less, or nothing.

    That is the file, but peak memory where the files are alike or one isn't what is loaded: quantized while
    loading, an entry has its base's file.
    """
    if not all(DISK in row.figures for row in (one, other)):
        return ""
    sizes = [row.figures[DISK].value for row in (one, other)]
    unstored = any(quantized_while_loading(row.entry) for row in (one, other))
    if not unstored and max(sizes) - min(sizes) > ALIKE * max(sizes):
        return DISK
    if all(MEMORY in row.figures for row in (one, other)):
        return MEMORY
    return "" if unstored else DISK


def smaller(one: Row, other: Row) -> bool:
    """Say whether an entry takes less than another, as far as that is known."""
    key = size_key(one, other)
    return bool(key) and one.figures[key].value < other.figures[key].value


def sized(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of which it is known what they take: a file that is loaded as it is, or peak memory."""
    return [
        row
        for row in rows
        if DISK in row.figures and (MEMORY in row.figures or not quantized_while_loading(row.entry))
    ]


def beaten_by(row: Row, others: Sequence[Row]) -> Row | None:
    """Return the best entry that takes no more and scores no less, and isn't alike in both."""
    return min(
        (other for other in others if other is not row and _beats(other, row)),
        key=lambda one: (-one.figures["score"].value, one.figures[DISK].value, one.entry.name),
        default=None,
    )


def _beats(one: Row, other: Row) -> bool:
    key = size_key(one, other)
    if not key:
        return False
    own, its = ((row.figures[key].value, -row.figures["score"].value) for row in (one, other))
    return own != its and own[0] <= its[0] and own[1] <= its[1]


def smallest(rows: Sequence[Row]) -> tuple[Row, str] | None:
    """Return the entry that takes least of some with files, and by which figure; None where none has one.

    Peak memory decides where all have it and a file doesn't say what is loaded; without it such entries take
    no part.
    """
    sized = [row for row in rows if DISK in row.figures]
    stored = [row for row in sized if not quantized_while_loading(row.entry)]
    in_memory = len(stored) < len(sized) and all(MEMORY in row.figures for row in sized)
    key, taking = (MEMORY, sized) if in_memory else (DISK, stored)
    if not taking:
        return None
    return min(taking, key=lambda row: (row.figures[key].value, row.entry.name)), key
