"""Say in words what a family's figures show, never more than their intervals do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sitegen import words
from sitegen.board import Row
from sitegen.entries import SiteEntry
from sitegen.family_pairs import DISK, MEMORY, Pairs, beaten_by, size_key, sized, smaller
from sitegen.loading import quantized_while_loading

MOST = 12  # names in one sentence
BY_MEMORY = (
    " Peak memory decides where files are alike, or where an entry is quantized while loading."
)


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
        always: whether it is said of no entry, too.
    """

    title: str
    named: tuple[Named, ...]
    meaning: str = ""
    more: int = 0
    always: bool = False


def base_of(rows: Sequence[Row]) -> Row | None:
    """Return the row of the family's base, of several the best placed."""
    return next((row for row in rows if row.entry.is_base and row.status == "ranked"), None)


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, bases first, else as on the board."""
    return sorted(rows, key=lambda row: not row.entry.is_base)


def verdicts(rows: Sequence[Row], known: Pairs) -> list[Verdict]:
    """Return what can be said of a family's ranked entries, in the board's order."""
    ranked = [row for row in rows if row.status == "ranked"]
    bases = [row for row in ranked if row.entry.name in set(known.bases.values())]
    found = [
        *(one for base in bases for one in _beside_base(ranked, base, known)),
        _undominated(ranked, known),
        _dominated(ranked, known),
        *_ties(ranked),
    ]
    return [one for one in found if one and (one.named or one.always)]


def _beside_base(ranked: list[Row], base: Row, known: Pairs) -> list[Verdict]:
    """Return which of its variants can't be told from a base, and which can."""
    others = [row for row in ranked if known.bases.get(row.entry.name) == base.entry.name]
    name = base.entry.variant
    same = [row for row in others if _beside_whole(row) == 0]
    less = _by_size([row for row in same if smaller(row, base)])
    apart = [row for row in same if not smaller(row, base)]
    open_ = "The 95 % interval of the retention reaches 100 %: no difference is shown, none is ruled out."
    by_memory = BY_MEMORY if any(size_key(row, base) == MEMORY for row in less) else ""
    shown = _verdict(
        f"Smaller than {name} and not shown to be worse", less, known, open_ + by_memory
    )
    judged = [row for row in sized(others) if _beside_whole(row) is not None]
    if judged and sized([base]) and not less:
        shown = replace(shown, meaning="", always=True)
    return [
        shown,
        _verdict(f"Not shown to be worse than {name}", apart, known, open_),
        _verdict(
            f"Better than {name}",
            [row for row in others if _beside_whole(row) == 1],
            known,
            "The 95 % interval of the retention lies above 100 %.",
        ),
        _verdict(
            f"Worse than {name}",
            [row for row in others if _beside_whole(row) == -1],
            known,
            "The 95 % interval of the retention lies below 100 %.",
        ),
    ]


def _beside_whole(row: Row) -> int | None:
    """Return -1 or 1 where a retention's interval lies below or above 100 %, 0 where it reaches it."""
    kept = row.figures.get("retention")
    if kept is None or kept.low is None or kept.high is None:
        return None
    return -1 if kept.high < 100 else 1 if kept.low > 100 else 0


def _by_size(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.figures[DISK].value)


def _verdict(title: str, rows: Sequence[Row], known: Pairs, meaning: str) -> Verdict:
    named = tuple(Named(row.entry, _note(row, known)) for row in rows[:MOST])
    return Verdict(title, named, meaning, max(0, len(rows) - MOST))


def _note(row: Row, known: Pairs) -> str:
    """Return an entry's size and retention as far as they are known."""
    disk, kept = row.figures.get(DISK), row.figures.get("retention")
    parts = [f"{words.number(disk.value, 2)} {known.disk}"] if disk else []
    peak = row.figures.get(MEMORY) if quantized_while_loading(row.entry) else None
    if peak:
        parts.append(f"{words.number(peak.value, 2)} {known.memory} in memory")
    if kept and kept.low is not None:
        # One decimal more where it decides on which side of 100 an end lies.
        digits = 2 if 100.0 in (round(kept.low, 1), round(kept.high or 0.0, 1)) else 1
        parts.append(f"keeps {words.number(kept.value)} %, {words.interval(kept, digits)}")
    return "; ".join(parts)


def _undominated(ranked: list[Row], known: Pairs) -> Verdict | None:
    """Return the entries that nothing as small scores higher than."""
    taking = sized(ranked)
    if len(taking) < 2:
        return None
    best = [row for row in taking if not beaten_by(row, taking)]
    meaning = "No other of the family takes as little and scores as high." + _how_sized(taking)
    title = "Nothing smaller is better"
    if _how_sized(taking):
        title = "Nothing smaller, in file or memory, is better"
    return _verdict(title, _by_size(best), known, meaning)


def _dominated(ranked: list[Row], known: Pairs) -> Verdict:
    """Return the entries for which a smaller one with at least the same score exists, with that one."""
    taking = sized(ranked)
    beaten = [
        Named(row.entry, _beaten_note(row, other, known))
        for row in taking
        if (other := beaten_by(row, taking))
    ]
    meaning = "Another takes no more and scores at least as high, by the measured scores"
    meaning += "; beside it stands whether the two differ on the same items at 95 %."
    return Verdict(
        "Dominated", tuple(beaten[:MOST]), meaning + _how_sized(taking), max(0, len(beaten) - MOST)
    )


def _beaten_note(row: Row, other: Row, known: Pairs) -> str:
    size = ", by peak memory" if size_key(row, other) == MEMORY else ""
    told = {True: "shown to be worse", False: "no difference shown", None: "not tested"}
    return f"by {other.entry.variant}{size}; {told[known.apart(row, other)]}"


def _how_sized(taking: Sequence[Row]) -> str:
    """Say where files don't tell which takes less, if so of some entry."""
    by_memory = any(quantized_while_loading(row.entry) for row in taking) or any(
        size_key(one, other) == MEMORY for one, other in pairwise(_by_size(list(taking)))
    )
    return BY_MEMORY if by_memory else ""


def _ties(ranked: list[Row]) -> list[Verdict]:
    """Return the entries of each tie that more than one of the family stands in."""
    groups: dict[int, list[Row]] = {}
    for row in ranked:
        if row.place and row.place.tied > 1:
            groups.setdefault(row.place.group, []).append(row)
    meaning = "Each is compared with the tie's best alone, maybe of another model, and can't be told from it."
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
