"""Let real judges judge whole runs: a server on this machine, and a model that runs here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator import cli
from evaluator.judges.endpoint import KEY
from evaluator.results import JudgeUsed, UnitResult, read_result
from evaluator.suites.definitions import load_suite
from tests.evaluator import followbench_example as worked
from tests.evaluator.byte_model import write_rows
from tests.evaluator.judge_server import (
    SECRET,
    Serve,
    completion,
    in_turn,
    judge,
    level,
    satisfied,
)
from tests.evaluator.tiny_model import tiny_llama


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small random model, whose context of 64 tokens keeps every answer short."""
    pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that evaluates the model on the written example."""
    monkeypatch.setenv("QUANTBOARD_CACHE", str(tmp_path / "cache"))
    dataset = load_suite("paper").benchmark("followbench").dataset
    hub = write_rows(tmp_path / "hub", dataset.path, dataset.split, worked.rows())

    def start(benchmark: str, *words: str) -> int:
        return cli.main(
            [
                "run", str(model), "--suite", "paper", "--benchmarks", benchmark, "--no-efficiency",
                "--datasets", str(hub), "--output", str(tmp_path / "runs"), "--dtype", "float32",
                "--device", "cpu", *words,
            ]
        )  # fmt: skip

    return start


def written(folder: Path, name: str) -> UnitResult:
    """Return the one result of a benchmark."""
    (path,) = (folder / "runs").rglob(f"{name}.json")
    return read_result(path)


def test_a_scripted_model_gets_the_scores_worked_out_by_hand(serve: Serve, tmp_path: Path) -> None:
    """From rows to metrics: known responses, and a server that gives the written verdicts."""
    pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.judging import Judging
    from evaluator.scoring.run import Question, run_tasks
    from tests.scripted_model import ScriptedEngine

    suite = load_suite("paper")
    benchmark = suite.benchmark("followbench-endpoint")
    dataset = benchmark.dataset
    hub = write_rows(tmp_path / "hub", dataset.path, dataset.split, worked.rows())
    server = serve(lambda text: (200, completion(worked.VERDICTS[level(text) - 1]), {}))
    said: list[str] = []
    judging = Judging(judge(server), tmp_path / "kept", say=said.append)
    engine = ScriptedEngine(lambda row, _: worked.response(row), chat=True)
    outcome = run_tasks(engine, Question(suite, benchmark, hub, None, Computing(), False, judging))
    found = {name: metric.value for name, metric in outcome.metrics.items()}
    assert found == pytest.approx(worked.JUDGED)
    assert outcome.judge is not None
    assert (outcome.judge.judged, outcome.judge.undecided) == (5, 1)
    assert "at most 5 calls" in said[0]
    assert "5 calls" in said[1]


def test_an_endpoint_judges_from_the_command_line(
    run: Callable[..., int], serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Five of fifteen items go to the judge, one verdict is garbage; the judge is recorded, the key isn't."""
    import pyarrow.parquet as pq

    monkeypatch.setenv(KEY, SECRET)
    server = serve(
        lambda text: (200, completion("Hm."), {}) if level(text) == 2 else satisfied(text)
    )
    words = ["--judge", "judge", "--judge-url", server.url, "--judge-price", "1", "2"]
    assert run("followbench-endpoint", *words) == 0
    said = capfd.readouterr()
    assert "at most 5 calls to the judge judge at 127.0.0.1:" in said.err
    assert "price about" in said.err

    result = written(tmp_path, "followbench-endpoint")
    used = result.provenance.judge
    assert used is not None
    assert (used.mode, used.model, used.served) == ("endpoint", "judge", ["judge-2026"])
    assert (used.judged, used.undecided, used.tokens["answer"]) == (5, 1, 35)
    assert used.prompt_version is not None
    assert result.metrics["undecided_rate"].value == pytest.approx(0.2)
    assert result.groups["style"]["hsr"].value == pytest.approx(0.8)
    assert f"--judge judge --judge-url {server.url}" in result.provenance.command

    (parquet,) = (tmp_path / "runs").rglob("followbench-endpoint.parquet")
    items = pq.read_table(parquet).to_pydict()
    assert [items["judged"][5:10], items["decided"][5:10]] == [[1] * 5, [1, 0, 1, 1, 1]]
    assert items["verdict"][5:10] == [1, None, 7, 15, 31]
    (texts,) = (tmp_path / "cache" / "texts").rglob("followbench-endpoint.jsonl")
    assert json.loads(texts.read_text().splitlines()[6])["verdict"] == "Hm."
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in file.read_bytes() for file in files)

    asked = len(server.asked)
    assert run("followbench-endpoint", *words, "--rerun", "a test") == 0
    assert len(server.asked) == asked  # every verdict was kept
    assert run("followbench-endpoint", "--judge", "other", "--judge-url", server.url) == 2
    assert "was judged by judge already" in capfd.readouterr().err


def test_a_judge_that_fails_for_good_fails_the_unit(
    run: Callable[..., int], serve: Serve, tmp_path: Path
) -> None:
    """The unit is recorded with the reason."""
    server = serve(in_turn((401, "", {})))
    assert run("followbench-endpoint", "--judge", "judge", "--judge-url", server.url) == 1
    result = written(tmp_path, "followbench-endpoint")
    assert result.status == "failed"
    assert "refuses the key (401); put its key into QUANTBOARD_JUDGE_KEY" in (result.reason or "")


def test_a_model_judges_here(
    run: Callable[..., int], model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A random model, its own judge, gives no verdict that can be read: all undecided, with a warning."""
    assert run("followbench-local", "--judge", str(model)) == 0
    result = written(tmp_path, "followbench-local")
    used = result.provenance.judge
    assert used is not None
    assert (used.mode, used.model, used.judged, used.undecided) == ("local", "local/tiny", 5, 5)
    assert used.files_hash is not None
    assert result.metrics["undecided_rate"].value == 1.0
    assert result.groups["style"]["ssr"].value == 0.0
    assert any("own checkpoint" in note for note in result.provenance.notes)
    assert "own checkpoint" in capfd.readouterr().err
    assert "--judge local/tiny" in result.provenance.command


def test_a_judge_is_named_before_a_model_is_loaded(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    """Without one the run ends with a sentence; with one that nothing needs, too."""
    assert run("followbench-local") == 2
    assert "followbench-local needs a judge" in capfd.readouterr().err
    assert run("followbench", "--judge", "m") == 2
    assert "--judge is for followbench-local" in capfd.readouterr().err


def test_rules_are_recorded_as_the_judge(run: Callable[..., int], tmp_path: Path) -> None:
    """The plain benchmark says that code alone decided."""
    assert run("followbench") == 0
    assert written(tmp_path, "followbench").provenance.judge == JudgeUsed(mode="rules")
