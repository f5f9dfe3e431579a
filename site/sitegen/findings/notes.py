"""Gather what a paper's files say of its speeds and memory, by the entries that it is about."""

from collections.abc import Mapping

from sitegen import words
from sitegen.board import Board
from sitegen.entries import SiteEntry

MOST_NAMED = 3
Names = frozenset[str]


def notes(table: Board) -> tuple[tuple[str, str], ...]:
    """Return the notes, each once, beside whom they are about: all, a method, a family, or some entries."""
    about: dict[str, set[str]] = {}
    entries = {row.entry.name: row.entry for row in table.rows if row.entry.probes()}
    for entry in entries.values():
        for one in entry.probes():
            for note in one.result.provenance.notes:
                about.setdefault(note, set()).add(entry.name)
    known = _groups(entries)
    told: dict[str, list[str]] = {}
    for note, names in about.items():
        title = known.get(frozenset(names)) or _listed([entries[name] for name in sorted(names)])
        told.setdefault(title, []).append(note)
    return tuple((title, " ".join(texts)) for title, texts in told.items())


def _groups(entries: Mapping[str, SiteEntry]) -> dict[Names, str]:
    """Return the title of every set of entries that has one; of two titles the wider one."""
    found: dict[str, set[str]] = {}
    for titles in zip(*(_titles(entry) for entry in entries.values()), strict=True):
        for title, name in zip(titles, entries, strict=True):
            found.setdefault(title, set()).add(name)
    groups: dict[Names, str] = {}
    for title, names in found.items():
        groups.setdefault(frozenset(names), title)
    return groups


def _titles(entry: SiteEntry) -> tuple[str, ...]:
    """Return what an entry belongs to, widest first."""
    quantization = entry.submission.quantization
    method = words.method_title(quantization.method)
    return "All entries", method, _family(entry), f"{method}, {quantization.bits} bits"


def _listed(entries: list[SiteEntry]) -> str:
    named = ", ".join(f"{_family(one)} {one.variant}" for one in entries[:MOST_NAMED])
    more = len(entries) - MOST_NAMED
    return f"{named} and {more:,} more" if more > 0 else named


def _family(entry: SiteEntry) -> str:
    return entry.family.replace("--", "/", 1)
