"""Know all entries, what they agree on, and how each stands beside its base."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from evaluator.errors import InputError
from evaluator.statistics.intervals import RESAMPLES, Floats
from evaluator.submissions import read_ledger, subfolders
from evaluator.suites.definitions import Benchmark, Suite
from sitegen.comparisons import Compared
from sitegen.entries import SiteEntry, read_family
from sitegen.family_statistics import FamilyStatistics, base_of, statistics
from sitegen.shared import Shared, shared

ALL = "*"  # the part that holds both what was measured and what papers report
MEASURED = ""


@dataclass(frozen=True)
class Data:
    """Entries that pages are made from.

    Attributes:
        entries: all of them, or some, sorted by name.
        given: what all entries agree on, by part; None: these entries are all.
        known: statistics that were made before, by part and family; others are made when asked for.
        part: which part these entries are: `ALL`, `MEASURED`, or a paper's citation.
    """

    entries: tuple[SiteEntry, ...]
    given: Mapping[str, Shared] | None = None
    known: dict[tuple[str, str], FamilyStatistics] = field(default_factory=dict)
    part: str = ALL

    @cached_property
    def by_part(self) -> Mapping[str, Shared]:
        """Return what entries agree on: all, those that were measured, and those of each paper."""
        if self.given is not None:
            return self.given
        parts: dict[str, list[SiteEntry]] = {ALL: list(self.entries), MEASURED: []}
        for entry in self.entries:
            parts.setdefault(part_of(entry), []).append(entry)
        return {part: shared(entries) for part, entries in sorted(parts.items())}

    @property
    def shared(self) -> Shared:
        """Return what these entries agree on."""
        return self.by_part[self.part]

    @cached_property
    def measured(self) -> "Data":
        """Return what was measured: the entries that share tables, ranks, charts and comparisons."""
        return self._part(MEASURED)

    @cached_property
    def papers(self) -> dict[str, "Data"]:
        """Return what papers report, by citation: each paper's entries meet no others."""
        citations = {part_of(entry) for entry in self.entries} - {MEASURED}
        return {citation: self._part(citation) for citation in sorted(citations)}

    def beside(self, entry: SiteEntry) -> "Data":
        """Return the part of the data that an entry may stand beside."""
        return self.measured if entry.paper is None else self.papers[entry.paper]

    def _part(self, part: str) -> "Data":
        entries = tuple(entry for entry in self.entries if part_of(entry) == part)
        return Data(entries, self.by_part, self.known, part)

    def of_family(self, family: str) -> "Data":
        """Return one family's entries, which agree with all others as before."""
        return Data(tuple(self.families[family]), self.by_part, self.known)

    @cached_property
    def families(self) -> dict[str, list[SiteEntry]]:
        """Return the entries by family, both sorted by name."""
        found: dict[str, list[SiteEntry]] = {}
        for entry in self.entries:
            found.setdefault(entry.family, []).append(entry)
        return dict(sorted(found.items()))

    @property
    def suites(self) -> list[Suite]:
        """Return the suites that have results of their current version: ranked ones first, then by name.

        The embedded suite comes last, so that a board of real results is the home page where there is one.
        """
        return self.shared.suites

    @property
    def every_suite(self) -> list[Suite]:
        """Return all suites in the order of `suites`, each benchmark with one headline for all results."""
        return self.shared.every_suite

    def suite(self, name: str) -> Suite:
        """Return a suite, each benchmark with one headline for all results."""
        return self.shared.suite(name)

    def of_label(self, label: str) -> Suite:
        """Return the suite of a result's label, as it is now even where the label names an older version."""
        return self.shared.of_label(label)

    def derived(self, suite: Suite, of: str | None = None) -> list[Benchmark]:
        """Return the benchmarks derived from a suite's, or from the one named, that have results, by name.

        Raises:
            InputError: a result's name says something that its benchmark can't be derived to.
        """
        return self.shared.derived(suite, of)

    def base_of(self, entry: SiteEntry) -> SiteEntry | None:
        """Return the unquantized entry that an entry is compared with; a base has none."""
        return base_of(entry, self.families.get(entry.family, []))

    def statistics(self, entry: SiteEntry) -> FamilyStatistics:
        """Return what the items of an entry's family say, computed once however often it is asked for.

        Raises:
            ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
        """
        part = part_of(entry)
        if (part, entry.family) not in self.known:
            family = [one for one in self.families[entry.family] if part_of(one) == part]
            self.known[part, entry.family] = statistics(family, self.by_part[part])
        return self.known[part, entry.family]

    def drawn(self, suite: Suite, entries: Sequence[SiteEntry]) -> tuple[list[float], Floats]:
        """Return the scores of entries that have one, and scores of items drawn anew (entries x resamples).

        Raises:
            ResultError: as `statistics`.
        """
        found = [self.statistics(entry).drawn[suite.label] for entry in entries]
        scores = [one.scores[entry.name] for one, entry in zip(found, entries, strict=True)]
        rows = [
            one.drawn[list(one.scores).index(entry.name)]
            for one, entry in zip(found, entries, strict=True)
        ]
        return scores, np.stack(rows) if rows else np.zeros((0, RESAMPLES))

    def compared(self, entry: SiteEntry) -> Compared:
        """Return an entry beside its base; nothing of one that has none.

        Raises:
            ResultError: as `statistics`.
        """
        return self.statistics(entry).compared.get(entry.name, Compared())


def base_names(entries: Iterable[SiteEntry]) -> dict[str, str]:
    """Return the name of each variant's base among some entries, by the variant's; a base has none."""
    families: dict[str, list[SiteEntry]] = {}
    for entry in entries:
        families.setdefault(entry.family, []).append(entry)
    return {
        entry.name: base.name
        for family in families.values()
        for entry in family
        if (base := base_of(entry, family))
    }


def part_of(entry: SiteEntry) -> str:
    """Return the part that an entry belongs to: measured, or its paper's citation."""
    return MEASURED if entry.paper is None else entry.paper


def family_folders(submissions: Path) -> list[Path]:
    """Return the folders of all families, sorted.

    Raises:
        InputError: there is no such folder.
    """
    if not submissions.is_dir():
        raise InputError(
            f"there is no folder {submissions}; name the submissions with --submissions DIR"
        )
    return subfolders(submissions)


def read(submissions: Path) -> Data:
    """Read every entry under a folder of submissions, whole.

    Raises:
        InputError: the folder is missing, or an entry can't be read.
        ResultError: a result file or the ledger can't be read, or results contradict each other.
    """
    folders, ledger = family_folders(submissions), read_ledger(submissions)
    entries = [entry for folder in folders for entry in read_family(folder, ledger)]
    return Data(tuple(sorted(entries, key=lambda entry: entry.name)))
