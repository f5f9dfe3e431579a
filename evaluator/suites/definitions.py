"""Read suites and benchmarks: what is asked, how it is scored, and what a score means.

`benchmarks.yaml` holds what is true of a benchmark in every suite; `<suite>.yaml` lists the
benchmarks of a suite with its protocol and whatever differs there. The evaluator, the command line
and the site read both from here, and nothing repeats them. This module imports nothing heavy.
"""

from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import Field, ValidationError

from evaluator.errors import InputError
from evaluator.files import read_yaml
from evaluator.results import Contract, Dimension, Direction, Metric, validation_messages

DocumentKind = Literal["row", "page", "block"]
QUALITY: tuple[Dimension, ...] = ("knowledge", "alignment")  # what a score is the mean of


class MetricDefinition(Contract):
    """What one metric is: a row that tables, charts and tooltips read."""

    title: str = Field(description="Short label, as in a column head.")
    direction: Direction = Field(description="Which way is better; `zero` for bias.")
    lowest: float = Field(default=0.0, description="Smallest possible value.")
    highest: float | None = Field(default=1.0, description="Largest possible value; null for none.")
    chance: float | None = Field(default=None, description="Value of a model that knows nothing.")
    display: Literal["percent", "number", "nats", "questions"] = Field(
        default="percent",
        description="Percent: shown times 100. Nats: small ones, shown with six decimals. "
        "Questions: a count, shown whole.",
    )
    description: str = Field(default="", description="What it measures, in one sentence.")


class DatasetDefinition(Contract):
    """Where the items of a benchmark come from."""

    path: str = Field(description="Hub id, or folder name inside the embedded data.")
    revision: str | None = Field(
        default=None, description="Commit on the Hub; null: newest, recorded."
    )
    config: str | None = Field(
        default=None, description="Config; null for all subjects or the default."
    )
    split: str = Field(description="Split that is scored.")
    columns: list[str] = Field(default=[], description="Columns the benchmark reads.")


class Benchmark(Contract):
    """One of the ten benchmarks, or a perplexity, as a suite asks it."""

    name: str = Field(description="Key, and the name of its result file.")
    title: str = Field(description="Name as people know it.")
    dimension: Dimension = Field(description="Part of the framework it belongs to.")
    meaning: str = Field(description="What its score means, in one sentence.")
    headline: list[str] = Field(
        min_length=1, description="Metric the board shows; the first that has a value."
    )
    metrics: dict[str, MetricDefinition] = Field(description="Every metric, by name.")
    dataset: DatasetDefinition
    licence: str = Field(description="Licence of the data.")
    citation: str = Field(description="Who made it, where.")
    tasks: list[str] = Field(
        default=[], description="lm-eval tasks that it runs; none for perplexity."
    )
    task_overrides: dict[str, Any] = Field(
        default={}, description="Keys set on every one of its tasks."
    )
    sources: dict[str, str] = Field(
        default={},
        description="For tasks of lm-eval's own: our metric -> lm-eval's `metric,filter`.",
    )
    likelihoods: bool = Field(
        default=False,
        description="Whether answers are scored by their likelihoods, token by token, in every task.",
    )
    shots: int = Field(default=0, ge=0, description="Examples before each question.")
    prompt: str = Field(default="", description="What is put before the model, in a few words.")
    scoring: str = Field(default="", description="How an answer is judged, in one sentence.")
    differs: str = Field(default="", description="What differs from the paper, and why.")
    data_note: str = Field(default="", description="What a reader must know of the data.")
    variant_of: str | None = Field(
        default=None, description="Benchmark of the suite that this one was derived from."
    )
    options: dict[str, str] = Field(
        default={}, description="What a derived benchmark asks instead, such as its languages."
    )
    window: int | None = Field(default=None, description="Tokens per window, for perplexity.")
    documents: int | None = Field(
        default=None, description="Documents read, for perplexity; null for all."
    )
    joiner: str | None = Field(default=None, description="Text between documents, for perplexity.")
    document: DocumentKind = Field(
        default="row",
        description="What a whole document is, for bits per byte: a row, a page of WikiText's lines, or a "
        "block of 50 sentences.",
    )

    def definition(self, metric: str) -> MetricDefinition:
        """Return a metric's definition; `perplexity_window_512` is defined as `perplexity`."""
        return self.metrics[metric.split("_window_")[0]]

    @property
    def headline_definition(self) -> MetricDefinition:
        """Return the definition of the first headline metric."""
        return self.metrics[self.headline[0]]

    def headline_metric(self, measured: dict[str, Metric]) -> tuple[str, Metric] | None:
        """Return name and value of the first headline metric that has a value."""
        for wanted in self.headline:
            for name in sorted(measured):
                if name.split("_window_")[0] == wanted and measured[name].value is not None:
                    return name, measured[name]
        return None


class EfficiencyProtocol(Contract):
    """How speed and memory are measured (Jin et al., section 4 and Figure 8)."""

    input_tokens: int = Field(default=256, ge=1)
    output_tokens: int = Field(default=512, ge=2)
    warmup: int = Field(default=1, ge=1, description="Repetitions thrown away.")
    repetitions: int = Field(default=5, ge=1, description="Repetitions kept.")


class Suite(Contract):
    """A named, versioned list of benchmarks with its protocol."""

    name: str
    version: int = Field(ge=1)
    title: str
    description: str
    ranked: bool = Field(default=False, description="Whether the public board ranks it.")
    chat_template: bool = Field(description="Whether prompts are turns of a chat.")
    system: str | None = Field(
        default=None, description="System line, where the template takes one."
    )
    embedded: bool = Field(default=False, description="Whether its data ship with the package.")
    efficiency: EfficiencyProtocol = EfficiencyProtocol()
    benchmarks: list[Benchmark]

    @property
    def label(self) -> str:
        """Return `<name>@<version>`, as results and folders write it."""
        return f"{self.name}@{self.version}"

    def benchmark(self, name: str) -> Benchmark:
        """Return one benchmark, or one derived from it: `flores-deu_Latn-fra_Latn`, `bbq-divergence`.

        Raises:
            InputError: the suite has none of this name.
        """
        for benchmark in self.benchmarks:
            if benchmark.name == name:
                return benchmark
        from evaluator.suites.derived import DERIVATIONS  # which needs `Benchmark`

        base, _, rest = name.partition("-")
        for benchmark in self.benchmarks:
            if rest and benchmark.name == base and base in DERIVATIONS:
                return DERIVATIONS[base](benchmark, rest)
        known = ", ".join(benchmark.name for benchmark in self.benchmarks)
        raise InputError(f"suite {self.name} has no benchmark {name!r}; choose from {known}")


def suite_names() -> list[str]:
    """Return the names of all suites, sorted."""
    files = resources.files("evaluator.suites").iterdir()
    names = [file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")]
    return sorted(set(names) - {"benchmarks"})


def _merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a suite's keys over the common ones; `dataset` and `metrics` are merged key by key."""
    merged = {**common, **own}
    for key in ("dataset", "metrics"):
        merged[key] = {**common.get(key, {}), **own.get(key, {})}
    if own.get("replace_metrics"):
        merged["metrics"] = own["metrics"]
    merged.pop("replace_metrics", None)
    return merged


@cache
def load_suite(name: str) -> Suite:
    """Read a suite by name.

    Raises:
        InputError: there is no such suite, or its file is malformed.
    """
    if name not in suite_names():
        raise InputError(f"there is no suite {name!r}; choose from {', '.join(suite_names())}")
    folder = resources.files("evaluator.suites")
    common = read_yaml(folder / "benchmarks.yaml")
    data = read_yaml(folder / f"{name}.yaml")
    data["benchmarks"] = [
        _merged({"name": own["name"], **common[own["name"]]}, own) for own in data["benchmarks"]
    ]
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise InputError(f"suites/{name}.yaml: {'; '.join(validation_messages(error))}") from error
