"""Make a page for each benchmark: scores and their spread, what predicts them, how it is asked, its data."""

from dataclasses import replace
from typing import Any

from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, Suite
from sitegen import words
from sitegen.board import Board
from sitegen.contents import Contents
from sitegen.findings import proxy
from sitegen.findings.parts import source_name
from sitegen.findings.points import points
from sitegen.load import Data
from sitegen.pages import drawings, scores
from sitegen.pages.writer import Pages
from sitegen.render import benchmark_path


def make(pages: Pages, site: Contents) -> None:
    """Add a page for each benchmark of every suite, and for the derived ones that have results."""
    data = site.data
    listed = [(suite, data.derived(suite)) for suite in data.measured.every_suite]
    pages.render(
        "benchmarks/index.html",
        "benchmarks.html",
        title="Benchmarks",
        description="What each suite asks, and what a score means.",
        section="Benchmarks",
        suites=listed,
    )
    results = scores.index(data.entries)
    boards = {table.suite.name: table for table in site.boards}
    for suite, derived in listed:
        predicted = _predicted(boards.get(suite.name))
        csv = site.csv_path(boards[suite.name]) if suite.name in boards else ""
        for benchmark in [*suite.benchmarks, *derived]:
            found = context(data, suite, benchmark, results)
            path = benchmark_path(benchmark, suite)
            pages.render(
                path,
                "benchmark.html",
                title=f"{benchmark.title} ({suite.name})",
                description=benchmark.meaning,
                section="Benchmarks",
                drawings=_drawings(pages, suite, benchmark, found["tables"]),
                predicted=predicted.get(benchmark.name, []),
                csv="" if benchmark.variant_of else csv,
                **found,
            )


def context(
    data: Data, suite: Suite, benchmark: Benchmark, results: scores.Index
) -> dict[str, Any]:
    """Return what `benchmark.html` needs, but for its charts."""
    order = describe.metric_order(benchmark)
    base = suite.benchmark(benchmark.variant_of) if benchmark.variant_of else None
    return {
        "suite": suite,
        "benchmark": benchmark,
        "metrics": [_metric(benchmark, name) for name in order],
        "tables": scores.tables(data, suite, benchmark, results, order),
        "shown": len(benchmark.headline),
        "base": base,
        "derived": [] if base else data.derived(suite, benchmark.name),
        "protocol": _protocol(suite, benchmark),
        "example": None if base else describe.example(benchmark),
        "facts": _facts(suite, benchmark),
    }


def _drawings(
    pages: Pages, suite: Suite, benchmark: Benchmark, tables: list[scores.ScoreTable]
) -> dict[int, drawings.Drawing]:
    """Return the chart of each table that has one, by the table's number from 1 on."""
    charts = {
        number: replace(table.chart, key=f"spread-{number}")
        for number, table in enumerate(tables, 1)
        if table.chart
    }
    specs = f"assets/charts-{suite.name}-{benchmark.name}.js"
    drawn = drawings.add(pages, specs, list(charts.values()))
    return {number: drawn[chart.key] for number, chart in charts.items()}


def _predicted(board: Board | None) -> dict[str, list[dict[str, Any]]]:
    """Return how closely each benchmark of a suite follows the perplexity, measured entries first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in (board, *board.papers) if board else ():
        measured = table.paper is None
        for one in proxy.proxies(table, points(table)):
            shown = {
                "paper": table.paper,
                "place": source_name(table),
                "told": proxy.told(one),
                "pooled": proxy.written(one.pooled, interval=measured),
                "within": proxy.written(one.within, interval=measured),
                "entries": one.entries,
                "families": one.families,
            }
            found.setdefault(one.benchmark, []).append(shown)
    return found


def _metric(benchmark: Benchmark, name: str) -> dict[str, Any]:
    one = benchmark.metrics[name]
    return {
        "name": name,
        "title": one.title,
        "unit": words.UNITS[one.display],
        "digits": words.DIGITS[one.display],
        "description": one.description,
        "scale": f"{describe.scale(one)}.",
        "place": "On the board." if name in benchmark.headline else "Beside it.",
    }


def _protocol(suite: Suite, benchmark: Benchmark) -> list[tuple[str, str]]:
    """Return how a benchmark is asked and judged as label and text."""
    template = "the model's own" if suite.chat_template else "none: plain text"
    system = f"; system line: {suite.system}" if suite.system else ""
    text_alone = benchmark.dimension == "perplexity"
    rows = [
        ("Prompt", benchmark.prompt),
        ("Examples before each", describe.shots(benchmark)),
        ("Chat template", "" if text_alone else f"{template}{system}"),
        ("Scoring", benchmark.scoring),
        ("Differs from the paper", benchmark.differs),
    ]
    return [(label, text) for label, text in rows if text]


def _facts(suite: Suite, benchmark: Benchmark) -> list[tuple[str, str, str | None]]:
    data = benchmark.dataset
    link = None if suite.embedded else f"https://huggingface.co/datasets/{data.path}"
    rows: list[tuple[str, str, str | None]] = [
        ("Data set", data.path + (f" ({data.config})" if data.config else ""), link),
        ("Split", data.split, None),
        ("Revision", data.revision or "the newest; each result names its own", None),
        ("To know", benchmark.data_note, None),
        ("Licence", benchmark.licence, None),
        ("Source", benchmark.citation, None),
    ]
    return [row for row in rows if row[1]]
