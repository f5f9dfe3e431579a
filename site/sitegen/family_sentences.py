"""Say in words what a family's figures show, never more than their intervals do."""

from collections.abc import Sequence
from dataclasses import dataclass

from sitegen import words
from sitegen.board import Row
from sitegen.entries import SiteEntry

MOST = 8  # names in one sentence


@dataclass(frozen=True)
class Named:
    """An entry in a sentence, with what is said of it."""

    entry: SiteEntry
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """One sentence: what holds, of which entries, and how it is meant.

    Attributes:
        more: how many further entries it holds of.
    """

    title: str
    named: tuple[Named, ...]
    meaning: str = ""
    more: int = 0


def base_of(rows: Sequence[Row]) -> Row | None:
    """Return the row of the base that the others' retention refers to: the best placed one."""
    return next((row for row in rows if row.entry.is_base and row.status == "ranked"), None)


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, bases first, else as on the board."""
    return sorted(rows, key=lambda row: not row.entry.is_base)


def verdicts(rows: Sequence[Row], disk_unit: str) -> list[Verdict]:
    """Return what can be said of a family's ranked entries.

    Args:
        rows: the family's, in the board's order.
        disk_unit: of the figure `disk`.
    """
    ranked = [row for row in rows if row.status == "ranked"]
    found = [
        *_beside_base(ranked, base_of(rows), disk_unit),
        _undominated(ranked, disk_unit),
        _dominated(ranked),
        *_ties(ranked),
    ]
    return [one for one in found if one and one.named]


def _beside_base(ranked: list[Row], base: Row | None, unit: str) -> list[Verdict]:
    """Return which variants can't be told from the base, and which can."""
    if base is None:
        return []
    others = [row for row in ranked if not row.entry.is_base]
    name = base.entry.variant
    same = [row for row in others if _beside_whole(row) == 0]
    smaller = _by_size([row for row in same if _smaller(row, base)])
    apart = [row for row in same if not _smaller(row, base)]
    open_ = "The 95 % interval of the retention reaches 100 %: no difference is shown, none is ruled out."
    return [
        _verdict(f"Smaller than {name} and not shown to be worse", smaller, unit, open_),
        _verdict(f"Not shown to be worse than {name}", apart, unit, open_),
        _verdict(
            f"Better than {name}",
            [row for row in others if _beside_whole(row) == 1],
            unit,
            "The 95 % interval of the retention lies above 100 %.",
        ),
        _verdict(
            f"Worse than {name}",
            [row for row in others if _beside_whole(row) == -1],
            unit,
            "The 95 % interval of the retention lies below 100 %.",
        ),
    ]


def _beside_whole(row: Row) -> int | None:
    """Return -1 or 1 where a retention's interval lies below or above 100 %, 0 where it reaches it."""
    kept = row.figures.get("retention")
    if kept is None or kept.low is None or kept.high is None:
        return None
    return -1 if kept.high < 100 else 1 if kept.low > 100 else 0


def _smaller(row: Row, other: Row) -> bool:
    one, two = row.figures.get("disk"), other.figures.get("disk")
    return one is not None and two is not None and one.value < two.value


def _by_size(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.figures["disk"].value)


def _verdict(title: str, rows: Sequence[Row], unit: str, meaning: str) -> Verdict:
    named = tuple(Named(row.entry, _note(row, unit)) for row in rows[:MOST])
    return Verdict(title, named, meaning, max(0, len(rows) - MOST))


def _note(row: Row, unit: str) -> str:
    """Return an entry's size and retention as far as they are known."""
    disk, kept = row.figures.get("disk"), row.figures.get("retention")
    parts = [f"{words.number(disk.value, 2)} {unit}"] if disk else []
    if kept and kept.low is not None:
        # One decimal more where it decides on which side of 100 an end lies.
        digits = 2 if 100.0 in (round(kept.low, 1), round(kept.high or 0.0, 1)) else 1
        parts.append(f"keeps {words.number(kept.value)} %, {words.interval(kept, digits)}")
    return "; ".join(parts)


def _undominated(ranked: list[Row], unit: str) -> Verdict | None:
    """Return the entries that nothing as small scores higher than."""
    sized = [row for row in ranked if "disk" in row.figures]
    if len(sized) < 2:
        return None
    best = [row for row in sized if not _better_and_smaller(row, sized)]
    meaning = "No file of the family that is as small scores as high."
    return _verdict("Nothing smaller is better", _by_size(best), unit, meaning)


def _dominated(ranked: list[Row]) -> Verdict | None:
    """Return the entries for which a smaller file with at least the same score exists, with that file."""
    sized = [row for row in ranked if "disk" in row.figures]
    beaten = [
        Named(row.entry, f"by {other.entry.variant}{_tied(row, other)}")
        for row in sized
        if (other := _better_and_smaller(row, sized))
    ]
    meaning = (
        "A file that is no larger scores at least as high; ties say which can't be told apart."
    )
    return Verdict("Dominated", tuple(beaten[:MOST]), meaning, max(0, len(beaten) - MOST))


def _better_and_smaller(row: Row, sized: list[Row]) -> Row | None:
    """Return the best entry that is no larger and no worse, and not alike in both; the smaller of equals."""
    size, score = row.figures["disk"].value, row.figures["score"].value
    found = [
        other
        for other in sized
        if other.figures["disk"].value <= size
        and other.figures["score"].value >= score
        and (other.figures["disk"].value, other.figures["score"].value) != (size, score)
    ]
    return min(
        found,
        key=lambda one: (-one.figures["score"].value, one.figures["disk"].value, one.entry.name),
        default=None,
    )


def _tied(row: Row, other: Row) -> str:
    same = row.place and other.place and row.place.group == other.place.group
    return f", in the same tie {row.place.group}" if same and row.place else ""


def _ties(ranked: list[Row]) -> list[Verdict]:
    """Return the entries of each tie that more than one of the family stands in."""
    groups: dict[int, list[Row]] = {}
    for row in ranked:
        if row.place and row.place.tied > 1:
            groups.setdefault(row.place.group, []).append(row)
    meaning = "Entries of one tie can't be told apart from its best on the same items."
    return [
        Verdict(
            f"Tie {group}",
            tuple(Named(row.entry) for row in rows[:MOST]),
            meaning,
            max(0, len(rows) - MOST),
        )
        for group, rows in groups.items()
        if len(rows) > 1
    ]
