"""Set an entry's figures beside its base's: item by item where both sides have items.

The comparisons themselves are `evaluator.comparison`'s, so that a page says what `quantboard compare` says.
What is kept of them are plain numbers, small enough for ten thousand entries.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from evaluator.comparison.comparable import differing_fields
from evaluator.comparison.entries import Line, adjusted, compared, compared_by
from evaluator.comparison.scores import scores
from evaluator.results import UnitResult
from evaluator.statistics.intervals import Interval
from evaluator.statistics.paired import Flips
from evaluator.statistics.several import LEVEL
from evaluator.submissions import StoredResult
from evaluator.suites.definitions import Benchmark, MetricDefinition
from evaluator.suites.divergence import is_divergence
from sitegen.entries import SiteEntry
from sitegen.metrics import Figure, figure
from sitegen.shared import Shared

Place = tuple[str, str]  # a suite's label and a benchmark's name


@dataclass(frozen=True)
class Pair:
    """The results of one benchmark that an entry and its base have."""

    label: str
    benchmark: Benchmark
    base: StoredResult
    variant: StoredResult

    def line(self) -> Line:
        """Return the comparison by the headline.

        Raises:
            ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
        """
        line = self._opened()
        return line if line.refusals or line.reason else compared(line, self.base, self.variant)

    def by(self, metric: str) -> Line | None:
        """Return the comparison by another metric, without a p-value; None where one side lacks it.

        Raises:
            ResultError: as `line`.
        """
        line = replace(self._opened(), metric=metric)
        if line.refusals or line.reason:
            return line
        found = [one.result.metrics.get(metric) for one in (self.base, self.variant)]
        if any(one is None or one.value is None for one in found):
            return None
        return compared_by(line, self.base, self.variant)

    @property
    def headline(self) -> str:
        """Return the name of the variant's headline; empty where it has no value."""
        found = self.benchmark.headline_metric(self.variant.result.metrics)
        return found[0] if found else ""

    @property
    def metrics(self) -> list[str]:
        """Return the names of the variant's metrics that the suite knows, the headline first."""
        known = [
            name
            for name in self.variant.result.metrics
            if name.partition("_window_")[0] in self.benchmark.metrics
        ]
        return sorted(known, key=lambda name: (name != self.headline, name))

    def _opened(self) -> Line:
        line = Line(self.label, self.benchmark)
        if "failed" in (self.base.result.status, self.variant.result.status):
            return replace(line, reason="one side failed")
        return replace(
            line, refusals=tuple(differing_fields(self.variant.result, self.base.result))
        )


@dataclass(frozen=True)
class BesideBase:
    """A metric beside the base's, in the unit it is shown in, or why the two can't be compared.

    Attributes:
        base: the base's figure.
        difference: the entry's less the base's, of a bias that of the distances from 0.
        retention: in percent.
        flips: items lost and gained.
        p: that there is no difference, corrected over the benchmarks of the entry.
        smallest: the smallest difference that as many items would have shown.
        better: whether the entry is better; None where no difference is shown.
        paired: whether it was made item by item.
        refusal: the fields that forbid it.
    """

    base: Figure | None = None
    difference: Figure | None = None
    retention: Figure | None = None
    flips: Flips | None = None
    p: float | None = None
    smallest: float | None = None
    better: bool | None = None
    paired: bool = False
    refusal: str = ""


def beside_base(line: Line | None, base: UnitResult, metric: str) -> BesideBase:
    """Return what a page shows of a comparison by a metric of this name."""
    if line is None:
        return BesideBase()
    definition = line.benchmark.definition(metric)
    measured = base.metrics.get(metric)
    other = figure(measured, definition) if measured else None
    found = line.comparison
    if found is None or line.metric != metric:
        return BesideBase(other, refusal="; ".join(line.refusals))
    scale = 100.0 if definition.display == "percent" else 1.0
    bounded = math.isfinite(found.smallest)
    return BesideBase(
        base=other,
        difference=shown(found.difference, scale),
        retention=shown(found.retention, 100.0) if found.retention else None,
        flips=found.flips,
        p=line.adjusted if bounded else None,
        smallest=found.smallest * scale if bounded else None,
        better=_better(line, definition),
        paired=line.paired,
    )


def shown(one: Interval, scale: float) -> Figure:
    """Return an interval as a figure; without bounds where nothing is known of them."""
    if not (math.isfinite(one.low) and math.isfinite(one.high)):
        return Figure(one.value * scale)
    return Figure(one.value * scale, one.low * scale, one.high * scale)


def _better(line: Line, definition: MetricDefinition) -> bool | None:
    if line.comparison is None or line.adjusted is None or line.adjusted >= LEVEL:
        return None
    return (line.comparison.difference.value > 0) == (definition.direction == "higher")


@dataclass(frozen=True)
class Beside:
    """One benchmark of an entry beside its base's.

    Attributes:
        metrics: each metric beside the base's, by name, the headline first.
        refusals: the fields that forbid a comparison.
        parts: flips by part of the benchmark, such as a subject.
    """

    metrics: dict[str, BesideBase] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    parts: dict[str, Flips] = field(default_factory=dict)

    def slim(self) -> "Beside":
        """Return the headline, and no parts."""
        return replace(self, metrics=dict(list(self.metrics.items())[:1]), parts={})


@dataclass(frozen=True)
class Compared:
    """An entry beside its base.

    Attributes:
        suites: by the suite's label and the benchmark's name.
        retentions: what is left of the base's score, in percent, by suite's label.
        count: how many benchmarks are compared.
    """

    suites: dict[str, dict[str, Beside]] = field(default_factory=dict)
    retentions: dict[str, Figure] = field(default_factory=dict)
    count: int = 0

    def by(self, place: Place, metric: str) -> BesideBase:
        """Return one metric beside the base's; nothing of one that only one side has."""
        label, benchmark = place
        found = self.suites.get(label, {}).get(benchmark, Beside())
        return found.metrics.get(metric, BesideBase())

    def slim(self) -> "Compared":
        """Return what pages of many entries need: the headlines, and no parts."""
        suites = {
            label: {name: one.slim() for name, one in found.items()}
            for label, found in self.suites.items()
        }
        return replace(self, suites=suites)


def compare(entry: SiteEntry, base: SiteEntry, known: Shared) -> Compared:
    """Return an entry beside its base, by every metric that both have and that the suites know.

    p-values are corrected over all benchmarks.

    Raises:
        ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
    """
    pairs = dict(_pairs(entry, base, known))
    lines = dict(zip(pairs, adjusted([pair.line() for pair in pairs.values()]), strict=True))
    retentions = {
        label: shown(found.retention, 100.0)
        for label in entry.labels
        if (found := scores(known.of_label(label), list(lines.values())).get("score"))
        and found.retention
    }
    suites: dict[str, dict[str, Beside]] = {}
    for (label, name), pair in pairs.items():
        suites.setdefault(label, {})[name] = _beside(pair, lines[label, name])
    return Compared(
        suites=suites,
        retentions=retentions,
        count=sum(line.comparison is not None for line in lines.values()),
    )


def _pairs(entry: SiteEntry, base: SiteEntry, known: Shared) -> Iterator[tuple[Place, Pair]]:
    for label in entry.labels:
        own, other = entry.benchmarks(label), base.benchmarks(label)
        for one in known.benchmarks_of(label):
            both = one.name in own and one.name in other
            if both and not is_divergence(one):  # which is a distance from a base already
                pair = Pair(label, one, other[one.name].stored, own[one.name].stored)
                yield (label, one.name), pair


def _beside(pair: Pair, line: Line) -> Beside:
    metrics = {
        metric: beside_base(
            line if metric == pair.headline else pair.by(metric), pair.base.result, metric
        )
        for metric in pair.metrics
    }
    return Beside(metrics, line.refusals, dict(line.parts or {}))
