"""Derive a benchmark's divergence: how far a variant's next-token distributions lie from its base's.

`wikitext2-divergence` compares them at every predicted position of the windows that perplexity is measured
on, `bbq-divergence` at those where the answers' likelihoods are read. Each is a benchmark of its own, part of
no score, and needs the base: `quantboard run --divergence-from BASE`.
"""

from collections.abc import Sequence

from evaluator.errors import InputError
from evaluator.suites.definitions import Benchmark, MetricDefinition, Suite

MODE = "divergence"
FLAG = "--divergence-from"
BENCHMARKS = ("mmlu", "ceval", "snli", "truthfulqa", "bbq", "wikitext2", "c4", "ptb")
MEANING = "How far the next-token probabilities lie from the unquantized model's; 0 is no difference at all."
WINDOWS = "at every predicted token of the windows that perplexity is measured on"
ANSWERS = (
    "at every token of the answers whose likelihoods are compared, each beginning of a prompt once"
)
SCORING = (
    "KL(base || variant) in nats, {where}. Of the base are known its 64 likeliest tokens, the mass of all "
    "others together, and 8 tokens drawn from the others, which estimate without bias what lies among them. "
    "Standard errors are clustered by {cluster}."
)
DIFFERS = (
    "The paper has no such measure. llama.cpp keeps all log-probabilities, scores the second half of each "
    "window of 512 tokens and takes tokens for independent."
)


def _nats(title: str, description: str) -> MetricDefinition:
    return MetricDefinition(
        title=title, direction="lower", highest=None, display="nats", description=description
    )


METRICS = {
    "kl_divergence": _nats("KL divergence", "Mean over the positions, in nats per token."),
    "top1_agreement": MetricDefinition(
        title="Same likeliest token",
        direction="higher",
        display="percent",
        description="Share of positions at which both models find the same token likeliest.",
    ),
    "kl_median": _nats("KL divergence, median", "Half of the positions diverge by less."),
    "kl_p99": _nats(
        "KL divergence, 99th percentile", "One position in a hundred diverges by more."
    ),
    "kl_lower_bound": _nats(
        "KL divergence, at least",
        "The mean with all tokens beyond the base's 64 likeliest taken for one: certainly no more than the "
        "true mean.",
    ),
    "kl_tail_bound": _nats(
        "KL divergence, room above",
        "How much more than that bound the true mean could be at the most; far more than it is.",
    ),
    "kl_floor": _nats(
        "KL divergence, floor",
        "Mean of the base against itself, computed in other batches: what is below says nothing.",
    ),
}


def is_divergence(benchmark: Benchmark | None) -> bool:
    """Say whether a benchmark compares with the base's distributions."""
    return benchmark is not None and benchmark.options.get("compare") == MODE


def possible(benchmark: Benchmark) -> bool:
    """Say whether a benchmark has positions to compare: windows of text, or likelihoods of answers."""
    return benchmark.name in BENCHMARKS and (benchmark.likelihoods or not benchmark.tasks)


def derive(base: Benchmark, rest: str) -> Benchmark:
    """Return the divergence on a benchmark, as a benchmark of its own; `rest` is what follows its name.

    Raises:
        InputError: it isn't `divergence`, or the suite generates the answers.
    """
    if rest != MODE:
        raise InputError(f"{base.name} has no {rest!r} derived from it; choose {base.name}-{MODE}")
    if not possible(base):
        raise InputError(
            f"{base.name}-{MODE} needs positions that every model reads, but this suite scores {base.name} "
            "in another way; choose the divergence of another benchmark or suite"
        )
    where, cluster = (ANSWERS, "question") if base.tasks else (WINDOWS, "window")
    return base.model_copy(
        update={
            "name": f"{base.name}-{MODE}",
            "title": f"{base.title}, divergence from the base",
            "meaning": MEANING,
            "scoring": SCORING.format(where=where, cluster=cluster),
            "differs": DIFFERS,
            "headline": ["kl_divergence"],
            "metrics": METRICS,
            "sources": {},
            "variant_of": base.name,
            "options": {"compare": MODE},
        }
    )


def with_divergences(suites: Sequence[Suite], names: list[str] | None) -> list[str]:
    """Return the names of the benchmarks to run with the divergences of those that have one.

    Where one was named already, nothing is added.
    """
    own = list(dict.fromkeys(one.name for suite in suites for one in suite.benchmarks))
    chosen = own if names is None else names
    if any(name.endswith(f"-{MODE}") for name in chosen):
        return chosen
    able = {one.name for suite in suites for one in suite.benchmarks if possible(one)}
    return [*chosen, *(f"{name}-{MODE}" for name in chosen if name in able)]
