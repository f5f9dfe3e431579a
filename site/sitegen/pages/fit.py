"""Make the page that says which entries fit into some memory, and a script with the figures of each suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sitegen import downloads, fit, running, words
from sitegen.board import Board, Row
from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.fit import Candidate, Choice
from sitegen.pages.writer import Pages

CONTEXTS = (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)  # tokens
SHOWN = {"fits": 100, "over": 40, "unmeasured": 20}  # with the sizes of each suite below 200 rows
FIELDS = (
    *("name", "model", "revision", "dtype", "transformers", "vllm", "refusal"),
    *("weights", "cache", "overhead", "tokens", "hardware", "missing", "context"),
    *("status", "group", "score", "spread", "retention", "retentionSpread", "speeds"),
)


@dataclass(frozen=True)
class Answer:
    """What fits into one size of memory.

    Attributes:
        gigabytes: the memory, in GB of 10⁹ bytes.
        choice: the best that fits; None where nothing ranked does.
        fitting: how many entries fit.
    """

    gigabytes: float
    choice: Choice | None
    fitting: int


@dataclass(frozen=True)
class Part:
    """One suite's share of the page; `specs` is its script, from the site's root."""

    table: Board
    listed: list[Candidate]
    answers: list[Answer]
    specs: str

    @property
    def first(self) -> Answer:
        """Return the answer that stands at the top before a reader has chosen."""
        return next(one for one in self.answers if one.gigabytes == fit.MEMORY)

    @property
    def commands(self) -> dict[str, str]:
        """Return the commands that run the first answer's choice, by engine."""
        choice = self.first.choice
        return commands(choice.candidate.row.entry) if choice else {}

    @property
    def refusal(self) -> str:
        """Say why there is no command, as the page's script says it too; nothing where there is one."""
        choice = self.first.choice
        if choice is None:
            return "No entry is chosen."
        return running.refusal(choice.candidate.row.entry.submission)

    @property
    def reported(self) -> int:
        """Return how many entries papers report, which take no part."""
        return sum(len(paper.rows) for paper in self.table.papers)

    @property
    def known(self) -> int:
        """Return how many entries' memory is measured."""
        return sum(one.demand is not None for one in self.listed)


def make(pages: Pages, site: Contents) -> None:
    """Add the page, and each suite's script."""
    parts = [_part(pages, table) for table in site.boards if table.rows]
    pages.render(
        "fit/index.html",
        "fit.html",
        title="What fits",
        description="Which quantized model runs in the memory you have, and what it loses.",
        section="What fits",
        parts=parts,
        fit=fit,
        generations=fit.generations(),
        contexts=CONTEXTS,
        shown=SHOWN,
        outcome=outcome,
    )


def _part(pages: Pages, table: Board) -> Part:
    listed = fit.candidates(table)
    specs = f"assets/fit-{table.suite.name}.js"
    pages.add(specs, script(table, listed))
    answers = [_answer(listed, size) for size in fit.SIZES]
    return Part(table, listed, answers, specs)


def _answer(listed: Sequence[Candidate], gigabytes: float) -> Answer:
    size, asked = gigabytes * fit.GIGABYTE, (fit.CONTEXT, fit.BATCH)
    fits = fit.fitting(listed, size, *asked)
    return Answer(gigabytes, fit.best(listed, size, *asked), len(fits))


def commands(entry: SiteEntry) -> dict[str, str]:
    """Return the commands that run an entry as the page asks at first, by engine; none where none can."""
    given = entry.submission
    if running.refusal(given):
        return {}
    names = {"transformers": running.transformers(entry), "vllm": running.vllm(entry)}
    asked = (fit.CONTEXT, fit.BATCH)
    return {engine: running.command(name, given, *asked) for engine, name in names.items() if name}


def outcome(choice: Choice) -> str:
    """Return what the best choice scores, needs and leaves, as the page's script says it too."""
    figures = choice.candidate.row.figures
    said = [f"score {_text(figures.get('score'))} %"]
    if "retention" in figures:
        said.append(f"retention {_text(figures['retention'])} %")
    free = f"{fit.size_text(choice.free)} ({fit.percent_text(choice.free, choice.size)}) free"
    tight = ", which is tight" if choice.tight else ""
    said.append(f"needs {fit.size_text(choice.needed)}, {free}{tight}")
    return ", ".join(said)


def _text(shown: Any) -> str:
    return f"{words.number(shown.value)} {words.spread(shown)}".strip()


def script(table: Board, listed: Sequence[Candidate]) -> str:
    """Return the script that holds a suite's figures: a row per entry, in the board's order."""
    data = {
        "fields": FIELDS,
        "hardware": table.hardware,
        "commands": running.templates(),
        "entries": [_record(table, one) for one in listed],
    }
    name = downloads.script_json(table.suite.name)
    return (
        "window.quantboardFit = window.quantboardFit || {};\n"
        f"window.quantboardFit[{name}] = {downloads.script_json(data)};\n"
    )


def _record(table: Board, one: Candidate) -> list[Any]:
    """Return an entry's values in the order of `FIELDS`."""
    row, given, demand = one.row, one.row.entry.submission, one.demand
    needs = (
        (demand.weights, demand.cache, demand.overhead, demand.tokens) if demand else (None,) * 4
    )
    on = table.hardware.index(demand.hardware) if demand else None
    score, retention = row.figures.get("score"), row.figures.get("retention")
    return [
        *(row.entry.name, given.model, given.revision, running.dtype(given)),
        *(running.transformers(row.entry), running.vllm(row.entry), running.refusal(given)),
        *(_whole(need) for need in needs),
        *(on, one.missing, row.entry.context_length),
        *(row.status, row.place.group if row.place else None),
        *_texts(score),
        *_texts(retention),
        [_speed(table, row, place) for place in range(len(table.hardware))],
    ]


def _whole(value: float | None) -> float | int | None:
    """Return bytes without `.0`, which ten thousand entries needn't carry."""
    return int(value) if value is not None and value.is_integer() else value


def _texts(shown: Any) -> tuple[str, str]:
    return (words.number(shown.value), words.spread(shown)) if shown else ("", "")


def _speed(table: Board, row: Row, place: int) -> str:
    """Return the speed on one hardware as the board shows it; nothing where it wasn't measured."""
    columns = [one for one in table.columns if one.group == f"hardware{place}"]
    speeds = (row.figures.get(one.key) for one in columns if not one.key.startswith("peak"))
    return next((words.number(one.value) for one in speeds if one), "")
