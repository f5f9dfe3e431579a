"""Say how far a board's entries can be told apart, and which of them nothing beats."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.statistics.intervals import Floats
from evaluator.statistics.ranking import pareto_front, rank_ranges, tie_groups
from sitegen.metrics import Figure

Figures = Mapping[str, Figure]
FRONT_OF_SIZE = "size"


@dataclass(frozen=True)
class Place:
    """Where an entry stands among the ranked ones.

    Attributes:
        best: the best rank that drawing the items anew leaves open.
        worst: the worst one.
        group: its tie group, 1 for the best.
        tied: how many entries the group has.
    """

    best: int
    worst: int
    group: int
    tied: int


def places(scores: Sequence[float], drawn: Floats) -> list[Place]:
    """Return the place of each entry by its score, and by its scores (entries x resamples) drawn anew."""
    if not scores:
        return []
    groups = tie_groups(scores, drawn)
    ranges = rank_ranges(scores, drawn)
    sizes = Counter(groups)
    return [
        Place(best, worst, group, sizes[group])
        for group, (best, worst) in zip(groups, ranges, strict=True)
    ]


def fronts(entries: Sequence[Figures], speeds: Mapping[str, str]) -> list[dict[str, bool]]:
    """Return of each entry whether nothing beats it, by what quality is weighed against.

    That is the bytes on disk, and the speed on each hardware: `speeds` names the figure of each. An entry
    without a figure takes no part, and has no word on it.
    """
    found: list[dict[str, bool]] = [{} for _ in entries]
    for name, key, sign in [(FRONT_OF_SIZE, "disk", 1), *((n, k, -1) for n, k in speeds.items())]:
        taking = [place for place, figures in enumerate(entries) if key in figures]
        costs = [sign * entries[place][key].value for place in taking]
        scores = [entries[place]["score"].value for place in taking]
        for place, beaten_by_none in zip(taking, pareto_front(costs, scores), strict=True):
            found[place][name] = beaten_by_none
    return found
