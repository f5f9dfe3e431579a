"""Tell what changed on the board, from the dates and reasons that the result files hold.

A change is what happened to one entry on one day: it came, it got more results, some were measured again, or
withdrawn. What a paper reports is one change for all of its entries.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Literal

from evaluator.results import UnitResult
from evaluator.suites.definitions import load_suite, suite_names
from sitegen import plain
from sitegen.entries import Measured, SiteEntry

NAMED = 4  # more benchmarks than these are only counted
Kind = Literal["new", "results", "again", "failed", "withdrawn", "reported"]
TITLES: dict[Kind, str] = {
    "new": "New entry",
    "results": "New results",
    "again": "Measured again",
    "failed": "Failed again",
    "withdrawn": "Withdrawn",
    "reported": "Reported",
}


@dataclass(frozen=True)
class Change:
    """What happened to one entry on one day, or to all of a paper's.

    Attributes:
        kind: what it was.
        time: when the last of it was measured, UTC, ISO 8601; of a paper, when it was published.
        entry: the entry's name; of a paper, its first entry's.
        units: suite and benchmark, sorted; then hardware and an empty text, of a probe.
        reasons: why results were replaced or withdrawn; of a paper, its citation.
        entries: how many entries it is about.
    """

    kind: Kind
    time: str
    entry: str
    units: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    entries: int = 1

    @property
    def title(self) -> str:
        """Return it in few words."""
        if self.kind == "reported":
            count = f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"
            return f"{count} reported in a paper"
        return f"{TITLES[self.kind]}: {self.entry}"

    @property
    def summary(self) -> str:
        """Return what it is about in a sentence or two; a stranger's reason as plain text."""
        groups = [
            _about(group, [name for _, name in units])
            for group, units in groupby(self.units, key=lambda one: one[0])
        ]
        about = f"{'; '.join(groups)}." if groups else ""
        reasons = [plain.line(reason) for reason in self.reasons]
        return " ".join([about, *reasons]).strip()

    @property
    def anchor(self) -> str:
        """Return what no other change has: where it stands on the page."""
        return re.sub(r"[^A-Za-z0-9._-]+", "--", f"{self.time[:10]}-{self.kind}-{self.entry}")


def changes(entries: Sequence[SiteEntry]) -> list[Change]:
    """Return every change, newest first, those of one time by entry."""
    measured = [entry for entry in entries if entry.paper is None]
    found = [*_of_papers(entries)]
    for entry in measured:
        found += _of_entry(entry)
    found.sort(key=lambda one: (one.entry, one.kind))
    return sorted(found, key=lambda one: one.time, reverse=True)


def _of_papers(entries: Sequence[SiteEntry]) -> Iterator[Change]:
    by_paper: dict[str, list[SiteEntry]] = {}
    for entry in entries:
        if entry.paper is not None and entry.current:
            by_paper.setdefault(entry.paper, []).append(entry)
    for citation, reported in by_paper.items():
        time = max(one.result.timing.finished for entry in reported for one in entry.current)
        yield Change("reported", time, reported[0].name, reasons=(citation,), entries=len(reported))


def _of_entry(entry: SiteEntry) -> Iterator[Change]:
    """Give an entry's changes; the first day's first results are its coming."""
    status = {one.path: one.result.status for one in entry.superseded}
    named = [
        (one.result.timing.finished[:10], _kind(one, status), one.result)
        for one in (*entry.current, *entry.superseded)
    ]
    named.sort(key=lambda one: one[:2])
    first = named[0][0] if named else ""
    for (day, kind), group in groupby(named, key=lambda one: one[:2]):
        same = [result for *_, result in group]
        shown: Kind = "new" if kind == "results" and day == first else kind
        yield Change(
            shown,
            max(one.timing.finished for one in same),
            entry.name,
            tuple(sorted({_unit(one) for one in same}, key=lambda unit: (not unit[1], unit))),
            tuple(sorted({one.supersedes_reason for one in same if one.supersedes_reason})),
        )


def _kind(one: Measured, status: Mapping[str, str]) -> Kind:
    """Say what a result is, from what became of the one that it replaces."""
    if not one.result.supersedes:
        return "results"
    if one.result.status == "ok":
        return "again"
    folder, _, _ = one.path.rpartition("/")
    earlier = status.get(f"{folder}/{one.result.supersedes}")
    return "failed" if earlier == "failed" else "withdrawn"


def _unit(result: UnitResult) -> tuple[str, str]:
    if result.suite is None:
        return result.hardware or "", ""
    name = result.suite.partition("@")[0]
    benchmarks = load_suite(name).benchmarks if name in _suites() else []
    titles = {one.name: one.title for one in benchmarks}
    return result.suite, titles.get(result.benchmark, result.benchmark)


@cache
def _suites() -> frozenset[str]:
    return frozenset(suite_names())


def _about(group: str, names: Sequence[str]) -> str:
    """Say which results of a suite, by name where they are few; or on which hardware."""
    if not any(names):
        return f"efficiency on {group}"
    shown = ", ".join(names) if len(names) <= NAMED else f"{len(names)} benchmarks"
    return f"{shown} of {group}"
