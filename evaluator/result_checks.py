"""Judge the results of one entry: each file against its path, items and suite, and what it supersedes."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluator.entries import RESULTS, Address, address
from evaluator.errors import InputError, ResultError
from evaluator.ledger import file_digest
from evaluator.problems import Problem, dotted, error, explained, shown, text_fault, texts, warning
from evaluator.results import Metric, Submission, UnitResult, read_result
from evaluator.suites.definitions import Benchmark, Suite, load_suite, suite_names
from evaluator.suites.derived import DERIVATIONS

LOCAL = "local/"
LONGEST = 2_000  # characters of a reason or a note
LARGEST = 1e100  # of any unit: squares and percentages of it are still finite
AHEAD = timedelta(days=1)  # that a clock may be


@dataclass(frozen=True)
class Found:
    """A result that could be read, with what its path says."""

    path: Path
    place: Address
    result: UnitResult


def result_problems(
    folder: Path, files: list[Path], submission: Submission | None
) -> list[Problem]:
    """Return every problem of an entry's result and items files; `submission` is None if unreadable."""
    problems: list[Problem] = []
    found: list[Found] = []
    for file in files:
        place = address(file.relative_to(folder / RESULTS))
        if place is None or file.suffix != ".json":
            continue
        try:
            found.append(Found(file, place, read_result(file)))
        except ResultError as fault:
            problems += _unreadable(file, fault)
    for one in found:
        problems += _one(one, f"{folder.parent.name}/{folder.name}", submission)
    return [*problems, *_versions(found), *_items_without_result(files, found)]


def _unreadable(file: Path, fault: ResultError) -> list[Problem]:
    """Return one problem for each fault of form, else the sentence without its path, given beside it."""
    if isinstance(fault.__cause__, ValidationError):
        return [error(file, sentence) for _, sentence in explained(fault.__cause__, UnitResult)]
    return [error(file, str(fault).removeprefix(f"{file} "))]


def _one(one: Found, entry: str, submission: Submission | None) -> Iterator[Problem]:
    yield from _path_problems(one, entry)
    yield from _text_problems(one)
    yield from _length_problems(one)
    yield from _timing_problems(one)
    yield from _outcome_problems(one)
    yield from _items_problems(one)
    yield from _suite_problems(one)
    if submission is not None:
        yield from _model_problems(one, submission)
        if submission.source == "reported":
            yield from _reported_problems(one)


def _path_problems(one: Found, entry: str) -> Iterator[Problem]:
    place, result = one.place, one.result
    group = "suite" if place.kind == "benchmark" else "hardware"
    expected = {
        "entry": entry,
        "kind": place.kind,
        group: place.group,
        "benchmark": place.benchmark,
    }
    for field, wanted in expected.items():
        said = getattr(result, field)
        if said != wanted:
            yield error(
                one.path,
                f"{field} is {shown(said)}, but the file stands where {shown(wanted)} belongs; "
                "move the file back to where the run wrote it",
            )


def _text_problems(one: Found) -> Iterator[Problem]:
    record = one.result.model_dump()  # mode json would mend what is to be found in keys
    for where, text in texts(record):
        fault = text_fault(text)
        if fault:
            yield error(one.path, f"{dotted(where)} {fault}, or run the unit again")
    for where, value in _floats(record["provenance"], ("provenance",)):
        if not math.isfinite(value):
            yield error(one.path, f"{'.'.join(where)} is NaN or infinite; run the unit again")


def _length_problems(one: Found) -> Iterator[Problem]:
    result = one.result
    said = {"reason": result.reason, "supersedes_reason": result.supersedes_reason}
    for name, metric in _all_metrics(result):
        said |= {f"{name}.reason": metric.reason, f"{name}.note": metric.note}
    for where, text in said.items():
        if text and len(text) > LONGEST:
            yield error(
                one.path,
                f"{where} has {len(text):,} characters, more than the {LONGEST:,} allowed; shorten it",
            )


def _timing_problems(one: Found) -> Iterator[Problem]:
    """Refuse times that no run has had: not in the calendar, or still to come."""
    for field in ("started", "finished"):
        said = getattr(one.result.timing, field)
        try:
            ahead = datetime.fromisoformat(said) - datetime.now(UTC)
        except ValueError:
            yield error(
                one.path, f"timing.{field} is {said}, which no calendar has; run the unit again"
            )
            continue
        if ahead > AHEAD:
            yield error(
                one.path,
                f"timing.{field} is {said}, which is still to come; set the clock and run the unit again",
            )


def _floats(data: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Give every float in nested data with its place: free-form fields may hold NaN."""
    if isinstance(data, float):
        yield where, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _floats(value, (*where, str(key)))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from _floats(value, (*where, str(index)))


def _outcome_problems(one: Found) -> Iterator[Problem]:
    result = one.result
    if result.status == "failed" and not result.reason:
        yield error(one.path, "status is failed but reason is missing; add why, in one sentence")
    if result.status == "ok" and not result.metrics:
        yield error(one.path, "status is ok but metrics is empty; run the unit again")
    for name, metric in _all_metrics(result):
        if metric.value is None and not metric.reason:
            yield error(one.path, f"{name}.value is null without a reason; add why")
        if metric.ci95 and metric.ci95[0] > metric.ci95[1]:
            yield error(one.path, f"{name}.ci95 ends below its start; run the unit again")
        numbers = [metric.value, metric.stderr, *(metric.ci95 or ()), *(metric.raw or ())]
        if any(number is not None and abs(number) > LARGEST for number in numbers):
            yield error(one.path, f"{name} holds a number beyond {LARGEST:g}; run the unit again")


def _all_metrics(result: UnitResult) -> Iterator[tuple[str, Metric]]:
    for name, metric in result.metrics.items():
        yield f"metrics.{name}", metric
    for group, metrics in result.groups.items():
        for name, metric in metrics.items():
            yield f"groups.{group}.{name}", metric


def _items_problems(one: Found) -> Iterator[Problem]:
    items, digest = one.result.items, one.result.items_sha256
    if items is None:
        if digest is not None:
            yield error(one.path, "items_sha256 is given without items; run the unit again")
        return
    if items != one.path.with_suffix(".parquet").name:
        beside = one.path.with_suffix(".parquet").name
        yield error(one.path, f"items is {shown(items)}; the items of this file are in {beside}")
        return
    file = one.path.with_name(items)
    if file.is_symlink() or not file.is_file():
        yield error(one.path, f"its items file {items} is missing; add it, or run the unit again")
    elif digest is None:
        yield error(one.path, "items_sha256 is missing; run the unit again")
    elif file_digest(file) != digest:
        yield error(
            one.path,
            f"the SHA-256 of {items} isn't items_sha256; restore the file, or run the unit again",
        )


def _suite_problems(one: Found) -> Iterator[Problem]:
    if one.place.kind != "benchmark" or one.result.suite != one.place.group:
        return
    suite = known_suite(one.place.group)
    if suite is None:
        yield warning(
            one.path,
            f"this quantboard has no suite {one.place.group}, so it isn't ranked; run the unit again",
        )
        return
    if suite.ranked and one.result.provenance.limit is not None:
        limit = one.result.provenance.limit
        yield warning(one.path, f"only {limit} items were asked (--limit); run the unit without it")
    try:
        benchmark = suite.benchmark(one.place.benchmark)
    except InputError as fault:
        yield _unknown_benchmark(one, suite, fault)
        return
    if benchmark.name != one.place.benchmark:
        yield error(one.path, f"this benchmark is called {benchmark.name}; rename the file so")
    yield from _metric_problems(one, benchmark)


def _unknown_benchmark(one: Found, suite: Suite, fault: InputError) -> Problem:
    """Refuse a name that can't be derived; another stays off the board, and only informs."""
    names = [benchmark.name for benchmark in suite.benchmarks]
    base, dash, _ = one.place.benchmark.partition("-")
    if dash and base in names and base in DERIVATIONS:
        return error(one.path, f"{fault}, or remove this result")
    return warning(
        one.path,
        f"suite {suite.label} has no benchmark {one.place.benchmark}; known are {', '.join(names)}",
    )


@cache
def known_suite(label: str) -> Suite | None:
    """Return the suite of a label such as `paper@1`, or None where this program doesn't have that version."""
    name = label.split("@")[0]
    suite = load_suite(name) if name in suite_names() else None
    return suite if suite is not None and suite.label == label else None


def _metric_problems(one: Found, benchmark: Benchmark) -> Iterator[Problem]:
    for name, metric in one.result.metrics.items():
        definition = benchmark.metrics.get(name.split("_window_")[0])
        if definition is None:
            known = ", ".join(benchmark.metrics)
            yield warning(
                one.path,
                f"{benchmark.name} has no metric {shown(name)}; it isn't shown: known are {known}",
            )
            continue
        highest = math.inf if definition.highest is None else definition.highest
        if metric.value is not None and not definition.lowest <= metric.value <= highest:
            yield error(
                one.path,
                f"metrics.{name}.value is {metric.value:g}, outside of {definition.lowest:g} to {highest:g}; "
                "give it in the benchmark's own unit (shares from 0 to 1)",
            )


def _model_problems(one: Found, submission: Submission) -> Iterator[Problem]:
    model = one.result.provenance.model
    if model is None:
        return
    if model.id != submission.model:
        report = warning if model.id.startswith(LOCAL) else error
        yield report(
            one.path,
            f"was measured on {shown(model.id)}, not on {submission.model}; run the unit on this model",
        )
    elif submission.revision and model.revision and model.revision != submission.revision:
        yield error(
            one.path,
            f"was measured on revision {model.revision}, not on the submission's; run the unit again",
        )


def _reported_problems(one: Found) -> Iterator[Problem]:
    """Refuse what only a measurement has: the board shows reported figures without intervals."""
    if one.result.items is not None:
        yield error(one.path, "source is reported, but the result has items; remove them")
    for name, metric in _all_metrics(one.result):
        if (metric.stderr, metric.ci95, metric.raw) != (None, None, None):
            yield error(
                one.path,
                f"source is reported, but {name} has an interval or repetitions; remove them",
            )


def _versions(found: list[Found]) -> Iterator[Problem]:
    """Check that each later file of a unit names the one earlier file that it supersedes."""
    units: defaultdict[Path, list[Found]] = defaultdict(list)
    for one in found:
        units[one.path.parent / one.place.benchmark].append(one)
    for versions in units.values():
        numbers = {one.path.name: one.place.number for one in versions}
        taken: set[str] = set()
        for one in sorted(versions, key=lambda version: version.place.number):
            yield from _supersede_problems(one, numbers, taken)


def _supersede_problems(one: Found, numbers: dict[str, int], taken: set[str]) -> Iterator[Problem]:
    earlier = one.result.supersedes
    first = one.place.number == 1
    if earlier is None:
        if not first:
            yield error(
                one.path, "a later result must say what it supersedes; add supersedes, and why"
            )
        return
    if first:
        name = f"{one.place.benchmark}.2.json"
        yield error(
            one.path, f"the first result of a unit supersedes nothing; name the file {name}"
        )
    elif numbers.get(earlier, one.place.number) >= one.place.number:
        yield error(
            one.path, f"supersedes {shown(earlier)}, which is no earlier file here; correct it"
        )
    elif earlier in taken:
        yield error(
            one.path, f"supersedes {earlier}, which another file supersedes already; name that file"
        )
    if not one.result.supersedes_reason:
        yield error(
            one.path, "supersedes_reason is missing; add why the earlier result is replaced"
        )
    taken.add(earlier)


def _items_without_result(files: list[Path], found: list[Found]) -> Iterator[Problem]:
    silent = {one.path.with_suffix(".parquet") for one in found if one.result.items is None}
    for file in files:
        if file.suffix != ".parquet":
            continue
        if file in silent or file.with_suffix(".json") not in files:
            yield warning(file, "no result names this items file; remove it, or add its result")
