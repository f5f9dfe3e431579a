"""Run one divergence benchmark on a variant, against what was kept of its base.

Items are the windows or questions, in their order, each with columns of its own:
  kl_millinats  mean divergence of its positions from the base, in thousandths of a nat
  agreement     share of its positions at which both find the same token likeliest
  positions     how many there are; of several questions that share one, the first has it
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.errors import InputError
from evaluator.results import FLAGS, Metric
from evaluator.scoring.divergence.asked import Asked, asked
from evaluator.scoring.divergence.base import tokens_known
from evaluator.scoring.divergence.compare import Compared, compare
from evaluator.scoring.divergence.kept import Kept, Record
from evaluator.scoring.divergence.passes import Plan, logits, plan
from evaluator.scoring.outcome import Outcome
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import SEEDS, Question, seed
from evaluator.statistics.divergence import Floats, summarize
from evaluator.statistics.intervals import normal_interval

if TYPE_CHECKING:
    from evaluator.models import Loaded

MILLI = 1000.0


def run_divergence(loaded: "Loaded", question: Question, base: tuple[Kept, Record]) -> Outcome:
    """Compare a variant with what was kept of its base, at every position that the benchmark reads.

    Raises:
        DatasetError: the data set is missing, or has another shape than the benchmark needs.
        InputError: the two have different tokenizers or vocabularies, or are asked in different words.
    """
    kept, record = base
    with quiet():
        seed()
        given = asked(loaded.model, loaded.tokenizer, loaded.context_length, question)
        how = plan(loaded.model, tokens_known(loaded.tokenizer), given, question.computing)
        require_same(given, how.vocabulary, record)
        result = Compared.empty(len(given.clusters))
        total = sum(len(passage.tokens) for passage in given.passages)
        with tqdm(total=total, desc="Divergence, tokens", disable=not question.progress) as bar:
            read = logits(loaded.model, how, given.passages, given.places, bar.update)
            compare(kept, read, result)
    return _outcome(given, how, result, record, question)


def require_same(given: Asked, vocabulary: int, record: Record) -> None:
    """Check that a variant reads the very tokens that its base has read.

    Raises:
        InputError: it doesn't.
    """
    base = record.model.id
    if given.texts != record.texts:
        raise InputError(
            f"this model is asked in other words than {base}: chat templates, context lengths or data "
            "differ; take the base that it was made from"
        )
    if given.tokens != record.tokens:
        raise InputError(
            f"this model has another tokenizer than {base}; take the base that it was made from"
        )
    if vocabulary != record.vocabulary:
        raise InputError(
            f"this model's vocabulary has {vocabulary} tokens and that of {base} {record.vocabulary}; "
            "take the base that it was made from"
        )


def _outcome(
    given: Asked, how: Plan, result: Compared, record: Record, question: Question
) -> Outcome:
    facts = dict(given.facts)
    ways = {"likelihoods": how.reason, "base": record.way}
    decoding = {"batch_size": question.computing.rows, "ways": ways, "softmax": "float32"}
    return Outcome(
        metrics=metrics(given, result, record),
        groups={},
        columns=item_columns(given, result),
        datasets=[given.used],
        prompt_hash=given.texts,
        task_versions=facts.get("task_versions", {}),
        shots=facts["shots"],
        decoding={**facts.get("decoding", {}), **decoding},
        seeds=dict(SEEDS),
        tokens={"prompt": sum(len(one.tokens) for one in given.passages), "generated": 0},
        truncated_prompts=facts.get("truncated_prompts", 0),
        chat_template_applied=facts["chat_template_applied"],
        notes=facts.get("notes", []),
        compared_with=record.model,
    )


def metrics(given: Asked, result: Compared, record: Record) -> dict[str, Metric]:
    """Return every metric; null, but for the floor, where a position has no finite divergence."""
    floor = Metric(value=record.floor, n=record.floor_positions)
    lost, positions = int((~result.done).sum()), len(result.agrees)
    if lost:
        reason = f"{lost:,} of {positions:,} positions have no finite divergence from the base"
        names = ("kl_divergence", "kl_median", "kl_p99", "kl_lower_bound", "kl_tail_bound")
        empty = Metric(value=None, n=positions, reason=reason)
        return {**dict.fromkeys((*names, "top1_agreement"), empty), "kl_floor": floor}
    told = summarize(result.found, result.agrees, given.clusters.tolist())
    n, spread, agreeing = told.n, told.stderr, told.agreement_stderr
    return {
        "kl_divergence": _measured(told.mean, spread, n, np.inf),
        "top1_agreement": _measured(told.agreement, agreeing, n, 1.0),
        "kl_median": Metric(value=told.median, n=n),
        "kl_p99": Metric(value=told.p99, n=n),
        "kl_lower_bound": Metric(value=told.lowest, n=n),
        "kl_tail_bound": Metric(value=told.room, n=n),
        "kl_floor": floor,
    }


def _measured(value: float, stderr: float | None, n: int, highest: float) -> Metric:
    return Metric(
        value=value, stderr=stderr, ci95=normal_interval(value, stderr, 0.0, highest), n=n
    )


def item_columns(given: Asked, result: Compared) -> dict[str, list[Any]]:
    """Return windows or questions as items: no answer, nothing right or wrong; see the module."""
    counts = np.bincount(given.clusters, minlength=given.items)
    failed = np.bincount(given.clusters, ~result.done, minlength=given.items) > 0
    values = _means(given, counts, result.found.estimate * MILLI)
    agreement = _means(given, counts, result.agrees.astype(np.float64))
    empty = [None] * given.items
    return {
        "answer": empty,
        "correct": list(empty),
        "flags": [FLAGS["failed"] if one else 0 for one in failed],
        "kl_millinats": [
            None if one or not n else v for one, n, v in zip(failed, counts, values, strict=True)
        ],
        "agreement": [value if n else None for n, value in zip(counts, agreement, strict=True)],
        "positions": counts.tolist(),
    }


def _means(given: Asked, counts: NDArray[np.int64], values: Floats) -> list[float]:
    sums = np.bincount(given.clusters, values, minlength=given.items)
    return (sums / np.maximum(counts, 1)).tolist()
