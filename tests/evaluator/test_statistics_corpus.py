"""Hold corpus scores and their paired bootstrap to sacreBLEU's own."""

from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from evaluator.statistics import corpus, resampling
from evaluator.statistics.intervals import Floats

WORDS = (
    "the",
    "a",
    "cat",
    "dog",
    "sat",
    "on",
    "mat",
    "under",
    "green",
    "ideas",
    "sleep",
    "furiously",
)


def texts(
    seed: int, count: int = 60, like: list[str] | None = None, changed: float = 0.3
) -> list[str]:
    """Return sentences of drawn words, or others with some of their words changed."""
    generator = np.random.default_rng(seed)
    if like is None:
        return [" ".join(generator.choice(WORDS, generator.integers(3, 20))) for _ in range(count)]
    return [
        " ".join(
            w if generator.random() > changed else str(generator.choice(WORDS))
            for w in text.split()
        )
        for text in like
    ]


def counts(metric: Any, hypotheses: list[str], references: list[str]) -> Floats:
    """Return sacreBLEU's counts by sentence."""
    return np.asarray(metric._extract_corpus_statistics(hypotheses, [references]), dtype=np.float64)


METRICS = [(BLEU(), corpus.bleu), (CHRF(word_order=2), corpus.chrf)]


@pytest.mark.parametrize(("metric", "score"), METRICS)
def test_scores_are_sacrebleus(metric: Any, score: Any) -> None:
    """Of whole corpora, of drawn parts, and of single sentences, where orders are missing."""
    references = texts(1)
    by_sentence = counts(metric, texts(2, like=references), references)
    weights = np.vstack([np.ones(60), resampling.drawn(60)[:40], np.eye(60)]).astype(np.float64)
    summed = weights @ by_sentence
    expected = [metric._compute_score_from_stats([int(c) for c in row]).score for row in summed]
    assert score(summed) == pytest.approx(np.minimum(expected, 100.0), abs=1e-9)


@pytest.mark.parametrize(
    ("hypothesis", "reference"),
    [
        ("", "a cat"),
        ("dog", "cat"),
        ("a cat", "a cat"),
        ("a", "a cat sat on the mat"),
        ("x y", "x z"),
    ],
)
@pytest.mark.parametrize(("metric", "score"), METRICS)
def test_edges_are_sacrebleus(metric: Any, score: Any, hypothesis: str, reference: str) -> None:
    """Nothing said, nothing right, all right, too short, and one match of two."""
    row = counts(metric, [hypothesis], [reference])
    expected = metric._compute_score_from_stats([int(c) for c in row[0]]).score
    assert score(row)[0] == pytest.approx(min(expected, 100.0), abs=1e-9)


def test_the_paired_bootstrap_is_sacrebleus() -> None:
    """By sacreBLEU's draws and rule its own p-value; by ours the same interval, and a two-sided p."""
    references = texts(1)
    base, variant = texts(2, like=references), texts(3, like=references, changed=0.36)
    metric = BLEU()
    test = PairedTest([("base", base), ("variant", variant)], {"BLEU": metric}, [references], "bs")
    theirs = test()[1]["BLEU"][1]
    sums = [counts(metric, side, references) for side in (base, variant)]
    values = [float(corpus.bleu(side.sum(axis=0, keepdims=True))[0]) for side in sums]

    indices = np.random.default_rng(12345).choice(60, size=(1000, 60), replace=True)
    draws = np.stack([np.bincount(row, minlength=60) for row in indices]).astype(np.float64)
    apart = corpus.bleu(draws @ sums[1]) - corpus.bleu(draws @ sums[0])
    farther = np.abs(apart) - np.abs(apart).mean() > abs(values[1] - values[0])
    assert (1 + farther.sum()) / 1001 == pytest.approx(theirs.p_value, abs=1e-12)

    drawn = [corpus.bleu(resampling.sums(side)) for side in sums]
    own = resampling.difference(values[0], values[1], drawn[0], drawn[1])
    two_sided = resampling.p_value(own.value, drawn[1] - drawn[0])
    assert theirs.p_value < two_sided < 3 * theirs.p_value
    low, high = np.percentile(apart, [2.5, 97.5])
    assert (own.low, own.high) == pytest.approx((low, high), abs=0.15 * (high - low))


def test_equal_systems_do_not_differ() -> None:
    """The same texts on both sides: no difference in any draw, and p is 1."""
    references = texts(1)
    drawn = corpus.bleu(
        resampling.drawn(60) @ counts(BLEU(), texts(2, like=references), references)
    )
    assert resampling.p_value(0.0, drawn - drawn) == 1.0
