"""Average an entry's figures as Jin et al. 2024 do in their Table 2: accuracy, perplexity, BLEU."""

from collections.abc import Mapping

from evaluator.entries import Entry, current_results
from evaluator.results import UnitResult

Results = Mapping[str, UnitResult]

ACCURACIES = (
    ("mmlu", "accuracy"),
    ("ceval", "accuracy"),
    ("gsm8k", "accuracy"),
    ("snli", "accuracy"),
    ("truthfulqa", "mc1"),
)
PERPLEXITIES = (("wikitext2", "perplexity"), ("c4", "perplexity"), ("ptb", "perplexity"))


def results_of(entry: Entry, suite: str) -> dict[str, UnitResult]:
    """Return an entry's current results of a suite, such as `paper@1`, by benchmark; failed ones left out.

    Raises:
        ResultError: results contradict each other.
    """
    return {
        stored.result.benchmark: stored.result
        for stored in current_results(entry)
        if stored.result.suite == suite and stored.result.status == "ok"
    }


def value_of(results: Results, benchmark: str, metric: str, group: str = "") -> float | None:
    """Return a metric's value in the suite's own unit, of a group where one is named; None without it."""
    result = results.get(benchmark)
    if result is None:
        return None
    metrics = result.groups.get(group, {}) if group else result.metrics
    found = metrics.get(metric)
    return found.value if found else None


def average_accuracy(results: Results) -> float | None:
    """Return the mean of MMLU, C-Eval, GSM8K, SNLI and TruthfulQA in percent; None if one is missing."""
    mean = _mean(results, ACCURACIES)
    return None if mean is None else 100 * mean


def average_perplexity(results: Results) -> float | None:
    """Return the mean perplexity on WikiText2, C4 and PTB; None if one is missing."""
    return _mean(results, PERPLEXITIES)


def average_bleu(results: Results) -> float | None:
    """Return the mean spBLEU of FLORES-200's two directions, 0 to 100; None if it is missing."""
    return value_of(results, "flores", "spbleu")


def _mean(results: Results, wanted: tuple[tuple[str, str], ...]) -> float | None:
    values = [value_of(results, benchmark, metric) for benchmark, metric in wanted]
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if len(present) == len(wanted) else None
