"""Make a page for each benchmark: its metrics, its data, the scores of all entries."""

from typing import Any

from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, Suite
from sitegen import metrics, words
from sitegen.comparisons import BesideBase
from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.load import Data
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
    for suite, derived in listed:
        for benchmark in [*suite.benchmarks, *derived]:
            pages.render(
                benchmark_path(benchmark, suite),
                "benchmark.html",
                title=f"{benchmark.title} ({suite.name})",
                description=benchmark.meaning,
                section="Benchmarks",
                **context(data, suite, benchmark),
            )


def context(data: Data, suite: Suite, benchmark: Benchmark) -> dict[str, Any]:
    """Return what `benchmark.html` needs."""
    order = describe.metric_order(benchmark)
    shown = [_metric(benchmark, name) for name in order]
    lines = [
        line
        for entry in data.entries
        if (line := _score_line(data, suite, benchmark, entry, order))
    ]
    lines.sort(key=lambda line: _order(benchmark, order[0], line))
    base = suite.benchmark(benchmark.variant_of) if benchmark.variant_of else None
    return {
        "suite": suite,
        "benchmark": benchmark,
        "metrics": shown,
        "tables": _tables(lines),
        "shown": len(benchmark.headline),
        "base": base,
        "derived": [] if base else data.derived(suite, benchmark.name),
        "protocol": _protocol(suite, benchmark),
        "example": None if base else describe.example(benchmark),
        "facts": _facts(suite, benchmark),
    }


def _tables(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines by paper and judge, measured ones first.

    What two judges decided never stands in one column, nor what was measured and what a paper reports.
    """
    kinds = sorted({(line["entry"].paper or "", line["judge"]) for line in lines})
    return [
        {
            "paper": paper,
            "judge": judge,
            "lines": [
                line
                for line in lines
                if (line["entry"].paper or "", line["judge"]) == (paper, judge)
            ],
        }
        for paper, judge in kinds
    ]


def _order(benchmark: Benchmark, metric: str, line: dict[str, Any]) -> tuple[bool, float, str]:
    """Sort by the headline, best first; entries without a value last."""
    shown, name = line["figures"][0], line["entry"].name
    if shown is None:
        return True, 0.0, name
    direction = benchmark.metrics[metric].direction
    value = abs(shown.value) if direction == "zero" else shown.value
    return False, -value if direction == "higher" else value, name


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


def _score_line(
    data: Data, suite: Suite, benchmark: Benchmark, entry: SiteEntry, order: list[str]
) -> dict[str, Any] | None:
    one = entry.benchmarks(suite.label).get(benchmark.name)
    if one is None:
        return None
    measured = {name.split("_window_")[0]: metric for name, metric in one.result.metrics.items()}
    figures = [
        metrics.figure(measured[name], benchmark.metrics[name]) if name in measured else None
        for name in order
    ]
    if found := metrics.headline(benchmark, one.result):
        figures[0] = found[1]
    counts = [shown.n for shown in figures if shown and shown.n is not None]
    failed = one.result.status != "ok"
    return {
        "entry": entry,
        "figures": figures,
        "n": f"{counts[0]:,}" if counts else "",
        "comparison": data.compared(entry).by((suite.label, benchmark.name), found[0])
        if found
        else BesideBase(),
        "judge": words.judge(one.result.provenance.judge),
        "reason": (one.result.reason or "no reason was given") if failed else "",
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
