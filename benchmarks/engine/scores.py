"""Compare two sides' log-likelihoods, request by request and question by question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.scoring.near_ties import decided_closely

Answer = tuple[float, bool]


@dataclass(frozen=True)
class Agreement:
    """How far two sides lie apart.

    Attributes:
        requests: log-likelihoods that were compared.
        items: questions, each with its choices.
        largest: the largest difference between two log-likelihoods, in nats.
        near: questions whose two best choices lie closer than a near tie's threshold, on either side.
        turned: other questions in which another choice comes first.
    """

    requests: int = 0
    items: int = 0
    largest: float = 0.0
    near: int = 0
    turned: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        """Return both comparisons as one."""
        return Agreement(
            self.requests + other.requests,
            self.items + other.items,
            max(self.largest, other.largest),
            self.near + other.near,
            self.turned + other.turned,
        )


def agreement(
    instances: Sequence[Any], first: Sequence[Answer], second: Sequence[Answer]
) -> Agreement:
    """Compare the answers to lm-eval's requests."""
    values = [(one[0], other[0]) for one, other in zip(first, second, strict=True)]
    items: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for instance, pair in zip(instances, values, strict=True):
        items.setdefault((instance.task_name, instance.doc_id), []).append(pair)
    near = turned = 0
    for choices in items.values():
        ours, theirs = zip(*choices, strict=True)
        close = decided_closely(ours) or decided_closely(theirs)
        near += close
        turned += not close and ours.index(max(ours)) != theirs.index(max(theirs))
    largest = max((abs(one - other) for one, other in values), default=0.0)
    return Agreement(len(values), len(items), largest, near, turned)
