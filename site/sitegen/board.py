"""Make the board of a suite: its columns, its rows, their order.

A column is a row of metadata (title, unit, direction, digits), read by the page, the CSV head and the
sorting script alike. What can't be told apart is a tie, not an order. What a paper reports stands in a table
of its own, unranked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from evaluator.suites.definitions import QUALITY, Benchmark, Suite
from sitegen import efficiency, metrics, probes, standing
from sitegen.entries import Measured, SiteEntry
from sitegen.load import Data
from sitegen.metrics import Figure
from sitegen.places import Place, fronts, places
from sitegen.probes import Probes, Setting
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
    """One entry on a board.

    Attributes:
        date: of the latest of its results that the board shows.
        source: who measured these; where several did, the least trusted.
        settings: driver and engine of its probe on each hardware.
        failures: why its probe failed, by hardware.
    """

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
    settings: dict[str, Setting] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """Return all that stands against the entry and its probes, in sentences."""
        failed = [f"Efficiency on {name} failed: {why}" for name, why in self.failures.items()]
        return [*self.problems, *failed]


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

    def unit(self, key: str) -> str:
        """Return the unit of a column; nothing where there is no such column."""
        return next((one.unit for one in self.columns if one.key == key), "")

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

    def hardware_of(self, column: Column) -> str:
        """Return the hardware that a column is of; nothing for other columns."""
        place = column.group.removeprefix("hardware")
        return "" if place == column.group else self.hardware[int(place)]

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
    found = {entry.name: probes.succeeded(entry, suite) for entry in entries}
    machines = _machines(list(found.values()))
    disk = [one.value for own in found.values() if (one := probes.static(own, efficiency.DISK))]
    disk_unit = efficiency.byte_unit(max(disk, default=1e9))
    columns = [
        *QUALITY_COLUMNS,
        *_size_columns(disk_unit[0]),
        *(one for machine in machines for one in _speed_columns(machine)),
        *_benchmark_columns(suite),
    ]
    rows = []
    for entry in entries:
        figures = _quality(data, suite, entry) | _sizes(found[entry.name], disk_unit[1])
        for machine in machines:
            figures |= _speeds(found[entry.name].get(machine.name), machine)
        shown = {key: one for key, one in figures.items() if one}
        rows.append(_row(data, suite, entry, shown, found[entry.name]))
    groups = {"quality": "Quality", "size": "Recipe and size"}
    groups |= {f"hardware{machine.place}": machine.name for machine in machines}
    groups |= {"benchmarks": "Benchmarks"}
    ordered = _ordered(data, suite, rows, machines)
    return Board(suite, groups, columns, ordered, [machine.name for machine in machines])


@dataclass(frozen=True)
class Machine:
    """Some hardware of a board: its place among all, what its columns show, and how most measured.

    Attributes:
        speed: the metric of its speed.
        unit: of memory, with its bytes.
        setting: driver and engine of most entries; those of others stand on no front of speed.
    """

    name: str
    place: int
    speed: str
    unit: tuple[str, float]
    setting: Setting

    @property
    def speed_key(self) -> str:
        """Return the key of its column of speeds."""
        kind = "speed" if self.speed == efficiency.SPEED else "call_speed"
        return f"{kind}{self.place}"

    @property
    def peak_key(self) -> str:
        """Return the key of its column of memory."""
        return f"peak{self.place}"


def _machines(found: list[dict[str, Measured]]) -> list[Machine]:
    """Return the hardware that was measured, most entries first."""
    machines = []
    for place, name in enumerate(probes.hardware(found)):
        results = probes.on(found, name)
        common = probes.most_common([probes.setting(one) for one in results])
        unit, speed = probes.peak_unit(results), probes.speed_metric(results)
        machines.append(Machine(name, place, speed, unit, common))
    return machines


def _size_columns(disk_unit: str) -> list[Column]:
    bits = efficiency.kind_of(efficiency.BITS).description
    disk = efficiency.kind_of(efficiency.DISK).description
    return [
        Column(
            "effective_bits", "Eff. bits", "bits/weight", "lower", "size", bits, 2, interval=False
        ),
        Column("disk", "Disk", disk_unit, "lower", "size", disk, 2, interval=False),
    ]


def _speed_columns(machine: Machine) -> list[Column]:
    group = f"hardware{machine.place}"
    speed, peak = efficiency.kind_of(machine.speed), efficiency.kind_of(efficiency.PEAK)
    title = "Speed" if machine.speed == efficiency.SPEED else "Speed of whole calls"
    unit = machine.unit[0]
    return [
        Column(machine.speed_key, title, speed.unit, "higher", group, speed.description),
        Column(
            machine.peak_key, "Memory", unit, "lower", group, peak.description, 2, interval=False
        ),
    ]


def _benchmark_columns(suite: Suite) -> list[Column]:
    columns = []
    for one in suite.benchmarks:
        metric = one.headline_definition
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


def _sizes(found: Probes, disk_size: float) -> dict[str, Figure | None]:
    disk = probes.static(found, efficiency.DISK)
    return {
        "effective_bits": probes.static(found, efficiency.BITS),
        "disk": disk and efficiency.scaled(disk, disk_size),
    }


def _speeds(one: Measured | None, machine: Machine) -> dict[str, Figure | None]:
    """Return speed and memory on some hardware, marked where driver or engine aren't most entries'."""
    if one is None:
        return {}
    shown = one.result.metrics
    apart = probes.difference(probes.setting(one.result), machine.setting)
    speed = metrics.plain_figure(shown.get(machine.speed))
    peak = metrics.plain_figure(shown.get(efficiency.PEAK))
    return {
        machine.speed_key: speed and replace(speed, note=speed.note or apart),
        machine.peak_key: peak
        and replace(efficiency.scaled(peak, machine.unit[1]), note=peak.note or apart),
    }


def _row(
    data: Data, suite: Suite, entry: SiteEntry, figures: dict[str, Figure], measured: Probes
) -> Row:
    found = [*entry.own(suite).values(), *measured.values()]
    status, problems, command = standing.standing(data, suite, entry, figures)
    return Row(
        entry,
        status,
        figures,
        shares=_shares(suite, entry) if "score" in figures else {},
        problems=tuple(problems),
        failures=probes.failures(entry, suite),
        command=command,
        date=max(one.result.timing.finished for one in found)[:10],
        source=_source(found),
        settings={name: probes.setting(one.result) for name, one in measured.items()},
    )


def _shares(suite: Suite, entry: SiteEntry) -> dict[str, Figure]:
    found = metrics.quality_shares(suite, entry.results(suite))
    return {name: share for name, share in found.items() if share}


def _source(found: list[Measured]) -> str:
    """Return who measured; where several did, the least trusted."""
    order = ("reported", "self-reported", "verified")
    return min((one.source for one in found), key=order.index)


def _ordered(data: Data, suite: Suite, rows: list[Row], machines: list[Machine]) -> list[Row]:
    """Sort rows, and give ranked ones their places and fronts."""
    ranked = [row for row in rows if row.status == "ranked"]
    ranked.sort(key=lambda row: (-row.figures["score"].value, row.entry.name))
    scores, drawn = data.drawn(suite, [row.entry for row in ranked])
    keys = {f"speed{machine.place}": machine.speed_key for machine in machines}
    weighed = [_comparable(row, machines) for row in ranked]
    found = zip(ranked, places(scores, drawn), fronts(weighed, keys), strict=True)
    placed = [replace(row, place=place, fronts=on) for row, place, on in found]
    rest = [row for row in rows if row.status != "ranked"]
    rest.sort(key=lambda row: (row.status == "failed", row.entry.name))
    return placed + rest


def _comparable(row: Row, machines: list[Machine]) -> dict[str, Figure]:
    """Return a row's figures without speeds under another driver or engine than most entries'."""
    apart = {one.speed_key for one in machines if row.settings.get(one.name) != one.setting}
    return {key: shown for key, shown in row.figures.items() if key not in apart}
