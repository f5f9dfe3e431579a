"""Measure one benchmark of a unit by what it needs: a judge, a base to compare with, or the model alone."""

from typing import TYPE_CHECKING

from evaluator import baseline, environment
from evaluator.errors import InputError
from evaluator.judges import records as judges
from evaluator.suites.definitions import Benchmark
from evaluator.suites.divergence import FLAG, is_divergence

if TYPE_CHECKING:
    from evaluator.models import Loaded
    from evaluator.runner import Settings, Unit
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.judging import Judging
    from evaluator.scoring.outcome import Outcome
    from evaluator.scoring.run import Question

Measured = tuple["Outcome", list[str]]  # what came of it, and what to warn of


def measure(unit: "Unit", benchmark: Benchmark, loaded: "Loaded", settings: "Settings") -> Measured:
    """Ask and score a benchmark.

    Raises:
        QuantboardError: it can't be had; the sentence says why.
    """
    if is_divergence(benchmark):
        return _divergence(unit, benchmark, loaded, settings), []
    from evaluator.scoring import run_benchmark

    judging, warnings = _judging(benchmark, loaded, settings)
    outcome = run_benchmark(
        loaded.model,
        loaded.tokenizer,
        loaded.context_length,
        unit.suite,
        benchmark,
        datasets_folder=settings.datasets_folder,
        limit=settings.limit,
        computing=_computing(unit, loaded, settings),
        progress=settings.progress,
        judging=judging,
    )
    return outcome, warnings


def question(unit: "Unit", benchmark: Benchmark, settings: "Settings") -> "Question":
    """Return what a unit asks, and of how much, without the model that is asked."""
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.run import Question, embedded_folder

    folder = embedded_folder() if unit.suite.embedded else settings.datasets_folder
    computing = Computing(settings.batch_size, settings.exact, settings.together)
    return Question(unit.suite, benchmark, folder, settings.limit, computing, settings.progress)


def _divergence(
    unit: "Unit", benchmark: Benchmark, loaded: "Loaded", settings: "Settings"
) -> "Outcome":
    """Compare with what is kept of the base, which ran before.

    Raises:
        InputError: no base was named, or what it gave is gone.
    """
    from evaluator.scoring.divergence.unit import run_divergence

    asked, base = question(unit, benchmark, settings), settings.baseline
    kept = baseline.kept(asked, base) if base else None
    if kept is None:
        raise InputError(f"nothing is kept of a base for {benchmark.name}; name one with {FLAG}")
    return run_divergence(loaded, asked, kept)


def _computing(unit: "Unit", loaded: "Loaded", settings: "Settings") -> "Computing":
    """Say how a unit's requests are computed, and under which model their outcomes are kept."""
    from evaluator.scoring.computing import Computing

    number = unit.path.stem.removeprefix(unit.name).removeprefix(".")
    return Computing(
        batch_size=settings.batch_size,
        exact=settings.exact,
        together=settings.together,
        model=loaded.description,
        method=loaded.method,
        measurement=int(number or 1),
    )


def _judging(
    benchmark: Benchmark, loaded: "Loaded", settings: "Settings"
) -> "tuple[Judging | None, list[str]]":
    """Return the judge of a benchmark that needs one, and what to warn of."""
    if not judges.is_judged(benchmark):
        return None, []
    judges.require(benchmark, settings.judge)
    from evaluator.judges.make import make_judge
    from evaluator.scoring.judging import Judging

    judge, warnings = make_judge(
        benchmark, settings.judge, loaded.description, batch_size=settings.batch_size
    )
    judging = Judging(judge, environment.cache_folder() / "verdicts", settings.judge.price)
    for warning in warnings:
        judging.say(f"{benchmark.name}: {warning}")
    return judging, warnings
