"""Ask FLORES-200 zero-shot and score by spBLEU, chrF++ and BLEU.

NLLB Team et al. 2022, https://huggingface.co/datasets/facebook/flores, CC-BY-SA-4.0. 1,012
sentences (devtest). The paper's benchmark asks each in both directions: first all from English to
Chinese, then all back; a derived one asks any other pair of languages. An item keeps sacreBLEU's
counts of its sentence, from which the corpus scores are summed. The paper applies the 13a tokenizer
on top of the pieces of the FLORES-200 tokenizer; spBLEU here is sacreBLEU's own `flores200`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from evaluator.results import Metric
from evaluator.statistics import intervals
from evaluator.suites.languages import bleu_tokenizer, languages
from evaluator.tasks import prompts
from evaluator.tasks.flores import corpus
from evaluator.tasks.flores.counts import all_counts
from evaluator.tasks.measures import NO_ITEMS, Groups, Item, Metrics

Row = Mapping[str, Any]

# the paper's directions, by the languages' names in its prompt; every other is named by two codes
DIRECTIONS = {
    "en-zh": ("English", "eng_Latn", "Chinese", "zho_Hans"),
    "zh-en": ("Chinese", "zho_Hans", "English", "eng_Latn"),
}
COUNTS = corpus.COUNTS
NO_PIECES = "no FLORES-200 tokenizer was given"


def build_rows(
    rows: Sequence[Row],
    directions: Sequence[str] = tuple(DIRECTIONS),
    pieces: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return each sentence once per direction, with a column `direction`.

    `pieces` are the columns of `corpus.find_pieces`; without them spBLEU is null.
    """
    return [
        {**row, "direction": direction, **(pieces or {})}
        for direction in directions
        for row in rows
    ]


def spoken(direction: str) -> tuple[str, str, str, str]:
    """Return name and code of the source, then of the target, of `en-zh` or `deu_Latn-fra_Latn`."""
    if direction in DIRECTIONS:
        return DIRECTIONS[direction]
    source_code, target_code = direction.split("-")
    return languages()[source_code], source_code, languages()[target_code], target_code


def tokenizer(direction: str) -> str:
    """Return the tokenizer that sacreBLEU advises for BLEU in a direction."""
    return bleu_tokenizer(spoken(direction)[3])


def source(row: Row) -> str:
    """Return the sentence to translate."""
    return str(row[f"sentence_{spoken(row['direction'])[1]}"])


def target(row: Row) -> str:
    """Return the reference."""
    return str(row[f"sentence_{spoken(row['direction'])[3]}"])


def prompt(row: Row) -> str:
    """Return the paper's prompt."""
    source_language, _, target_language, _ = spoken(row["direction"])
    return prompts.translation(source(row), source_language, target_language)


def stratum(row: Row) -> str:
    """Return the direction."""
    return str(row["direction"])


def sentence(row: Row) -> str:
    """Return the sentence's id, which it has in every direction."""
    return str(row["id"])


def one_line(text: str) -> str:
    """Return a text with its newlines made spaces, as the paper does before scoring."""
    return " ".join(text.split("\n")).strip()


def counts(metric: str, row: Row, response: str) -> list[float]:
    """Return sacreBLEU's counts of one response, as far as an item keeps them."""
    return corpus.sentence_counts(
        metric,
        one_line(response),
        one_line(target(row)),
        tokenizer(row["direction"]),
        row.get("pieces", ""),
    )


def score_item(row: Row, response: str) -> dict[str, float | None]:
    """Return sacreBLEU's counts of the sentence, `<metric>_<index>`, in the order of `flores.counts`.

    spBLEU has none where its tokenizer isn't there.
    """
    wanted = [metric for metric in COUNTS if metric != "spbleu" or row.get("pieces")]
    return {
        f"{metric}_{index}": count
        for metric in wanted
        for index, count in enumerate(counts(metric, row, response))
    }


Statistic = Callable[[intervals.Floats], float]


def statistic(metric: str, items: Sequence[Item], rows: Sequence[Row]) -> tuple[Statistic, int]:
    """Return the mean corpus score as a function of sentence weights, and the number of sentences.

    A sentence stands in both directions, so both are drawn together.
    """
    positions = {key: index for index, key in enumerate(dict.fromkeys(row["id"] for row in rows))}
    sums: dict[str, intervals.Floats] = {}
    for item, row in zip(items, rows, strict=True):
        if row["direction"] not in sums:
            sums[row["direction"]] = np.zeros((len(positions), COUNTS[metric]))
        values = [item[f"{metric}_{index}"] for index in range(COUNTS[metric])]
        sums[row["direction"]][positions[row["id"]]] = values
    full = [all_counts(metric, kept) for kept in sums.values()]

    def score(weights: intervals.Floats) -> float:
        scores = [corpus.corpus_score(metric, weights @ summed) for summed in full]
        return sum(scores) / len(scores)

    return score, len(positions)


def measure(metric: str, items: Sequence[Item], rows: Sequence[Row]) -> Metric:
    """Return one corpus score with its bootstrap interval."""
    if not items:
        return NO_ITEMS
    if f"{metric}_0" not in items[0]:
        reason = rows[0].get("no_pieces") or NO_PIECES
        return Metric(value=None, n=len(items), reason=reason)
    score, sentences = statistic(metric, items, rows)
    value = score(np.ones(sentences))
    drawn = intervals.bootstrap(score, sentences)
    stderr, interval = drawn if drawn is not None else (None, None)
    return Metric(value=value, stderr=stderr, ci95=interval, n=len(items))


def measures(items: Sequence[Item], rows: Sequence[Row]) -> Metrics:
    """Return every metric of some items."""
    return {metric: measure(metric, items, rows) for metric in COUNTS}


def aggregate(items: Sequence[Item], rows: Sequence[Row]) -> tuple[Metrics, Groups]:
    """Return the mean of both directions, and each; a derived benchmark has but one, and no groups."""
    groups = {}
    for direction in DIRECTIONS:
        chosen = [index for index, row in enumerate(rows) if row["direction"] == direction]
        if chosen:
            groups[direction] = measures([items[i] for i in chosen], [rows[i] for i in chosen])
    return measures(items, rows), groups
