"""Decide what outcomes say of a claim: for it, against it, or not enough to tell.

An outcome is 1 for the claim, -1 against it, 0 where the interval leaves it open. What was measured is a
sample: the share that agrees has an interval, in which the entries of one family count as a cluster. What a
paper reports has no intervals, and is only counted.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.design import Design
from evaluator.statistics.intervals import Interval

Kind = Literal["supported", "not supported", "undecided", "not enough measured"]
Outcomes = NDArray[np.int64]
FEWEST, FAMILIES = 4, 2  # cases, and families that they come from
MOST_ADVISED = 1000  # more entries than this are no advice
COUNTS = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
)  # families that may be too few


@dataclass(frozen=True)
class Verdict:
    """What the data say of a claim, and why."""

    kind: Kind
    reason: str


@dataclass(frozen=True)
class Cases:
    """The cases that a claim is tested on.

    Attributes:
        outcomes: 1, 0 or -1 for each.
        families: the family of each.
        noun: what a case is, in the plural: `entries of 4 bits`.
        claim: what an agreeing case does: `keeps at least 98 % of its base's score`.
        claims: what several of them do: `keep at least 98 % of their base's score`.
    """

    outcomes: Outcomes
    families: Sequence[Hashable]
    noun: str
    claim: str
    claims: str

    @property
    def agreeing(self) -> int:
        """Return how many agree."""
        return int((self.outcomes > 0).sum())

    @property
    def counted(self) -> str:
        """Return `5 of 6 entries of 4 bits keep ...`, and how many are open."""
        n = len(self.outcomes)
        left = int((self.outcomes == 0).sum())
        open_ones = f"; {left:,} can't be decided" if left else ""
        does = self.claim if self.agreeing == 1 else self.claims
        return f"{self.agreeing:,} of {n:,} {self.noun} {does}{open_ones}"


def measured(cases: Cases) -> Verdict:
    """Return the verdict on measured cases: whether more than half agree, beyond what chance leaves open.

    Open cases count as against the claim where it might be supported, and as for it where it might not.
    """
    families = len(set(cases.families))
    if len(cases.outcomes) < FEWEST or families < FAMILIES:
        return lacking(len(cases.outcomes), families, cases.noun)
    codes = np.unique(np.asarray(cases.families, dtype=str), return_inverse=True)[1]
    design = Design(len(cases.outcomes), clusters=codes)
    worst = design.share((cases.outcomes > 0).astype(np.float64))
    best = design.share((cases.outcomes >= 0).astype(np.float64))
    told = f"{cases.counted}. That is {100 * worst.value:.1f} %"
    spread = f" (95 % interval {100 * worst.low:.1f} to {100 * worst.high:.1f} %), in {families} families."
    if worst.low > 0.5:
        return Verdict("supported", told + spread)
    if best.high < 0.5:
        return Verdict("not supported", told + spread)
    if _few(cases, worst):
        too_few = f"{COUNTS[families - FAMILIES].capitalize()} families are too few to tell."
        return Verdict("undecided", f"{told}. {too_few}")
    return Verdict("undecided", f"{told}{spread} {_advice(cases, design)}")


def _few(cases: Cases, share: Interval) -> bool:
    """Say whether it is the number of families that leaves a share open.

    So it is where there are few, and the same cases, each by itself, would put the share on one side of half.
    """
    if not share.low <= 0.5 <= share.high or len(set(cases.families)) >= FAMILIES + len(COUNTS):
        return False
    alone = Design(len(cases.outcomes)).share((cases.outcomes > 0).astype(np.float64))
    return not alone.low <= 0.5 <= alone.high


def reported(cases: Cases) -> Verdict:
    """Return the verdict on a paper's figures: whether two thirds of what they decide agree, or don't."""
    decided = int((cases.outcomes != 0).sum())
    if decided == 0:
        return Verdict("not enough measured", f"The paper's figures decide no {cases.noun}.")
    if 3 * cases.agreeing >= 2 * decided:
        return Verdict("supported", f"{cases.counted}.")
    if 3 * (decided - cases.agreeing) >= 2 * decided:
        return Verdict("not supported", f"{cases.counted}.")
    return Verdict("undecided", f"{cases.counted}; neither side has two thirds.")


def lacking(n: int, families: int, noun: str, fewest: int = FEWEST) -> Verdict:
    """Say that there are too few cases, and how many it takes."""
    there = f"there {'is' if n == 1 else 'are'} {n or 'none'}"
    there += f", of {families} {'family' if families == 1 else 'families'}." if n else "."
    wanted = f"Not enough measured yet: needs at least {fewest} {noun}, of {FAMILIES} families"
    return Verdict("not enough measured", f"{wanted}; {there}")


def _advice(cases: Cases, design: Design) -> str:
    """Say how many more cases would settle it, at the share seen so far.

    Wilson's lower bound is above one half where n > (z / 2 (p - 1/2))², n in effective cases.
    """
    agree = (cases.outcomes > 0).astype(np.float64)
    share = float(agree.mean())
    if share <= 0.5:
        return "The interval includes one half."
    spread = design.spread(agree)
    effective = design.effective_items(share * (1 - share), spread)
    wanted = (design.critical(spread) / (2 * (share - 0.5))) ** 2
    more = math.ceil(len(agree) * (wanted / effective - 1))
    if not 0 < more <= MOST_ADVISED:
        return "The interval includes one half."
    return f"If the share stays as it is, about {more} more of them would settle it."
