"""Say how each metric of a suite comes from items."""

from evaluator.comparison.measures import Bias, Corpus, Mean, Measure, Perplexity
from evaluator.suites.definitions import Benchmark
from evaluator.tasks.bbq.scoring import CONTEXTS

ROUGE: dict[str, Measure] = {
    name: Mean(name, right_or_wrong=False) for name in ("rouge1", "rouge2", "rougeL")
}
OWN: dict[str, dict[str, Measure]] = {
    "mmlu": {"accuracy": Mean("correct"), "accuracy_fallback": Mean("correct_fallback")},
    "ceval": {
        "accuracy": Mean("correct", macro=True),
        "accuracy_fallback": Mean("correct_fallback", macro=True),
    },
    "flores": {name: Corpus(name) for name in ("spbleu", "chrf_plus_plus", "bleu")},
    "cnn_dailymail": ROUGE,
    "xsum": ROUGE,
    "gsm8k": {"accuracy": Mean("correct"), "accuracy_any_number": Mean("correct_any_number")},
    "snli": {"accuracy": Mean("correct"), "accuracy_gold_word": Mean("correct_gold_word")},
    "followbench": {
        "hsr": Mean("correct", macro=True),
        "ssr": Mean("soft", macro=True, right_or_wrong=False),
    },
    "truthfulqa": {
        "mc1": Mean("correct"),
        "mc1_sum": Mean("mc1_sum"),
        "mc2": Mean("mc2", right_or_wrong=False),
    },
    "bbq": {f"bias_{context}": Bias(context) for context in CONTEXTS.values()},
}
PERPLEXITIES: dict[str, Measure] = {
    "perplexity": Perplexity(),
    "word_perplexity": Perplexity("word_perplexity_0", "word_perplexity_1", -1),
}


def measure_of(benchmark: Benchmark, metric: str) -> Measure | None:
    """Return how a metric comes from items; None where it doesn't."""
    plain = metric.partition("_window_")[0]
    if plain in PERPLEXITIES:
        return PERPLEXITIES[plain]
    if benchmark.sources:
        return _of_lm_eval(benchmark, plain)
    return OWN.get(benchmark.variant_of or benchmark.name, {}).get(plain)


def _of_lm_eval(benchmark: Benchmark, metric: str) -> Measure | None:
    """Return how a metric of lm-eval's own tasks comes from items.

    The headline says what is right; each other metric has a column of its name. lm-eval's bias is of all
    questions at once, and its items don't give it.
    """
    if metric.startswith("bias"):
        return None
    if metric.startswith(("bleu", "chrf")):
        return Corpus("bleu" if metric.startswith("bleu") else "chrf_plus_plus", metric)
    if metric.startswith("rouge") or metric == "mc2":
        return Mean(metric, right_or_wrong=False)
    return Mean("correct" if metric == benchmark.headline[0] else metric)
