"""Hold the counts that items keep of a translation to sacreBLEU's own, on edge sentences above all."""

from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sacrebleu", reason="the extra `evaluate` isn't installed")

from sacrebleu.metrics import BLEU, CHRF

from evaluator.tasks.flores import corpus
from evaluator.tasks.flores.counts import ALL, KEPT, all_counts, stored_counts

TEXTS = [
    "",
    " ",
    ".",
    "a",
    "Cat",
    "Cat.",
    "the the the the the the",
    "The ship left the harbour at dawn.",
    "the ship left, at dawn, the harbour!",
    'It cost $3.50 (or 2,000 yen) – "really"?',
    "船",
    "船。",
    "船在黎明时离开了港口。",
    "GPT-4在2023年3月14日发布。",
    "猫 坐 在 垫子 上",
    "e\u0301t\u00e9 \U0001f600",
]
PAIRS = list(product(TEXTS, TEXTS))
SCORERS: dict[str, Any] = {
    "chrf_plus_plus": CHRF(word_order=2),
    "bleu": BLEU(tokenize="zh", force=True),
    "13a": BLEU(tokenize="13a", force=True),
}


def theirs(name: str) -> np.ndarray[Any, Any]:
    """Return sacreBLEU's counts of every pair of texts."""
    responses, references = zip(*PAIRS, strict=True)
    found = SCORERS[name]._extract_corpus_statistics(list(responses), [list(references)])
    return np.asarray(found, dtype=float)


@pytest.mark.parametrize("name", list(SCORERS))
def test_all_counts_follow_from_those_kept(name: str) -> None:
    """Empty, one word, one character, no n-gram in the reference: each count is sacreBLEU's."""
    metric = "bleu" if name == "13a" else name
    counts = theirs(name)
    made = all_counts(metric, counts[:, KEPT[metric]])
    assert counts.shape == (len(PAIRS), ALL[metric])
    np.testing.assert_array_equal(made, counts)


@pytest.mark.parametrize(
    ("metric", "tokenizer"), [("bleu", "zh"), ("bleu", "13a"), ("chrf_plus_plus", "zh")]
)
def test_a_sentence_keeps_sacrebleus_counts(metric: str, tokenizer: str) -> None:
    """What scoring keeps of a sentence are those counts, at their places."""
    counts = theirs("13a" if tokenizer == "13a" else metric)
    kept = [
        corpus.sentence_counts(metric, response, reference, tokenizer, "")
        for response, reference in PAIRS
    ]
    np.testing.assert_array_equal(np.asarray(kept), counts[:, KEPT[metric]])


@pytest.mark.parametrize("metric", ["bleu", "chrf_plus_plus"])
def test_the_corpus_score_is_sacrebleus(metric: str) -> None:
    """Summed over sentences, whatever edge ones are among them."""
    responses, references = zip(*PAIRS, strict=True)
    expected = SCORERS[metric].corpus_score(list(responses), [list(references)]).score
    made = all_counts(metric, theirs(metric)[:, KEPT[metric]])
    assert 0 < expected < 100
    assert corpus.corpus_score(metric, made.sum(axis=0)) == pytest.approx(expected, abs=1e-12)


def test_an_empty_response_matches_nothing() -> None:
    """The reference counts in full, by hand: four tokens, and of the response none."""
    (counts,) = all_counts("bleu", np.asarray([[0.0, 4.0, 0.0, 0.0, 0.0, 0.0]]))
    assert counts.tolist() == [0, 4, 0, 0, 0, 0, 0, 0, 0, 0]


def test_where_the_reference_has_no_n_grams_none_are_counted() -> None:
    """By hand: two characters against three; pairs count on both sides, triples on neither."""
    kept = np.asarray([[3, 2, 2, 1, 0, 0, 0, 0, 1, 1, 0, 0]], dtype=float)
    (counts,) = all_counts("chrf_plus_plus", kept)
    assert counts[:9].tolist() == [3, 2, 2, 2, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("prefix", [None, "bleu_en_zh"])
def test_counts_are_found_by_their_prefix(prefix: str | None) -> None:
    """Suite harness names its directions."""
    name = prefix or "bleu"
    numbers = {f"{name}_{index}": np.asarray([3.0 - index % 3]) for index in range(6)}
    assert stored_counts("bleu", numbers, prefix).shape == (1, ALL["bleu"])


def test_columns_that_are_not_there_are_no_zeros() -> None:
    """A missing count is an error, not a count of none."""
    with pytest.raises(KeyError, match="bleu_5"):
        stored_counts("bleu", {f"bleu_{index}": np.zeros(1) for index in range(5)})
