"""Keep of sacreBLEU's counts of a sentence those that don't follow from others, and make the others again.

A text of n tokens has n - 1 pairs of them, n - 2 triples, and so on, so lengths and matches are enough:
  bleu, spbleu    tokens of the response, of the reference; matches of 1 to 4 tokens
  chrf_plus_plus  characters of the response, of the reference; matches of 1 to 6 characters;
                  words of the response, of the reference; matches of 1 and of 2 words
"""

from collections.abc import Mapping

import numpy as np

from evaluator.statistics.intervals import Floats

BLEU_ORDERS, CHARACTER_ORDERS, WORD_ORDERS = 4, 6, 2
# Places in sacreBLEU's lists. BLEU's holds both lengths, the matches of each order, and n-grams of each in
# the response; chrF++'s of each order those of the response, of the reference, and the matches.
OF_BLEU = (0, 1, 2, 3, 4, 5)
OF_CHRF = (0, 1, 2, 5, 8, 11, 14, 17, 18, 19, 20, 23)
KEPT = {"bleu": OF_BLEU, "chrf_plus_plus": OF_CHRF, "spbleu": OF_BLEU}
ALL = {"bleu": 10, "chrf_plus_plus": 24, "spbleu": 10}


def all_counts(metric: str, kept: Floats) -> Floats:
    """Return sacreBLEU's counts (n x 10, chrF++ n x 24) of sentences from those kept (n x 6, n x 12)."""
    if metric != "chrf_plus_plus":
        return np.hstack([kept, _grams(kept[:, :1], BLEU_ORDERS)])
    characters, words = kept[:, : CHARACTER_ORDERS + 2], kept[:, CHARACTER_ORDERS + 2 :]
    return np.hstack([_of_orders(characters, CHARACTER_ORDERS), _of_orders(words, WORD_ORDERS)])


def _grams(lengths: Floats, orders: int) -> Floats:
    """Return how many n-grams of each order texts have (n x orders), from their lengths (n x 1)."""
    return np.maximum(lengths - np.arange(orders), 0.0)


def _of_orders(kept: Floats, orders: int) -> Floats:
    """Return (response, reference, matches) of each order; without a reference's n-grams none are counted."""
    response, reference = _grams(kept[:, :1], orders), _grams(kept[:, 1:2], orders)
    counted = np.where(reference > 0, response, 0.0)
    return np.stack([counted, reference, kept[:, 2:]], axis=2).reshape(len(kept), 3 * orders)


def stored_counts(metric: str, numbers: Mapping[str, Floats], prefix: str | None = None) -> Floats:
    """Return sacreBLEU's counts (n x 10 or 24) of sentences from an items file's columns, `<prefix>_<index>`.

    The prefix is the metric unless given, as `bleu_en_zh`. Older files keep all counts. Raises KeyError where
    the columns aren't there.
    """
    name = prefix or metric
    older = f"{name}_{ALL[metric] - 1}" in numbers
    width = ALL[metric] if older else len(KEPT[metric])
    found = np.stack([numbers[f"{name}_{index}"] for index in range(width)], axis=1)
    return found if older else all_counts(metric, found)
