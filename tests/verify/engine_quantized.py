"""Show that quantized models score as lm-eval scores them, as far as their kernels let anything be the same.

A quantized kernel rounds what it is given to sixteen bits, or looks at the whole batch: a difference in the
last digit of what comes before grows a thousandfold. So lm-eval itself gives other numbers at another batch
size, and with another implementation of the same attention. Both are measured, and ours is held to them.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.engine.scores import Agreement, agreement
from tests.verify.engine_items import Subject, Texts
from tests.verify.engine_models import METHODS, quantized
from tests.verify.report import Context, require, shared_folder

POINT = 5
FAULT = "each variant's requests are answered by the next one"

BATCH_SIZES = (16, 1)  # lm-eval's two
OTHER_ATTENTION = "eager"  # the same sums in another order
LARGEST = 1e-3  # nats, or
TIMES = 3  # this many times the difference that lm-eval has with itself
MORE_TURNED = (
    0.02  # share of the items in which another choice may come first than in lm-eval's own runs
)
FEWER_SAME = 0.1  # share of the texts that may be fewer than lm-eval's own runs have in common
THREADS = 1
CONTEXT = (
    2048  # tokens: longer prompts are cut, on both sides, and eager attention fits into memory
)

ITEMS = {"mmlu": 19, "ceval": 17, "truthfulqa": 25, "bbq": 25, "gsm8k": 6, "cnn_dailymail": 10}
QUICK_ITEMS = {"bbq": 2, "cnn_dailymail": 1}
MEANING = (
    f"against lm-eval at batch {BATCH_SIZES[0]}: ours / lm-eval at batch {BATCH_SIZES[1]} / the same with "
    f"{OTHER_ATTENTION} attention"
)
CALIBRATION, QUICK_CALIBRATION = 128, 8  # texts


@dataclass(frozen=True)
class Pair:
    """How far some side's answers lie from those of lm-eval at its first batch size."""

    scores: Agreement = field(default_factory=Agreement)
    texts: Texts = field(default_factory=Texts)


@dataclass(frozen=True)
class Found:
    """What came of one variant: ours, lm-eval's at its other batch size, and with its other attention."""

    method: str
    ways: str
    ours: Pair
    its_batch: Pair
    its_attention: Pair

    @property
    def holds(self) -> bool:
        """Say whether ours is no farther from lm-eval's than the bounds allow."""
        its_own = (self.its_batch, self.its_attention)
        farthest = max(pair.scores.largest for pair in its_own)
        turned = max(pair.scores.turned for pair in its_own)
        same = min(pair.texts.share for pair in its_own)
        return (
            self.ours.scores.largest <= max(LARGEST, TIMES * farthest)
            and self.ours.scores.turned <= turned + MORE_TURNED * self.ours.scores.items
            and self.ours.texts.share >= same - FEWER_SAME
        )

    def figures(self) -> str:
        """Return the comparisons beside each other."""
        pairs = (self.ours, self.its_batch, self.its_attention)
        largest = " / ".join(f"{pair.scores.largest:.1e}" for pair in pairs)
        turned = " / ".join(str(pair.scores.turned) for pair in pairs)
        same = " / ".join(str(pair.texts.same) for pair in pairs)
        return (
            f"{self.method} ({self.ways}) {largest} nats, {turned} of {self.ours.scores.items} another argmax"
            f" ({self.ours.scores.near} near-ties), {same} of {self.ours.texts.texts} texts identical"
        )


def show(context: Context) -> str:
    """Compare every variant's scores and texts with lm-eval's, at two batch sizes of lm-eval's.

    Raises:
        ShortfallError: ours lies farther off than the kernels themselves explain.
    """
    datasets = shared_folder() / "hub"
    items = QUICK_ITEMS if context.quick else ITEMS
    broken, texts = context.broken(POINT), QUICK_CALIBRATION if context.quick else CALIBRATION
    for method in METHODS:
        quantized(method, calibration_texts=texts)
    if context.quick:
        found = [compared(method, datasets, items, texts, broken=broken) for method in METHODS]
    else:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            jobs = [
                pool.submit(compared, method, datasets, items, texts, broken=broken)
                for method in METHODS
            ]
            found = [job.result() for job in jobs]
    figures = "; ".join([MEANING, *(one.figures() for one in found)])
    require(all(one.holds for one in found), figures)
    return figures


def compared(
    method: str, datasets: Path, items: dict[str, int], calibration: int, *, broken: bool
) -> Found:
    """Put each benchmark's items to one variant: by the engine, and in three ways by lm-eval."""
    from tests.verify import engine_items

    own = subject(method, calibration)
    answering = subject(_next(method), calibration) if broken else own
    ways: dict[str, None] = {}
    found = [Pair(), Pair(), Pair()]
    for name, limit in items.items():
        requests = engine_items.asked(name, datasets, limit)
        ours, way = engine_items.ours(answering, requests)
        ways |= dict.fromkeys(way.split("; "))
        first, second = (
            engine_items.lm_evals(own, requests, batch_size=size) for size in BATCH_SIZES
        )
        with attention(own.model, OTHER_ATTENTION):
            third = engine_items.lm_evals(own, requests, batch_size=BATCH_SIZES[1])
        for number, answers in enumerate((ours, second, third)):
            found[number] = _with(found[number], own, requests, answers, first)
    return Found(method, "; ".join(ways), *found)


def _with(
    pair: Pair, one: Subject, requests: list[Any], answers: list[Any], first: list[Any]
) -> Pair:
    """Add one benchmark's comparison to those before it."""
    from tests.verify import engine_items

    if requests[0].request_type == "generate_until":
        return replace(pair, texts=pair.texts + engine_items.texts(one, answers, first))
    return replace(pair, scores=pair.scores + agreement(requests, answers, first))


@contextmanager
def attention(model: Any, name: str) -> Iterator[None]:
    """Let a model attend by another of transformers' implementations for as long as the context lasts."""
    before = model.config._attn_implementation
    model.set_attn_implementation(name)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def subject(method: str, calibration: int) -> Subject:
    """Load a variant in float32."""
    from evaluator.models.load import load

    folder = quantized(method, calibration_texts=calibration)
    loaded = load(folder, identifier=f"local/{method}", dtype="float32", threads=THREADS)
    return Subject(method, loaded.model, loaded.tokenizer, CONTEXT, BATCH_SIZES[0])


def _next(method: str) -> str:
    return METHODS[(METHODS.index(method) + 1) % len(METHODS)]
