"""Show that the engine's scores are lm-eval's, on real items of two small models in float32."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.engine.scores import Agreement, agreement
from tests.verify.engine_items import Subject, Texts
from tests.verify.report import ROOT, Context, require, shared_folder

POINT = 3
FAULT = "the first token of each branch stands one place too far right"

LARGEST = 1e-3  # nats between two log-likelihoods of one answer
THREADS = 1

ITEMS = {"mmlu": 171, "ceval": 156, "truthfulqa": 200, "bbq": 120, "gsm8k": 40, "cnn_dailymail": 40}
# The mini model's tokens are short and its context long: whole prompts of thousands of tokens.
MINI_ITEMS = {
    "mmlu": 57, "ceval": 52, "truthfulqa": 60, "bbq": 60, "gsm8k": 12, "cnn_dailymail": 20,
}  # fmt: skip
QUICK_ITEMS = {"mmlu": 3, "truthfulqa": 4, "bbq": 4, "gsm8k": 2, "cnn_dailymail": 2}
GENERATED = ("gsm8k", "cnn_dailymail")


def show(context: Context) -> str:
    """Compare every item's scores with lm-eval's, and every generated text.

    Raises:
        ShortfallError: a log-likelihood lies too far off, another choice comes first, or a text differs.
    """
    shared, broken = shared_folder(), context.broken(POINT)
    mini, stories = ROOT / "evaluator" / "mini" / "model", shared / "models" / "stories260K"
    if context.quick:
        return compared(stories, shared / "hub", QUICK_ITEMS, broken=broken)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(compared, folder, shared / "hub", items, broken=broken)
            for folder, items in ((stories, ITEMS), (mini, MINI_ITEMS))
        ]
        return "; ".join(job.result() for job in jobs)


def compared(model: Path, datasets: Path, items: dict[str, int], *, broken: bool) -> str:
    """Compare both sides on one model, and return the figures."""
    with fault() if broken else _nothing():
        found, texts, ways = sides(subject(model), datasets, items)
    return _figures(model.name, found, texts, ways)


def subject(folder: Path) -> Subject:
    """Load a model in float32, both sides' own."""
    from evaluator.models.load import load

    loaded = load(folder, identifier=f"local/{folder.name}", dtype="float32", threads=THREADS)
    return Subject(folder.name, loaded.model, loaded.tokenizer, loaded.context_length)


def sides(
    one: Subject, datasets: Path, items: dict[str, int]
) -> tuple[dict[str, Agreement], dict[str, Texts], set[str]]:
    """Put each benchmark's items to both sides; return what differs, and the ways that were gone."""
    from tests.verify import engine_items

    found, texts, ways = {}, {}, set()
    for name, limit in items.items():
        requests = engine_items.asked(name, datasets, limit)
        ours, way = engine_items.ours(one, requests)
        theirs = engine_items.lm_evals(one, requests)
        ways.add(way)
        if name in GENERATED:
            texts[name] = engine_items.texts(one, ours, theirs)
        else:
            found[name] = agreement(requests, ours, theirs)
    return found, texts, ways


def _figures(
    model: str, found: dict[str, Agreement], texts: dict[str, Texts], ways: set[str]
) -> str:
    every, generated = sum(found.values(), Agreement()), sum(texts.values(), Texts())
    farthest = max(found, key=lambda name: found[name].largest)
    figures = (
        f"{model}: {every.requests} log-likelihoods of {every.items} items within {every.largest:.1e} nats "
        f"({farthest} farthest), {every.turned} another argmax outside {every.near} near-ties, "
        f"{generated.same} of {generated.texts} texts ({generated.tokens} tokens) identical"
    )
    require(any("prefix tree" in way for way in ways), f"{figures}; nothing over the tree: {ways}")
    require(every.largest <= LARGEST, figures)
    require(every.turned == 0, figures)
    require(generated.same == generated.texts, figures)
    return figures


@contextmanager
def fault() -> Iterator[None]:
    """Put the fault in: the positions of branches."""
    from evaluator.scoring.tree import likelihoods
    from tests.evaluator.tree_faults import shifted_after_branches

    module: Any = likelihoods
    own = module.packs
    module.packs = shifted_after_branches(own)
    try:
        yield
    finally:
        module.packs = own


@contextmanager
def _nothing() -> Iterator[None]:
    yield
