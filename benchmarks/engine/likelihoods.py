"""Measure log-likelihoods: our engine against `HFLM` as it is, and against the one with a restricted head.

Every pair is taken in one process on one model object, the sides one right after the other, each side asked
as its users ask it: `loglikelihood` with lm-eval's own requests, tokenization included. Ratios are medians
over pairs. A sample that would take lm-eval too long for repetition is cut into runs of whole questions, and
each run is a pair.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, Any

from benchmarks.engine.counts import Counts, counts
from benchmarks.engine.floor import Floor, floor
from benchmarks.engine.plain import best_batch, plain_lm
from benchmarks.engine.samples import Questions
from benchmarks.engine.scores import Agreement, agreement
from benchmarks.engine.watching import Timing, timed
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.quiet import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SLICE_TOKENS = 4096  # of a batch size's trial
SLICE_ROWS = 12  # at least


@dataclass(frozen=True)
class Subject:
    """A loaded model under a name, with its tokenizer; the context is the model's own."""

    name: str
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"

    @property
    def context(self) -> int:
        """Return the context in tokens."""
        return int(self.model.config.max_position_embeddings)


@dataclass(frozen=True)
class Pair:
    """What the sides took for the same requests, one after the other, and how their answers compare.

    Attributes:
        parts: the subjects, categories or slices of them.
        counts: the requests' tokens.
        ours: our engine.
        plain: lm-eval's `HFLM` as it is.
        restricted: the same with its head restricted; None where it wasn't run.
        floor: as many tokens in ideal batches of the mean prompt's length.
        floor_visible: the same at the length at which a token sees as many others.
        agreement: our answers and `HFLM`'s.
        way: how our engine computed them, and why.
    """

    parts: tuple[str, ...]
    counts: Counts
    ours: Timing
    plain: Timing
    restricted: Timing | None
    floor: Floor
    floor_visible: Floor
    agreement: Agreement
    way: str

    @property
    def attainable(self) -> float:
        """Return how many times faster than the restricted side sharing alone can be.

        Prefixes are shared in the body only. The head runs at each distinct position that is read, however
        much is shared (its seconds are the floor's): at TruthfulQA's, where three tokens of four are read and
        the head of these models costs half as much as the body, the token ratio itself can't be reached.
        """
        if self.restricted is None:
            return self.counts.ratio
        seconds, head = self.restricted.seconds, min(self.floor.head, self.restricted.seconds)
        return seconds / ((seconds - head) / self.counts.ratio + head)


@dataclass(frozen=True)
class Measured:
    """All pairs of one benchmark on one model, with the batch sizes that lm-eval ran at best."""

    subject: str
    benchmark: str
    rows: int
    rows_restricted: int
    pairs: tuple[Pair, ...]

    @property
    def counts(self) -> Counts:
        """Return the counts of all pairs."""
        return reduce(add, (pair.counts for pair in self.pairs), Counts())

    @property
    def agreement(self) -> Agreement:
        """Return the comparison of all pairs' scores."""
        return reduce(add, (pair.agreement for pair in self.pairs), Agreement())

    @property
    def against_plain(self) -> float:
        """Return how many times faster than `HFLM`; the median over pairs."""
        return statistics.median(pair.plain.seconds / pair.ours.seconds for pair in self.pairs)

    @property
    def against_restricted(self) -> float:
        """Return how many times faster than the restricted one; the median over pairs."""
        return statistics.median(
            pair.restricted.seconds / pair.ours.seconds for pair in self.pairs if pair.restricted
        )

    @property
    def against_plain_computing(self) -> float:
        """Return the ratio to `HFLM` without tokenization on either side; the median over pairs."""
        return statistics.median(pair.plain.computing / pair.ours.computing for pair in self.pairs)

    @property
    def against_restricted_computing(self) -> float:
        """Return the ratio to the restricted one without tokenization; the median over pairs."""
        return statistics.median(
            pair.restricted.computing / pair.ours.computing
            for pair in self.pairs
            if pair.restricted
        )

    @property
    def share_of_token_ratio(self) -> float:
        """Return the ratio to the restricted one over the pair's own token ratio; the median."""
        return statistics.median(
            pair.restricted.seconds / pair.ours.seconds / pair.counts.ratio
            for pair in self.pairs
            if pair.restricted
        )

    @property
    def share_of_attainable(self) -> float:
        """Return the ratio to the restricted one over the one that sharing can reach; the median."""
        return statistics.median(
            pair.restricted.seconds / pair.ours.seconds / pair.attainable
            for pair in self.pairs
            if pair.restricted
        )

    @property
    def forwarded(self) -> float:
        """Return the tokens that we forwarded over the distinct ones."""
        return sum(pair.ours.tokens for pair in self.pairs) / self.counts.distinct

    @property
    def over_floor(self) -> float:
        """Return our wall time, tokenization included, over the floor; the median."""
        return statistics.median(pair.ours.seconds / pair.floor.seconds for pair in self.pairs)

    @property
    def over_floor_computing(self) -> float:
        """Return our wall time without tokenization over the floor; the median."""
        return statistics.median(pair.ours.computing / pair.floor.seconds for pair in self.pairs)

    @property
    def against_plain_at_floor(self) -> float:
        """Return the ratio to `HFLM` of a run that takes no more than the floor; the median over pairs."""
        return statistics.median(pair.plain.seconds / pair.floor.seconds for pair in self.pairs)

    @property
    def over_floor_visible(self) -> float:
        """Return our wall time without tokenization over the floor of equal visibility; the median."""
        return statistics.median(
            pair.ours.computing / pair.floor_visible.seconds for pair in self.pairs
        )

    @property
    def lm_eval_seconds(self) -> float:
        """Return the seconds of lm-eval's side."""
        return sum(
            pair.plain.seconds + (pair.restricted.seconds if pair.restricted else 0.0)
            for pair in self.pairs
        )


@dataclass
class Bench:
    """One benchmark on one model: prepared once, measured pair by pair.

    `spent` counts the seconds of lm-eval's side, the search for its batch sizes included.
    """

    subject: Subject
    benchmark: str
    computing: Computing = field(default_factory=Computing)
    context: int = 0
    rows: int = 0
    rows_restricted: int = 0
    spent: float = 0.0

    def __post_init__(self) -> None:
        """Take the model's own context where no shorter one is given."""
        self.context = self.context or self.subject.context

    def prepare(self, questions: Questions, tokens: int | None = None) -> None:
        """Warm both sides up on a few requests, and search lm-eval's best batch sizes on so many tokens."""
        few = slice_of(questions, self.subject, tokens or SLICE_TOKENS)
        self._ours(few[:2])
        self._theirs(few[:2], 1, restricted=False)
        sizes = []
        for restricted in (False, True):
            rows, seconds = best_batch(self._asked(few, restricted=restricted), len(few))
            sizes.append(rows)
            self.spent += sum(seconds.values())
        self.rows, self.rows_restricted = sizes

    def pair(self, questions: Questions, *, restricted: bool = True) -> Pair:
        """Measure one pair: ours, `HFLM`, the restricted one, the floors, right after one another."""
        model, asked = self.subject.model, questions.instances
        found = counts(questions, self.subject.tokenizer, self.context)
        (ours, way), our_time = timed(model, lambda: self._ours(asked))
        theirs, plain = timed(model, lambda: self._theirs(asked, self.rows, restricted=False))
        third = None
        if restricted:
            again, third = timed(
                model, lambda: self._theirs(asked, self.rows_restricted, restricted=True)
            )
            self.spent += third.seconds
        self.spent += plain.seconds
        compared = agreement(asked, ours, theirs)
        if restricted:
            other = agreement(asked, ours, again)
            compared = replace(
                compared,
                largest=max(compared.largest, other.largest),
                turned=max(compared.turned, other.turned),
            )
        floors = [
            floor(model, found.distinct, length, found.positions)
            for length in (found.mean_prompt, found.as_visible)
        ]
        return Pair(
            questions.parts, found, our_time, plain, third, floors[0], floors[1], compared, way
        )

    def measured(self, pairs: Sequence[Pair]) -> Measured:
        """Return the pairs with what was prepared."""
        return Measured(
            self.subject.name, self.benchmark, self.rows, self.rows_restricted, tuple(pairs)
        )

    def answers(self, side: str, instances: Sequence[Any], rows: int) -> list[Any]:
        """Return what a side ("ours", "plain" or "restricted") answers."""
        if side == "ours":
            return self._ours(instances)[0]
        return self._theirs(instances, rows, restricted=side == "restricted")

    def rolling(self, instances: Sequence[Any]) -> list[float]:
        """Return our log-likelihoods of whole documents."""
        with quiet():
            return self._engine.loglikelihood_rolling(list(instances), disable_tqdm=True)

    @cached_property
    def _engine(self) -> Engine:
        """Return our engine; like lm-eval's side it is made once, and tries the model's head once."""
        one = self.subject
        return Engine(
            one.model, one.tokenizer, self.context, self.computing, chat=False, progress=False
        )

    def _ours(self, instances: Sequence[Any]) -> tuple[list[Any], str]:
        with quiet():
            answers = self._engine.loglikelihood(list(instances), disable_tqdm=True)
        return answers, "; ".join(self._engine.ways.values())

    def _theirs(self, instances: Sequence[Any], rows: int, *, restricted: bool) -> list[Any]:
        one = self.subject
        with quiet():
            lm = plain_lm(one.model, one.tokenizer, rows, self.context, restricted=restricted)
            answers: list[Any] = lm.loglikelihood(list(instances), disable_tqdm=True)
        return answers

    def _asked(self, instances: Sequence[Any], *, restricted: bool) -> Callable[[int], object]:
        return lambda rows: self._theirs(instances, rows, restricted=restricted)


def slice_of(questions: Questions, subject: Subject, tokens: int) -> list[Any]:
    """Return requests from all over a sample, of so many tokens as rows of `HFLM`, or a little more.

    Of each context there is one request only, and each is a row of its own.
    """
    by_context = {instance.args[0]: instance for instance in questions.instances}
    every = list(by_context.values())
    step = max(1, len(every) // 64)
    chosen: list[Any] = []
    length = 0
    for instance in [*every[::step], *every[1::step]]:
        if length >= tokens and len(chosen) >= min(SLICE_ROWS, tokens // 256):
            break
        length += len(subject.tokenizer.encode("".join(instance.args)))
        chosen.append(instance)
    return chosen
