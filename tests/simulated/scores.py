"""Compute the metrics of made-up items: by the benchmarks' own code where a second does for many entries.

Where that draws items anew a thousand times (FLORES, FollowBench, BBQ) the value is by the same formula, and
the standard error by leaving out a part of the clusters at a time (Tukey's jackknife), which comes close.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from evaluator.results import Metric
from evaluator.statistics.intervals import Z95, mean_stderr, normal_interval, ratio_stderr
from evaluator.tasks.bbq.scoring import CONTEXTS, NAMES, averaged, bias
from evaluator.tasks.ceval.scoring import macro_accuracy
from evaluator.tasks.flores import corpus
from evaluator.tasks.flores.counts import stored_counts
from evaluator.tasks.followbench.rows import LEVELS
from evaluator.tasks.measures import Metrics, mean, proportion
from evaluator.tasks.rouge import KINDS
from tests.simulated.columns import Array, Columns, Floats, strata

JACKKNIFE_PARTS = 20
WINDOW = 2048
LN2 = math.log(2)
SHARES = {
    "mmlu": {"accuracy": "correct", "accuracy_fallback": "correct_fallback"},
    "gsm8k": {"accuracy": "correct", "accuracy_any_number": "correct_any_number"},
    "snli": {"accuracy": "correct", "accuracy_gold_word": "correct_gold_word"},
    "truthfulqa": {"mc1": "correct", "mc1_sum": "mc1_sum"},
}


def metrics(benchmark: str, columns: Columns) -> Metrics:
    """Return the metrics of a benchmark's items."""
    if benchmark in SHARES:
        return shares(benchmark, columns)
    if benchmark in SPECIAL:
        return SPECIAL[benchmark](columns)
    return {f"{kind}": mean(numbers(columns, kind).tolist()) for kind in KINDS}


def numbers(columns: Columns, name: str) -> Floats:
    """Return a column as floats."""
    return columns[name].astype(np.float64)


def unparsed(columns: Columns) -> Metric:
    """Return the share of answers that hold none."""
    return proportion((columns["flags"] > 0).astype(float).tolist())


def shares(benchmark: str, columns: Columns) -> Metrics:
    """Return the metrics of a benchmark whose scores are shares of its items."""
    found = {
        metric: proportion(numbers(columns, name).tolist())
        for metric, name in SHARES[benchmark].items()
    }
    if benchmark == "truthfulqa":
        return {**found, "mc2": mean(columns["mc2"].tolist())}
    return {**found, "unparsed_rate": unparsed(columns)}


def ceval(columns: Columns) -> Metrics:
    """Return the metrics of C-Eval."""
    subjects = columns["stratum"].tolist()
    return {
        "accuracy": macro_accuracy(numbers(columns, "correct").tolist(), subjects),
        "accuracy_fallback": macro_accuracy(
            numbers(columns, "correct_fallback").tolist(), subjects
        ),
        "unparsed_rate": unparsed(columns),
    }


def jackknifed(
    score: Callable[[Floats], float],
    units: int,
    bounds: tuple[float, float],
    n: int,
    parts: int = JACKKNIFE_PARTS,
) -> Metric:
    """Return a score, a function of the weight of each unit, with its error from leaving out parts."""
    value = score(np.ones(units))
    part = np.arange(units) % parts
    left = np.asarray([score((part != number).astype(float)) for number in range(parts)])
    stderr = math.sqrt((parts - 1) / parts * float(((left - left.mean()) ** 2).sum()))
    interval = normal_interval(value, stderr, *bounds)
    return Metric(value=value, stderr=stderr, ci95=interval, n=n)


def flores(columns: Columns) -> Metrics:
    """Return the mean of both directions' corpus scores."""
    sentences = len(columns["stratum"]) // 2
    found = {}
    for metric in corpus.COUNTS:
        counted = stored_counts(metric, columns)
        score = partial(mean_corpus_score, metric, (counted[:sentences], counted[sentences:]))
        found[metric] = jackknifed(score, sentences, (0.0, 100.0), 2 * sentences)
    return found


def mean_corpus_score(metric: str, directions: tuple[Floats, ...], weights: Floats) -> float:
    """Return the mean of the directions' corpus scores, of sentences that weigh so much."""
    scores = [corpus.corpus_score(metric, weights @ counted) for counted in directions]
    return sum(scores) / len(scores)


def followbench(columns: Columns) -> Metrics:
    """Return HSR, SSR and CSL; every group has all levels."""
    found = {}
    for metric, name in (("hsr", "correct"), ("ssr", "soft")):
        table = numbers(columns, name).reshape(-1, len(LEVELS))
        score = partial(satisfaction, table)
        found[metric] = jackknifed(score, len(table), (0.0, 1.0), table.size)
    met = np.cumprod(numbers(columns, "correct").reshape(-1, len(LEVELS)), axis=1).sum(axis=1)
    return {**found, "csl": mean(met.tolist(), highest=float(len(LEVELS)))}


def satisfaction(table: Floats, weights: Floats) -> float:
    """Return the mean over groups (rows) and levels, of groups that weigh so much."""
    return float((weights @ table / weights.sum()).mean())


@dataclass(frozen=True)
class Group:
    """One group of BBQ in one context: its rows, and the template of each, numbered within the group."""

    name: str
    context: str
    rows: Array
    templates: Array


@cache
def bbq_groups() -> list[Group]:
    """Return the groups, which are the same for all entries."""
    parts = strata("bbq")
    found = []
    for name in dict.fromkeys(parts["stratum"].tolist()):
        rows = np.flatnonzero(parts["stratum"] == name)
        group, context = name.rsplit(", ", 1)
        templates = np.unique(parts["cluster"][rows], return_inverse=True)[1]
        found.append(Group(group, context, rows, templates))
    return found


def bbq(columns: Columns) -> Metrics:
    """Return bias and accuracy in both contexts."""
    untold = np.isnan(columns["biased"])
    found = {"left_out": Metric(value=float(untold.sum()), n=len(untold))}
    for context in CONTEXTS.values():
        groups = [group for group in bbq_groups() if group.context == context]
        categories = [group for group in groups if not group.name.endswith(NAMES)]
        rows = np.concatenate([group.rows for group in groups])
        found[f"bias_{context}"] = averaged([group_bias(columns, group) for group in categories])
        found[f"accuracy_{context}"] = accuracy(
            numbers(columns, "correct")[rows], columns["cluster"][rows]
        )
    return found


def group_bias(columns: Columns, group: Group) -> Metric:
    """Return the bias of one group in one context."""
    biased, known, correct = (columns[name][group.rows] for name in ("biased", "known", "correct"))
    told = ~np.isnan(biased)
    values = (biased[told], known[told], correct[told], np.ones(int(told.sum())))
    codes = group.templates[told]
    sums = np.stack([np.bincount(codes, one) for one in values], axis=1)

    def score(weights: Floats) -> float:
        biased, known, correct, questions = (float(total) for total in weights @ sums)
        wrong = 1 - correct / questions if group.context == "ambiguous" else 1.0
        return wrong * bias(biased, known)

    return jackknifed(score, len(sums), (-1.0, 1.0), len(codes), parts=len(sums))


def accuracy(correct: Floats, templates: Array) -> Metric:
    """Return the share of right answers, whose templates aren't independent."""
    sums = np.bincount(templates, correct - correct.mean())
    stderr = float(np.sqrt((sums**2).sum())) / len(correct)
    value = float(correct.mean())
    return Metric(
        value=value, stderr=stderr, ci95=normal_interval(value, stderr, 0.0, 1.0), n=len(correct)
    )


def perplexity(columns: Columns) -> Metrics:
    """Return perplexity over windows and bits per byte over documents, as `evaluator.scoring` does."""
    losses = columns["nll"][~np.isnan(columns["nll"])]
    documents = ~np.isnan(columns["document_nll"])
    bits, sizes = columns["document_nll"][documents] / LN2, columns["document_bytes"][documents]
    value, spread = math.exp(losses.mean()), mean_stderr(losses) or 0.0
    per_byte, stderr = float(bits.sum() / sizes.sum()), ratio_stderr(bits, sizes)
    return {
        f"perplexity_window_{WINDOW}": Metric(
            value=value,
            stderr=value * spread,
            ci95=(value * math.exp(-Z95 * spread), value * math.exp(Z95 * spread)),
            n=len(losses),
        ),
        f"bits_per_byte_window_{WINDOW}": Metric(
            value=per_byte,
            stderr=stderr,
            ci95=normal_interval(per_byte, stderr, 0.0, math.inf),
            n=len(bits),
        ),
    }


SPECIAL: dict[str, Callable[[Columns], Metrics]] = {
    "ceval": ceval, "flores": flores, "followbench": followbench, "bbq": bbq,
    "wikitext2": perplexity, "c4": perplexity, "ptb": perplexity,
}  # fmt: skip
