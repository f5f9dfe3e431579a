"""Hold one model variant as the site knows it, and read a family of them from its folder."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from evaluator.files import sha256_text
from evaluator.results import Contract, Provenance, Source, Submission, UnitResult
from evaluator.submissions import (
    Entry,
    StoredResult,
    current_results,
    read_entry,
    source_of,
    subfolders,
)
from evaluator.suites.definitions import Suite, load_suite, suite_names

DRIVER, ENGINE = ("driver",), ("torch", "transformers")  # what speeds and memory depend on
Value = TypeVar("Value")
Model = TypeVar("Model", bound=Contract)
_GIVEN: set[str] = set()


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
    """One model variant, with its results that still hold and those that were superseded.

    Attributes:
        context_length: positions that the model takes, as it was loaded; None where no result says it.
        digest: SHA-256 over all files of the entry, as they were before they were read.
    """

    name: str
    family: str
    variant: str
    submission: Submission
    current: tuple[Measured, ...]
    superseded: tuple[Measured, ...]
    context_length: int | None
    digest: str

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

    @property
    def commands(self) -> list[str]:
        """Return what measures everything again, by suite and probe, or imports a paper; of whole entries."""
        if self.paper is not None:
            return sorted({one.result.provenance.command for one in self.current})
        suites = sorted(
            {one.result.suite.split("@")[0] for one in self.current if one.result.suite}
        )
        found = [f"quantboard run {self.name} --suite {one} --no-efficiency" for one in suites]
        return found + sorted({one.result.provenance.command for one in self.probes()})

    def probes(self) -> list[Measured]:
        """Return the current efficiency results, by hardware and probe."""
        found = [one for one in self.current if one.result.kind == "efficiency"]
        return sorted(found, key=lambda one: (one.result.hardware or "", one.result.benchmark))


def read_family(folder: Path, ledger: Mapping[str, str]) -> list[SiteEntry]:
    """Read the entries of a family, sorted by name.

    Raises:
        InputError: an entry can't be read.
        ResultError: a result can't be read, or results contradict each other.
    """
    return [_site_entry(one, ledger) for one in subfolders(folder)]


def _site_entry(folder: Path, ledger: Mapping[str, str]) -> SiteEntry:
    digest = _digest(folder)  # first: what changes meanwhile has another one when read again
    entry = read_entry(folder)
    standing = {stored.path for stored in current_results(entry)}
    measured = [
        (stored.path in standing, _measured(entry, stored, ledger)) for stored in entry.results
    ]
    current = tuple(one for current, one in measured if current)
    models = (one.result.provenance.model for one in current)
    return SiteEntry(
        name=entry.name,
        family=entry.family,
        variant=entry.variant,
        submission=entry.submission,
        current=current,
        superseded=tuple(one for current, one in measured if not current),
        context_length=next((one.context_length for one in models if one), None),
        digest=digest,
    )


def _measured(entry: Entry, stored: StoredResult, ledger: Mapping[str, str]) -> Measured:
    path = f"{entry.name}/{stored.path.relative_to(entry.folder).as_posix()}"
    return Measured(stored, path, source_of(entry, stored, ledger))


def _digest(folder: Path) -> str:
    """Return a hash over names and contents of an entry's files."""
    found = hashlib.sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        found.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def files_digest(entries: Iterable[SiteEntry]) -> str:
    """Return a hash over names and files of entries: what their statistics are made from."""
    return sha256_text(*chain.from_iterable(sorted((one.name, one.digest) for one in entries)))


def pages_digest(entries: Sequence[SiteEntry]) -> str:
    """Return the same over who measured each result too, which pages show and no file of an entry says."""
    measured = [one for entry in entries for one in (*entry.current, *entry.superseded)]
    sources = sorted((one.path, one.source) for one in measured)
    return sha256_text(files_digest(entries), *chain.from_iterable(sources))


def slim(entry: SiteEntry) -> SiteEntry:
    """Return an entry with what pages of many entries need: all metrics, but neither parts nor provenance.

    Ten thousand whole entries would take several GiB.
    """
    return replace(
        entry,
        current=tuple(map(_slim, entry.current)),
        superseded=tuple(map(_slim, entry.superseded)),
    )


def _slim(one: Measured) -> Measured:
    result = one.result
    kept = _lean(
        result,
        metrics={name: _lean(metric, raw=None) for name, metric in result.metrics.items()},
        groups={},
        provenance=_lean(_slim_provenance(result)),
        timing=_lean(result.timing),
    )
    return replace(one, stored=replace(one.stored, result=kept))


def _lean(model: Model, **changed: object) -> Model:
    """Return a copy that shares its set of given fields with all others.

    Nobody asks for that set, and a million of them take more memory than all values.
    """
    copied = model.model_copy(update=changed)
    object.__setattr__(copied, "__pydantic_fields_set__", _GIVEN)
    return copied


def _slim_provenance(result: UnitResult) -> Provenance:
    """Return what tables and findings ask of how a result came to be: the judge, and how a probe was made."""
    whole = result.provenance
    return Provenance(
        command="",
        judge=whole.judge,
        hardware=_some(whole.hardware, DRIVER),
        packages=_some(whole.packages, ENGINE),
        notes=whole.notes if result.kind == "efficiency" else [],
    )


def _some(record: Mapping[str, Value], names: tuple[str, ...]) -> dict[str, Value]:
    return {name: record[name] for name in names if name in record}
