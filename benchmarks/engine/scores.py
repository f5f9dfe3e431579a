"""Compare two sides' log-likelihoods, request by request and question by question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.scoring.near_ties import decided_closely

Answer = tuple[float, bool]


@dataclass(frozen=True)
class Agreement:
    """How far two sides' log-likelihoods lie apart.

    Attributes:
        requests: answers that were scored.
        items: questions, each with its choices.
        largest: the largest difference between two log-likelihoods, in nats.
        near: questions whose two best choices, on either side, lie closer than the threshold of near-ties.
        turned: questions, near-ties left out, in which another choice comes first.
        turned_near: near-ties in which another choice comes first.
        greedy: answers that greedy decoding would give on one side only.
    """

    requests: int = 0
    items: int = 0
    largest: float = 0.0
    near: int = 0
    turned: int = 0
    turned_near: int = 0
    greedy: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        """Return both comparisons as one."""
        return Agreement(
            self.requests + other.requests,
            self.items + other.items,
            max(self.largest, other.largest),
            self.near + other.near,
            self.turned + other.turned,
            self.turned_near + other.turned_near,
            self.greedy + other.greedy,
        )


def agreement(
    instances: Sequence[Any], first: Sequence[Answer], second: Sequence[Answer]
) -> Agreement:
    """Compare two sides' log-likelihoods, request by request and question by question."""
    pairs = [(one[0], other[0]) for one, other in zip(first, second, strict=True)]
    found = Agreement(
        requests=len(pairs),
        largest=max(
            (0.0 if one == other else abs(one - other) for one, other in pairs), default=0.0
        ),
        greedy=sum(one[1] != other[1] for one, other in zip(first, second, strict=True)),
    )
    for values in _by_item(instances, pairs):
        one, other = ([pair[side] for pair in values] for side in (0, 1))
        near = decided_closely(one) or decided_closely(other)
        turned = one.index(max(one)) != other.index(max(other))
        found += Agreement(
            items=1, near=near, turned=turned and not near, turned_near=turned and near
        )
    return found


def _by_item(
    instances: Sequence[Any], pairs: Sequence[tuple[float, float]]
) -> Iterator[list[tuple[float, float]]]:
    """Gather the choices of each question, in their order."""
    items: dict[tuple[str, int], dict[int, tuple[float, float]]] = {}
    for instance, pair in zip(instances, pairs, strict=True):
        items.setdefault((instance.task_name, instance.doc_id), {})[instance.idx] = pair
    for choices in items.values():
        yield [choices[place] for place in sorted(choices)]
