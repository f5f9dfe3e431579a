"""Result files are judged against their path, their items, their suite and what they supersede."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluator.errors import ResultError
from evaluator.results import LoadedModel, Metric, Provenance, canonical_json
from evaluator.submissions import Entry, check, current_results, find_entries
from tests.evaluator.submission_trees import (
    BASE_REVISION,
    assert_one_clear_sentence,
    errors,
    submission,
    unit_result,
    write_entry,
    write_items,
    write_result,
    write_text,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a good entry without results."""
    return write_entry(tmp_path, submission())


def measured_on(**changes: Any) -> Provenance:
    """Return the provenance of a result of another model."""
    fields = {"id": "someone/model-gptq", "dtype": "bfloat16", "device": "cpu", **changes}
    return Provenance(command="quantboard run", model=LoadedModel.model_validate(fields))


def _changed(**changes: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        write_result(folder, **changes)

    return write


def _edited(old: str, new: str) -> Callable[[Path], None]:
    """Write a good result of which some text is replaced, as an editor or a cut transfer leaves it."""

    def write(folder: Path) -> None:
        text = canonical_json(unit_result(folder))
        assert old in text
        write_text(folder, "mini@1/mmlu.json", text.replace(old, new, 1))

    return write


def _cut(folder: Path) -> None:
    text = canonical_json(unit_result(folder))
    write_text(folder, "mini@1/mmlu.json", text[: len(text) // 2])


def _elsewhere(name: str) -> Callable[[Path], None]:
    return lambda folder: _moved(folder, name)


def _moved(folder: Path, name: str) -> None:
    write_result(folder, name)


def _items(**changes: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        digest = write_items(folder)
        write_result(folder, **{"items": "mmlu.parquet", "items_sha256": digest, **changes})

    return write


def _later(**changes: Any) -> Callable[[Path], None]:
    """Write a good result and a second one of the same unit."""

    def write(folder: Path) -> None:
        write_result(folder)
        good = {"supersedes": "mmlu.json", "supersedes_reason": "a driver was broken"}
        write_result(folder, "mini@1/mmlu.2.json", **{**good, **changes})

    return write


def _two_later(folder: Path) -> None:
    _later()(folder)
    reason = {"supersedes": "mmlu.json", "supersedes_reason": "again"}
    write_result(folder, "mini@1/mmlu.3.json", **reason)


def _finished(moment: str) -> Callable[[Path], None]:
    return _edited("2026-01-01T00:00:01Z", moment)


def _derived(benchmark: str) -> Callable[[Path], None]:
    """Write a result of a benchmark that is named as if it were derived from one of suite paper's."""

    def write(folder: Path) -> None:
        name = f"paper@1/{benchmark}.json"
        write_result(folder, name, suite="paper@1", benchmark=benchmark)

    return write


ACCURACY = {"accuracy": Metric(value=0.5)}
BAD_RESULTS: dict[str, tuple[Callable[[Path], None], *tuple[str, ...]]] = {
    "cut in half": (_cut, "can't be read as JSON", "run the unit again"),
    "nested too deep": (lambda f: _raw(f, "[" * 100_000), "can't be read as JSON"),
    "endless number": (lambda f: _raw(f, "1" * 10_000), "can't be read as JSON"),
    "not an object": (lambda f: _raw(f, "[]"), "schema_version None"),
    "another version": (
        _edited('"schema_version": 1', '"schema_version": 2'),
        "schema_version 2",
        "reads 1",
    ),
    "unknown field": (_edited('"suite"', '"verified": true,\n "suite"'), "unknown field verified"),
    "NaN": (_edited('"value": 0.5', '"value": NaN'), "metrics.accuracy.value is NaN", "write null"),
    "NaN in settings": (
        _edited('"decoding": {}', '"decoding": {"temperature": NaN}'),
        "provenance.decoding.temperature is NaN",
    ),
    "another entry": (
        _changed(entry="org--model/bf16"),
        "entry is 'org--model/bf16'",
        "move the file",
    ),
    "another suite": (_elsewhere("harness@1/mmlu.json"), "suite is 'mini@1'", "'harness@1'"),
    "another benchmark": (_elsewhere("mini@1/snli.json"), "benchmark is 'mmlu'", "'snli'"),
    "another kind": (_changed(kind="efficiency"), "kind is 'efficiency'", "'benchmark'"),
    "another model": (
        _changed(provenance=measured_on(id="org/other")),
        "'org/other'",
        "run the unit",
    ),
    "another revision": (
        _changed(provenance=measured_on(revision=BASE_REVISION)),
        "on revision bbbb",
    ),
    "failed without reason": (_changed(status="failed", metrics={}), "reason is missing"),
    "nothing measured": (_changed(metrics={}), "metrics is empty"),
    "null without reason": (_changed(metrics={"accuracy": Metric(value=None)}), "value is null"),
    "percent for share": (_changed(metrics={"accuracy": Metric(value=62.5)}), "62.5", "0 to 1"),
    "interval turned": (
        _changed(metrics={"accuracy": Metric(value=0.5, ci95=(0.6, 0.4))}),
        "ci95 ends below its start",
    ),
    "no time": (
        _edited('"finished": "2026-01-01T00:00:01Z"', '"finished": "<b>now</b>"'),
        "timing.finished is '<b>now</b>'",
        "write the time in UTC",
    ),
    "no day": (_finished("2026-02-30T00:00:00Z"), "timing.finished is 2026-02-30", "no calendar"),
    "a day to come": (_finished("9999-12-31T23:59:59Z"), "timing.finished", "still to come"),
    "endless reason": (
        _changed(status="failed", reason="x" * 10_000, metrics={}),
        "reason has 10,000 characters",
        "shorten it",
    ),
    "endless reason of a later": (
        _later(supersedes_reason="x" * 2_001),
        "supersedes_reason has 2,001 characters",
    ),
    "endless reason of a metric": (
        _changed(metrics={"accuracy": Metric(value=None, reason="x" * 2_001)}),
        "metrics.accuracy.reason has 2,001",
    ),
    "endless note": (
        _changed(groups={"a": {"accuracy": Metric(value=0.5, note="x" * 2_001)}}),
        "groups.a.accuracy.note has 2,001",
    ),
    "endless error": (
        _changed(metrics={"accuracy": Metric(value=0.5, stderr=1e307)}),
        "metrics.accuracy holds a number beyond 1e+100",
    ),
    "endless interval": (
        _changed(metrics={"accuracy": Metric(value=0.5, ci95=(-1e307, 0.6))}),
        "metrics.accuracy holds a number beyond 1e+100",
    ),
    "half a character": (
        _edited('"command": "quantboard run"', '"command": "\\ud800"'),
        "provenance.command",
    ),
    "half a character in a name": (
        _edited('"decoding": {}', '"decoding": {"\\udfff": 1}'),
        "U+DFFF",
    ),
    "no language": (_derived("flores-Klingon-German"), "has no language 'Klingon'", "or remove"),
    "no judge": (_derived("followbench-gpt"), "no judge 'gpt'", "or remove"),
    "derived to nothing": (_derived("flores-"), "no benchmark 'flores-'", "or remove"),
    "control character": (_changed(status="failed", reason="\x1b[2J"), "reason holds U+001B"),
    "bidi in a group": (_changed(groups={"a\u202eb": ACCURACY}), "holds U+202E"),
    "items missing": (
        _changed(items="mmlu.parquet", items_sha256="0" * 64),
        "mmlu.parquet is missing",
    ),
    "items changed": (_items(items_sha256="0" * 64), "SHA-256 of mmlu.parquet"),
    "items without hash": (_items(items_sha256=None), "items_sha256 is missing"),
    "items elsewhere": (_items(items="../../../x.parquet"), "items is '../../../x.parquet'"),
    "hash without items": (_changed(items_sha256="0" * 64), "without items"),
    "later without supersedes": (_later(supersedes=None), "say what it supersedes"),
    "later without why": (_later(supersedes_reason=None), "supersedes_reason is missing"),
    "supersedes nothing there": (_later(supersedes="snli.json"), "no earlier file"),
    "supersedes itself": (_later(supersedes="mmlu.2.json"), "no earlier file"),
    "superseded twice": (_two_later, "mmlu.3.json", "supersedes already"),
    "first supersedes": (
        _changed(supersedes="mmlu.2.json", supersedes_reason="x"),
        "the first result of a unit supersedes nothing",
    ),
}


def _raw(folder: Path, text: str) -> None:
    write_text(folder, "mini@1/mmlu.json", text)


@pytest.mark.parametrize("case", BAD_RESULTS)
def test_bad_result_is_named(tmp_path: Path, folder: Path, case: str) -> None:
    """A result that is wrong gives one sentence that says what to change."""
    make, *words = BAD_RESULTS[case]
    make(folder)
    assert_one_clear_sentence(errors(tmp_path), ".json", *words)


UNUSUAL: dict[str, tuple[Callable[[Path], None], str]] = {
    "another suite version": (
        lambda folder: _moved_suite(folder, "mini@99"),
        "this quantboard has no suite mini@99",
    ),
    "unknown suite": (lambda folder: _moved_suite(folder, "lost@1"), "no suite lost@1"),
    "unknown benchmark": (
        lambda folder: _moved_benchmark(folder, "chess"),
        "suite mini@1 has no benchmark chess",
    ),
    "unknown metric": (
        _changed(metrics={**ACCURACY, "charm": Metric(value=1)}),
        "no metric 'charm'",
    ),
    "limited in a ranked suite": (
        lambda folder: _limited(folder, "paper@1"),
        "only 100 items were asked",
    ),
    "local copy": (_changed(provenance=measured_on(id="local/copy")), "measured on 'local/copy'"),
    "items alone": (lambda folder: _only_items(folder), "no result names this items file"),
}


def _moved_suite(folder: Path, suite: str) -> None:
    write_result(folder, f"{suite}/mmlu.json", suite=suite)


def _moved_benchmark(folder: Path, benchmark: str) -> None:
    write_result(folder, f"mini@1/{benchmark}.json", benchmark=benchmark)


def _limited(folder: Path, suite: str) -> None:
    provenance = Provenance(command="quantboard run", limit=100)
    write_result(folder, f"{suite}/mmlu.json", suite=suite, provenance=provenance)


def _only_items(folder: Path) -> None:
    write_items(folder)


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_only_unusual_is_a_warning(tmp_path: Path, folder: Path, case: str) -> None:
    """A result of another time or place informs, and doesn't fail the check."""
    make, words = UNUSUAL[case]
    make(folder)
    problems = check([], root=tmp_path)
    assert [problem.severity for problem in problems] == ["warning"]
    assert words in problems[0].message


@pytest.mark.parametrize("make", [_changed(), _items(), _later()])
def test_good_results_have_no_problem(
    tmp_path: Path, folder: Path, make: Callable[[Path], None]
) -> None:
    """A result alone, with items, or with a successor passes without a word."""
    make(folder)
    assert check([], root=tmp_path) == []


def test_a_good_probe_has_no_problem(tmp_path: Path, folder: Path) -> None:
    """An efficiency probe stands below the name of its hardware."""
    probe = {"kind": "efficiency", "suite": None, "benchmark": "decode-64-64", "hardware": "cpu-x"}
    write_result(folder, "efficiency/cpu-x/decode-64-64.json", **probe)
    assert check([], root=tmp_path) == []


def test_a_probe_of_other_hardware_is_named(tmp_path: Path, folder: Path) -> None:
    """A probe that was moved to another machine's folder is refused."""
    probe = {"kind": "efficiency", "suite": None, "benchmark": "decode-64-64", "hardware": "cpu-x"}
    write_result(folder, "efficiency/gpu-y/decode-64-64.json", **probe)
    assert_one_clear_sentence(errors(tmp_path), "hardware is 'cpu-x'", "'gpu-y'")


def test_a_failed_unit_is_a_good_result(tmp_path: Path, folder: Path) -> None:
    """A model that doesn't load is a row, not a problem."""
    write_result(folder, status="failed", reason="The model doesn't load.", metrics={})
    assert check([], root=tmp_path) == []


def only_entry(root: Path) -> Entry:
    """Return a tree's one entry."""
    (entry,) = find_entries(root)
    return entry


def test_current_results_follow_the_chain(tmp_path: Path, folder: Path) -> None:
    """Of three results of a unit the one that nothing supersedes counts; other units are untouched."""
    _later()(folder)
    third = {"supersedes": "mmlu.2.json", "supersedes_reason": "again"}
    write_result(folder, "mini@1/mmlu.3.json", **third)
    write_result(folder, "mini@1/snli.json", benchmark="snli")
    names = [stored.path.name for stored in current_results(only_entry(tmp_path))]
    assert names == ["mmlu.3.json", "snli.json"]


def test_the_same_unit_on_two_machines_is_two_units(tmp_path: Path, folder: Path) -> None:
    """Probes on different hardware stand beside each other."""
    for hardware in ("a", "b"):
        probe = {"kind": "efficiency", "suite": None, "benchmark": "decode", "hardware": hardware}
        write_result(folder, f"efficiency/{hardware}/decode.json", **probe)
    assert len(current_results(only_entry(tmp_path))) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_later(supersedes=None), "contradict each other"),
        (_two_later, "contradict each other"),
        (_later(supersedes="gone.json"), "gone.json, which isn't there"),
    ],
)
def test_a_broken_chain_raises(
    tmp_path: Path, folder: Path, make: Callable[[Path], None], words: str
) -> None:
    """The site doesn't choose between results that contradict each other."""
    make(folder)
    with pytest.raises(ResultError, match=words):
        current_results(only_entry(tmp_path))
