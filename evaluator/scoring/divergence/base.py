"""Run the base over what a benchmark reads, keep what variants are compared with, and measure the floor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator import environment
from evaluator.errors import ModelError
from evaluator.scoring.divergence.asked import Asked, asked
from evaluator.scoring.divergence.compare import Compared, compare, keep
from evaluator.scoring.divergence.kept import (
    DRAWN,
    LIKELIEST,
    SCHEMA,
    SEED,
    Record,
    Writing,
)
from evaluator.scoring.divergence.passes import Plan, logits, plan
from evaluator.scoring.outcome_identity import code_digest, machine
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import Question, seed
from evaluator.scoring.selection import evenly_spaced
from evaluator.scoring.tree.token_tree import Integers

if TYPE_CHECKING:
    from evaluator.models import Loaded

FLOOR_PASSAGES = 32  # that are read a second time


def identity(
    files: Mapping[str, str], dtype: str, device: str, question: Question
) -> dict[str, Any]:
    """Return everything that determines what is kept of a base, as far as it is known before it is loaded.

    Texts and tokens aren't: they are compared when a variant has its own.
    """
    computing = question.computing
    return {
        "schema": SCHEMA,
        "base": {"files": dict(files), "dtype": dtype, "device": device},
        "suite": question.suite.label,
        "benchmark": question.benchmark.model_dump(mode="json"),
        "limit": question.limit,
        "datasets": None if question.folder is None else str(question.folder.resolve()),
        "kept": [LIKELIEST, DRAWN, SEED],
        "rows": computing.rows,
        "ways": [computing.exact, computing.together, computing.shared],
        "packages": environment.packages(),
        "code": code_digest(),
        "machine": machine(),
    }


def tokens_known(tokenizer: Any) -> int:
    """Return how many logits mean a token of the tokenizer's: one more than its highest id."""
    return 1 + max(tokenizer.get_vocab().values())


def run_base(loaded: "Loaded", question: Question, known: Mapping[str, Any]) -> None:
    """Run a base over a benchmark's positions and keep what it gives under its identity.

    Raises:
        DatasetError: the data set is missing, or has another shape than the benchmark needs.
        ModelError: a log-probability of the base's is no number.
        OSError: the cache can't be written.
    """
    with quiet():
        seed()
        given = asked(loaded.model, loaded.tokenizer, loaded.context_length, question)
        how = plan(loaded.model, tokens_known(loaded.tokenizer), given, question.computing)
        writing = Writing(known, len(given.clusters), how.vocabulary)
        try:
            _keep(loaded, how, given, writing, show=question.progress)
            floor, positions = _floor(loaded, how, given, writing)
            writing.finish(
                Record(
                    identity=known,
                    model=loaded.description,
                    texts=given.texts,
                    tokens=given.tokens,
                    vocabulary=how.vocabulary,
                    likeliest=writing.likeliest,
                    drawn=writing.drawn,
                    floor=floor,
                    floor_positions=positions,
                    way=how.reason,
                )
            )
        finally:
            writing.discard()


def _keep(loaded: "Loaded", how: Plan, given: Asked, writing: Writing, *, show: bool) -> None:
    offsets = np.random.default_rng(SEED).random(len(given.clusters))
    total = sum(len(passage.tokens) for passage in given.passages)
    with tqdm(total=total, desc="Base, tokens", disable=not show) as bar:
        for numbers, values in logits(loaded.model, how, given.passages, given.places, bar.update):
            if not keep(writing.kept, numbers, values, offsets[numbers]):
                raise ModelError(
                    f"{loaded.description.id} gives probabilities that are no numbers; take a sound base"
                )


def _floor(loaded: "Loaded", how: Plan, given: Asked, writing: Writing) -> tuple[float, int]:
    """Return the base's mean divergence from itself, in nats, when some passages come in other batches."""
    chosen = evenly_spaced(len(given.passages), FLOOR_PASSAGES)
    passages = [given.passages[number] for number in chosen]
    places: list[Integers] = [given.places[number] for number in chosen]
    other = how.otherwise(len(given.passages))
    if other.rows > 1:  # a row beside a copy of itself
        passages, places = passages * 2, places * 2
    again = Compared.empty(len(given.clusters))
    read = logits(loaded.model, other, passages, places, lambda _: None)
    compare(writing.kept, read, again)
    values = again.found.estimate[again.done]
    return float(values.mean()), len(values)
