"""Divergence units from the command line: planned, measured from a base that is kept, refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator.baseline import Baseline
from evaluator.cli import main
from evaluator.errors import InputError
from evaluator.results import UnitResult, read_result
from evaluator.submissions import check
from evaluator.suites.definitions import load_suite
from evaluator.suites.divergence import BENCHMARKS, possible, with_divergences
from evaluator.tasks.registry import code_for_task

MINI = Path(__file__).resolve().parents[2] / "evaluator" / "mini" / "model"
TEXTS = ["wikitext2", "c4", "ptb"]


pytestmark = pytest.mark.usefixtures("own_cache")


def run(
    folder: Path, *words: str, command: str = "run", benchmarks: str | None = "wikitext2"
) -> int:
    """Run the mini model quantized while loading, on two items of each benchmark."""
    asked = ["--benchmarks", benchmarks] if benchmarks else []
    settings = ["--suite", "mini", "--method", "nf4", "--dtype", "float32", "--device", "cpu"]
    output = ["--output", str(folder), "--no-efficiency", "--limit", "2"]
    return main([command, str(MINI), *settings, *output, *asked, *words])


def results(folder: Path) -> dict[str, UnitResult]:
    """Return the results under a folder by benchmark."""
    found = [read_result(file) for file in folder.rglob("*.json")]
    return {result.benchmark: result for result in found}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run with a base."""
    folder = tmp_path_factory.mktemp("runs")
    assert run(folder, "--divergence-from", str(MINI)) == 0
    return folder


def test_the_flag_adds_the_divergence_of_what_is_run(runs: Path) -> None:
    """Its result names the base, every metric, and the command; the entry passes the check."""
    found = results(runs)
    assert sorted(found) == ["wikitext2", "wikitext2-divergence"]
    result, defined = (
        found["wikitext2-divergence"],
        load_suite("mini").benchmark("wikitext2-divergence"),
    )
    assert result.metrics.keys() == defined.metrics.keys()
    assert 1e-4 < (result.metrics["kl_divergence"].value or 0) < 0.1
    base, own = result.provenance.base, result.provenance.model
    assert base is not None
    assert own is not None
    assert base.files == own.files
    assert "bitsandbytes.Linear4bit" in own.kernels
    assert "bitsandbytes.Linear4bit" not in base.kernels
    assert "--divergence-from local/model" in result.provenance.command
    assert found["wikitext2"].provenance.base is None
    problems = check([runs], root=runs)
    assert [one.message for one in problems if "divergence" in one.path] == []


def test_a_base_that_is_kept_is_not_loaded_again(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second variant finds what the base gave, and the very same numbers."""

    def load(self: Baseline) -> Any:
        raise AssertionError("the base was loaded again")

    monkeypatch.setattr(Baseline, "load", load)
    assert run(tmp_path, "--divergence-from", str(MINI)) == 0
    again, first = (one["wikitext2-divergence"] for one in (results(tmp_path), results(runs)))
    assert again.metrics == first.metrics
    assert again.items_sha256 == first.items_sha256


def test_a_base_that_fails_spoils_its_own_units_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason stands in the divergence's result, and everything else is measured."""

    def load(self: Baseline) -> Any:
        raise InputError("the base is nowhere")

    monkeypatch.setattr(Baseline, "load", load)
    assert run(tmp_path, "--divergence-from", str(MINI), benchmarks="ptb") == 1
    found = results(tmp_path)
    assert found["ptb"].status == "ok"
    assert (found["ptb-divergence"].status, found["ptb-divergence"].reason) == (
        "failed",
        "the base is nowhere",
    )
    assert "the base local/model doesn't load: the base is nowhere" in capsys.readouterr().out


def test_plan_lists_and_counts_divergences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `run` would run them: with the flag, of every benchmark that has one."""
    words = ["--divergence-from", str(MINI)]
    assert run(tmp_path, "--list", *words, command="plan", benchmarks=None) == 0
    listed = capsys.readouterr().out
    for name in ["truthfulqa", "bbq", *TEXTS]:
        assert f"/{name}-divergence\n" in listed
    assert "mmlu-divergence" not in listed
    assert run(tmp_path, "--json", *words, command="plan", benchmarks="wikitext2-divergence") == 0
    plan = json.loads(capsys.readouterr().out)
    (unit,) = plan["units"]
    assert unit["items"] == 2
    assert unit["tokens"]["computed"] == 512
    assert plan["notes"] == [
        "The base's own pass isn't in the estimate; it is made once for all variants."
    ]


@pytest.mark.parametrize(
    ("words", "benchmarks", "message"),
    [
        (
            [],
            "ptb-divergence",
            "ptb-divergence needs a base; add --divergence-from with its folder",
        ),
        (["--divergence-from"], "ptb", "the base local/model isn't on the Hub; name its folder"),
        (["--divergence-from", "nowhere"], "ptb", "nowhere is neither a model folder nor a Hub id"),
        (["--divergence-from", str(MINI)], "mmlu", "is for benchmarks scored by likelihoods"),
        (
            ["--divergence-from", str(MINI)],
            "mmlu-divergence",
            "this suite scores mmlu in another way",
        ),
        ([], "ptb-other", "ptb has no 'other' derived from it; choose ptb-divergence"),
    ],
)
def test_what_cannot_be_is_refused_before_a_model_is_loaded(
    words: list[str],
    benchmarks: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With one sentence that says what to change."""
    assert run(tmp_path, *words, benchmarks=benchmarks) == 2
    assert message in capsys.readouterr().err


def test_another_base_than_that_of_a_result_is_refused(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files say which it was; a quantized one is no base at all."""
    other = tmp_path / "other"
    other.mkdir()
    for file in MINI.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "use_cache": False}))
    assert run(runs, "--divergence-from", str(other)) == 2
    assert "add --rerun REASON to measure it from local/other" in capsys.readouterr().err
    quantization = {
        "quant_method": "bitsandbytes",
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
    }
    (other / "config.json").write_text(json.dumps({**config, "quantization_config": quantization}))
    assert run(tmp_path, "--divergence-from", str(other)) == 2
    assert "is quantized itself; name the unquantized model" in capsys.readouterr().err


def test_only_benchmarks_scored_by_likelihoods_have_a_divergence() -> None:
    """Of this project's own tasks the code says so; texts have windows where no task of lm-eval's is run."""
    for name in ("paper", "mini"):
        suite = load_suite(name)
        for benchmark in suite.benchmarks:
            code = code_for_task(benchmark.tasks[0]) if benchmark.tasks else None
            wanted = not benchmark.tasks or (code and code.output_type == "multiple_choice")
            assert possible(benchmark) == bool(wanted), benchmark.name
    able = {one.name for one in load_suite("harness").benchmarks if possible(one)}
    assert able == {"mmlu", "ceval", "snli", "truthfulqa", "bbq"}
    assert able | set(TEXTS) == set(BENCHMARKS)


def test_a_divergence_that_was_named_is_all_that_is_added() -> None:
    """Else every benchmark that was chosen brings its own."""
    suites = [load_suite("paper"), load_suite("harness")]
    assert with_divergences(suites, ["gsm8k", "ptb-divergence"]) == ["gsm8k", "ptb-divergence"]
    assert with_divergences(suites, ["gsm8k", "mmlu"]) == ["gsm8k", "mmlu", "mmlu-divergence"]
    whole = with_divergences(suites, None)
    assert whole[: len(suites[0].benchmarks)] == [one.name for one in suites[0].benchmarks]
    assert set(whole[len(suites[0].benchmarks) :]) == {f"{name}-divergence" for name in BENCHMARKS}
