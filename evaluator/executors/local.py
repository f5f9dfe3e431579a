"""Run units in this process, one after the other: load the model once, then measure, write, go on."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from evaluator import planning, runner
from evaluator.results import UnitResult
from evaluator.runner import Settings, Unit, Work

if TYPE_CHECKING:
    from evaluator.models import Loaded

Say = Callable[[str], None]


def run_here(
    work: Work, load: Callable[[], "Loaded"], settings: Settings, say: Say
) -> list[UnitResult]:
    """Run every pending unit of an entry and return what each gave.

    A model that doesn't load is a row, not a gap: each pending unit is recorded as failed, with the reason.
    """
    waiting = runner.pending(work.units, settings)
    say(f"{work.entry}: {len(waiting)} of {len(work.units)} units to run")
    if not waiting:
        return []
    for unit in waiting:
        runner.sweep(unit)
    started = time.time()
    try:
        loaded = load()
    except Exception as error:
        say(f"{work.entry}: the model doesn't load: {error}")
        return [
            runner.finish(
                unit, runner.failure(unit, work.entry, error, settings, None), started, settings
            )
            for unit in waiting
        ]
    say(f"{work.entry}: loaded in {time.time() - started:.0f} s")
    results: list[UnitResult] = []
    planned = planning.expected(waiting, loaded, settings)
    for number, unit in enumerate(waiting, 1):
        result = runner.run_unit(unit, work.entry, loaded, settings)
        results.append(result)
        where = f"{work.entry}: [{number}/{len(waiting)}] {unit.suite.name}/{unit.name}"
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
    shown = f"{100 * value:.1f} %" if definition.display == "percent" else f"{value:.2f}"
    return f"{name} {shown}"
