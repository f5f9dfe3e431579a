"""Plan the units of an entry, run one of them, and write what came of it.

A unit is one benchmark of one suite, or one efficiency probe, on one entry; its result is one JSON
file in the entry's folder. The folder is the only state: a unit is done when its file says ok, so a
run that was interrupted goes on where it stopped, and two machines share the work by sharing out
the units.
"""

import json
import shlex
import time
import traceback
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator import environment, measuring
from evaluator.baseline import Baseline
from evaluator.errors import InputError, QuantboardError
from evaluator.files import write_atomically
from evaluator.judges import records as judges
from evaluator.results import Provenance, Timing, UnitResult, canonical_json, read_result
from evaluator.submissions import printable
from evaluator.suites.definitions import Benchmark, Suite
from evaluator.suites.derived import DERIVATIONS
from evaluator.suites.divergence import is_divergence

if TYPE_CHECKING:
    from evaluator.models import Loaded


@dataclass(frozen=True)
class Settings:
    """What a person can choose about a run; everything else is the suite's protocol."""

    datasets_folder: Path | None = None
    limit: int | None = None
    batch_size: int = 16
    exact: bool = False
    together: bool = False
    keep_failed: bool = False
    rerun: str | None = None
    progress: bool = True
    judge: judges.JudgeChoice = field(default_factory=judges.JudgeChoice)
    baseline: Baseline | None = None


@dataclass(frozen=True)
class Unit:
    """The smallest piece of work. `benchmark` is None for the efficiency probe."""

    suite: Suite
    benchmark: Benchmark | None
    path: Path
    supersedes: Path | None = None

    @property
    def name(self) -> str:
        """Return what progress lines and results call it."""
        return self.benchmark.name if self.benchmark else self.path.stem


@dataclass(frozen=True)
class Work:
    """One entry, with the units that it is to be evaluated on."""

    entry: str
    folder: Path
    units: list[Unit]


def plan(
    folder: Path,
    suites: list[Suite],
    *,
    benchmarks: list[str] | None,
    efficiency: bool,
    hardware: str,
) -> list[Unit]:
    """List every unit of an entry, done or not, in the order of the suites.

    Raises:
        InputError: a benchmark was named that no suite has.
    """
    units = [
        Unit(suite, benchmark, folder / "results" / suite.label / f"{benchmark.name}.json")
        for suite, benchmark in _chosen(suites, benchmarks)
    ]
    probes: dict[Path, Unit] = {}
    for suite in suites if efficiency else []:
        protocol = suite.efficiency
        stem = f"decode-{protocol.input_tokens}-{protocol.output_tokens}"
        path = folder / "results" / "efficiency" / hardware / f"{stem}.json"
        probes.setdefault(path, Unit(suite, None, path))
    return units + list(probes.values())


def _chosen(suites: list[Suite], names: list[str] | None) -> list[tuple[Suite, Benchmark]]:
    """Return the benchmarks to run: a suite's own in its order, then the derived ones that were named."""
    known = {benchmark.name for suite in suites for benchmark in suite.benchmarks}
    derived = [name for name in dict.fromkeys(names or []) if name not in known]
    unknown = [name for name in derived if name.partition("-")[0] not in DERIVATIONS]
    if unknown:
        raise InputError(
            f"no chosen suite has a benchmark {', '.join(unknown)}; choose from {', '.join(sorted(known))}"
        )
    found = []
    further = {name: _derived(suites, name) for name in derived}
    for suite in suites:
        found += [(suite, one) for one in suite.benchmarks if names is None or one.name in names]
        own = [made[suite.name] for made in further.values() if suite.name in made]
        found += [(suite, one) for one in {one.name: one for one in own}.values()]
    return found


def _derived(suites: list[Suite], name: str) -> dict[str, Benchmark]:
    """Return a derived benchmark by the suites that it can be had of.

    Raises:
        InputError: it can be had of none.
    """
    found, refused = {}, []
    for suite in suites:
        if name.partition("-")[0] in {one.name for one in suite.benchmarks}:
            try:
                found[suite.name] = suite.benchmark(name)
            except InputError as error:
                refused.append(error)
    if refused and not found:
        raise refused[0]
    return found


def newest(path: Path) -> Path | None:
    """Return the latest file of a unit: `mmlu.3.json` before `mmlu.2.json` before `mmlu.json`."""
    numbered = []
    for candidate in path.parent.glob(f"{path.stem}*.json"):
        rest = candidate.name.removeprefix(path.stem).removesuffix(".json")
        if rest == "":
            numbered.append((1, candidate))
        elif rest[0] == "." and rest[1:].isdigit():
            numbered.append((int(rest[1:]), candidate))
    return max(numbered)[1] if numbered else None


def pending(units: list[Unit], settings: Settings) -> list[Unit]:
    """Keep the units that still have to run: those without a file that says ok.

    A failed unit runs again, in the same file, unless `keep_failed`. With `rerun`, a unit
    that has a file runs again into a new one beside it, which says what it supersedes and why.
    """
    waiting = []
    for unit in units:
        latest = newest(unit.path)
        if latest is None:
            waiting.append(unit)
        elif settings.rerun:
            waiting.append(replace(unit, path=_following(unit.path, latest), supersedes=latest))
        elif read_result(latest).status == "failed" and not settings.keep_failed:
            waiting.append(replace(unit, path=latest))
    return waiting


def _following(first: Path, latest: Path) -> Path:
    number = 1 if latest == first else int(latest.stem.rsplit(".", 1)[1])
    return first.with_name(f"{first.stem}.{number + 1}.json")


def sweep(unit: Unit) -> None:
    """Remove what a killed run left half written of a unit."""
    for stem in (unit.path.name, unit.path.with_suffix(".parquet").name):
        for partial in unit.path.parent.glob(f".{stem}.*.partial"):
            partial.unlink(missing_ok=True)


def run_unit(unit: Unit, entry: str, loaded: "Loaded", settings: Settings) -> UnitResult:
    """Run one unit and write its result; an error inside is recorded in the result, with its reason."""
    started = time.time()
    try:
        measured = _measure(unit, entry, loaded, settings)
    except Exception as error:
        measured = failure(unit, entry, error, settings, loaded)
    return finish(unit, measured, started, settings)


def failure(
    unit: Unit, entry: str, error: Exception, settings: Settings, loaded: "Loaded | None"
) -> UnitResult:
    """Return the result of a unit that failed: the reason in one sentence, the traceback on the console."""
    if not isinstance(error, QuantboardError):
        traceback.print_exception(error)
    reason = (
        str(error) if isinstance(error, QuantboardError) else f"{type(error).__name__}: {error}"
    )
    provenance = _provenance(unit, entry, settings, loaded)
    return _record(unit, entry, provenance, reason=printable(" ".join(reason.split()))[:500])


def finish(unit: Unit, result: UnitResult, started: float, settings: Settings) -> UnitResult:
    """Stamp a result with its times and what it supersedes, and write it."""
    ended = time.time()
    timing = Timing(
        started=_moment(started),
        finished=_moment(ended),
        seconds=round(max(0.0, ended - started), 3),
        reused=result.timing.reused,
    )
    update: dict[str, object] = {"timing": timing}
    if unit.supersedes:
        update |= {"supersedes": unit.supersedes.name, "supersedes_reason": settings.rerun}
    result = result.model_copy(update=update)
    write_atomically(unit.path, canonical_json(result))
    return result


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _measure(unit: Unit, entry: str, loaded: "Loaded", settings: Settings) -> UnitResult:
    if unit.benchmark is None:
        return _measure_efficiency(unit, entry, loaded, settings)
    return _measure_benchmark(unit, unit.benchmark, entry, loaded, settings)


def _measure_benchmark(
    unit: Unit, benchmark: Benchmark, entry: str, loaded: "Loaded", settings: Settings
) -> UnitResult:
    from evaluator.items import write_items

    outcome, warnings = measuring.measure(unit, benchmark, loaded, settings)
    items = unit.path.with_suffix(".parquet")
    digest = write_items(outcome.columns, items)
    _keep_texts(entry, unit, outcome.texts)
    provenance = _provenance(unit, entry, settings, loaded).model_copy(
        update={
            "datasets": outcome.datasets,
            "prompt_hash": outcome.prompt_hash,
            "task_versions": outcome.task_versions,
            "shots": outcome.shots,
            "chat_template_applied": outcome.chat_template_applied,
            "decoding": outcome.decoding,
            "seeds": outcome.seeds,
            "tokens": outcome.tokens,
            "truncated_prompts": outcome.truncated_prompts,
            "judge": outcome.judge,
            "base": outcome.compared_with,
            "notes": [*loaded.notes, *warnings, *outcome.notes],
        }
    )
    result = _record(unit, entry, provenance)
    return result.model_copy(
        update={
            "metrics": outcome.metrics,
            "groups": outcome.groups,
            "items": items.name,
            "items_sha256": digest,
            "timing": result.timing.model_copy(update={"reused": outcome.reused}),
        }
    )


def _measure_efficiency(unit: Unit, entry: str, loaded: "Loaded", settings: Settings) -> UnitResult:
    from evaluator.efficiency import measure

    metrics, notes = measure(loaded, unit.suite.efficiency, progress=settings.progress)
    provenance = _provenance(unit, entry, settings, loaded).model_copy(
        update={"notes": [*loaded.notes, *notes]}
    )
    return _record(unit, entry, provenance).model_copy(update={"metrics": metrics})


def _record(
    unit: Unit, entry: str, provenance: Provenance, *, reason: str | None = None
) -> UnitResult:
    return UnitResult(
        kind="benchmark" if unit.benchmark else "efficiency",
        entry=entry,
        suite=unit.suite.label if unit.benchmark else None,
        benchmark=unit.name.split(".")[0],
        hardware=None if unit.benchmark else unit.path.parent.name,
        status="failed" if reason else "ok",
        reason=reason,
        provenance=provenance,
        timing=Timing(started=_moment(0), finished=_moment(0), seconds=0),  # until `finish`
    )


def _provenance(unit: Unit, entry: str, settings: Settings, loaded: "Loaded | None") -> Provenance:
    return Provenance(
        command=reproducing_command(unit, entry, settings),
        model=loaded.description if loaded else None,
        limit=settings.limit if unit.benchmark else None,
        packages=environment.packages(),
        hardware=environment.hardware(),
    )


def reproducing_command(unit: Unit, entry: str, settings: Settings) -> str:
    """Return the command that runs this unit again, on any machine that has the entry's folder."""
    words = ["quantboard", "run", entry, "--suite", unit.suite.name]
    if unit.benchmark:
        words += ["--benchmarks", unit.benchmark.name, "--no-efficiency"]
        words += ["--limit", str(settings.limit)] if settings.limit else []
        words += ["--exact"] if settings.exact else []
        words += ["--together"] if settings.together else []
        words += judges.words(unit.benchmark, settings.judge)
        if settings.baseline and is_divergence(unit.benchmark):
            words += settings.baseline.words
    else:
        words += ["--only-efficiency"]
    return shlex.join(words)


def _keep_texts(entry: str, unit: Unit, texts: list[dict[str, object]]) -> None:
    """Keep prompts and outputs in the local cache, where a person can read them; never in submissions/."""
    lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
    folder = environment.cache_folder() / "texts" / entry / unit.suite.label
    write_atomically(folder / f"{unit.name}.jsonl", lines)
