"""Show that KL divergence is nothing from the base to itself, and grows as bits fall."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tests.verify.engine_models import MINI, quantized
from tests.verify.report import Context, ShortfallError, require

if TYPE_CHECKING:
    from evaluator.models import Loaded
    from evaluator.results import Metric
    from evaluator.scoring.divergence.kept import Kept, Record
    from evaluator.scoring.run import Question

GPTQ_BITS, CALIBRATION = (8, 4, 3, 2), 128
WHILE_LOADING = {8: "llm.int8", 4: "nf4"}  # in the quick form, which quantizes nothing beforehand
BENCHMARKS, QUICK_BENCHMARKS = ("wikitext2", "c4", "ptb", "truthfulqa", "bbq"), ("wikitext2",)
QUICK_LIMIT = 8
NOISE = 1e-9  # nats that float32 may leave of nothing

Figures = dict[str, float]  # of one benchmark: a name of a variant, its mean divergence in nats


def show(context: Context) -> str:
    """Measure base and variants on each benchmark; the base is read twice, as a variant of itself.

    Raises:
        ShortfallError: the base is further from itself than the floor, or fewer bits are not further away.
    """
    names = QUICK_BENCHMARKS if context.quick else BENCHMARKS
    limit = QUICK_LIMIT if context.quick else None
    with _cache(context.scratch / "divergence"):
        base, variants = _load(MINI), _variants(quick=context.quick)
        measured = {name: measure(name, limit, base, variants) for name in names}
    for name, figures in measured.items():
        require(figures["base"] <= max(figures["floor"], NOISE), f"{name}: {_said(figures)}")
        falling = [figures[bits] for bits in variants]
        growing = all(one < other for one, other in pairwise(falling))
        require(growing and figures["base"] < falling[0], f"{name}: {_said(figures)}")
    return "; ".join(f"{name} {_said(figures)}" for name, figures in measured.items()) + " (nats)"


def _variants(*, quick: bool) -> "dict[str, Loaded]":
    """Return loaded variants by their bits, the most first."""
    if quick:
        methods = WHILE_LOADING.items()
        return {f"{bits} bits": _load(MINI, method) for bits, method in methods}
    folders = {
        bits: quantized("gptq", calibration_texts=CALIBRATION, bits=bits) for bits in GPTQ_BITS
    }
    return {f"{bits} bits": _load(folder) for bits, folder in folders.items()}


def measure(
    name: str, limit: int | None, base: "Loaded", variants: "Mapping[str, Loaded]"
) -> Figures:
    """Return the mean divergence of the base and of each variant on one benchmark, and the floor."""
    asking = question(name, limit)
    kept = _kept(base, asking)
    figures = {"floor": kept[1].floor, "base": _mean(base, asking, kept)}
    return figures | {bits: _mean(one, asking, kept) for bits, one in variants.items()}


def question(name: str, limit: int | None) -> "Question":
    """Return a divergence of suite mini."""
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.run import Question, embedded_folder
    from evaluator.suites.definitions import load_suite

    suite = load_suite("mini")
    benchmark = suite.benchmark(f"{name}-divergence")
    return Question(suite, benchmark, embedded_folder(), limit, Computing(), progress=False)


def _load(folder: Path, method: str = "none") -> "Loaded":
    from evaluator import models

    return models.load(folder, identifier=f"local/{folder.name}", dtype="float32", method=method)


def _kept(base: "Loaded", asking: "Question") -> "tuple[Kept, Record]":
    from evaluator.scoring.divergence.base import identity, run_base
    from evaluator.scoring.divergence.kept import find

    known = identity(base.folder.sha256(), "float32", "cpu", asking)
    run_base(base, asking, known)
    found = find(known)
    if found is None:
        raise ShortfallError("nothing is kept of the base")
    return found


def _mean(loaded: "Loaded", asking: "Question", kept: "tuple[Kept, Record]") -> float:
    from evaluator.scoring.divergence.unit import run_divergence

    metric: Metric = run_divergence(loaded, asking, kept).metrics["kl_divergence"]
    require(metric.value is not None, metric.reason or "")
    return metric.value or 0.0


def _said(figures: Figures) -> str:
    return ", ".join(f"{name} {value:.2g}" for name, value in figures.items())


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Keep what is kept in a folder of its own, so that the base really runs."""
    before = os.environ.get("QUANTBOARD_CACHE")
    os.environ["QUANTBOARD_CACHE"] = str(folder)
    try:
        yield
    finally:
        del os.environ["QUANTBOARD_CACHE"]
        if before is not None:
            os.environ["QUANTBOARD_CACHE"] = before
