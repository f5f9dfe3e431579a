"""Compute what the full sets would take from what the samples took: a sum over benchmarks, not a measurement.

Each side's seconds grow with the tokens that it forwards: lm-eval's with those of its rows, ours with the
distinct ones. BBQ's count is scaled by items where the data hold some of its categories only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.engine.counts import Counts
from benchmarks.engine.likelihoods import Measured
from benchmarks.engine.samples import FULL


@dataclass(frozen=True)
class Total:
    """Computed seconds of the full sets on one model, side by side."""

    subject: str
    items: int
    ours: float
    plain: float
    restricted: float

    @property
    def against_plain(self) -> float:
        """Return how many times faster than `HFLM` the suite would be."""
        return self.plain / self.ours

    @property
    def against_restricted(self) -> float:
        """Return how many times faster than the restricted one the suite would be."""
        return self.restricted / self.ours


def whole(name: str, counted: Counts) -> Counts:
    """Return the counts of a full set from those of what is there, scaled by items."""
    scale = FULL[name] / counted.items
    return Counts(
        items=FULL[name],
        requests=round(counted.requests * scale),
        rows=round(counted.rows * scale),
        row_tokens=round(counted.row_tokens * scale),
        distinct=round(counted.distinct * scale),
        visible=round(counted.visible * scale),
        positions=round(counted.positions * scale),
    )


def total(measured: Sequence[Measured], full: Mapping[str, Counts]) -> Total:
    """Weigh one model's measurements by the full sets' sizes."""
    ours = plain = restricted = 0.0
    for one in measured:
        size = whole(one.benchmark, full[one.benchmark])
        ours += _seconds(one, "ours") / one.counts.distinct * size.distinct
        plain += _seconds(one, "plain") / one.counts.row_tokens * size.row_tokens
        third = [pair for pair in one.pairs if pair.restricted]
        tokens = sum(pair.counts.row_tokens for pair in third)
        seconds = sum(pair.restricted.seconds for pair in third if pair.restricted)
        restricted += seconds / tokens * size.row_tokens if tokens else 0.0
    items = sum(FULL[one.benchmark] for one in measured)
    return Total(measured[0].subject, items, ours, plain, restricted)


def _seconds(measured: Measured, side: str) -> float:
    return float(sum(getattr(pair, side).seconds for pair in measured.pairs))
