"""Make the board of a suite: its columns, its rows, their order.

A column is a row of metadata (title, unit, direction, digits), read by the page, the CSV head and the
sorting script alike. What can't be told apart is a tie, not an order. What a paper reports stands in a table
of its own, unranked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from evaluator.results import UnitResult
from evaluator.suites.definitions import QUALITY, Benchmark, Suite
from sitegen import efficiency, metrics, standing
from sitegen.entries import Measured, SiteEntry
from sitegen.load import Data
from sitegen.metrics import Figure
from sitegen.places import Place, fronts, places
from sitegen.standing import Status

Way = Literal["higher", "lower", "zero"]


@dataclass(frozen=True)
class Column:
    """One column of numbers on a board."""

    key: str
    title: str
    unit: str
    direction: Way
    group: str
    description: str
    digits: int = 1
    interval: bool = True


@dataclass(frozen=True)
class Row:
    """One entry on a board."""

    entry: SiteEntry
    status: Status
    figures: dict[str, Figure]
    shares: dict[str, Figure] = field(default_factory=dict)
    place: Place | None = None
    fronts: dict[str, bool] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    command: str | None = None
    date: str = ""
    source: str = ""


@dataclass(frozen=True)
class Board:
    """One suite's table."""

    suite: Suite
    groups: dict[str, str]
    columns: list[Column]
    rows: list[Row]
    hardware: list[str] = field(default_factory=list)
    paper: str | None = None  # citation, where a paper reports all of it
    papers: list["Board"] = field(default_factory=list)

    @property
    def weighed(self) -> list[Benchmark]:
        """Return the benchmarks that the score is the mean of."""
        return [one for one in self.suite.benchmarks if one.dimension in QUALITY]

    def by_family(self, families: Iterable[str]) -> "dict[str, Board]":
        """Return for each family the table with its rows alone, as the whole table has them."""
        rows: dict[str, list[Row]] = {name: [] for name in families}
        for row in self.rows:
            rows[row.entry.family].append(row)
        papers = [one.by_family(rows) for one in self.papers]
        return {
            name: replace(self, rows=own, papers=[one[name] for one in papers])
            for name, own in rows.items()
        }

    def with_entries(self, entries: Mapping[str, SiteEntry]) -> "Board":
        """Return the table with other copies of its entries, by name."""
        return replace(
            self,
            rows=[replace(row, entry=entries[row.entry.name]) for row in self.rows],
            papers=[one.with_entries(entries) for one in self.papers],
        )

    @property
    def facts(self) -> list[object]:
        """Return all that the table says, its entries by their names; equal tables say the same."""
        own = [one for one in vars(self).items() if one[0] not in ("rows", "papers", "suite")]
        rows = [vars(row) | {"entry": row.entry.name} for row in self.rows]
        return [self.suite.label, own, rows, *(one.facts for one in self.papers)]

    def beside(self, entry: SiteEntry) -> "Board | None":
        """Return the table that an entry belongs to: this one, or its paper's; None without one."""
        return next((one for one in (self, *self.papers) if one.paper == entry.paper), None)


QUALITY_COLUMNS = [
    Column(
        "score", "Score", "%", "higher", "quality", "Mean over all benchmarks of the share of best."
    ),
    Column(
        "retention", "Retention", "%", "higher", "quality", "Score in percent of the base's score."
    ),
    Column(
        "knowledge",
        "Knowledge",
        "%",
        "higher",
        "quality",
        "Knowledge & capacity: mean share of best over its benchmarks.",
    ),
    Column(
        "alignment",
        "Alignment",
        "%",
        "higher",
        "quality",
        "Alignment: mean share of best over its benchmarks; bias counts as 1 - |bias|.",
    ),
    Column(
        "perplexity",
        "Perplexity",
        "",
        "lower",
        "quality",
        "Mean over the suite's texts.",
        digits=2,
    ),
]


def boards(data: Data) -> list[Board]:
    """Return the board of every suite that has results, home page first."""
    return [
        replace(
            board(data.measured, data.measured.suite(suite.name)),
            papers=[
                _reported(board(part, part.suite(suite.name)), citation)
                for citation, part in data.papers.items()
                if any(entry.own(suite) for entry in part.entries)
            ],
        )
        for suite in data.suites
    ]


def _reported(table: Board, paper: str) -> Board:
    """Return a paper's table: only the columns that it has figures for."""
    columns = [one for one in table.columns if any(one.key in row.figures for row in table.rows)]
    groups = {one.group: table.groups[one.group] for one in columns}
    return replace(table, columns=columns, groups=groups, paper=paper)


def board(data: Data, suite: Suite) -> Board:
    """Return one suite's table: ranked rows by score, then the others by name, failed ones last."""
    entries = [entry for entry in data.entries if entry.own(suite)]
    probes = {entry.name: _probes(entry, suite) for entry in entries}
    hardware = _hardware(list(probes.values()))
    disk = [one.value for found in probes.values() if (one := _static(found, efficiency.DISK))]
    disk_unit = efficiency.byte_unit(max(disk, default=1e9))
    peaks = {name: _peak_unit(probes, name) for name in hardware}
    speeds = {name: _speed_metric(probes, name) for name in hardware}
    columns = [
        *QUALITY_COLUMNS,
        *_size_columns(disk_unit[0]),
        *(
            one
            for n, name in enumerate(hardware)
            for one in _speed_columns(n, speeds[name], peaks[name][0])
        ),
        *_benchmark_columns(suite),
    ]
    rows = []
    for entry in entries:
        figures = _quality(data, suite, entry)
        figures |= _sizes(probes[entry.name], disk_unit[1])
        for place, name in enumerate(hardware):
            found = probes[entry.name].get(name)
            figures |= _speeds(found, place, speeds[name], peaks[name][1])
        rows.append(_row(data, suite, entry, {key: one for key, one in figures.items() if one}))
    groups = {"quality": "Quality", "size": "Recipe and size"}
    groups |= {f"hardware{place}": name for place, name in enumerate(hardware)}
    groups |= {"benchmarks": "Benchmarks"}
    keys = {f"speed{n}": _speed_key(speeds[name], n) for n, name in enumerate(hardware)}
    return Board(suite, groups, columns, _ordered(data, suite, rows, keys), hardware)


def probe_name(suite: Suite) -> str:
    """Return the name of the efficiency probe that follows a suite's protocol."""
    protocol = suite.efficiency
    return f"decode-{protocol.input_tokens}-{protocol.output_tokens}"


def _probes(entry: SiteEntry, suite: Suite) -> dict[str, UnitResult]:
    wanted = probe_name(suite)
    return {
        one.result.hardware or "": one.result
        for one in entry.probes()
        if one.result.status == "ok" and one.result.benchmark == wanted
    }


def _hardware(probes: list[dict[str, UnitResult]]) -> list[str]:
    """Return the hardware that was measured, most entries first."""
    names = [name for found in probes for name in found]
    return sorted(set(names), key=lambda name: (-names.count(name), name))


def _peak_unit(probes: dict[str, dict[str, UnitResult]], hardware: str) -> tuple[str, float]:
    results = [found[hardware] for found in probes.values() if hardware in found]
    peaks = [metrics.plain_figure(one.metrics.get(efficiency.PEAK)) for one in results]
    return efficiency.byte_unit(max((one.value for one in peaks if one), default=1e9))


def _speed_metric(probes: dict[str, dict[str, UnitResult]], hardware: str) -> str:
    """Return the speed that a column shows: of decoding, or where no entry has that, of whole calls."""
    results = [found[hardware] for found in probes.values() if hardware in found]
    shared = (
        name
        for name in (efficiency.SPEED, efficiency.CALL_SPEED)
        if any(metrics.plain_figure(one.metrics.get(name)) for one in results)
    )
    return next(shared, efficiency.SPEED)


def _static(found: dict[str, UnitResult], name: str) -> Figure | None:
    """Return a figure that no hardware changes, from the first probe that has it."""
    for hardware in sorted(found):
        shown = metrics.plain_figure(found[hardware].metrics.get(name))
        if shown:
            return shown
    return None


def _size_columns(disk_unit: str) -> list[Column]:
    bits = efficiency.kind_of(efficiency.BITS).description
    disk = efficiency.kind_of(efficiency.DISK).description
    return [
        Column(
            "effective_bits", "Eff. bits", "bits/weight", "lower", "size", bits, 2, interval=False
        ),
        Column("disk", "Disk", disk_unit, "lower", "size", disk, 2, interval=False),
    ]


def _speed_key(metric: str, place: int) -> str:
    return f"speed{place}" if metric == efficiency.SPEED else f"call_speed{place}"


def _speed_columns(place: int, metric: str, unit: str) -> list[Column]:
    group, key = f"hardware{place}", _speed_key(metric, place)
    speed, peak = efficiency.kind_of(metric), efficiency.kind_of(efficiency.PEAK)
    title = "Speed" if metric == efficiency.SPEED else "Speed of whole calls"
    return [
        Column(key, title, speed.unit, "higher", group, speed.description),
        Column(f"peak{place}", "Memory", unit, "lower", group, peak.description, 2, interval=False),
    ]


def _benchmark_columns(suite: Suite) -> list[Column]:
    columns = []
    for one in suite.benchmarks:
        metric = one.metrics[one.headline[0]]
        unit, digits = ("%", 1) if metric.display == "percent" else ("", 1)
        digits = 2 if one.dimension == "perplexity" else digits
        text = f"{metric.title}: {metric.description}"
        title = one.title
        columns.append(Column(one.name, title, unit, metric.direction, "benchmarks", text, digits))
    return columns


def _quality(data: Data, suite: Suite, entry: SiteEntry) -> dict[str, Figure | None]:
    results = entry.results(suite)
    figures: dict[str, Figure | None] = {
        "score": metrics.score(suite, results),
        "knowledge": metrics.score(suite, results, ("knowledge",)),
        "alignment": metrics.score(suite, results, ("alignment",)),
        "perplexity": metrics.perplexity(suite, results),
    }
    figures["retention"] = _retention(data, suite, entry) if figures["score"] else None
    for benchmark in suite.benchmarks:
        found = metrics.headline(benchmark, results.get(benchmark.name))
        figures[benchmark.name] = found and found[1]
    return figures


def _retention(data: Data, suite: Suite, entry: SiteEntry) -> Figure | None:
    """Return the entry's score in percent of its base's; None where a comparison is refused."""
    if entry.is_base:
        return Figure(100.0)
    return data.compared(entry).retentions.get(suite.label)


def _sizes(found: dict[str, UnitResult], disk_size: float) -> dict[str, Figure | None]:
    disk = _static(found, efficiency.DISK)
    return {
        "effective_bits": _static(found, efficiency.BITS),
        "disk": disk and efficiency.scaled(disk, disk_size),
    }


def _speeds(
    result: UnitResult | None, place: int, metric: str, unit: float
) -> dict[str, Figure | None]:
    if result is None:
        return {}
    peak = metrics.plain_figure(result.metrics.get(efficiency.PEAK))
    return {
        _speed_key(metric, place): metrics.plain_figure(result.metrics.get(metric)),
        f"peak{place}": peak and efficiency.scaled(peak, unit),
    }


def _row(data: Data, suite: Suite, entry: SiteEntry, figures: dict[str, Figure]) -> Row:
    found = entry.own(suite)
    status, problems, command = standing.standing(data, suite, entry, figures)
    return Row(
        entry,
        status,
        figures,
        shares=_shares(suite, entry) if "score" in figures else {},
        problems=tuple(problems),
        command=command,
        date=max(one.result.timing.finished for one in found.values())[:10],
        source=_source(list(found.values())),
    )


def _shares(suite: Suite, entry: SiteEntry) -> dict[str, Figure]:
    found = metrics.quality_shares(suite, entry.results(suite))
    return {name: share for name, share in found.items() if share}


def _source(found: list[Measured]) -> str:
    """Return who measured; where several did, the least trusted."""
    order = ("reported", "self-reported", "verified")
    return min((one.source for one in found), key=order.index)


def _ordered(data: Data, suite: Suite, rows: list[Row], speeds: dict[str, str]) -> list[Row]:
    """Sort rows, and give ranked ones their places and fronts."""
    ranked = [row for row in rows if row.status == "ranked"]
    ranked.sort(key=lambda row: (-row.figures["score"].value, row.entry.name))
    scores, drawn = data.drawn(suite, [row.entry for row in ranked])
    found = zip(
        ranked,
        places(scores, drawn),
        fronts([row.figures for row in ranked], speeds),
        strict=True,
    )
    placed = [replace(row, place=place, fronts=on) for row, place, on in found]
    rest = [row for row in rows if row.status != "ranked"]
    rest.sort(key=lambda row: (row.status == "failed", row.entry.name))
    return placed + rest
