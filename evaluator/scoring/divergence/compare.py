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
    top = logits.topk(kept.likeliest, dim=-1).indices
    left = logits.scatter(1, top, -torch.inf)
    count = kept.tokens.shape[1] - kept.likeliest
    drawn = _draw(left, torch.from_numpy(offsets).to(left.device), count)
    ids = torch.cat([top, drawn], dim=1)
    values, others, _ = _part(logits, left, ids, kept.likeliest)
    kept.tokens[numbers] = ids.cpu().numpy().astype(kept.tokens.dtype)
    kept.values[numbers] = values.cpu().numpy()
    kept.others[numbers] = others.cpu().numpy()
    return not bool(values.isnan().any())


def _part(
    logits: torch.Tensor, left: torch.Tensor, ids: torch.Tensor, likeliest: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return log-probabilities: of some tokens (n x ids), of all but the first of these together (n).

    `left` are the logits without those first ones; what is taken from each logit comes last (n).
    """
    chosen, others = logits.gather(1, ids), left.logsumexp(dim=-1)
    whole = torch.logaddexp(chosen[:, :likeliest].logsumexp(dim=-1), others)
    return chosen - whole[:, None], others - whole, whole


def _draw(left: torch.Tensor, offsets: torch.Tensor, count: int) -> torch.Tensor:
    """Draw tokens (n x count) by their logits (n x vocabulary), at equal distances in their sum.

    Systematic sampling (Cochran 1977, "Sampling Techniques", chapter 8): each token is expected as often as
    its share says, and neighbours in the vocabulary don't crowd.
    """
    if count == 0:
        return torch.zeros((len(left), 0), dtype=torch.long, device=left.device)
    sums = left.softmax(dim=-1).double().cumsum(dim=-1)
    steps = torch.arange(count, dtype=torch.float64, device=left.device)
    wanted = (steps[None] + offsets[:, None]) / count * sums[:, -1:]
    found = torch.searchsorted(sums, wanted, right=True)
    return found.clamp(max=left.shape[1] - 1)


def compare(kept: Kept, read: Iterable[Some], result: Compared) -> None:
    """Compare logits, as they come, with what is kept of the base, and write the results down."""
    for numbers, logits in read:
        tokens = torch.from_numpy(kept.tokens[numbers].astype(np.int64)).to(logits.device)
        variant, smallest, agrees = _variant(logits, tokens, kept.likeliest)
        known = ~np.isnan(variant.others)
        where, base = numbers[known], kept.at(numbers[known])
        found = divergences(base, variant.at(known), smallest[known])
        result.found.lowest[where] = found.lowest
        result.found.estimate[where] = found.estimate
        result.found.highest[where] = found.highest
        result.agrees[where] = agrees[known]


def _variant(
    logits: torch.Tensor, ids: torch.Tensor, likeliest: int
) -> tuple[Partial, Floats, NDArray[np.bool_]]:
    """Return a variant's side, its least log-probability (n), and whether the base's first token leads.

    Where a logit is NaN, the mass of all others is NaN, too. The least one may be among the base's likeliest:
    that only widens the bound.
    """
    left = logits.scatter(1, ids[:, :likeliest], -torch.inf)
    values, others, whole = _part(logits, left, ids, likeliest)
    # among equals, of which 16 bits make many, any is the likeliest
    agrees = logits.gather(1, ids[:, :1])[:, 0] == logits.amax(dim=-1)
    chosen, smallest = _numbers(values), _numbers(logits.amin(dim=-1) - whole)
    variant = Partial(chosen[:, :likeliest], _numbers(others), chosen[:, likeliest:])
    return variant, smallest, agrees.cpu().numpy()


def _numbers(tensor: torch.Tensor) -> Floats:
    numbers: Floats = tensor.double().cpu().numpy()
    return numbers
