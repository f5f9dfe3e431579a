"""Run units in this process, one after the other: load the model once, then measure, write, go on."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from evaluator import baseline, measuring, planning, runner
from evaluator.results import UnitResult
from evaluator.runner import Settings, Unit, Work
from evaluator.suites.divergence import is_divergence

if TYPE_CHECKING:
    from evaluator.models import Loaded

Say = Callable[[str], None]


def run_here(
    work: Work, load: Callable[[], "Loaded"], settings: Settings, say: Say
) -> list[UnitResult]:
    """Run every pending unit of an entry and return what each gave.

    A model that doesn't load is a row, not a gap: each pending unit is recorded as failed, with the reason.
    A base that is compared with comes first, and is gone before the entry's own model is loaded.
    """
    waiting = runner.pending(work.units, settings)
    say(f"{work.entry}: {len(waiting)} of {len(work.units)} units to run")
    if not waiting:
        return []
    for unit in waiting:
        runner.sweep(unit)
    started = time.time()
    failures = _run_base(waiting, settings, say)
    results = [
        _failed(work, unit, failures[unit.path], settings, started)
        for unit in waiting
        if unit.path in failures
    ]
    waiting = [unit for unit in waiting if unit.path not in failures]
    if not waiting:
        return results
    started = time.time()
    try:
        loaded = load()
    except Exception as error:
        say(f"{work.entry}: the model doesn't load: {error}")
        return [*results, *(_failed(work, unit, error, settings, started) for unit in waiting)]
    say(f"{work.entry}: loaded in {time.time() - started:.0f} s")
    return [*results, *_measured(replace(work, units=waiting), loaded, settings, say)]


def _run_base(waiting: list[Unit], settings: Settings, say: Say) -> baseline.Failures:
    """Have what units need of their base; return why it can't be had, by the path of the unit."""
    needing = {
        unit.path: measuring.question(unit, unit.benchmark, settings)
        for unit in waiting
        if unit.benchmark and is_divergence(unit.benchmark)
    }
    return baseline.prepare(needing, settings.baseline, say) if settings.baseline else {}


def _failed(
    work: Work, unit: Unit, error: Exception, settings: Settings, started: float
) -> UnitResult:
    result = runner.failure(unit, work.entry, error, settings, None)
    return runner.finish(unit, result, started, settings)


def _measured(work: Work, loaded: "Loaded", settings: Settings, say: Say) -> list[UnitResult]:
    """Run each unit on a loaded model, and say what it gave and how long the rest will take."""
    results: list[UnitResult] = []
    planned = planning.expected(work.units, loaded, settings)
    for number, unit in enumerate(work.units, 1):
        result = runner.run_unit(unit, work.entry, loaded, settings)
        results.append(result)
        where = f"{work.entry}: [{number}/{len(work.units)}] {unit.suite.name}/{unit.name}"
        seconds = result.timing.seconds
        left = planning.seconds_left(planned, [one.timing.seconds for one in results])
        about = planning.duration(left)
        say(f"{where}: {summary(unit, result)} ({seconds:.1f} s, about {about} left)")
    return results


def summary(unit: Unit, result: UnitResult) -> str:
    """Return a result in a few words: its headline metric, or why it failed."""
    if result.status == "failed":
        return f"failed: {result.reason}"
    if unit.benchmark is None:
        speed = result.metrics["decode_tokens_per_second"].value
        return f"{speed:.1f} tokens/s" if speed is not None else "ok"
    found = unit.benchmark.headline_metric(result.metrics)
    if found is None:
        return "ok, without a headline value"
    name, metric = found
    definition = unit.benchmark.definition(name)
    value = metric.value or 0.0
    shown = {
        "percent": f"{100 * value:.1f} %",
        "number": f"{value:.2f}",
        "nats": f"{value:.3g} nats",
        "questions": f"{value:.0f} questions",
    }
    return f"{name} {shown[definition.display]}"
