"""Make an entry's page: every metric beside the base's, efficiency, recipe, provenance."""

from dataclasses import dataclass, field, replace
from typing import Any

from evaluator.results import Metric, Provenance, UnitResult
from evaluator.statistics.paired import Flips
from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, MetricDefinition, Suite, load_suite, suite_names
from sitegen import efficiency, metrics, words
from sitegen.board import Board, Column
from sitegen.comparisons import BesideBase
from sitegen.contents import Contents
from sitegen.entries import Measured, SiteEntry
from sitegen.load import Data
from sitegen.metrics import Figure
from sitegen.pages.writer import Pages
from sitegen.render import benchmark_path, hub_link

Fact = tuple[str, str]
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


def make(pages: Pages, site: Contents, entry: SiteEntry) -> None:
    """Add the page of one entry."""
    pages.render(
        f"entries/{entry.name}/index.html",
        "entry.html",
        title=f"{entry.variant} of {entry.submission.base_model}",
        description=f"Every figure of {entry.name}, beside its base.",
        section="Board",
        **context(site.data.beside(entry), site.beside(entry), entry),
    )


def context(data: Data, boards: list[Board], entry: SiteEntry) -> dict[str, Any]:
    """Return what `entry.html` needs."""
    base = data.base_of(entry)
    return {
        "entry": entry,
        "base": base,
        "parts": [_part(data, label, boards, entry) for label in entry.labels],
        "comparisons": data.compared(entry).count,
        "probes": [_probe(one) for one in entry.probes()],
        "caveats": _caveats(entry),
        "facts": facts(entry),
        "commands": _commands(entry),
        "files": [_file(one, superseded=False) for one in entry.current]
        + [_file(one, superseded=True) for one in entry.superseded],
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
    name = result.suite.partition("@")[0]
    benchmarks = load_suite(name).benchmarks if name in suite_names() else []
    titles = {one.name: one.title for one in benchmarks}
    return titles.get(result.benchmark, result.benchmark)


def _part(data: Data, label: str, boards: list[Board], entry: SiteEntry) -> dict[str, Any]:
    """Return an entry's results of one suite: those of its own benchmarks, then those of derived ones."""
    table = next((one for one in boards if one.suite.label == label), None)
    suite = data.of_label(label)
    row = next((one for one in table.rows if one.entry is entry), None) if table else None
    derived = data.derived(suite) if suite.label == label else []
    results = entry.benchmarks(label)
    groups = [
        line
        for benchmark in [*suite.benchmarks, *derived]
        if benchmark.name in results
        for line in _group_lines(suite, benchmark, results[benchmark.name].result)
    ]
    lines = _all_lines(data, entry, label, suite.benchmarks)
    return {
        "label": label,
        "suite": suite,
        "row": row,
        "hardware": table.hardware if table else [],
        "older": suite.label != label,
        "tiles": _tiles(table),
        "lines": lines,
        "derived": _all_lines(data, entry, label, derived),
        "groups": groups,
        "compared": any(line.comparison.p is not None for line in lines),
        "flips": _part_flips(data, entry, label),
    }


def _all_lines(data: Data, entry: SiteEntry, label: str, benchmarks: list[Benchmark]) -> list[Line]:
    results = entry.benchmarks(label)
    return [
        line
        for one in benchmarks
        if one.name in results
        for line in _lines(data, entry, one, results[one.name])
    ]


@dataclass(frozen=True)
class PartFlips:
    """The flips of one part of a benchmark, such as a subject."""

    benchmark: str
    part: str
    flips: Flips


def _part_flips(data: Data, entry: SiteEntry, label: str) -> list[PartFlips]:
    return [
        PartFlips(data.of_label(label).benchmark(benchmark).title, part, flips)
        for benchmark, found in data.compared(entry).suites.get(label, {}).items()
        for part, flips in found.parts.items()
    ]


def _tiles(table: Board | None) -> list[Column]:
    if table is None:
        return []
    return [one for one in table.columns if one.group in ("quality", "size", "hardware0")]


def _lines(data: Data, entry: SiteEntry, benchmark: Benchmark, one: Measured) -> list[Line]:
    """Return a line per metric, the headline first, or one line with the reason of a failure."""
    result = one.result
    path = benchmark_path(benchmark, data.of_label(result.suite or ""))
    if result.status != "ok":
        return [Line(benchmark.title, path, reason=result.reason or "no reason was given")]
    headline = benchmark.headline_metric(result.metrics)
    first = headline[0] if headline else ""
    compared = data.compared(entry)
    lines = []
    for place, name in enumerate(_metric_order(benchmark, result, first)):
        definition, metric = _definition(benchmark, name), result.metrics[name]
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


def _definition(benchmark: Benchmark, name: str) -> MetricDefinition:
    """Return a metric's definition; of one that the suite no longer has, its bare name."""
    if name.split("_window_")[0] in benchmark.metrics:
        return benchmark.definition(name)
    return MetricDefinition(title=name, direction="higher", display="number")


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
                    _definition(benchmark, name),
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
        "reason": None if result.status == "ok" else result.reason or "no reason was given",
        "lines": [_probe_line(name, result.metrics[name]) for name in names],
    }


def _probe_line(name: str, metric: Metric) -> dict[str, Any]:
    shown, unit, digits = efficiency.readable(name, metric)
    raw = ", ".join(f"{value:.6g}" for value in metric.raw or [])
    raw_unit = efficiency.kind_of(name).unit
    return {
        "title": efficiency.kind_of(name).title,
        "description": efficiency.kind_of(name).description,
        "figure": shown,
        "unit": unit,
        "digits": digits,
        "raw": f"{raw} {raw_unit}" if raw else metric.reason or "",
    }


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


def _commands(entry: SiteEntry) -> list[str]:
    """Return the commands that make everything again: one per suite and probe, or a paper's import."""
    if entry.paper is not None:
        return sorted({one.result.provenance.command for one in entry.current})
    suites = sorted({one.result.suite.split("@")[0] for one in entry.current if one.result.suite})
    found = [f"quantboard run {entry.name} --suite {suite} --no-efficiency" for suite in suites]
    return found + sorted({one.result.provenance.command for one in entry.probes()})


def _file(one: Measured, *, superseded: bool) -> dict[str, Any]:
    result = one.result
    reason = (
        [("Supersedes", f"{result.supersedes}: {result.supersedes_reason}")]
        if result.supersedes
        else []
    )
    return {
        "path": one.path,
        "superseded": superseded,
        "facts": [
            ("Command", result.provenance.command),
            _when(one),
            ("Source", one.source),
            *reason,
            *_provenance(result.provenance),
        ],
    }


def _when(one: Measured) -> Fact:
    timing = one.result.timing
    if one.source == "reported":
        return "Published", timing.finished[:10]
    return "Measured", f"{timing.started} to {timing.finished}, {timing.seconds:.1f} s"


def _provenance(record: Provenance) -> list[Fact]:
    data = [
        f"{used.path}, {used.split}, {used.rows:,} rows, revision {used.revision or 'of a folder'}, "
        f"fingerprint {used.fingerprint}"
        for used in record.datasets
    ]
    model = record.model
    rows = [
        ("Data", "; ".join(data)),
        ("Limit", f"{record.limit} items" if record.limit else ""),
        ("Prompts", record.prompt_hash or ""),
        ("Prompts cut", f"{record.truncated_prompts}" if record.truncated_prompts else ""),
        ("Examples before each question", "" if record.shots is None else str(record.shots)),
        ("Decoding", _pairs(record.decoding)),
        ("Judge", words.judge(record.judge)),
        ("Tokens", _pairs(record.tokens)),
        ("Hardware", _pairs(record.hardware)),
        ("Versions", _pairs(record.packages)),
        ("Notes", " ".join(record.notes)),
    ]
    if model:
        where = f"{model.id} at {model.revision or 'a local folder'}"
        context_length = f", {model.context_length} positions" if model.context_length else ""
        rows += [
            (
                "Loaded as",
                f"{where}, {model.dtype} on {model.device}{context_length}",
            ),
            ("Kernels", _pairs(model.kernels)),
            ("Files", _pairs(model.files)),
        ]
    return [(label, value) for label, value in rows if value]


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {values[key]}" for key in sorted(values))
