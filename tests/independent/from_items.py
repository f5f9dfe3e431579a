"""Compute a benchmark's headline metric from its items file alone, with the definition of the benchmark.

For this project's own tasks that is the code that scored them, on rows that hold nothing but part and
cluster. For lm-eval's the formulas stand here; their standard errors are lm-eval's for a mean, else those of
the jackknife over the items in order.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evaluator.items import Floats, Items
from evaluator.results import FLAGS, Metric
from evaluator.scoring import bits_per_byte, perplexity
from evaluator.scoring.harness_metrics import jackknife_stderr
from evaluator.statistics.intervals import mean_stderr
from evaluator.suites.definitions import Benchmark
from evaluator.tasks.bbq.scoring import CONTEXTS, NAMES
from evaluator.tasks.flores import corpus
from evaluator.tasks.flores.counts import KEPT, all_counts
from evaluator.tasks.registry import BenchmarkCode, code_for_task
from evaluator.tasks.snli.scoring import LABELS

Row = dict[str, Any]
Found = tuple[float | None, float | None]  # value, standard error


def headline(benchmark: Benchmark, items: Items, metric: str) -> Found:
    """Return a metric's value and standard error."""
    code = code_for_task(benchmark.tasks[0]) if benchmark.tasks else None
    if code is not None:
        measured = own_metrics(benchmark, code, items)[metric]
    elif not benchmark.tasks:
        measured = windows(items)
    else:
        return harness(benchmark, items, metric)
    return measured.value, measured.stderr


# This project's own tasks -------------------------------------------------------------------------


def own_metrics(benchmark: Benchmark, code: BenchmarkCode, items: Items) -> dict[str, Metric]:
    """Return every metric, by the benchmark's code."""
    name = (benchmark.variant_of or benchmark.name).split("-")[0]
    scored = [
        {key: number(values[index]) for key, values in items.numbers.items()}
        for index in range(items.rows)
    ]
    for item in scored:
        item["unparsed"] = float(int(item["flags"] or 0) & FLAGS["unparsed"])
    return code.aggregate(scored, rows(name, items))[0]


def number(value: float) -> float | None:
    """Return a number, or null."""
    return None if math.isnan(value) else float(value)


def rows(name: str, items: Items) -> list[Row]:
    """Return rows that hold what part and cluster say of them."""
    strata = [""] * items.rows
    if items.strata is not None:
        strata = [items.strata.names[code] for code in items.strata.codes]
    clusters = range(items.rows) if items.clusters is None else items.clusters.tolist()
    return [ROWS.get(name, nothing)(*both) for both in zip(strata, clusters, strict=True)]


def nothing(stratum: str, cluster: int) -> Row:
    """Return the row of a benchmark without parts."""
    return {}


def subject(stratum: str, cluster: int) -> Row:
    """Return a row of MMLU or C-Eval."""
    return {"subject": stratum}


def direction(stratum: str, cluster: int) -> Row:
    """Return a row of FLORES."""
    return {"direction": stratum, "id": cluster}


def label(stratum: str, cluster: int) -> Row:
    """Return a row of SNLI."""
    return {"label": LABELS.index(stratum)}


def level(stratum: str, cluster: int) -> Row:
    """Return a row of FollowBench."""
    level = int(stratum.removeprefix("level "))
    return {"level": level, "kind": "", "category": "", "example_id": cluster}


def group(stratum: str, cluster: int) -> Row:
    """Return a row of BBQ."""
    name, context = stratum.rsplit(", ", 1)
    keys = {title: key for key, title in CONTEXTS.items()}
    return {
        "group": name,
        "context_condition": keys[context],
        "category": name.removesuffix(NAMES),
        "question_index": cluster,
    }


ROWS: dict[str, Callable[[str, int], Row]] = {
    "mmlu": subject, "ceval": subject, "flores": direction, "snli": label, "followbench": level, "bbq": group,
}  # fmt: skip


def windows(items: Items) -> Metric:
    """Return the perplexity of the windows, all of which have the same number of tokens."""
    losses = items.numbers["nll"]
    return perplexity.summarize(losses[~np.isnan(losses)].tolist())


def documents(items: Items) -> Metric:
    """Return the bits per byte of the documents."""
    losses, sizes = items.numbers["document_nll"], items.numbers["document_bytes"]
    there = ~np.isnan(sizes)
    return bits_per_byte.summarize(losses[there].tolist(), sizes[there].astype(int).tolist())


# lm-eval's tasks ----------------------------------------------------------------------------------


def harness(benchmark: Benchmark, items: Items, metric: str) -> Found:
    """Return a metric of one of lm-eval's tasks."""
    if benchmark.name == "flores":
        return corpus_metric(items, metric)
    if benchmark.name == "bbq":
        return jackknifed(columns(items, metric, 4), lm_eval_bias)
    if metric == "word_perplexity":
        return jackknifed(columns(items, metric, 2), weighted_perplexity)
    values = items.numbers[metric if metric in items.numbers else "correct"]
    grouped = benchmark.name in ("mmlu", "ceval")
    return float(values.mean()), pooled(values, items) if grouped else mean_stderr(values)


def pooled(values: Floats, items: Items) -> float:
    """Return the standard error that lm-eval pools over the subjects of a group, by their sizes."""
    codes = np.zeros(items.rows, dtype=int) if items.strata is None else items.strata.codes
    subjects = [values[codes == code] for code in np.unique(codes)]
    squares = sum(float(((part - part.mean()) ** 2).sum()) for part in subjects)
    return math.sqrt(squares / (items.rows - len(subjects)) / items.rows)


def columns(items: Items, prefix: str, count: int) -> list[tuple[float, ...]]:
    """Return the parts of lm-eval's value on each item."""
    parts = [items.numbers[f"{prefix}_{index}"].tolist() for index in range(count)]
    return list(zip(*parts, strict=True))


def jackknifed(values: list[Any], aggregate: Callable[[Sequence[Any]], float]) -> Found:
    """Return an aggregate and its standard error."""
    return aggregate(values), jackknife_stderr(aggregate, values)


def corpus_metric(items: Items, metric: str) -> Found:
    """Return a corpus score of one direction."""
    kind = metric.removesuffix("_zh_en")

    def score(values: Sequence[Any]) -> float:
        return corpus.corpus_score(kind, all_counts(kind, np.asarray(values)).sum(axis=0))

    return jackknifed(columns(items, metric, len(KEPT[kind])), score)


def lm_eval_bias(values: Sequence[Any]) -> float:
    """Return lm-eval's bias in ambiguous contexts: of (right, biased, not unknown, disambiguated)."""
    right, biased, told, disambiguated = np.asarray(values).T
    ambiguous = disambiguated == 0
    if not biased[ambiguous].sum():
        return 0.0
    lean = 2 * biased[ambiguous].sum() / told[ambiguous].sum() - 1
    return float((1 - right[ambiguous].mean()) * lean)


def weighted_perplexity(values: Sequence[Any]) -> float:
    """Return e to the negative log-likelihood per word: of (log-likelihood, words)."""
    likelihoods, words = np.asarray(values).T
    return math.exp(-likelihoods.sum() / words.sum())
