"""Ask and score FLORES-200 within lm-eval, for suite `harness`, from sacreBLEU's counts of each item."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluator.tasks.flores import corpus, scoring
from evaluator.tasks.flores.counts import all_counts

Row = Mapping[str, Any]
Counts = tuple[float, ...]

METRICS = ("bleu", "chrf_plus_plus")


def prompt(row: Row) -> str:
    """Return the prompt of lm-eval's flores tasks: the sentence, and the language that is wanted."""
    source_language, _, target_language, _ = scoring.spoken(row["direction"])
    return f"{source_language} sentence: {scoring.source(row)}\n{target_language} sentence:"


def results(row: Row, responses: Sequence[str]) -> dict[str, Counts]:
    """Return the counts of one translation."""
    return {metric: tuple(scoring.counts(metric, row, responses[0])) for metric in METRICS}


def bleu(items: Sequence[Counts]) -> float:
    """Return the corpus BLEU of some translations, 0..100."""
    return _score("bleu", items)


def chrf_plus_plus(items: Sequence[Counts]) -> float:
    """Return the corpus chrF++ of some translations, 0..100."""
    return _score("chrf_plus_plus", items)


def _score(metric: str, items: Sequence[Counts]) -> float:
    return corpus.corpus_score(metric, all_counts(metric, np.asarray(items)).sum(axis=0))
