"""Set an entry's figures beside its base's: item by item where both sides have items.

The comparisons themselves are `evaluator.comparison`'s, so that a page says what `quantboard compare` says.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from evaluator.comparison.comparable import differing_fields
from evaluator.comparison.entries import Line, adjusted, compared, compared_by
from evaluator.results import UnitResult
from evaluator.statistics.intervals import Interval
from evaluator.statistics.paired import Flips
from evaluator.statistics.several import LEVEL
from evaluator.submissions import StoredResult
from evaluator.suites.definitions import Benchmark, MetricDefinition
from sitegen.metrics import Figure, figure

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

    def _opened(self) -> Line:
        line = Line(self.label, self.benchmark)
        if "failed" in (self.base.result.status, self.variant.result.status):
            return replace(line, reason="one side failed")
        return replace(
            line, refusals=tuple(differing_fields(self.variant.result, self.base.result))
        )


@dataclass(frozen=True)
class Compared:
    """An entry beside its base: the results that both have, and their comparisons, made once."""

    pairs: dict[Place, Pair]

    @cached_property
    def lines(self) -> dict[Place, Line]:
        """Return the comparisons by headline, their p-values corrected over all of them.

        Raises:
            ResultError: an items file can't be read, isn't the one that was measured, or has other rows.
        """
        found = adjusted([pair.line() for pair in self.pairs.values()])
        return dict(zip(self.pairs, found, strict=True))

    def by(self, place: Place, metric: str) -> "BesideBase":
        """Return one metric beside the base's; nothing of one that the suite no longer has.

        Raises:
            ResultError: as `lines`.
        """
        pair = self.pairs.get(place)
        if pair is None or metric.partition("_window_")[0] not in pair.benchmark.metrics:
            return BesideBase()
        headline = pair.benchmark.headline_metric(pair.variant.result.metrics)
        own = headline is not None and headline[0] == metric
        line = self.lines[place] if own else pair.by(metric)
        return beside_base(line, pair.base.result, metric)


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
