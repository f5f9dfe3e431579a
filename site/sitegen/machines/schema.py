"""Define the files of the API: the models here make them, and give their JSON schema.

Schema history
  1  first version; fields may be added within it, none is renamed or given another meaning
"""

from typing import Any, Literal

from pydantic import Field
from pydantic.json_schema import models_json_schema

from evaluator.results import Contract, Direction, Source, Status, Submission

VERSION: Literal[1] = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Cell = str | bool | int | float | None


class Value(Contract):
    """A number with its 95 % interval, in the unit that its place names."""

    value: float
    low: float | None = Field(default=None, description="Lower end of the 95 % interval.")
    high: float | None = Field(default=None, description="Upper end of the 95 % interval.")
    n: int | None = Field(default=None, description="Items or repetitions behind the value.")


class FlipCounts(Contract):
    """Items that the entry and its base answer differently, one of them right and the other wrong."""

    n: float = Field(description="Items that both answered.")
    lost: float = Field(description="Items that only the base has right.")
    gained: float = Field(description="Items that only the entry has right.")


class Comparison(Contract):
    """A benchmark's headline metric beside the base's."""

    base: Value | None = Field(default=None, description="The base's value, in the same unit.")
    difference: Value | None = Field(
        default=None, description="The entry's less the base's; of a bias, of the distances from 0."
    )
    retention: Value | None = Field(default=None, description="Percent of the base's value.")
    flips: FlipCounts | None = None
    p: float | None = Field(
        default=None,
        description="That there is no difference, corrected over the entry's benchmarks (Holm).",
    )
    smallest: float | None = Field(
        default=None, description="Smallest difference that as many items would have shown."
    )
    item_by_item: bool = Field(default=False, description="Whether the same items were paired.")


class MetricRecord(Contract):
    """One metric of one benchmark."""

    value: float | None = Field(default=None, description="In the unit; missing where it has none.")
    unit: str = Field(
        description="`percent`, `nats`, `bytes`, `tokens/s` ...; empty of a plain number."
    )
    low: float | None = Field(default=None, description="Lower end of the 95 % interval.")
    high: float | None = Field(default=None, description="Upper end of the 95 % interval.")
    n: int | None = Field(default=None, description="Items or repetitions behind the value.")
    reason: str | None = Field(default=None, description="Why there is no value.")


class FileRecord(Contract):
    """A result file: where it stands, what it hashes to, who measured it; it names its own command."""

    path: str = Field(description="Below the entry's folder in `submissions/`.")
    sha256: str = Field(description="Of the file.")
    finished: str = Field(
        description="When it was measured, UTC; of a paper, when it was published."
    )
    status: Status
    reason: str | None = Field(default=None, description="Why the unit failed.")
    source: Source = Field(description="Who measured it.")
    supersedes: str | None = Field(
        default=None, description="Name of the earlier file it replaces."
    )
    supersedes_reason: str | None = Field(default=None, description="Why it replaces it.")


class BenchmarkRecord(Contract):
    """An entry's current result of one benchmark."""

    title: str
    headline: str | None = Field(default=None, description="Name of the metric on the board.")
    refusal: str | None = Field(
        default=None, description="The fields that forbid a comparison with the base."
    )
    metrics: dict[str, MetricRecord]
    compared: Comparison | None = Field(
        default=None, description="The headline metric beside the base's."
    )
    file: FileRecord


class SuiteRecord(Contract):
    """What an entry has in one version of a suite."""

    suite: str = Field(description="`<suite>@<version>`.")
    status: Literal["ranked", "unranked", "failed", "reported", "former"] = Field(
        description="`former`: of a version of the suite that is no longer ranked."
    )
    problems: list[str] = Field(default=[], description="What stands against a rank.")
    command: str | None = Field(default=None, description="Command that would help.")
    date: str | None = Field(default=None, description="Day of the newest result.")
    source: Source | None = Field(default=None, description="The least trusted of its results.")
    score: Value | None = Field(default=None, description="Percent: mean share of best.")
    retention: Value | None = Field(default=None, description="Score in percent of the base's.")
    knowledge: Value | None = Field(default=None, description="Percent: share of best.")
    alignment: Value | None = Field(default=None, description="Percent: share of best.")
    perplexity: Value | None = Field(default=None, description="Mean over the suite's texts.")
    rank_best: int | None = Field(default=None, description="Best rank that resampling leaves.")
    rank_worst: int | None = Field(default=None, description="Worst rank that resampling leaves.")
    tie_group: int | None = Field(default=None, description="1 for the best.")


class EntrySuite(SuiteRecord):
    """A suite with every benchmark that the entry has results of."""

    benchmarks: dict[str, BenchmarkRecord]


class ProbeRecord(Contract):
    """An efficiency probe on one hardware."""

    hardware: str
    probe: str
    metrics: dict[str, MetricRecord]
    file: FileRecord


class EntryFile(Contract):
    """Everything about one entry: `api/v1/entries/<org>--<model>/<variant>.json`."""

    schema_version: Literal[1]
    entry: str = Field(description="`<org>--<model>/<variant>`.")
    family: str
    variant: str
    page: str = Field(description="Its page: an address, or a path from the site's root.")
    base: str | None = Field(default=None, description="The entry that it is compared with.")
    submission: Submission
    model_files: dict[str, str] = Field(
        default={}, description="SHA-256 of each weight and config file that was measured."
    )
    commands: list[str] = Field(description="What measures everything again, or imports a paper.")
    suites: list[EntrySuite]
    efficiency: list[ProbeRecord]
    superseded: list[FileRecord] = Field(description="Earlier results that no longer hold.")


class FamilyEntry(Contract):
    """One variant, in short."""

    entry: str
    variant: str
    model: str
    method: str
    bits: int
    page: str
    file: str = Field(description="Its file in the API, below `api/v1/`.")
    disk_bytes: float | None = Field(default=None, description="Bytes of the weight files.")
    bits_per_weight: float | None = Field(
        default=None, description="Stored bits per linear weight."
    )
    suites: list[SuiteRecord]


class FamilyFile(Contract):
    """One base model with all its variants: `api/v1/families/<org>--<model>.json`."""

    schema_version: Literal[1]
    family: str
    base_model: str
    page: str
    entries: list[FamilyEntry]


class ColumnFacts(Contract):
    """What a column of a leaderboard is."""

    name: str
    title: str
    unit: str
    direction: Direction = Field(description="Which way is better; `zero` for bias.")
    description: str


class SuiteTable(Contract):
    """One suite's leaderboard."""

    suite: str
    title: str
    columns: list[ColumnFacts]
    entries: list[dict[str, Cell]] = Field(
        description="A row for each entry; null where it has none."
    )


class Leaderboard(Contract):
    """Every leaderboard: `api/v1/leaderboard.json`."""

    schema_version: Literal[1]
    suites: list[SuiteTable]


class IndexSuite(Contract):
    """A suite that has results."""

    suite: str
    title: str
    description: str
    entries: int = Field(description="Measured entries.")
    reported: int = Field(description="Entries that papers report.")
    page: str
    csv: str
    parquet: str


class IndexFamily(Contract):
    """A family that has entries."""

    family: str
    entries: int
    file: str = Field(description="Its file in the API, below `api/v1/`.")


class Index(Contract):
    """What there is: `api/v1/index.json`."""

    schema_version: Literal[1]
    name: str
    url: str | None = Field(default=None, description="Address of the site, where it has one.")
    updated: str | None = Field(
        default=None, description="When the newest result was measured, UTC."
    )
    entries: int
    data_limitations: list[str] = Field(description="What the figures can't be used for.")
    paths: dict[str, str] = Field(description="Where the files stand, from the site's root.")
    suites: list[IndexSuite]
    families: list[IndexFamily]


FILES: dict[str, type[Contract]] = {
    "index.json": Index,
    "leaderboard.json": Leaderboard,
    "families/": FamilyFile,
    "entries/": EntryFile,
}  # by path below `api/v1/`, or the folder that holds many


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of every file: one of the root's, each by its name under `$defs`."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in FILES.values()], ref_template="#/$defs/{model}"
    )
    return {
        "$schema": DIALECT,
        "title": "quantboard API, version 1",
        "anyOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in FILES.values()],
        **definitions,
    }
