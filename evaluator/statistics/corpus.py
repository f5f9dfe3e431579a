"""Score corpora from sacreBLEU's summed counts, many corpora at once.

sacreBLEU scores one corpus at a time, and a bootstrap asks for thousands. The formulas are those of sacreBLEU
2.6 (Post 2018, "A Call for Clarity in Reporting BLEU Scores") with its defaults, and give its figures.
"""

import numpy as np

from evaluator.statistics.intervals import Floats

BLEU_COUNTS, CHRF_COUNTS = 10, 24
ORDERS = 4  # of BLEU's n-grams
BETA_SQUARED = 4.0  # chrF weighs recall twice


def bleu(counts: Floats) -> Floats:
    """Return the BLEU (0..100) of each row of counts (N x 10): both lengths, matches, n-grams by order.

    Papineni et al. 2002; an order without a match is smoothed exponentially (Chen & Cherry 2014, method 3),
    and a corpus without any match scores 0.
    """
    length, reference = counts[:, 0], counts[:, 1]
    matches, total = counts[:, 2 : 2 + ORDERS], counts[:, 2 + ORDERS :]
    missed = (matches == 0) & (total > 0)
    smoothed = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(total > 0, smoothed / total, 0.0)
        brevity = np.where(length > 0, np.exp(np.minimum(0.0, 1 - reference / length)), 0.0)
        score = 100 * brevity * np.exp(np.log(precision).mean(axis=1))
    return np.where(matches.any(axis=1), np.minimum(score, 100.0), 0.0)


def chrf(counts: Floats) -> Floats:
    """Return the chrF++ (0..100) of each row of counts (N x 24): n-grams of both sides and matches, by order.

    Popović 2017, "chrF++: words helping character n-grams": precision and recall are averaged over the orders
    that both sides have.
    """
    hypothesis, reference, matches = (counts[:, start::3] for start in range(3))
    used = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(used.sum(axis=1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(used, matches / hypothesis, 0.0).sum(axis=1) / orders
        recall = np.where(used, matches / reference, 0.0).sum(axis=1) / orders
        score = (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
    return np.where(precision + recall > 0, 100 * score, 0.0)
