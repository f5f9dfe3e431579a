"""Test the whole way that `make demo` goes, with two variants, and that the mini model has learned."""

from pathlib import Path

import pytest

from evaluator.cli import main
from evaluator.demo import VARIANTS
from evaluator.errors import InputError
from evaluator.submissions import Entry, check, find_entries
from tests.mini_scores import TEN, by_benchmark, mean_score, not_learned, points

# Points of the shipped model, unquantized. A scorer or a prompt that changes shows here.
RANGES = {
    "mmlu": (98.0, 100.0),
    "ceval": (98.0, 100.0),
    "flores": (95.0, 99.0),
    "cnn_dailymail": (98.0, 100.0),
    "xsum": (98.0, 100.0),
    "gsm8k": (97.0, 100.0),
    "snli": (64.0, 68.0),
    "followbench": (78.0, 83.0),
    "truthfulqa": (98.0, 100.0),
    "bbq": (70.0, 75.0),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a demo with two variants."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--output", str(folder), "--variants", "unquantized,gptq-2bit"]) == 0
    return folder


@pytest.fixture(scope="module")
def entries(demo: Path) -> dict[str, Entry]:
    """Return the demo's entries by variant."""
    return {entry.variant: entry for entry in find_entries(demo / "submissions")}


def test_demo_evaluates_every_unit_of_both_variants(entries: dict[str, Entry]) -> None:
    """Ten benchmarks, three perplexities and the probe, each ok, and of a variant its divergence."""
    for variant, units in (("fp32", 14), ("gptq-2bit-g128", 15)):
        results = by_benchmark(entries[variant])
        assert len(results) == units
        assert {result.status for result in results.values()} == {"ok"}


def test_demo_gives_entries_that_pass_the_check(demo: Path) -> None:
    """What `run` writes is what `check` accepts."""
    problems = check([demo / "submissions"], root=demo / "submissions")

    assert [problem for problem in problems if problem.severity == "error"] == []


def test_demo_builds_a_board_with_both_variants(demo: Path) -> None:
    """The board names each variant."""
    board = (demo / "_site" / "index.html").read_text()

    assert "gptq-2bit-g128" in board
    assert "fp32" in board


def test_mini_model_has_learned_every_benchmark(entries: dict[str, Entry]) -> None:
    """Unquantized, each score is at least 15 points above chance."""
    assert not_learned(entries["fp32"]) == []


@pytest.mark.parametrize("benchmark", TEN)
def test_score_is_in_its_range(benchmark: str, entries: dict[str, Entry]) -> None:
    """The shipped model scores what it scored when it was made."""
    lowest, highest = RANGES[benchmark]

    assert lowest <= points(by_benchmark(entries["fp32"]), benchmark) <= highest


def test_two_bits_cost_at_least_five_points(entries: dict[str, Entry]) -> None:
    """GPTQ at 2 bits is visibly worse than the base, as in the paper."""
    assert mean_score(entries["fp32"]) - mean_score(entries["gptq-2bit-g128"]) >= 5


def test_two_bits_diverge_from_the_base(entries: dict[str, Entry]) -> None:
    """Far above the floor."""
    found = by_benchmark(entries["gptq-2bit-g128"])["wikitext2-divergence"].metrics
    assert (found["kl_divergence"].value or 0) > 0.01 > 1e-6 > (found["kl_floor"].value or 0)


def test_demo_again_repeats_nothing(demo: Path) -> None:
    """A second demo in the same folder leaves every result as it is."""
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("results/**/*.json")}

    assert main(["demo", "--output", str(demo), "--variants", "unquantized,gptq-2bit"]) == 0

    assert {path: path.stat().st_mtime_ns for path in demo.rglob("results/**/*.json")} == before


def test_unknown_variant_is_named_with_the_known_ones(tmp_path: Path) -> None:
    """A mistyped variant stops the demo before anything is made."""
    from evaluator.demo import run_demo

    with pytest.raises(InputError, match="no variant gptq-5bit; choose from unquantized"):
        run_demo(tmp_path, variants=["gptq-5bit"], options=[], jobs=1)
    assert not any(tmp_path.iterdir())


def test_demo_has_every_method_that_the_readme_names() -> None:
    """Unquantized, LLM.int8, NF4, GPTQ at four widths, AWQ."""
    methods = {(variant.method, variant.bits) for variant in VARIANTS}

    assert methods == {
        (None, None), ("llm.int8", 8), ("nf4", 4), ("awq", 4),
        ("gptq", 8), ("gptq", 4), ("gptq", 3), ("gptq", 2),
    }  # fmt: skip
