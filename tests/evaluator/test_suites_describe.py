"""What the command line, the docs and the site say of a benchmark."""

import pytest

from evaluator.cli import main
from evaluator.suites import describe
from evaluator.suites.definitions import MetricDefinition, load_suite


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (
            MetricDefinition(title="A", direction="higher", chance=0.2261),
            "0 to 100 %, chance 22.6 %, higher is better",
        ),
        (
            MetricDefinition(title="B", direction="zero", lowest=-1.0, chance=0.0),
            "−100 to 100 %, closer to 0 is better",
        ),
        (
            MetricDefinition(title="C", direction="higher", chance=0.25),
            "0 to 100 %, chance 25 %, higher is better",
        ),
        (
            MetricDefinition(title="L", direction="lower", highest=None, display="questions"),
            "0 questions upwards, lower is better",
        ),
        (
            MetricDefinition(
                title="P", direction="lower", lowest=1.0, highest=None, display="number"
            ),
            "1 upwards, lower is better",
        ),
    ],
)
def test_scale_tells_range_chance_and_direction(metric: MetricDefinition, told: str) -> None:
    """The scale is in the unit that is shown, with the chance level where there is one."""
    assert describe.scale(metric) == told


@pytest.mark.parametrize("suite", ["harness", "mini", "paper"])
def test_command_lists_every_benchmark(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`quantboard benchmarks` names each benchmark with its score's meaning, its scale and its licence."""
    assert main(["benchmarks", "--suite", suite]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for benchmark in load_suite(suite).benchmarks:
        metric = benchmark.metrics[benchmark.headline[0]]
        assert f"{benchmark.name}: {benchmark.title}" in printed
        for text in (benchmark.meaning, describe.scale(metric), benchmark.licence):
            assert text in printed


def test_command_tells_all_of_one_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """A named benchmark is told whole: prompt, scoring, every metric, what differs, source."""
    assert main(["benchmarks", "bbq"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    bbq = load_suite("paper").benchmark("bbq")
    told = [bbq.prompt, bbq.scoring, bbq.differs, bbq.licence, bbq.citation, bbq.dataset.path]
    for text in told + [metric.description for metric in bbq.metrics.values()]:
        assert " ".join(text.split()) in printed


def test_command_tells_a_derived_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """Other languages are a benchmark of their own, which says what it comes from."""
    assert main(["benchmarks", "flores-deu_Latn-fra_Latn"]) == 0
    printed = capsys.readouterr().out
    assert "derived from: flores\n" in printed
    assert "on the board" not in printed


def test_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name ends with status 2 and the names that there are."""
    assert main(["benchmarks", "mmmlu"]) == 2
    assert "no benchmark 'mmmlu'; choose from mmlu" in capsys.readouterr().err


def test_lines_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is wider than a terminal, but for words that can't be broken."""
    main(["benchmarks", "mmlu", "flores", "followbench", "bbq", "c4"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= describe.WIDTH


def test_examples_stand_where_this_project_asks() -> None:
    """Prompts of this project's have an example; those of lm-eval's and of other languages have none."""
    paper, harness = load_suite("paper"), load_suite("harness")
    shown = describe.example(paper.benchmark("bbq"))
    assert shown is not None
    assert shown.prompt.startswith("Please answer the question provided below")
    assert shown.answer in shown.choices
    assert describe.example(harness.benchmark("mmlu")) is None
    assert describe.example(paper.benchmark("flores-deu_Latn-fra_Latn")) is None
    assert describe.example(paper.benchmark("c4")) is None
