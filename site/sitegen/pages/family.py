"""Make a family's page: one base and all its variants, in pictures, in words and in a table."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from evaluator.statistics.several import LEVEL
from evaluator.suites.definitions import QUALITY, MetricDefinition
from sitegen import family_pairs, family_sentences, metrics, tables, words
from sitegen.board import Board, Column, Row
from sitegen.charts import board as board_charts
from sitegen.charts import family as charts
from sitegen.charts import forest
from sitegen.charts.base import Figure
from sitegen.comparisons import BesideBase
from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.load import Data
from sitegen.pages import drawings
from sitegen.pages.writer import Pages
from sitegen.render import family_path

MOST_ROWS = 200  # of entries in the page, shared by its tables
PLOTTED = 40  # variants in a forest plot
FIRST = ("effective_bits", "disk")  # columns that stand before the quality's


def make(pages: Pages, site: Contents, family: str) -> None:
    """Add the page of one family.

    Args:
        pages: takes the page.
        site: the entries and rows of this family alone.
        family: its folder, `<org>--<model>`.
    """
    model = family.replace("--", "/", 1)
    parts = list(_parts(site))
    listed = [figure for part in parts for figure in part["figures"]]
    drawn = drawings.add(pages, f"families/{family}/charts.js", listed)
    for part in parts:
        part["charts"] = [drawn[figure.key] for figure in part["figures"]]
    shown = {row.entry.name for part in parts for row in part["rows"]}
    pages.render(
        family_path(family),
        "family.html",
        title=f"{model}, quantized",
        description=f"{model} and its quantized variants: size against quality, differences from the base.",
        section="Models",
        model=model,
        family=family,
        count=len(site.data.entries),
        parts=parts,
        waiting=[entry for entry in site.data.entries if entry.name not in shown],
        longest=_longest(parts),
    )


def _longest(parts: list[dict[str, Any]]) -> int:
    """Return how many rows each table may have: figures of every part, differences of those compared."""
    return MOST_ROWS // max(1, len(parts) + sum(bool(part["compared"]) for part in parts))


def _parts(site: Contents) -> Iterator[dict[str, Any]]:
    """Return what the page shows of each suite, measured entries first, then each paper's."""
    for whole in site.boards:
        for number, table in enumerate((whole, *whole.papers)):
            if table.rows:
                yield _part(site.data, table, f"{whole.suite.name}{number or ''}")


def _part(data: Data, table: Board, key: str) -> dict[str, Any]:
    measured = table.paper is None
    rows = family_sentences.ordered(table.rows)
    known = family_pairs.pairs(data.measured, table) if measured else family_pairs.Pairs("")
    compared = list(_compared(data, table, rows)) if measured else []
    return {
        "key": key,
        "suite": table.suite,
        "paper": table.paper,
        "base": family_sentences.base_of(rows),
        "columns": _columns(table),
        "rows": rows,
        "hardware": table.hardware,
        "bases": sorted({known.bases[row.entry.name] for row, _ in compared}),
        "verdicts": family_sentences.verdicts(table.rows, known) if measured else [],
        "compared": compared,
        "benchmarks": _benchmarks(table),
        "figures": list(_figures(table, key, known.disk, compared)),
    }


def _columns(table: Board) -> list[Column]:
    """Return the columns of the table, what an entry weighs first."""
    kept = [one for one in table.columns if one.group in ("size", "quality", "hardware0")]
    return sorted(kept, key=lambda one: one.key not in FIRST)


def _figures(
    table: Board, key: str, unit: str, compared: list[tuple[Row, list[BesideBase]]]
) -> Iterator[Figure]:
    """Return the charts that the figures suffice for, their keys unique in the page."""
    points = _points(table)
    disk = charts.Cost("disk", "Quality against size", f"Size on disk ({unit})", "smaller")
    found = [
        charts.pareto_figure(points, disk),
        *_memory_figures(table, points),
        board_charts.retention_figure(points),
        forest.figure("forest", _differences(table, compared), len(compared)),
    ]
    for figure in found:
        if figure:
            yield replace(figure, key=f"{figure.key}-{key}")


def _points(table: Board) -> pd.DataFrame:
    """Return what is drawn: ranked entries; of a paper all, since it ranks none."""
    drawn = [row for row in table.rows if row.status in ("ranked", "reported")]
    return tables.points(replace(table, rows=drawn))


def _memory_figures(table: Board, points: pd.DataFrame) -> Iterator[Figure | None]:
    """Return quality against peak memory on the hardware that most entries were measured on."""
    column = next((one for one in table.columns if one.key == "peak0"), None)
    if column is None or points.empty:
        return
    peaks = {row.entry.name: row.figures.get("peak0") for row in table.rows}
    memory = [one.value if (one := peaks[name]) else None for name in points["entry"]]
    shown = points.assign(memory=pd.Series(memory, index=points.index, dtype="float64"))
    title = f"Peak memory ({column.unit}, {table.hardware[0]})"
    cost = charts.Cost("memory", "Quality against memory", title, "in less memory")
    yield charts.pareto_figure(shown, cost)


def _benchmarks(table: Board) -> list[dict[str, Any]]:
    """Return the heads of the table of differences."""
    return [
        {
            "title": one.title,
            "metric": one.headline_definition.title,
            "unit": "points" if _in_points(one.headline_definition) else "",
            "digits": words.DIGITS[one.headline_definition.display],
        }
        for one in table.suite.benchmarks
    ]


def _compared(data: Data, table: Board, rows: list[Row]) -> Iterator[tuple[Row, list[BesideBase]]]:
    """Return each variant that has a base with its differences, one for each benchmark of the suite."""
    for row in rows:
        if row.entry.is_base or row.status == "failed":
            continue
        found = [_beside(data, table, row.entry, one.name) for one in table.suite.benchmarks]
        if any(one.difference for one in found):
            yield row, found


def _beside(data: Data, table: Board, entry: SiteEntry, name: str) -> BesideBase:
    benchmark = table.suite.benchmark(name)
    found = metrics.headline(benchmark, entry.results(table.suite).get(name))
    if found is None:
        return BesideBase()
    return data.compared(entry).by((table.suite.label, name), found[0])


def _differences(
    table: Board, compared: list[tuple[Row, list[BesideBase]]]
) -> list[forest.Difference]:
    """Return the differences in points that have an interval; a bias turned round, so that more is better."""
    return [
        forest.Difference(
            row.entry.variant,
            benchmark.title,
            value=sign * one.difference.value,
            low=min(sign * one.difference.low, sign * one.difference.high),
            high=max(sign * one.difference.low, sign * one.difference.high),
            shown=one.p is not None and one.p < LEVEL,
        )
        for row, found in compared[:PLOTTED]
        for benchmark, one in zip(table.suite.benchmarks, found, strict=True)
        if benchmark.dimension in QUALITY
        and _in_points(benchmark.headline_definition)
        and one.difference
        and one.difference.low is not None
        and one.difference.high is not None
        for sign in (_sign(benchmark.headline_definition.direction),)
    ]


def _in_points(metric: MetricDefinition) -> bool:
    """Say whether a metric is shown on a scale that ends at 100, as percent and corpus scores are."""
    return metric.display == "percent" or metric.highest == 100


def _sign(direction: str) -> int:
    return 1 if direction == "higher" else -1
