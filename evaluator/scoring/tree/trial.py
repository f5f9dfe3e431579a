"""Try a tree on a model: whether it gives the scores of single rows, and whether rows change each other's.

What a config says of a model is trusted only to send it another way; before a tree is used, some random rows
that branch at several depths are scored over one, and each alone by the model's own attention. bfloat16
blurs that comparison, so a second question is put, with an exact answer in any dtype: with other tokens in
some rows, and all shapes as before, do the scores of the rest stay the same to the last bit?
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.scoring.output_head import UNFIT, OutputHead, input_device
from evaluator.scoring.tree.attention import PathCache, attention_by, tree_attention
from evaluator.scoring.tree.likelihoods import Continuation, Reads, Sizes
from evaluator.scoring.tree.packs import packs
from evaluator.scoring.tree.passes import forward
from evaluator.scoring.tree.token_tree import build

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Row = NDArray[np.int32]
Numbers = NDArray[np.float64]

SEED = 20
# tokens that a row has in common with the first one, and tokens of its own: the path falls back to the
# root, to inner nodes near and far, by more and by less than a block, and rows end in several packs
BRANCHES = ((0, 40), (0, 7), (10, 30), (30, 9), (20, 14), (30, 3))
WITHOUT_TREE = 2  # rows that show whether rows change each other
SIZES = Sizes(budget=24, block=8)

FLOOR = 1e-4  # nats per token that float32 kernels may differ by without a reason
KERNELS = 3.0, 4.0  # times the typical and the largest difference between a model's own kernels
ROUNDING = 0.5, 4.0  # times the rounding of the largest logit, typically and at most


@dataclass(frozen=True)
class Gap:
    """How far two computations of some tokens' log-likelihoods lie apart, in nats."""

    largest: float = 0.0
    typical: float = 0.0  # root mean square


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes:
        rounding: what the dtype's precision makes of the largest logit.
        still: what a score may change by when nothing changes for it.
        kernels: between a row alone and by other kernels: in a batch, cut short, by plain attention.
        beside: what a row's scores change by with other rows and other padding in its batch.
        tree: between rows over the tree and alone; None where it wasn't tried or couldn't be run.
        seen: what scores over the tree change by with other tokens in other branches.
        attended: whether all layers attended over the tree.
        failure: what the tree's forward pass raised after it had attended.
    """

    rounding: float
    still: float
    kernels: Gap
    beside: float
    tree: Gap | None = None
    seen: float = 0.0
    attended: bool = False
    failure: str = ""

    @property
    def apart(self) -> bool:
        """Say whether rows of one batch leave each other's scores alone."""
        return self.beside <= self.still

    @property
    def hidden(self) -> bool:
        """Say whether branches of one tree leave each other's scores alone."""
        return self.seen <= self.still

    @property
    def close(self) -> bool:
        """Say whether the tree gives the scores of single rows, as far as kernels do at all."""
        if self.tree is None:
            return False
        typical = max(FLOOR, ROUNDING[0] * self.rounding, KERNELS[0] * self.kernels.typical)
        largest = max(FLOOR, ROUNDING[1] * self.rounding, KERNELS[1] * self.kernels.largest)
        return self.tree.typical <= typical and self.tree.largest <= largest


def attempt(model: "PreTrainedModel", head: OutputHead | None) -> Trial:
    """Score random rows alone, two to a batch, and, with a head, over a tree; compare.

    Raises:
        torch.OutOfMemoryError: not even these few tokens fit.
    """
    rows, others = _rows(model, SEED), _rows(model, SEED + 1)
    if head is None:
        rows, others = rows[:WITHOUT_TREE], others[:WITHOUT_TREE]
    with torch.no_grad():
        logits = [_logits(model, row[None])[0] for row in rows]
        alone, rounding = [_scores(row) for row in logits], _rounding(model, logits)
        beside, change = _beside(model, rows[:2], others[:2])
        cut = _scores(_logits(model, rows[0][None, : len(rows[0]) // 2 + 1])[0])
        kernels = _gap([*beside, cut], [*alone[:2], alone[0][: len(cut)]])
        again = _gap([_scores(_logits(model, rows[0][None])[0])], alone[:1])
        loose = again.largest > 0 or _routed(model)
        trial = Trial(rounding, max(FLOOR, rounding if loose else 0), kernels, change)
        return trial if head is None else _over_tree(model, head, (rows, others, alone), trial)


def _rows(model: "PreTrainedModel", seed: int) -> list[Row]:
    """Return rows of random tokens from the middle of the vocabulary, no longer than the context."""
    config = model.config.get_text_config(decoder=True)
    low, high = config.vocab_size // 4, max(config.vocab_size // 2, config.vocab_size // 4 + 2)
    room = getattr(config, "max_position_embeddings", None) or BRANCHES[0][1]
    draw = np.random.default_rng(seed)
    tokens = [draw.integers(low, high, own) for _, own in BRANCHES]
    joined = [
        np.concatenate([tokens[0][:common], own])
        for (common, _), own in zip(BRANCHES, tokens, strict=True)
    ]
    return [row[:room].astype(np.int32) for row in joined]


def _logits(model: "PreTrainedModel", tokens: NDArray[np.int32]) -> torch.Tensor:
    """Return float32 logits (B x T x vocabulary) by the model's own forward pass."""
    given = torch.from_numpy(tokens.astype(np.int64)).to(input_device(model))
    logits: torch.Tensor = model(given, use_cache=False).logits
    return logits.float()


def _rounding(model: "PreTrainedModel", logits: Sequence[torch.Tensor]) -> float:
    largest = max(float(row.abs().max()) for row in logits)
    return largest * float(torch.finfo(model.dtype).eps)


def _routed(model: "PreTrainedModel") -> bool:
    """Say whether tokens go to experts: then a row's neighbours change the shapes of its products."""
    settings = model.config.get_text_config(decoder=True).to_dict()
    return any(re.search("expert|moe", name) and value for name, value in settings.items())


def _scores(logits: torch.Tensor) -> Numbers:
    """Return the log-likelihood of one and the same token behind each of T (of T x vocabulary)."""
    numbers: Numbers = logits.log_softmax(-1)[:, _target(logits.shape[-1])].cpu().double().numpy()
    return numbers


def _target(vocabulary: int) -> int:
    return vocabulary // 3


def _gap(first: Sequence[Numbers], second: Sequence[Numbers]) -> Gap:
    """Compare row by row; what isn't a number on either side is no number in the gap either."""
    differences = np.abs(np.concatenate(first) - np.concatenate(second))
    return Gap(float(differences.max()), float(np.sqrt(np.square(differences).mean())))


def _beside(
    model: "PreTrainedModel", rows: Sequence[Row], others: Sequence[Row]
) -> tuple[list[Numbers], float]:
    """Score two rows in one batch; return that, and what other rows and other padding change."""
    padding = others[0][len(rows[1]) :]

    def both(first: Row, second: Row, behind: Row) -> list[Numbers]:
        batch = np.stack([first, np.concatenate([second, behind])])
        return [_scores(row) for row in _logits(model, batch)]

    here = both(rows[0], rows[1], np.zeros_like(padding))
    below = both(rows[0], others[1], padding)
    above = both(others[0], rows[1], padding)
    length = len(rows[1])
    change = _gap([here[0], here[1][:length]], [below[0], above[1][:length]])
    return [here[0], here[1][:length]], change.largest


def _over_tree(
    model: "PreTrainedModel",
    head: OutputHead,
    scored: tuple[list[Row], list[Row], list[Numbers]],
    trial: Trial,
) -> Trial:
    """Go on with a trial: the rows over a tree, and again with other tokens in every second row."""
    rows, others, alone = scored
    mixed = [
        _late(row, other, number)
        for number, (row, other) in enumerate(zip(rows, others, strict=True))
    ]
    cache = PathCache(len(rows[0]) + SIZES.block)
    try:
        with attention_by(model, "eager"):
            plain = [_scores(_logits(model, row[None])[0]) for row in rows]
        answers, passes = _scored(model, head, cache, rows)
        again, _ = _scored(model, head, PathCache(cache.length), mixed)
    except torch.OutOfMemoryError:
        raise
    except UNFIT as error:
        said = (str(error).splitlines() or [""])[0]
        # what never attended here has an attention of its own, and wants a mask that only that knows
        return replace(trial, failure=f"{type(error).__name__}: {said}" if cache.calls else "")
    layers = int(model.config.get_text_config(decoder=True).num_hidden_layers)
    return replace(
        trial,
        kernels=_wider(trial.kernels, _gap(plain, alone)),
        tree=_gap(answers, alone),
        seen=_gap(answers[::2], again[::2]).largest,
        # a layer may attend twice, so a multiple will do
        attended=cache.calls > 0 and cache.calls % (passes * layers) == 0,
    )


def _late(row: Row, other: Row, number: int) -> Row:
    """Return every second row with other tokens behind its first own one: the tree keeps its shape."""
    own = BRANCHES[number][0] + 1
    return np.concatenate([row[:own], other[own:]]) if number % 2 else row


def _wider(first: Gap, second: Gap) -> Gap:
    return Gap(max(first.largest, second.largest), max(first.typical, second.typical))


def _scored(
    model: "PreTrainedModel", head: OutputHead, cache: PathCache, rows: Sequence[Row]
) -> tuple[list[Numbers], int]:
    """Score every beginning of every row over one tree; return that, and the number of passes."""
    beginnings = [row[: end + 1] for row in rows for end in range(len(row))]
    target = np.array([_target(head.vocabulary)])
    tree = build(beginnings, [1] * len(beginnings))
    reads, passes = Reads(tree, [Continuation(tokens, target) for tokens in beginnings]), 0
    with tree_attention(model, cache):
        for pack in packs(tree, SIZES.budget, SIZES.block):
            states = forward(model, cache, pack, input_device(model))
            reads.read(head, states[torch.from_numpy(reads.rows(pack)).to(states.device)])
            passes += 1
        values = np.array([value for value, _ in reads.answers(head)])
    return np.split(values, np.cumsum([len(row) for row in rows])[:-1]), passes
