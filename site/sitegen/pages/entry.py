"""Make an entry's page: every metric beside the base's, efficiency, recipe, provenance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from evaluator.results import Metric, UnitResult
from evaluator.statistics.paired import Flips
from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, MetricDefinition, Suite, load_suite, suite_names
from sitegen import efficiency, glance, metrics, plain, words
from sitegen.board import Board, Row
from sitegen.comparisons import BesideBase
from sitegen.contents import Contents
from sitegen.entries import Measured, SiteEntry
from sitegen.family_statistics import missing_base
from sitegen.load import Data
from sitegen.machines import badges, citations, family_files, huggingface
from sitegen.machines.addresses import API
from sitegen.machines.standings import Standing
from sitegen.metrics import Figure
from sitegen.pages import provenance
from sitegen.pages.provenance import Fact
from sitegen.pages.writer import Pages
from sitegen.render import benchmark_path, hub_link

LinkedFact = tuple[str, str, str | None]


@dataclass(frozen=True)
class Line:
    """One metric of one benchmark, or one benchmark that failed."""

    benchmark: str
    benchmark_path: str
    first: bool = True
    metric: str = ""
    unit: str = ""
    digits: int = 1
    n: str = ""
    figure: Figure | None = None
    comparison: BesideBase = field(default_factory=BesideBase)
    source: str = ""
    reason: str = ""
    reason_title: str = "Failed"
    group: str = ""
    beside: bool = False  # not the metric that the board shows


def make(pages: Pages, site: Contents, entry: SiteEntry, own: Sequence[Standing]) -> None:
    """Add the page of one entry, whose rows on all boards are `own`."""
    pages.render(
        f"entries/{entry.name}/index.html",
        "entry.html",
        title=f"{entry.variant} of {entry.submission.base_model}",
        description=f"Every figure of {entry.name}, beside its base.",
        section="Board",
        **context(site.data.beside(entry), site.beside(entry), entry),
        **_sharing(site, entry, own),
    )


def _sharing(site: Contents, entry: SiteEntry, own: Sequence[Standing]) -> dict[str, Any]:
    """Return what others take away: citation, badges, and the entry's files for machines."""
    return {
        "cited": citations.citation(entry, site.url),
        "badges": badges.snippets(entry.name, site.url),
        "api": f"{API}/{family_files.entry_path(entry.name)}",
        "export": huggingface.path(entry.name) if huggingface.has_export(entry, own) else None,
    }


def context(data: Data, boards: list[Board], entry: SiteEntry) -> dict[str, Any]:
    """Return what `entry.html` needs."""
    base = data.base_of(entry)
    return {
        "entry": entry,
        "base": base,
        "missing": ""
        if base or entry.is_base
        else missing_base(entry, data.families[entry.family]),
        "parts": [_part(data, label, boards, entry) for label in entry.labels],
        "by_benchmark": _by_benchmark,
        "comparisons": data.compared(entry).count,
        "probes": [_probe(one) for one in entry.probes()],
        "caveats": _caveats(entry),
        "history": _history(entry),
        "facts": facts(entry),
        "commands": entry.commands,
        "files": provenance.groups(entry),
        "file_count": len(entry.current) + len(entry.superseded),
    }


def _caveats(entry: SiteEntry) -> list[Fact]:
    """Return what a paper's figures need to be read rightly: which results, and what holds for them."""
    if entry.paper is None:
        return []
    found: dict[str, list[str]] = {}
    for one in entry.current:
        for note in one.result.provenance.notes:
            found.setdefault(note, []).append(_title(one.result))
    return [(", ".join(titles), note) for note, titles in found.items()]


def _title(result: UnitResult) -> str:
    """Return a benchmark's title, `Efficiency` of a probe; the bare name of one that isn't known here."""
    if result.suite is None:
        return "Efficiency"
    benchmark = _benchmark(result)
    return benchmark.title if benchmark else result.benchmark


def _benchmark(result: UnitResult) -> Benchmark | None:
    """Return the benchmark of a result as its suite has it now; None of one that isn't known here."""
    name = (result.suite or "").partition("@")[0]
    benchmarks = load_suite(name).benchmarks if name in suite_names() else []
    return next((one for one in benchmarks if one.name == result.benchmark), None)


def _part(data: Data, label: str, boards: list[Board], entry: SiteEntry) -> dict[str, Any]:
    """Return an entry's results of one suite: those of its own benchmarks, then those of derived ones."""
    table = next((one for one in boards if one.suite.label == label), None)
    suite = data.of_label(label)
    row, base_row = _row(table, entry), _row(table, data.base_of(entry))
    derived = data.derived(suite) if suite.label == label else []
    results = entry.benchmarks(label)
    groups = {
        benchmark.title: lines
        for benchmark in [*suite.benchmarks, *derived]
        if benchmark.name in results
        and (lines := _group_lines(suite, benchmark, results[benchmark.name].result))
    }
    lines = _all_lines(data, entry, label, suite.benchmarks)
    return {
        "label": label,
        "suite": suite,
        "row": row,
        "hardware": table.hardware if table else [],
        "older": suite.label != label,
        "glances": glance.glances(suite, row, base_row, data.compared(entry)) if row else [],
        "ratios": glance.ratios(table, row, base_row) if table and row else [],
        "overall": glance.overall(row, base_row),
        "based": base_row is not None and base_row is not row,
        "differing": _differing(lines),
        "source": _one_source(lines),
        "lines": lines,
        "derived": _all_lines(data, entry, label, derived),
        "groups": groups,
        "compared": any(line.comparison.p is not None for line in lines),
        "turned": glance.turned(
            [(line.benchmark, line.comparison.flips) for line in lines if line.first]
        ),
        "others": glance.others([line.comparison for line in lines if line.first]),
        "flips": _part_flips(data, entry, label),
    }


def _by_benchmark(lines: list[Line]) -> list[list[Line]]:
    """Return the lines of each benchmark, in their order."""
    return [list(own) for _, own in groupby(lines, key=lambda line: line.benchmark)]


def _all_lines(data: Data, entry: SiteEntry, label: str, benchmarks: list[Benchmark]) -> list[Line]:
    results = entry.benchmarks(label)
    return [
        line
        for one in benchmarks
        if one.name in results
        for line in _lines(data, entry, one, results[one.name])
    ]


def _part_flips(data: Data, entry: SiteEntry, label: str) -> dict[str, dict[str, Flips]]:
    """Return the flips of each part, such as a subject, by the benchmark's title."""
    suite = data.of_label(label)
    return {
        suite.benchmark(name).title: found.parts
        for name, found in data.compared(entry).suites.get(label, {}).items()
        if found.parts
    }


def _row(table: Board | None, entry: SiteEntry | None) -> Row | None:
    rows = table.rows if table and entry else []
    return next((one for one in rows if one.entry is entry), None)


def _one_source(lines: list[Line]) -> str:
    """Return who measured, where all lines have one source; else nothing."""
    found = {line.source for line in lines if not line.reason}
    return found.pop() if len(found) == 1 else ""


def _differing(lines: list[Line]) -> list[Line]:
    """Return the headlines that differ from the base's."""
    return [line for line in lines if line.first and line.comparison.better is not None]


def _lines(data: Data, entry: SiteEntry, benchmark: Benchmark, one: Measured) -> list[Line]:
    """Return a line per metric, the headline first, or one line with the reason of a failure."""
    result = one.result
    path = benchmark_path(benchmark, data.of_label(result.suite or ""))
    if result.status != "ok":
        return [Line(benchmark.title, path, reason=result.reason or plain.NO_REASON)]
    headline = benchmark.headline_metric(result.metrics)
    first = headline[0] if headline else ""
    compared = data.compared(entry)
    lines = []
    for place, name in enumerate(_metric_order(benchmark, result, first)):
        definition, metric = metrics.definition_of(benchmark, name), result.metrics[name]
        line = _metric_line(benchmark.title, path, name, metric, definition)
        lines.append(
            replace(
                line,
                first=place == 0,
                beside=name != first,
                comparison=compared.by((result.suite or "", benchmark.name), name),
                source=one.source,
            )
        )
    return lines


def _metric_order(benchmark: Benchmark, result: UnitResult, first: str) -> list[str]:
    """Return the names of a result's metrics: the headline first, then in the suite's order."""
    order = describe.metric_order(benchmark)
    places = {name: place for place, name in enumerate(order)}
    return sorted(
        result.metrics,
        key=lambda name: (name != first, places.get(name.split("_window_")[0], len(places)), name),
    )


def _metric_line(
    title: str, path: str, name: str, metric: Metric, definition: MetricDefinition
) -> Line:
    shown = metrics.figure(metric, definition)
    window = name.split("_window_")[1] if "_window_" in name else None
    label = definition.title + (f", windows of {window} tokens" if window else "")
    if shown is None:
        reason = f"{label}: {metric.reason or 'no value'}"
        return Line(title, path, reason=reason, reason_title="No value")
    return Line(
        title,
        path,
        metric=label,
        unit=words.UNITS[definition.display],
        digits=words.DIGITS[definition.display],
        n=f"{shown.n:,}" if shown.n is not None else "",
        figure=shown,
    )


def _group_lines(suite: Suite, benchmark: Benchmark, result: UnitResult) -> list[Line]:
    lines = []
    for group in sorted(result.groups):
        for name in sorted(result.groups[group]):
            metric = result.groups[group][name]
            if metric.value is not None:
                line = _metric_line(
                    benchmark.title,
                    benchmark_path(benchmark, suite),
                    name,
                    metric,
                    metrics.definition_of(benchmark, name),
                )
                lines.append(replace(line, group=group))
    return lines


def _probe(one: Measured) -> dict[str, Any]:
    result = one.result
    order = list(efficiency.kinds())
    names = [name for name in order if name in result.metrics]
    names += sorted(set(result.metrics) - set(order))
    return {
        "hardware": result.hardware,
        "name": result.benchmark,
        "source": one.source,
        "reason": None if result.status == "ok" else result.reason or plain.NO_REASON,
        "lines": [_probe_line(name, result.metrics[name]) for name in names],
    }


def _probe_line(name: str, metric: Metric) -> dict[str, Any]:
    shown, unit, digits = efficiency.readable(name, metric)
    return {
        "title": efficiency.kind_of(name).title,
        "figure": shown,
        "unit": unit,
        "digits": digits,
        "raw": efficiency.raw_text(name, metric) or metric.reason or "",
    }


@dataclass(frozen=True)
class Event:
    """One version of a result that was measured more than once."""

    date: str
    title: str
    path: str
    figure: Figure | None
    digits: int
    unit: str
    what: str


def _history(entry: SiteEntry) -> list[Event]:
    """Return all versions of the results that have several, the newest first."""
    every = [*entry.current, *entry.superseded]
    again = {_unit(one) for one in entry.superseded}
    found = [_event(entry, one) for one in every if _unit(one) in again]
    return sorted(found, key=lambda one: (one.date, one.path), reverse=True)


def _unit(one: Measured) -> tuple[str | None, str | None, str]:
    return one.result.suite, one.result.hardware, one.result.benchmark


def _event(entry: SiteEntry, one: Measured) -> Event:
    result = one.result
    figure, display = _headline(result)
    what = "first result"
    if result.supersedes:
        what = f"supersedes {result.supersedes}: {result.supersedes_reason or 'no reason given'}"
    if result.status != "ok":
        what = f"{what}; failed: {result.reason or plain.NO_REASON}"
    return Event(
        date=result.timing.finished[:10],
        title=_title(result),
        path=one.path.removeprefix(f"{entry.name}/"),
        figure=figure,
        digits=words.DIGITS[display],
        unit=words.UNITS[display],
        what=what,
    )


def _headline(result: UnitResult) -> tuple[Figure | None, str]:
    """Return the headline of a benchmark that is known here, and how it is shown."""
    benchmark = _benchmark(result)
    found = metrics.headline(benchmark, result) if benchmark else None
    if benchmark is None or found is None:
        return None, "number"
    return found[1], benchmark.definition(found[0]).display


def facts(entry: SiteEntry) -> list[LinkedFact]:
    """Return recipe and identity of an entry as label, value and link."""
    said = entry.submission
    revision = said.revision or "not given"
    rows: list[LinkedFact] = [
        ("Model", said.model, hub_link(said.model, said.revision)),
        ("Revision", revision, None),
        ("Base", said.base_model, hub_link(said.base_model, said.base_revision)),
    ]
    rows += [(label, value, None) for label, value in words.recipe(said.quantization)]
    rows += [
        ("Dtype", said.dtype, None),
        ("Licence", said.license, None),
        ("Chat template", "yes" if said.chat else "no", None),
    ]
    if said.citation:
        rows.append(("Citation", said.citation, None))
    return rows
