"""Make every page and file of the site as bytes, by path; nothing is written here."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import jinja2
from markupsafe import Markup

from evaluator.errors import InputError
from evaluator.suites.definitions import Suite
from sitegen import benchmark_page, board, charts, downloads, drawing, entry_page, tables, words
from sitegen.board import Board
from sitegen.load import Data, SiteEntry
from sitegen.render import benchmark_path, method_path, to_root

SHOWN_GROUPS = ("size", "quality", "hardware0")
EXAMPLE = """model: your-name/model-7B-GPTQ-Int4
revision: 0123456789abcdef0123456789abcdef01234567
base_model: org/model-7B
base_revision: 89abcdef0123456789abcdef0123456789abcdef
quantization: {method: gptq, bits: 4, group_size: 128}
dtype: bfloat16
license: apache-2.0
chat: true"""
NOT_FOUND_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem}@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8e6}a{color:#7cc9b2}}"
)
# The page is shown at any depth, so the way to the board is what stands before the first folder of ours.
NOT_FOUND_SCRIPT = (
    "document.getElementById('home').href=location.pathname.replace("
    "/\\/(entries|benchmarks|methods|suites|methodology|submit|assets)(\\/.*)?$|[^/]*$/,'/')+'index.html';"
)


@dataclass(frozen=True)
class Tab:
    """A suite's board and where its page is."""

    suite: Suite
    path: str


class Pages:
    """Files by path; two on one path is an error."""

    def __init__(self, environment: jinja2.Environment) -> None:
        """Begin with no files."""
        self.environment = environment
        self.files: dict[str, bytes] = {}

    def add(self, path: str, content: str | bytes) -> None:
        """Add a file.

        Raises:
            InputError: there is one on this path already.
        """
        if path in self.files:
            raise InputError(f"two pages would be written to {path}; rename one of them")
        self.files[path] = content.encode() if isinstance(content, str) else content

    def render(
        self, path: str, template: str, *, title: str, description: str, **context: Any
    ) -> None:
        """Add a page made from a template."""
        page = self.environment.get_template(template)
        common = {"root": to_root(path), "section": "", "title": title, "description": description}
        self.add(path, page.render({**common, **context}))


def make(data: Data, environment: jinja2.Environment) -> dict[str, bytes]:
    """Return every page and data file of the site, by path from its root."""
    pages = Pages(environment)
    boards = board.boards(data)
    tabs = [
        Tab(one.suite, f"suites/{one.suite.name}/index.html" if place else "index.html")
        for place, one in enumerate(boards)
    ]
    for table, tab in zip(boards, tabs, strict=True):
        _board(pages, table, tabs, tab.path)
    if not boards:
        _empty(pages, data)
    for entry in data.entries:
        pages.render(
            f"entries/{entry.name}/index.html",
            "entry.html",
            title=f"{entry.variant} of {entry.submission.base_model}",
            description=f"Every figure of {entry.name}, beside its base.",
            section="Board",
            **entry_page.context(data.beside(entry), _beside(boards, entry), entry),
        )
    _benchmarks(pages, data)
    _methods(pages, data, boards)
    _texts(pages, data)
    _files(pages, boards)
    return pages.files


def _beside(boards: list[Board], entry: SiteEntry) -> list[Board]:
    """Return the tables that an entry may stand in, one at most for each suite."""
    return [found for table in boards if (found := table.beside(entry))]


def _board(pages: Pages, table: Board, tabs: list[Tab], path: str) -> None:
    specs = f"assets/charts-{table.suite.name}.js"
    drawings = _drawings(table)
    pages.render(
        path,
        "board.html",
        title=f"quantboard: {table.suite.title}"
        if len(tabs) > 1
        else "quantboard: quantized language models",
        description="A leaderboard of quantized language models: quality, alignment and efficiency.",
        section="Board",
        board=table,
        tabs=tabs,
        choices=_choices(table),
        shown_groups=SHOWN_GROUPS,
        drawings=drawings,
        specs=specs,
        csv=_csv_path(table, [tab.path for tab in tabs].index(path)),
    )
    if drawings:
        listed = {one["key"]: one["specification"] for one in drawings}
        pages.add(specs, f"window.quantboardCharts = {downloads.script_json(listed)};\n")


def _drawings(table: Board) -> list[dict[str, Any]]:
    disk = next(column.unit for column in table.columns if column.key == "disk")
    made = []
    for one in charts.figures(tables.points(table), disk):
        specification = one.chart.to_dict()
        name = f"chart-{one.key}"
        # The SVG is ours but for names, which vl-convert escapes; drawing.svg escapes title and summary.
        picture = Markup(drawing.svg(specification, name, one.title, one.summary))  # noqa: S704
        made.append(
            {
                "key": one.key,
                "title": one.title,
                "summary": one.summary,
                "svg": picture,
                "specification": specification,
            }
        )
    return made


def _choices(table: Board) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the filters: name, label, and value with text of each option that some row has."""
    entries = [row.entry for row in table.rows]
    families = sorted({entry.family for entry in entries})
    used = {entry.submission.quantization.method for entry in entries}
    methods = [method for method in words.METHOD_TITLES if method in used]
    bits = sorted({entry.submission.quantization.bits for entry in entries})
    return [
        ("family", "Model", [(one, one.replace("--", "/", 1)) for one in families]),
        ("method", "Method", [(one, words.method_title(one)) for one in methods]),
        ("bits", "Bits", [(str(one), str(one)) for one in bits]),
    ]


def _empty(pages: Pages, data: Data) -> None:
    pages.render(
        "index.html",
        "empty.html",
        title="quantboard",
        description="A leaderboard of quantized language models.",
        section="Board",
        waiting=data.entries,
    )


def _benchmarks(pages: Pages, data: Data) -> None:
    """Make a page for each benchmark of every suite, and for the derived ones that have results."""
    listed = [(suite, data.derived(suite)) for suite in data.measured.every_suite]
    pages.render(
        "benchmarks/index.html",
        "benchmarks.html",
        title="Benchmarks",
        description="What each suite asks, and what a score means.",
        section="Benchmarks",
        suites=listed,
    )
    for suite, derived in listed:
        for benchmark in [*suite.benchmarks, *derived]:
            pages.render(
                benchmark_path(benchmark, suite),
                "benchmark.html",
                title=f"{benchmark.title} ({suite.name})",
                description=benchmark.meaning,
                section="Benchmarks",
                **benchmark_page.context(data, suite, benchmark),
            )


def _methods(pages: Pages, data: Data, boards: list[Board]) -> None:
    listed = []
    for method, text in words.METHOD_TEXTS.items():
        entries = [one for one in data.entries if one.submission.quantization.method == method]
        reported = sum(one.paper is not None for one in entries)
        listed.append((method, text, len(entries) - reported, reported))
        parts = [
            {
                "suite": table.suite,
                "columns": [
                    one for one in table.columns if one.group in ("size", "quality", "hardware0")
                ],
                "rows": [row for row in table.rows if row.entry in entries],
                "paper": table.paper,
            }
            for whole in boards
            for table in (whole, *whole.papers)
        ]
        pages.render(
            method_path(method),
            "method.html",
            title=words.method_title(method),
            description=text,
            section="Methods",
            method=method,
            text=text,
            parts=[part for part in parts if part["rows"]],
        )
    pages.render(
        "methods/index.html",
        "methods.html",
        title="Methods",
        description="Quantization methods on the board.",
        section="Methods",
        methods=listed,
    )


def _texts(pages: Pages, data: Data) -> None:
    pages.render(
        "methodology/index.html",
        "methodology.html",
        title="Methodology",
        description="How scores, intervals, ranks and comparisons are made.",
        section="Methodology",
        suites=data.every_suite,
    )
    pages.render(
        "submit/index.html",
        "submit.html",
        title="Submit",
        description="How to put a quantized model on the board.",
        section="Submit",
        example=EXAMPLE,
    )
    pages.render(
        "404.html",
        "404.html",
        title="Not found",
        description="",
        style=Markup(NOT_FOUND_STYLE),  # noqa: S704  a constant of this module
        script=Markup(NOT_FOUND_SCRIPT),  # noqa: S704  a constant of this module
        style_hash=_source_hash(NOT_FOUND_STYLE),
        script_hash=_source_hash(NOT_FOUND_SCRIPT),
    )


def _source_hash(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _csv_path(table: Board, place: int) -> str:
    return f"suites/{table.suite.name}/leaderboard.csv" if place else "leaderboard.csv"


def _files(pages: Pages, boards: list[Board]) -> None:
    pages.add("leaderboard.json", downloads.listing(boards))
    for place, one in enumerate(boards):
        pages.add(_csv_path(one, place), downloads.safe_csv(tables.frame(one)))
    if not boards:
        pages.add("leaderboard.csv", "suite,entry\r\n")
