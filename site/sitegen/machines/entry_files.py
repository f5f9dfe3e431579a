"""Make an entry's file of the API from the entry, its family and its rows."""

import hashlib
from collections.abc import Sequence
from typing import cast

from evaluator.results import Metric, Source, UnitResult
from evaluator.statistics.paired import Flips
from evaluator.suites.definitions import Benchmark, MetricDefinition
from sitegen import efficiency, metrics
from sitegen.board import Row
from sitegen.comparisons import BesideBase
from sitegen.entries import Measured, SiteEntry
from sitegen.load import Data
from sitegen.machines.addresses import absolute, entry_page
from sitegen.machines.schema import (
    VERSION,
    BenchmarkRecord,
    Comparison,
    EntryFile,
    EntrySuite,
    FileRecord,
    FlipCounts,
    MetricRecord,
    ProbeRecord,
    SuiteRecord,
    Value,
)
from sitegen.machines.standings import Standing
from sitegen.metrics import Figure

DIGITS = 6  # significant ones; intervals are wider by far


def entry_file(
    data: Data, entry: SiteEntry, standings: Sequence[Standing], url: str | None
) -> EntryFile:
    """Return everything about one entry; `data` holds what it may stand beside."""
    base = data.base_of(entry)
    return EntryFile(
        schema_version=VERSION,
        entry=entry.name,
        family=entry.family,
        variant=entry.variant,
        page=absolute(url, entry_page(entry.name)),
        base=base.name if base else None,
        submission=entry.submission,
        model_files=_model_files(entry),
        commands=entry.commands,
        suites=[_suite(data, entry, label, standings) for label in entry.labels],
        efficiency=[_probe(entry, one) for one in entry.probes()],
        superseded=[_file(entry, one) for one in entry.superseded],
    )


def suite_record(label: str, row: Row | None) -> SuiteRecord:
    """Return what an entry's row says; of a version that has no board, that it is a former one."""
    if row is None:
        return SuiteRecord(suite=label, status="former")
    place, shown = row.place, row.figures
    return SuiteRecord(
        suite=label,
        status=row.status,
        problems=row.told,
        command=row.command,
        date=row.date,
        source=cast("Source", row.source),
        score=value(shown.get("score")),
        retention=value(shown.get("retention")),
        knowledge=value(shown.get("knowledge")),
        alignment=value(shown.get("alignment")),
        perplexity=value(shown.get("perplexity")),
        rank_best=place.best if place else None,
        rank_worst=place.worst if place else None,
        tie_group=place.group if place else None,
    )


def value(shown: Figure | None) -> Value | None:
    """Return a figure as the API writes it."""
    if shown is None:
        return None
    return Value(value=short(shown.value), low=_end(shown.low), high=_end(shown.high), n=shown.n)


def short(number: float) -> float:
    """Return a number with as many digits as files need; whole ones, such as bytes, stay exact."""
    return number if float(number).is_integer() else float(f"{number:.{DIGITS}g}")


def _end(number: float | None) -> float | None:
    return None if number is None else short(number)


def _model_files(entry: SiteEntry) -> dict[str, str]:
    loaded = [one.result.provenance.model for one in entry.current]
    return next((model.files for model in loaded if model and model.files), {})


def _suite(data: Data, entry: SiteEntry, label: str, standings: Sequence[Standing]) -> EntrySuite:
    row = next((one.row for one in standings if one.table.suite.label == label), None)
    suite = data.of_label(label)
    derived = data.derived(suite) if suite.label == label else []
    known = {one.name: one for one in [*suite.benchmarks, *derived]}
    found = entry.benchmarks(label)
    benchmarks = {
        name: _benchmark(data, entry, known[name], found[name]) for name in known if name in found
    }
    return EntrySuite(**dict(suite_record(label, row)), benchmarks=benchmarks)


def _benchmark(
    data: Data, entry: SiteEntry, benchmark: Benchmark, one: Measured
) -> BenchmarkRecord:
    found = benchmark.headline_metric(one.result.metrics)
    headline = found[0] if found else None
    place = (one.result.suite or "", benchmark.name)
    beside = data.compared(entry).by(place, headline) if headline else BesideBase()
    return BenchmarkRecord(
        title=benchmark.title,
        headline=headline,
        refusal=beside.refusal or None,
        metrics={
            name: _metric(metric, metrics.definition_of(benchmark, name))
            for name, metric in sorted(one.result.metrics.items())
        },
        compared=_comparison(beside),
        file=_file(entry, one),
    )


def _metric(metric: Metric, definition: MetricDefinition) -> MetricRecord:
    unit = "" if definition.display == "number" else definition.display
    return _record(metrics.figure(metric, definition), unit, metric.reason)


def _record(shown: Figure | None, unit: str, reason: str | None) -> MetricRecord:
    if shown is None:
        return MetricRecord(unit=unit, reason=reason or "no value")
    return MetricRecord(
        value=short(shown.value),
        unit=unit,
        low=_end(shown.low),
        high=_end(shown.high),
        n=shown.n,
    )


def _comparison(found: BesideBase) -> Comparison | None:
    if found.difference is None:
        return None
    return Comparison(
        base=value(found.base),
        difference=value(found.difference),
        retention=value(found.retention),
        flips=_flips(found.flips),
        p=_end(found.p),
        smallest=_end(found.smallest),
        item_by_item=found.paired,
    )


def _flips(found: Flips | None) -> FlipCounts | None:
    if found is None:
        return None
    return FlipCounts(n=short(found.n), lost=short(found.lost), gained=short(found.gained))


def _probe(entry: SiteEntry, one: Measured) -> ProbeRecord:
    result = one.result
    return ProbeRecord(
        hardware=result.hardware or "",
        probe=result.benchmark,
        metrics={
            name: _record(
                metrics.plain_figure(metric), efficiency.kind_of(name).unit, metric.reason
            )
            for name, metric in sorted(result.metrics.items())
        },
        file=_file(entry, one),
    )


def _file(entry: SiteEntry, one: Measured) -> FileRecord:
    result: UnitResult = one.result
    return FileRecord(
        path=one.path.removeprefix(f"{entry.name}/"),
        sha256=hashlib.sha256(one.stored.path.read_bytes()).hexdigest(),
        finished=result.timing.finished,
        status=result.status,
        reason=result.reason,
        source=one.source,
        supersedes=result.supersedes,
        supersedes_reason=result.supersedes_reason,
    )
