"""Ask how well perplexity stands in for a score: across entries, and within the entries of one base model.

Jin et al. 2024, Table 3, correlate the average perplexity with each score over models of three sizes at once.
A bigger model has the lower perplexity and the better score whatever was done to it, so that much of such a
correlation can be size. Within a family only quantization is left.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.reported.averages import average_perplexity, value_of
from evaluator.results import UnitResult
from evaluator.statistics.correlation import Correlation, pearson, within_groups


@dataclass(frozen=True)
class Score:
    """One score that perplexity may stand in for; `group` names a part of the benchmark, such as `en-zh`."""

    benchmark: str
    metric: str
    group: str = ""

    def __str__(self) -> str:
        """Return `flores en-zh spbleu`."""
        return " ".join(filter(None, (self.benchmark, self.group, self.metric)))


SCORES = (
    Score("mmlu", "accuracy"),
    Score("ceval", "accuracy"),
    Score("flores", "spbleu", "en-zh"),
    Score("flores", "spbleu", "zh-en"),
    Score("xsum", "rouge1"),
    Score("xsum", "rouge2"),
    Score("xsum", "rougeL"),
    Score("cnn_dailymail", "rouge1"),
    Score("cnn_dailymail", "rouge2"),
    Score("cnn_dailymail", "rougeL"),
    Score("gsm8k", "accuracy"),
    Score("snli", "accuracy"),
    Score("followbench", "hsr"),
    Score("followbench", "ssr"),
    Score("followbench", "csl"),
    Score("truthfulqa", "mc1"),
    Score("bbq", "bias_ambiguous"),
    Score("bbq", "bias_disambiguated"),
)


@dataclass(frozen=True)
class Scored:
    """An entry as a point: its base model's family, and its results by benchmark."""

    family: str
    results: Mapping[str, UnitResult]


@dataclass(frozen=True)
class Proxy:
    """How closely one score follows the average perplexity."""

    score: Score
    pooled: Correlation  # with the perplexity, all families together, as the paper has it
    within: Correlation  # with the logarithm of the perplexity, each family's mean removed


def proxies(entries: Sequence[Scored], scores: Sequence[Score] = SCORES) -> list[Proxy]:
    """Return both correlations of each score with the average perplexity over some entries.

    An entry without a score or without one of the perplexities is no point of it.

    Raises:
        ValueError: too few entries have a score, or it doesn't vary.
    """
    return [_proxy(entries, score) for score in scores]


def _proxy(entries: Sequence[Scored], score: Score) -> Proxy:
    points = [
        (perplexity, value, entry.family)
        for entry in entries
        if (perplexity := average_perplexity(entry.results)) is not None
        and (value := value_of(entry.results, score.benchmark, score.metric, score.group))
        is not None
    ]
    perplexities = [perplexity for perplexity, _, _ in points]
    values = [value for _, value, _ in points]
    families = [family for _, _, family in points]
    logarithms = [math.log(perplexity) for perplexity in perplexities]
    return Proxy(score, pearson(perplexities, values), within_groups(logarithms, values, families))
