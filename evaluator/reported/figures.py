"""Read a CSV of a paper's figures: one row for each figure of each configuration."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from evaluator.efficiency.definitions import EfficiencyMetric, efficiency_metrics
from evaluator.errors import InputError
from evaluator.problems import shown
from evaluator.reported.publication import EFFICIENCY, Publication, suite_of
from evaluator.results import ONLY_BITS
from evaluator.suites.definitions import MetricDefinition

COLUMNS = (
    "model", "method", "nominal_bits", "benchmark", "metric", "value", "unit", "higher_is_better",
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")


class Configuration(NamedTuple):
    """One model, quantized in one way, by the CSV's names."""

    model: str
    method: str
    bits: int


@dataclass(frozen=True)
class Row:
    """One line of the CSV."""

    line: int
    cells: dict[str, str]

    @property
    def figure(self) -> str:
        """Return `<benchmark>/<metric>`."""
        return f"{self.cells['benchmark']}/{self.cells['metric']}"

    @property
    def configuration(self) -> Configuration | None:
        """Return what was measured; None where the bits are no number."""
        bits = self.cells["nominal_bits"]
        if not re.fullmatch("[0-9]{1,2}", bits):
            return None
        return Configuration(self.cells["model"], self.cells["method"], int(bits))


Figures = dict[Configuration, dict[str, Decimal]]


def read_figures(path: Path, publication: Publication) -> Figures:
    """Return every figure in the suite's own unit, by configuration and `<benchmark>/<metric>`.

    Raises:
        InputError: the file can't be read, or rows are wrong, repeated or missing; all of them at once, each
            with its line.
    """
    rows = _rows(path)
    problems = [(row.line, sentence) for row in rows for sentence in _faults(row, publication)]
    problems += _repeated(rows)
    problems += _missing(rows, publication)
    if problems:
        lines = [f"{path}:{line}: {sentence}" for line, sentence in sorted(problems)]
        raise InputError("\n".join(lines))
    figures: Figures = {}
    for row in rows:
        if row.configuration is not None:
            values = figures.setdefault(row.configuration, {})
            values[row.figure] = Decimal(row.cells["value"]) * _scale(row, publication)
    return figures


def _rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="", restkey="", strict=True)
            found = tuple(reader.fieldnames or ())
            if sorted(found) != sorted(COLUMNS):
                raise InputError(
                    f"{path}:1: has the columns {', '.join(found) or 'of nothing'}; "
                    f"give {', '.join(COLUMNS)}"
                )
            rows = [
                Row(reader.line_num, {name: (cells[name] or "").strip() for name in COLUMNS})
                for cells in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} can't be read as CSV ({error}); give UTF-8 text") from error
    if not rows:
        raise InputError(f"{path}:1: holds no figures; add a row for each")
    return rows


def _faults(row: Row, publication: Publication) -> Iterator[str]:
    """Give everything that is wrong with one row."""
    cells = row.cells
    for field, known in (("model", publication.models), ("method", publication.methods)):
        if cells[field] not in known:
            choices = ", ".join(known)
            yield f"{field} {shown(cells[field])} isn't in the paper's file; known are {choices}"
    yield from _width_faults(row, publication)
    if not cells["value"]:
        yield f"{row.figure} has no value; add it"
    elif not _NUMBER.fullmatch(cells["value"]):
        yield f"{row.figure} is {shown(cells['value'])}, which isn't a number; correct it"
    if row.figure in publication.figures():
        yield from _meaning_faults(row, publication)
    else:
        choices = ", ".join(publication.figures())
        yield f"figure {shown(row.figure)} isn't in the paper's file; known are {choices}"


def _width_faults(row: Row, publication: Publication) -> Iterator[str]:
    method = publication.methods.get(row.cells["method"])
    if method is None:
        return
    configuration = row.configuration
    if configuration is None or configuration.bits not in ONLY_BITS[method.method]:
        choices = " or ".join(str(one) for one in ONLY_BITS[method.method])
        bits = shown(row.cells["nominal_bits"])
        yield f"method {row.cells['method']} has no {bits} nominal_bits; write {choices}"
    elif not method.has_width(configuration.bits):
        name, bits = row.cells["method"], str(configuration.bits)
        yield f"the paper's file has no bits_per_weight of {name} at {bits} bits; add it there"


def _meaning_faults(row: Row, publication: Publication) -> Iterator[str]:
    """Give where unit, direction or size of a known figure contradict the metric that it is imported as."""
    unit, name = publication.figures()[row.figure]
    wanted = publication.units()[unit].metrics[name]
    definition = _definition(publication, unit, name)
    if row.cells["unit"] != wanted.unit:
        yield f"{row.figure} has unit {shown(row.cells['unit'])}; the paper's file has {wanted.unit}"
    higher = str(definition.direction == "higher")
    if row.cells["higher_is_better"] != higher:
        said = shown(row.cells["higher_is_better"])
        yield f"{row.figure} has higher_is_better {said}; of {name} it is {higher}"
    if isinstance(definition, MetricDefinition) and _NUMBER.fullmatch(row.cells["value"]):
        value = float(Decimal(row.cells["value"]) * wanted.scale)
        highest = math.inf if definition.highest is None else definition.highest
        if not definition.lowest <= value <= highest:
            span = f"{definition.lowest:g} to {highest:g}"
            yield f"{row.figure} becomes {value:g}, outside of {span}; correct the value or the scale"


def _definition(
    publication: Publication, unit: str, metric: str
) -> MetricDefinition | EfficiencyMetric:
    if unit == EFFICIENCY:
        return efficiency_metrics()[metric]
    return suite_of(publication).benchmark(unit).definition(metric)


def _scale(row: Row, publication: Publication) -> Decimal:
    unit, name = publication.figures()[row.figure]
    return publication.units()[unit].metrics[name].scale


def _repeated(rows: list[Row]) -> Iterator[tuple[int, str]]:
    first: dict[tuple[Configuration | None, str], int] = {}
    for row in rows:
        key = (row.configuration, row.figure)
        if key in first:
            yield row.line, f"{row.figure} stands in line {first[key]} already; keep one"
        first.setdefault(key, row.line)


def _missing(rows: list[Row], publication: Publication) -> Iterator[tuple[int, str]]:
    """Give what a configuration lacks, at its first line, and what no row uses, at line 1."""
    given: dict[Configuration, set[str]] = {}
    first: dict[Configuration, int] = {}
    for row in rows:
        one = row.configuration
        if one and one.model in publication.models and one.method in publication.methods:
            given.setdefault(one, set()).add(row.figure)
            first.setdefault(one, row.line)
    for configuration, figures in given.items():
        for lacking in [one for one in publication.figures() if one not in figures]:
            name = f"{configuration.model}, {configuration.method}, {configuration.bits} bits"
            yield first[configuration], f"{name} has no {lacking}; add its row"
    for field, known in (("model", publication.models), ("method", publication.methods)):
        for unused in [one for one in known if one not in {row.cells[field] for row in rows}]:
            yield (
                1,
                f"{field} {unused} of the paper's file has no row; add them, or remove it there",
            )
