"""Compute what takes reading items, family by family: comparisons with the base, and scores drawn anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from evaluator.comparison.boards import resampled_scores
from evaluator.statistics.intervals import RESAMPLES, Floats
from evaluator.suites.definitions import QUALITY, Suite
from sitegen import metrics
from sitegen.comparisons import Compared, compare
from sitegen.entries import SiteEntry
from sitegen.shared import Shared

SHORT = 12  # digits of a revision in a sentence


@dataclass(frozen=True)
class Drawn:
    """The scores of a family's entries that have one, on one suite, by draws common to all families.

    Attributes:
        scores: the mean share of best, by entry.
        drawn: the same of items drawn anew (entries x resamples), in the order of `scores`.
    """

    scores: dict[str, float] = field(default_factory=dict)
    drawn: Floats = field(default_factory=lambda: np.zeros((0, RESAMPLES)))


@dataclass(frozen=True)
class FamilyStatistics:
    """What the items of a family's entries say.

    Attributes:
        compared: each variant beside its base, by entry.
        drawn: by suite's label.
    """

    compared: dict[str, Compared]
    drawn: dict[str, Drawn]

    def slim(self) -> "FamilyStatistics":
        """Return what pages of many entries need."""
        return replace(self, compared={name: one.slim() for name, one in self.compared.items()})


def statistics(entries: Sequence[SiteEntry], known: Shared) -> FamilyStatistics:
    """Return the statistics of a family's entries, all of them measured or all of one paper.

    Raises:
        ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
    """
    pairs = [(entry, base) for entry in entries if (base := base_of(entry, entries))]
    return FamilyStatistics(
        compared={entry.name: compare(entry, base, known) for entry, base in pairs},
        drawn={suite.label: _drawn(entries, suite) for suite in known.suites},
    )


def _drawn(entries: Sequence[SiteEntry], suite: Suite) -> Drawn:
    """Return the scores of the entries that have one; none of what papers report, which is never ranked."""
    whole = [
        entry
        for entry in entries
        if entry.paper is None and metrics.score(suite, entry.results(suite)) is not None
    ]
    if not whole:
        return Drawn()
    stored = [{name: one.stored for name, one in entry.own(suite).items()} for entry in whole]
    found = resampled_scores(suite, stored, QUALITY)
    names = [entry.name for entry in whole]
    return Drawn(dict(zip(names, found.scores.tolist(), strict=True)), found.drawn)


def base_of(entry: SiteEntry, family: Sequence[SiteEntry]) -> SiteEntry | None:
    """Return the unquantized entry that an entry is compared with; a base has none.

    A measured entry has a measured base, a reported one the same paper's. Of several, the one at the
    named revision and in the entry's own dtype is preferred.
    """
    if entry.is_base:
        return None
    bases = [one for one in family if one.is_base and one.paper == entry.paper]
    wanted = entry.submission
    if wanted.base_revision:
        bases = [one for one in bases if one.submission.revision in (None, wanted.base_revision)]
    ranked = sorted(
        bases,
        key=lambda one: (one.submission.dtype != wanted.dtype, one.variant != "bf16", one.name),
    )
    return ranked[0] if ranked else None


def missing_base(entry: SiteEntry, family: Sequence[SiteEntry]) -> str:
    """Say why an entry has no base: there is none, or only at another revision than it names."""
    said = entry.submission
    others = other_bases(entry, family)
    if not others:
        return f"Its base {said.base_model} has no entry."
    there = sorted({str(one.submission.revision)[:SHORT] for one in others})
    return (
        f"Its base {said.base_model} is on the board only at revision {' and '.join(there)}; "
        f"this entry names {str(said.base_revision)[:SHORT]}."
    )


def other_bases(entry: SiteEntry, family: Sequence[SiteEntry]) -> list[SiteEntry]:
    """Return the bases that only their revision keeps an entry without a base from."""
    return [one for one in family if one.is_base and one.paper == entry.paper]
