"""Take from logits what is kept of a base, and compare a variant's logits with it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.scoring.divergence.kept import Kept
from evaluator.scoring.divergence.passes import Some
from evaluator.scoring.tree.token_tree import Integers
from evaluator.statistics.divergence import Divergences, Floats, Partial, divergences


@dataclass(frozen=True, eq=False)
class Compared:
    """What came of all N positions: NaN where the variant's log-probabilities are no numbers."""

    found: Divergences
    agrees: NDArray[np.bool_]

    @classmethod
    def empty(cls, positions: int) -> "Compared":
        """Return the result of so many positions, none of them compared yet."""
        columns = [np.full(positions, np.nan) for _ in range(3)]
        return cls(Divergences(*columns), np.zeros(positions, dtype=bool))

    @property
    def done(self) -> NDArray[np.bool_]:
        """Say of each position whether it has a finite divergence."""
        known: NDArray[np.bool_] = np.isfinite(self.found.estimate)
        return known


def keep(kept: Kept, numbers: Integers, logits: torch.Tensor, offsets: Floats) -> bool:
    """Write what is kept of a base's logits (n x vocabulary) down; say whether all are numbers.

    `offsets` (n), from 0 to 1, decide which of the other tokens are drawn.
    """
    values = logits.log_softmax(dim=-1)
    k = kept.likeliest
    top, ids = values.topk(k, dim=-1)
    others = values.scatter(1, ids, -torch.inf)
    drawn = _draw(others, torch.from_numpy(offsets).to(others.device), kept.tokens.shape[1] - k)
    chosen = torch.cat([ids, drawn], dim=1)
    kept.tokens[numbers] = chosen.cpu().numpy().astype(kept.tokens.dtype)
    kept.values[numbers] = torch.cat([top, values.gather(1, drawn)], dim=1).cpu().numpy()
    kept.others[numbers] = others.logsumexp(dim=-1).cpu().numpy()
    return not bool(values.isnan().any())


def _draw(others: torch.Tensor, offsets: torch.Tensor, count: int) -> torch.Tensor:
    """Draw tokens (n x count) by their log-probabilities (n x vocabulary), at equal distances in their sum.

    Systematic sampling (Cochran 1977, "Sampling Techniques", chapter 8): each token is expected as often as
    its share says, and neighbours in the vocabulary don't crowd.
    """
    if count == 0:
        return torch.zeros((len(others), 0), dtype=torch.long, device=others.device)
    sums = others.exp().double().cumsum(dim=-1)
    steps = torch.arange(count, dtype=torch.float64, device=others.device)
    wanted = (steps[None] + offsets[:, None]) / count * sums[:, -1:]
    found = torch.searchsorted(sums, wanted, right=True)
    return found.clamp(max=others.shape[1] - 1)


def compare(kept: Kept, read: Iterable[Some], result: Compared) -> None:
    """Compare logits, as they come, with what is kept of the base, and write the results down."""
    for numbers, logits in read:
        values = logits.log_softmax(dim=-1)
        known = ~values.isnan().any(dim=-1).cpu().numpy()
        if known.all():
            _compare(kept, numbers, values, result)
        else:
            _compare(
                kept, numbers[known], values[torch.from_numpy(known).to(values.device)], result
            )


def _compare(kept: Kept, numbers: Integers, values: torch.Tensor, result: Compared) -> None:
    k, tokens = kept.likeliest, kept.tokens[numbers].astype(np.int64)
    ids = torch.from_numpy(tokens).to(values.device)
    chosen = values.gather(1, ids).double().cpu().numpy()
    # among equals, of which 16 bits make many, any is the likeliest
    best = values.gather(1, ids[:, :1])[:, 0] == values.amax(dim=-1)
    smallest = values.scatter(1, ids[:, :k], torch.inf).amin(dim=-1)
    others = values.scatter_(1, ids[:, :k], -torch.inf).logsumexp(dim=-1)
    variant = Partial(chosen[:, :k], others.double().cpu().numpy(), chosen[:, k:])
    found = divergences(kept.at(numbers), variant, smallest.double().cpu().numpy())
    result.found.lowest[numbers] = found.lowest
    result.found.estimate[numbers] = found.estimate
    result.found.highest[numbers] = found.highest
    result.agrees[numbers] = best.cpu().numpy()
