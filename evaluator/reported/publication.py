"""Define a publication file: which paper it is, what its figures are here, what a reader must know of them.

The file is YAML beside a CSV of the figures. Everything that is particular to a paper stands there, so that
another paper is imported by writing another file.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from evaluator.efficiency.definitions import efficiency_metrics
from evaluator.entries import YamlError, line_of, load_yaml
from evaluator.errors import InputError
from evaluator.problems import Location, explained, shown
from evaluator.results import (
    Calibration,
    Contract,
    Dtype,
    HubId,
    JudgeUsed,
    Method,
    Metric,
    Quantization,
)
from evaluator.suites.definitions import Benchmark, Suite, load_suite

EFFICIENCY = "efficiency"
SCALE_BITS = 16  # of the scale that a group of weights shares


class ReportedModel(Contract):
    """An unquantized model that the paper starts from."""

    base_model: HubId = Field(description="Its Hub id.")
    license: str = Field(min_length=1, description="Licence of its weights.")
    dtype: Dtype = Field(default="bfloat16", description="Dtype of what isn't quantized.")
    chat: bool = Field(default=False, description="Whether it follows a chat template.")


class ReportedMethod(Contract):
    """A way of quantizing, as the paper used it at every width."""

    method: Method = Field(description="Its name in the contract.")
    group_size: int | None = Field(default=None, description="Weights that share one scale.")
    symmetric: bool | None = Field(default=None, description="Whether zero points are fixed.")
    act_order: bool | None = Field(default=None, description="GPTQ's `desc_act`.")
    tool: str | None = Field(default=None, description="Program that quantized.")
    tool_version: str | None = Field(default=None, description="Its version.")
    calibration: Calibration | None = Field(default=None, description="Texts it looked at.")
    bits_per_weight: Literal["grouped"] | dict[int, float | tuple[float, float]] = Field(
        description="Effective bits by nominal ones: a value, or a range whose middle is taken; `grouped` "
        "for those of weights in groups with a scale and a zero point each."
    )

    def quantization(self, bits: int) -> Quantization:
        """Return the recipe at a width, in nominal bits per weight."""
        return Quantization(bits=bits, **self.model_dump(exclude={"bits_per_weight"}))

    def effective_bits(self, bits: int) -> Metric:
        """Return the effective bits per weight at a width; the middle of a range says so.

        Raises:
            KeyError: the file gives none for this width.
        """
        if self.bits_per_weight == "grouped":
            return Metric(value=grouped_bits(bits, self.group_size or 1))
        given = self.bits_per_weight[bits]
        if isinstance(given, float):
            return Metric(value=given)
        low, high = given
        return Metric(value=round((low + high) / 2, 6), note=f"middle of {low:g} to {high:g}")

    def has_width(self, bits: int) -> bool:
        """Say whether effective bits are known at a width."""
        return self.bits_per_weight == "grouped" or bits in self.bits_per_weight


def grouped_bits(bits: int, group_size: int) -> float:
    """Return bits per weight with a 16-bit scale and a zero point of `bits` bits for each group of weights.

    bits + (16 + bits) / group size, as GPTQ's checkpoints store them (Frantar et al. 2023, section 4).
    """
    return bits + (SCALE_BITS + bits) / group_size


class ReportedMetric(Contract):
    """Where a metric's value stands in the CSV: one figure, or the mean of several."""

    figure: str | None = Field(default=None, description="`<benchmark>/<metric>` of the CSV.")
    groups: dict[str, str] = Field(
        default={}, description="Figures by group; the metric is their mean, and each is kept."
    )
    unit: str = Field(description="Unit as the CSV writes it.")
    scale: Decimal = Field(default=Decimal(1), description="Factor to the suite's own unit.")

    @model_validator(mode="after")
    def _one_of_both(self) -> "ReportedMetric":
        if (self.figure is None) == (not self.groups):
            raise ValueError("give either figure or groups")
        return self

    def figures(self) -> list[str]:
        """Return the figures that it is made from."""
        return [self.figure] if self.figure is not None else list(self.groups.values())


class ReportedUnit(Contract):
    """One benchmark as the paper asked it."""

    table: str = Field(description="Where its figures stand in the paper.")
    n: int | None = Field(default=None, ge=1, description="Items, where the paper gives them.")
    judge: JudgeUsed | None = Field(default=None, description="Who judged, where code didn't.")
    metrics: dict[str, ReportedMetric] = Field(min_length=1, description="By the suite's names.")


class ReportedProbe(ReportedUnit):
    """The paper's measurement of memory and speed."""

    hardware: str = Field(description="Short name, as `quantboard run` names such hardware.")
    accelerator: str = Field(description="The paper's name of it.")
    probe: str = Field(description="Name of the probe, with tokens in and out.")


class Note(Contract):
    """What a reader of some figures must know; what isn't limited holds for all."""

    text: str = Field(min_length=1)
    benchmarks: list[str] = Field(default=[], description="Names of the suite, or `efficiency`.")
    models: list[str] = Field(default=[], description="Models of this file.")
    methods: list[str] = Field(default=[], description="Methods of this file.")
    bits: list[int] = Field(default=[], description="Nominal bits.")

    def concerns(self, benchmark: str, model: str, method: str, bits: int) -> bool:
        """Say whether it holds for a benchmark of a configuration."""
        asked = (
            (self.benchmarks, benchmark),
            (self.models, model),
            (self.methods, method),
            (self.bits, bits),
        )
        return all(not limited or one in limited for limited, one in asked)


class Publication(Contract):
    """A paper whose figures are imported."""

    key: str = Field(
        pattern=r"^[a-z][a-z0-9]*-[0-9]{4}[a-z]?$", description="Suffix of its entries' folders."
    )
    short: str = Field(min_length=1, description="Citation in a few words.")
    citation: str = Field(min_length=1, max_length=2000, description="Whole citation.")
    published: date = Field(description="Day of the version that was read.")
    suite: str = Field(description="`<suite>@<version>` that its benchmarks belong to.")
    about: str = Field(max_length=2000, description="What is true of all of its entries.")
    models: dict[str, ReportedModel] = Field(min_length=1, description="By the CSV's names.")
    methods: dict[str, ReportedMethod] = Field(min_length=1, description="By the CSV's names.")
    benchmarks: dict[str, ReportedUnit] = Field(min_length=1, description="By the suite's names.")
    efficiency: ReportedProbe | None = Field(default=None)
    notes: list[Note] = Field(default=[])

    def units(self) -> dict[str, ReportedUnit]:
        """Return every benchmark, and the probe under the name `efficiency`."""
        probe = {EFFICIENCY: self.efficiency} if self.efficiency else {}
        return {**self.benchmarks, **probe}

    def figures(self) -> dict[str, tuple[str, str]]:
        """Return unit and metric of every `<benchmark>/<metric>` of the CSV."""
        return {
            figure: (unit, name)
            for unit, reported in self.units().items()
            for name, metric in reported.metrics.items()
            for figure in metric.figures()
        }


def read_publication(path: Path) -> Publication:
    """Read a publication file.

    Raises:
        InputError: it can't be read, or names what isn't there; every problem with its line.
    """
    try:
        data, node = load_yaml(path)
    except YamlError as fault:
        raise InputError(f"{path} {fault}") from fault
    try:
        publication = Publication.model_validate(data)
        problems = list(_faults(publication))
    except ValidationError as fault:
        problems = explained(fault, Publication)
    if problems:
        lines = [f"{path}:{line_of(node, where)}: {sentence}" for where, sentence in problems]
        raise InputError("\n".join(lines))
    return publication


def _faults(publication: Publication) -> Iterator[tuple[Location, str]]:
    """Give what is wrong beyond the form: each place with a sentence."""
    yield from _suite_faults(publication)
    yield from _figure_faults(publication)
    yield from _note_faults(publication)
    for name, method in publication.methods.items():
        if method.bits_per_weight == "grouped" and not (method.group_size or 0) > 0:
            yield ("methods", name), f"{name} has grouped bits_per_weight but no group_size; add it"


def suite_of(publication: Publication) -> Suite:
    """Return the suite that a publication's benchmarks belong to.

    Raises:
        InputError: there is none of this name and version.
    """
    suite = load_suite(publication.suite.partition("@")[0])
    if suite.label != publication.suite:
        raise InputError(f"suite {publication.suite} isn't here; this quantboard has {suite.label}")
    return suite


def _suite_faults(publication: Publication) -> Iterator[tuple[Location, str]]:
    try:
        suite = suite_of(publication)
    except InputError as fault:
        yield ("suite",), str(fault)
        return
    for name, unit in publication.benchmarks.items():
        try:
            benchmark: Benchmark = suite.benchmark(name)
        except InputError as fault:
            yield ("benchmarks", name), str(fault)
            continue
        yield from _metric_faults(("benchmarks", name), unit, list(benchmark.metrics))
    if publication.efficiency:
        yield from _metric_faults((EFFICIENCY,), publication.efficiency, list(efficiency_metrics()))


def _metric_faults(
    where: Location, unit: ReportedUnit, known: list[str]
) -> Iterator[tuple[Location, str]]:
    for metric in unit.metrics:
        if metric not in known:
            choices = ", ".join(known)
            place = (*where, "metrics", metric)
            yield place, f"{where[-1]} has no metric {shown(metric)}; choose from {choices}"


def _figure_faults(publication: Publication) -> Iterator[tuple[Location, str]]:
    seen: set[str] = set()
    for name, unit in publication.units().items():
        where: Location = (name,) if name == EFFICIENCY else ("benchmarks", name)
        for metric, reported in unit.metrics.items():
            for figure in reported.figures():
                if figure in seen:
                    place = (*where, "metrics", metric)
                    yield place, f"figure {figure} is used twice; use each once"
                seen.add(figure)


def _note_faults(publication: Publication) -> Iterator[tuple[Location, str]]:
    known = {
        "benchmarks": list(publication.units()),
        "models": list(publication.models),
        "methods": list(publication.methods),
    }
    for place, note in enumerate(publication.notes):
        for field, names in known.items():
            for unknown in sorted(set(getattr(note, field)) - set(names)):
                sentence = f"this file has no {field} {shown(unknown)}; known are "
                yield ("notes", place, field), sentence + ", ".join(names)
