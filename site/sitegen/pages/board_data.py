"""Make the scripts of a board: everything needed to draw, sort and filter any row, and its CSV cells.

Every text is the one that the page shows, so that the script formats nothing.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sitegen import downloads, tables, words
from sitegen.board import Board, Row
from sitegen.load import base_names
from sitegen.pages.board_rows import Drawn, Head, Table
from sitegen.render import entry_path


@dataclass(frozen=True)
class Facet:
    """What rows can be filtered by.

    Attributes:
        name: of the filter, in addresses and searches.
        options: each value with its text, in the order they are listed.
        of: of each row, the place of its value among the options.
    """

    name: str
    label: str
    options: list[tuple[str, str]]
    of: list[int]


def facets(board: Board) -> list[Facet]:
    """Return the filters of a board's rows by what is said of them."""
    said = [row.entry.submission for row in board.rows]
    families = [row.entry.family for row in board.rows]
    methods = [one.quantization.method for one in said]
    bits = [one.quantization.bits for one in said]
    family_texts = {one: one.replace("--", "/", 1) for one in families}
    sources = [row.source for row in board.rows]
    licences = [one.license for one in said]
    order = [one for one in words.METHOD_TITLES if one in methods]
    order += sorted(set(methods) - set(order))
    return [
        _facet("family", "Model", families, sorted(set(families)), family_texts),
        _facet("method", "Method", methods, order, {one: words.method_title(one) for one in order}),
        _facet("bits", "Bits", bits, sorted(set(bits))),
        _facet("licence", "Licence", licences, sorted(set(licences))),
        _facet("source", "Source", sources, sorted(set(sources))),
    ]


def _facet(
    name: str,
    label: str,
    values: Sequence[Any],
    order: Sequence[Any],
    texts: Mapping[Any, str] | None = None,
) -> Facet:
    places = {value: place for place, value in enumerate(order)}
    options = [(str(one), (texts or {}).get(one, str(one))) for one in order]
    return Facet(name, label, options, [places[value] for value in values])


def rows_script(table: Table, found: list[Facet]) -> str:
    """Return the script that holds every row of a board, column by column."""
    board, rows = table.board, [one.row for one in table.rows]
    listed = {
        "suite": board.suite.name,
        "heads": [_head(head) for head in table.heads],
        "columns": {
            head.key: _column(head, table.rows) for head in table.heads if head.kind == "number"
        },
        "facets": {one.name: {"options": one.options, "of": one.of} for one in found},
        "hardware": board.hardware,
        "entries": [row.entry.name for row in rows],
        "paths": _some(rows, _unusual_path),
        "models": [row.entry.submission.model for row in rows],
        "swatches": [list(words.METHOD_TITLES).index(name) for name in _methods(rows)],
        "classes": [one.classes for one in table.rows],
        "ranks": [one.rank for one in table.rows],
        "ties": [one.tie for one in table.rows],
        "fronts": _some(table.rows, lambda one: one.front),
        "problems": _some(rows, lambda row: list(row.problems)),
        "commands": _some(rows, lambda row: row.command),
        "dates": [row.date for row in rows],
        "bases": bases(rows),
        "weighed": [one.name for one in board.weighed],
        "shares": [_shares(board, row) for row in rows],
    }
    return f"window.quantboardRows = {downloads.script_json(listed)};\n"


def _methods(rows: Iterable[Row]) -> list[str]:
    return [row.entry.submission.quantization.method for row in rows]


def _head(head: Head) -> dict[str, str]:
    return {
        "key": head.key,
        "title": head.title,
        "unit": head.unit,
        "kind": head.kind,
        "classes": head.classes,
    }


def _some(rows: Iterable[Any], of: Any) -> dict[int, Any]:
    """Return what few rows have, by their place."""
    return {place: found for place, row in enumerate(rows) if (found := of(row))}


def _unusual_path(row: Row) -> str | None:
    """Return an entry's page where its address isn't just its name."""
    path = entry_path(row.entry)
    return None if path == f"entries/{row.entry.name}/index.html" else path


def _column(head: Head, rows: list[Drawn]) -> dict[str, Any]:
    cells = [one.cells.get(head.key) for one in rows]
    figures = [one.row.figures.get(head.key) for one in rows]
    found: dict[str, Any] = {
        "cells": [one.text if one else "" for one in cells],
        "values": [float(f"{one.value:.6g}") if one else None for one in figures],
        "notes": _some(cells, lambda one: one and one.note),
    }
    if head.key == "score":
        found["bars"] = [one.bar if one else [] for one in cells]
    return found


def _shares(board: Board, row: Row) -> list[float] | None:
    """Return the shares of best that a reader's own weights are given to; None without a score."""
    if not row.shares:
        return None
    return [float(f"{row.shares[one.name].value:.6g}") for one in board.weighed]


def bases(rows: Sequence[Row]) -> list[int | None]:
    """Return of each row the place of its base's row; None of a base, or where the base has no row."""
    places = {row.entry.name: place for place, row in enumerate(rows)}
    found = base_names(row.entry for row in rows)
    return [places.get(found.get(row.entry.name, "")) for row in rows]


def csv_script(board: Board) -> str:
    """Return the script that holds the cells of a board's CSV file, each harmless to a spreadsheet.

    `groups` names the group of columns that each belongs to; those of none are always written.
    """
    measured = replace(board, papers=[])
    written = downloads.safe_csv(tables.frame(measured))
    header, *rows = csv.reader(io.StringIO(written, newline=""))
    groups = {
        f"{tables.column_name(column, board)}{end}": column.group
        for column in board.columns
        for end in ("", "_low", "_high")
    }
    listed = {"header": header, "groups": [groups.get(one, "") for one in header], "rows": rows}
    return f"window.quantboardCsv = {downloads.script_json(listed)};\n"
