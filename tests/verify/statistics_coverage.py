"""Show by simulation that 95 % intervals hold the truth in 95 % of experiments, also where few items flip.

Items are drawn one by one, or in clusters of five (as FollowBench's) that share a rate drawn from a beta
distribution with a correlation of 0.2 within the cluster.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluator.statistics import paired
from evaluator.statistics.design import Design
from evaluator.statistics.intervals import Floats, Interval
from tests.verify.report import Context, require

POINT = 2
SIZES = (100, 817, 14_042)
SHARES, FLIPS = (0.5, 0.98), (0.01, 0.1)
CLUSTER, WITHIN = 5, 0.2
LOST = 0.7  # of the items that flip
RIGHT = 0.5  # of the base's answers, where flips are drawn
EXPERIMENTS, QUICK_EXPERIMENTS = 2_000, 200
LEAST, MOST, FALSE_ALARMS = 0.93, 0.97, 0.05


@dataclass(frozen=True)
class Shown:
    """How often intervals of one kind of experiment held the truth."""

    name: str
    size: int
    share: float

    def fault(self, slack: float) -> str:
        """Return what is wrong with it, beyond the noise of few experiments; nothing where all is well."""
        most = 1.0 if self.size == SIZES[0] else MOST + slack
        return (
            "" if LEAST - slack <= self.share <= most else f"{self.name}: {100 * self.share:.1f} %"
        )


def show(context: Context) -> str:
    """Draw experiments of every kind.

    Raises:
        ShortfallError: intervals hold the truth too rarely or too often, or McNemar's test alarms falsely.
    """
    times = QUICK_EXPERIMENTS if context.quick else EXPERIMENTS
    slack = 3 * math.sqrt(0.95 * 0.05 / times) if context.quick else 0.0
    generator = np.random.default_rng(1234)
    with _fault(active=context.broken(POINT)):
        shown = [*_shares(generator, times), *_differences(generator, times)]
        alarms = max(_false_alarms(generator, times))
    faults = [fault for one in shown if (fault := one.fault(slack))]
    figures = (
        f"{len(shown)} kinds of {times} experiments; held at n = 100 in at least "
        f"{100 * min(one.share for one in shown if one.size == SIZES[0]):.1f} %, at 817 and 14,042 in "
        f"{_range([one.share for one in shown if one.size > SIZES[0]])}; McNemar's false alarms at most "
        f"{100 * alarms:.1f} %"
    )
    require(not faults, f"{'; '.join(faults)} ({figures})")
    require(alarms <= FALSE_ALARMS + slack, figures)
    return figures


def _range(shares: list[float]) -> str:
    return f"{100 * min(shares):.1f} to {100 * max(shares):.1f} %"


def _designs(size: int) -> Iterator[tuple[str, Design]]:
    yield "", Design(size)
    yield f" in clusters of {CLUSTER}", Design(size, clusters=np.arange(size) // CLUSTER)


def _rates(generator: np.random.Generator, design: Design, mean: float) -> Floats:
    """Return each item's probability (n,): one for all, or by cluster."""
    if design.clusters is None:
        return np.full(design.n, mean)
    spread = (1 - WITHIN) / WITHIN
    drawn = generator.beta(mean * spread, (1 - mean) * spread, size=design.units)
    return drawn[design.clusters]


def _shares(generator: np.random.Generator, times: int) -> Iterator[Shown]:
    for size in SIZES:
        for kind, design in _designs(size):
            for share in SHARES:
                held = 0
                for _ in range(times):
                    right = generator.random(size) < _rates(generator, design, share)
                    found = design.share(right.astype(np.float64))
                    held += found.low <= share <= found.high
                yield Shown(f"share {share}, n = {size}{kind}", size, held / times)


def _differences(generator: np.random.Generator, times: int) -> Iterator[Shown]:
    for size in SIZES:
        for kind, design in _designs(size):
            for share in FLIPS:
                held = 0
                for _ in range(times):
                    base, variant = _answers(generator, design, share, LOST)
                    found = paired.compare_means(base, variant, design).difference
                    held += found.low <= share * (1 - 2 * LOST) <= found.high
                yield Shown(f"{100 * share:.0f} % flips, n = {size}{kind}", size, held / times)


def _answers(
    generator: np.random.Generator, design: Design, share: float, lost: float
) -> tuple[Floats, Floats]:
    """Draw both sides: as many items flip as `share` says, `lost` of them from right to wrong."""
    base = generator.random(design.n) < RIGHT
    chance = np.where(base, lost / RIGHT, (1 - lost) / (1 - RIGHT))
    flips = generator.random(design.n) < chance * _rates(generator, design, share)
    return base.astype(np.float64), (base ^ flips).astype(np.float64)


def _false_alarms(generator: np.random.Generator, times: int) -> Iterator[float]:
    """Give how often McNemar's test is below 0.05 where nothing differs."""
    for size in SIZES:
        for share in FLIPS:
            alarms = 0
            for _ in range(times):
                base, variant = _answers(generator, Design(size), share, 0.5)
                alarms += paired.mcnemar(paired.flips(base, variant)) < 0.05
            yield alarms / times


@contextmanager
def _fault(*, active: bool) -> Iterator[None]:
    """Put the fault in: the textbook's normal interval of a paired difference."""
    module: Any = paired
    own = module.flip_interval

    def normal(found: paired.Flips, factor: float) -> Interval:
        value = found.difference
        half = factor * math.sqrt(max(found.share - value * value, 0.0) / found.n)
        return Interval(value, value - half, value + half)

    if active:
        module.flip_interval = normal
    try:
        yield
    finally:
        module.flip_interval = own
