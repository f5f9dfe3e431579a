"""Say in words what a benchmark is, from its definition: for the command line, the docs and the site."""

import json
import textwrap
from dataclasses import dataclass
from functools import cache
from importlib import resources

from evaluator.suites.definitions import Benchmark, DatasetDefinition, MetricDefinition, Suite

EXAMPLES = "examples.json"  # `make docs` makes it of the prompts' code and the embedded data
WIDTH = 100  # of a line that the command line prints
MINUS = "\u2212"
DIRECTION_WORDS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "zero": "closer to 0 is better",
}
UNITS = {
    "percent": (100, " %"),
    "number": (1, ""),
    "nats": (1, " nats"),
    "questions": (1, " questions"),
}


@dataclass(frozen=True)
class Example:
    """An item of the embedded data as it is put to a model, before the chat template."""

    prompt: str
    choices: tuple[str, ...] = ()  # what is scored as the answer, where nothing is generated
    answer: str = ""


@cache
def examples() -> dict[str, Example]:
    """Return one example of each of this project's tasks, by the task's name."""
    text = resources.files("evaluator.suites").joinpath(EXAMPLES).read_text("utf-8")
    return {
        task: Example(one["prompt"], tuple(one["choices"]), one["answer"])
        for task, one in json.loads(text).items()
    }


def example(benchmark: Benchmark) -> Example | None:
    """Return an example of a benchmark's prompt; null where lm-eval asks, and for other languages."""
    if benchmark.variant_of or not benchmark.tasks:
        return None
    return examples().get(benchmark.tasks[0])


def scale(metric: MetricDefinition) -> str:
    """Return a metric's range, chance level and direction, as `0 to 100 %, chance 25 %, higher is better`."""
    factor, unit = UNITS[metric.display]
    lowest = f"{metric.lowest * factor:g}".replace("-", MINUS)
    ends = f"{lowest}{unit} upwards"
    if metric.highest is not None:
        ends = f"{lowest} to {metric.highest * factor:g}{unit}"
    parts = [ends, DIRECTION_WORDS[metric.direction]]
    # Of a bias chance is the best value, too, and says nothing.
    if metric.chance is not None and metric.direction != "zero":
        parts.insert(1, f"chance {round(metric.chance * factor, 1):g}{unit}")
    return ", ".join(parts)


def metric_order(benchmark: Benchmark) -> list[str]:
    """Return the names of a benchmark's metrics: those that the board shows, then the others as defined."""
    return [
        *benchmark.headline,
        *(name for name in benchmark.metrics if name not in benchmark.headline),
    ]


def data_source(dataset: DatasetDefinition) -> str:
    """Return where items come from: id, config, split and revision."""
    revision = f"revision {dataset.revision}" if dataset.revision else ""
    return ", ".join(filter(None, (dataset.path, dataset.config, dataset.split, revision)))


def shots(benchmark: Benchmark) -> str:
    """Return how many examples stand before each question; a perplexity has no questions."""
    if benchmark.dimension == "perplexity":
        return "none: a text, no questions"
    return "none" if benchmark.shots == 0 else str(benchmark.shots)


def facts(benchmark: Benchmark) -> list[tuple[str, str]]:
    """Return everything that is said of a benchmark as label and text; what isn't said is left out."""
    rows = [
        ("dimension", benchmark.dimension),
        ("score", benchmark.meaning),
        ("derived from", benchmark.variant_of or ""),
        ("data", data_source(benchmark.dataset)),
        ("of the data", benchmark.data_note),
        ("prompt", benchmark.prompt),
        ("shots", shots(benchmark)),
        ("scoring", benchmark.scoring),
        *((f"metric {name}", _metric(benchmark, name)) for name in metric_order(benchmark)),
        ("differs from the paper", benchmark.differs),
        ("licence", benchmark.licence),
        ("citation", benchmark.citation),
    ]
    return [(label, text) for label, text in rows if text]


def _metric(benchmark: Benchmark, name: str) -> str:
    metric = benchmark.metrics[name]
    main = "main" if benchmark.variant_of else "on the board"
    shown = main if name in benchmark.headline else "beside it"
    return f"{metric.title} ({scale(metric)}; {shown}). {metric.description}"


def listing(suite: Suite) -> list[str]:
    """Return one suite's benchmarks as lines: what each is, its headline metric, its data, its licence."""
    lines = [f"{suite.label}: {suite.title}", *textwrap.wrap(suite.description, WIDTH), ""]
    for benchmark in suite.benchmarks:
        metric = benchmark.headline_definition
        lines += [
            f"{benchmark.name}: {benchmark.title} ({benchmark.dimension})",
            *_wrapped(benchmark.meaning),
            *_wrapped(f"{metric.title}: {scale(metric)}"),
            *_wrapped(f"{data_source(benchmark.dataset)}; {benchmark.licence}"),
        ]
    return lines


def whole(benchmark: Benchmark) -> list[str]:
    """Return everything about one benchmark as lines."""
    lines = [f"{benchmark.name}: {benchmark.title}"]
    return lines + [
        line for label, text in facts(benchmark) for line in _wrapped(f"{label}: {text}")
    ]


def _wrapped(text: str) -> list[str]:
    wrapper = textwrap.TextWrapper(WIDTH, initial_indent="  ", subsequent_indent="    ")
    wrapper.break_long_words = wrapper.break_on_hyphens = False
    return wrapper.wrap(text)
