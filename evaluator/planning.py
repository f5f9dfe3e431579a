"""Say what the units of an entry will take, before the first of them starts, and keep it for the run.

Every unit that is still to run is counted, and nothing is reported before all are: one whose data can't be
had is a row with its reason, and the others are counted all the same. Nothing is written into the entry's
folder; what was estimated goes to the local cache, where a run of the same units finds it.
"""

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from evaluator import environment, runner
from evaluator.errors import QuantboardError
from evaluator.files import sha256_text, write_atomically
from evaluator.judges import records as judges
from evaluator.results import canonical_json, read_result
from evaluator.runner import Settings, Unit, Work
from evaluator.submissions import printable
from evaluator.suites.divergence import is_divergence

if TYPE_CHECKING:
    from evaluator.models import Loaded
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.cost import Calibration, Cost
    from evaluator.scoring.counting import Count

JUDGING = "What a judge takes isn't in the estimate; `quantboard run` says it before it asks one."
COMPARING = "The base's own pass isn't in the estimate; it is made once for all variants."
AT_MOST = '"up to": as if each answer were as long as it may be; a result of the base tells more.'

Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """One unit: its state (ok, failed, to run), and what it will take, or why nobody can say."""

    unit: str
    state: str
    cost: "Cost | None" = None
    problem: str | None = None


@dataclass(frozen=True)
class Plan:
    """What the units of an entry will take, in their order; `weights` are bytes in memory once loaded."""

    entry: str
    device: str
    weights: int
    rows: list[Row]
    notes: list[str]


@dataclass(frozen=True)
class Expected:
    """Seconds that a plan gave a unit; `at_most` where they are only a bound."""

    seconds: float
    at_most: bool


def state(unit: Unit) -> str:
    """Return whether a unit is done: ok, failed or to run."""
    latest = runner.newest(unit.path)
    return read_result(latest).status if latest else "to run"


def label(unit: Unit) -> str:
    """Return a unit's name with its suite's, whichever of its files it is to write."""
    return f"{unit.suite.label}/{unit.name.split('.')[0]}"


def estimate(work: Work, loaded: "Loaded", settings: Settings) -> Plan:
    """Count every unit that `run` would run, measure what a token costs, and say what each unit will take."""
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.cost import Calibration
    from evaluator.scoring.counting import Count

    computing = Computing(batch_size=settings.batch_size, exact=settings.exact)
    waiting = runner.pending(work.units, settings)
    counts = {label(unit): _counted(unit, loaded, settings, computing) for unit in waiting}
    calibration = Calibration(loaded, computing)
    calibration.prepare([count for count in counts.values() if isinstance(count, Count)])
    costs = {label(unit): _cost(unit, counts[label(unit)], calibration) for unit in waiting}
    for unit in waiting:
        _keep(unit, costs[label(unit)], loaded, settings)
    rows = [_row(unit, costs.get(label(unit))) for unit in work.units]
    size = loaded.footprint.weight_bytes
    return Plan(work.entry, loaded.description.device, size, rows, _notes(waiting, rows))


def _counted(
    unit: Unit, loaded: "Loaded", settings: Settings, computing: "Computing"
) -> "Count | str | None":
    """Return what a benchmark asks, or why that can't be said; None for the probe."""
    from evaluator.scoring.counting import count
    from evaluator.scoring.run import Question, embedded_folder

    suite, benchmark = unit.suite, unit.benchmark
    if benchmark is None:
        return None
    folder = embedded_folder() if suite.embedded else settings.datasets_folder
    question = Question(suite, benchmark, folder, settings.limit, computing, progress=False)
    return _attempted(lambda: count(loaded, question))


def _attempted(work: Callable[[], Value]) -> Value | str:
    """Return what came of it, or why nothing did: as in a run, one unit's error stops no other."""
    try:
        return work()
    except QuantboardError as error:
        reason = str(error)
    except Exception as error:
        traceback.print_exception(error)
        reason = f"{type(error).__name__}: {error}"
    return printable(" ".join(reason.split()))[:500]


def _cost(unit: Unit, count: "Count | str | None", calibration: "Calibration") -> "Cost | str":
    if isinstance(count, str):
        return count
    if count is None:
        return _attempted(lambda: calibration.probe_cost(unit.suite.efficiency))
    return calibration.cost(count, new_per_item(unit))


def _row(unit: Unit, cost: "Cost | str | None") -> Row:
    if isinstance(cost, str):
        return Row(label(unit), state(unit), problem=cost)
    return Row(label(unit), state(unit), cost)


def _notes(waiting: Sequence[Unit], rows: Sequence[Row]) -> list[str]:
    judged = any(judges.is_judged(unit.benchmark) for unit in waiting)
    compared = any(is_divergence(unit.benchmark) for unit in waiting)
    bounded = any(row.cost and row.cost.at_most for row in rows)
    said = {AT_MOST: bounded, JUDGING: judged, COMPARING: compared}
    return [note for note, holds in said.items() if holds]


# How long answers are ---------------------------------------------------------------------------


def new_per_item(unit: Unit) -> float | None:
    """Return the tokens generated for each item in a result of the benchmark: the entry's, or its base's."""
    folder = unit.path.parents[2]
    for place in (folder, *_bases(folder)):
        latest = runner.newest(place / unit.path.relative_to(folder).with_name(_first_name(unit)))
        if latest and (known := _generated_per_item(latest)) is not None:
            return known
    return None


def _first_name(unit: Unit) -> str:
    return f"{unit.name.split('.')[0]}.json"


def _bases(folder: Path) -> list[Path]:
    """Return the unquantized entries of an entry's family."""
    found = []
    for file in sorted(folder.parent.glob("*/submission.yaml")):
        recipe = (yaml.safe_load(file.read_text("utf-8")) or {}).get("quantization") or {}
        if recipe.get("method") == "none":
            found.append(file.parent)
    return found


def _generated_per_item(path: Path) -> float | None:
    result = read_result(path)
    generated = result.provenance.tokens.get("generated")
    if result.status != "ok" or generated is None or result.items is None:
        return None
    import pyarrow.parquet

    items = path.with_name(result.items)
    rows = pyarrow.parquet.read_metadata(items).num_rows if items.is_file() else 0
    return generated / rows if rows else None


# For the run ------------------------------------------------------------------------------------


def _keep(unit: Unit, cost: "Cost | str", loaded: "Loaded", settings: Settings) -> None:
    if isinstance(cost, str):
        return
    known = {"unit": label(unit), "seconds": cost.seconds, "at_most": cost.at_most}
    write_atomically(_place(unit, loaded, settings), json.dumps(known))


def _place(unit: Unit, loaded: "Loaded", settings: Settings) -> Path:
    """Return the file of an estimate, named by what it depends on."""
    what = {
        "unit": label(unit),
        "model": loaded.description.model_dump(mode="json"),
        "method": loaded.method,
        "limit": settings.limit,
        "exact": settings.exact,
        "batch_size": settings.batch_size,
        "datasets": str(settings.datasets_folder),
    }
    return environment.cache_folder() / "plans" / f"{sha256_text(canonical_json(what))}.json"


def expected(units: Sequence[Unit], loaded: "Loaded", settings: Settings) -> list[Expected | None]:
    """Return what the last plan of each unit said; None where there was none."""
    found: list[Expected | None] = []
    for unit in units:
        file = _place(unit, loaded, settings)
        known: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        found.append(Expected(known["seconds"], known["at_most"]) if known else None)
    return found


def seconds_left(planned: Sequence[Expected | None], taken: Sequence[float]) -> float:
    """Return the seconds that the units behind those done will take, given what these took.

    Estimates are corrected by how long the units took that were done, and bounds by how long those took that
    had bounds. A unit without an estimate is taken for a mean one.
    """
    return sum(_seconds(one, planned, taken) for one in planned[len(taken) :])


def _seconds(
    one: Expected | None, planned: Sequence[Expected | None], taken: Sequence[float]
) -> float:
    if one is None:
        return sum(taken) / len(taken) if taken else 0.0
    done = [
        (known.seconds, seconds)
        for known, seconds in zip(planned, taken, strict=False)
        if known and known.at_most == one.at_most
    ]
    planned_seconds = sum(known for known, _ in done)
    factor = sum(seconds for _, seconds in done) / planned_seconds if planned_seconds else 1.0
    return one.seconds * factor


def duration(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
