"""Read a tree of submissions into what the site knows: entries, their current results, their bases."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evaluator.errors import InputError
from evaluator.results import Source, Submission, UnitResult
from evaluator.submissions import (
    Entry,
    StoredResult,
    current_results,
    find_entries,
    read_ledger,
    source_of,
)
from evaluator.suites.definitions import Benchmark, Suite, load_suite, suite_names
from evaluator.suites.derived import DERIVATIONS
from evaluator.suites.divergence import is_divergence
from sitegen import metrics
from sitegen.comparisons import Compared, Pair, Place


@dataclass(frozen=True)
class Measured:
    """One result with where it stands and who measured it."""

    stored: StoredResult
    path: str  # relative to the folder of submissions
    source: Source

    @property
    def result(self) -> UnitResult:
        """Return what was measured."""
        return self.stored.result


@dataclass(frozen=True)
class SiteEntry:
    """One model variant, with its results that still hold and those that were superseded."""

    name: str
    family: str
    variant: str
    submission: Submission
    current: tuple[Measured, ...]
    superseded: tuple[Measured, ...]

    @property
    def is_base(self) -> bool:
        """Say whether this is an unquantized entry."""
        return self.submission.quantization.method == "none"

    @property
    def paper(self) -> str | None:
        """Return the citation of the paper that reports this entry; None where it was measured."""
        said = self.submission
        return (said.citation or "") if said.source == "reported" else None

    @property
    def labels(self) -> list[str]:
        """Return the known suites that the entry has results of, each with its version; ranked ones first."""
        labels = {one.result.suite for one in self.current if one.result.suite}
        known = {label for label in labels if label.split("@")[0] in suite_names()}
        return sorted(known, key=lambda label: (not load_suite(label.split("@")[0]).ranked, label))

    def benchmarks(self, suite_label: str) -> dict[str, Measured]:
        """Return the current results of one suite, by benchmark."""
        return {
            one.result.benchmark: one
            for one in self.current
            if one.result.kind == "benchmark" and one.result.suite == suite_label
        }

    def own(self, suite: Suite) -> dict[str, Measured]:
        """Return the current results of a suite's own benchmarks; derived ones stay off its board."""
        found = self.benchmarks(suite.label)
        return {one.name: found[one.name] for one in suite.benchmarks if one.name in found}

    def results(self, suite: Suite) -> dict[str, UnitResult]:
        """Return what `own` holds, without where it stands."""
        return {name: one.result for name, one in self.own(suite).items()}

    def probes(self) -> list[Measured]:
        """Return the current efficiency results, by hardware and probe."""
        found = [one for one in self.current if one.result.kind == "efficiency"]
        return sorted(found, key=lambda one: (one.result.hardware or "", one.result.benchmark))


@dataclass(frozen=True)
class Data:
    """Everything the pages are made from."""

    entries: tuple[SiteEntry, ...]

    @cached_property
    def measured(self) -> "Data":
        """Return what was measured: the entries that share tables, ranks, charts and comparisons."""
        return self._part(None)

    @cached_property
    def papers(self) -> dict[str, "Data"]:
        """Return what papers report, by citation: each paper's entries meet no others."""
        citations = {entry.paper for entry in self.entries} - {None}
        return {citation: self._part(citation) for citation in sorted(filter(None, citations))}

    def beside(self, entry: SiteEntry) -> "Data":
        """Return the part of the data that an entry may stand beside."""
        return self.measured if entry.paper is None else self.papers[entry.paper]

    def _part(self, paper: str | None) -> "Data":
        entries = tuple(entry for entry in self.entries if entry.paper == paper)
        return self if len(entries) == len(self.entries) else Data(entries)

    @cached_property
    def suites(self) -> list[Suite]:
        """Return the suites that have results of their current version: ranked ones first, then by name.

        The embedded suite comes last, so that a board of real results is the home page where there is one.
        """
        suites = self.every_suite
        return [suite for suite in suites if any(entry.own(suite) for entry in self.entries)]

    @cached_property
    def every_suite(self) -> list[Suite]:
        """Return all suites in the order of `suites`, each benchmark with one headline for all results."""
        suites = self._suites.values()
        return sorted(suites, key=lambda suite: (not suite.ranked, suite.embedded, suite.name))

    def suite(self, name: str) -> Suite:
        """Return a suite, each benchmark with one headline for all results."""
        return self._suites[name]

    @cached_property
    def _suites(self) -> dict[str, Suite]:
        return {name: self._settled(load_suite(name)) for name in suite_names()}

    def _settled(self, suite: Suite) -> Suite:
        own = [metrics.settled(one, self.results(suite, one.name)) for one in suite.benchmarks]
        return suite.model_copy(update={"benchmarks": own})

    def of_label(self, label: str) -> Suite:
        """Return the suite of a result's label, as it is now even where the label names an older version."""
        name = label.partition("@")[0]
        current = self.suite(name)
        return current if current.label == label else load_suite(name)

    def results(self, suite: Suite, benchmark: str) -> list[UnitResult]:
        """Return every entry's current result of one benchmark."""
        found = (entry.benchmarks(suite.label).get(benchmark) for entry in self.entries)
        return [one.result for one in found if one]

    def derived(self, suite: Suite, of: str | None = None) -> list[Benchmark]:
        """Return the benchmarks derived from a suite's, or from the one named, that have results, by name.

        Raises:
            InputError: a result's name says something that its benchmark can't be derived to.
        """
        bases = {of} if of else {one.name for one in suite.benchmarks} & DERIVATIONS.keys()
        names = [name for name in self._further[suite.label] if name.partition("-")[0] in bases]
        made = [suite.benchmark(name) for name in names]
        return [metrics.settled(one, self.measured.results(suite, one.name)) for one in made]

    @cached_property
    def _further(self) -> dict[str, list[str]]:
        """Return the benchmarks beyond a suite's own that have results, by its label, sorted."""
        return {
            suite.label: sorted(
                {name for entry in self.entries for name in entry.benchmarks(suite.label)}
                - {one.name for one in suite.benchmarks}
            )
            for suite in self.every_suite
        }

    def base_of(self, entry: SiteEntry) -> SiteEntry | None:
        """Return the unquantized entry that an entry is compared with; a base has none.

        A measured entry has a measured base, a reported one the same paper's. Of several, the one at the
        named revision and in the entry's own dtype is preferred.
        """
        if entry.is_base:
            return None
        bases = [one for one in self.entries if one.is_base and one.paper == entry.paper]
        same_family = [one for one in bases if one.family == entry.family]
        wanted = entry.submission
        if wanted.base_revision:
            same_family = [
                one
                for one in same_family
                if one.submission.revision in (None, wanted.base_revision)
            ]
        ranked = sorted(
            same_family,
            key=lambda one: (
                one.submission.dtype != wanted.dtype,
                one.variant != "bf16",
                one.name,
            ),
        )
        return ranked[0] if ranked else None

    def compared(self, entry: SiteEntry) -> Compared:
        """Return an entry beside its base, made once however often it is asked for."""
        known = self.beside(entry)._compared_by_name
        if entry.name not in known:
            known[entry.name] = Compared(dict(self.beside(entry)._pairs(entry)))
        return known[entry.name]

    @cached_property
    def _compared_by_name(self) -> dict[str, Compared]:
        return {}

    def _pairs(self, entry: SiteEntry) -> Iterator[tuple[Place, Pair]]:
        base = self.base_of(entry)
        for label in entry.labels if base else ():
            suite = self.of_label(label)
            own, other = entry.benchmarks(label), base.benchmarks(label) if base else {}
            derived = self.derived(suite) if suite.label == label else []
            for one in [*suite.benchmarks, *derived]:
                both = one.name in own and one.name in other
                if both and not is_divergence(one):  # which is a distance from a base already
                    pair = Pair(label, one, other[one.name].stored, own[one.name].stored)
                    yield (label, one.name), pair


def read(submissions: Path) -> Data:
    """Read every entry under a folder of submissions, sorted by name.

    Raises:
        InputError: the folder is missing, or an entry can't be read.
        ResultError: a result file or the ledger can't be read, or results contradict each other.
    """
    if not submissions.is_dir():
        raise InputError(
            f"there is no folder {submissions}; name the submissions with --submissions DIR"
        )
    ledger = read_ledger(submissions)
    entries = [_site_entry(entry, ledger) for entry in find_entries(submissions)]
    return Data(tuple(sorted(entries, key=lambda entry: entry.name)))


def _site_entry(entry: Entry, ledger: Mapping[str, str]) -> SiteEntry:
    standing = {stored.path for stored in current_results(entry)}
    measured = [
        (stored.path in standing, _measured(entry, stored, ledger)) for stored in entry.results
    ]
    return SiteEntry(
        name=entry.name,
        family=entry.family,
        variant=entry.variant,
        submission=entry.submission,
        current=tuple(one for current, one in measured if current),
        superseded=tuple(one for current, one in measured if not current),
    )


def _measured(entry: Entry, stored: StoredResult, ledger: Mapping[str, str]) -> Measured:
    path = f"{entry.name}/{stored.path.relative_to(entry.folder).as_posix()}"
    return Measured(stored, path, source_of(entry, stored, ledger))
