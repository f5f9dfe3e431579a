"""Hold the store of outcomes to what it promises: nothing lost, nothing torn, nobody else's."""

import json
import math
import multiprocessing
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest

from evaluator.errors import ModelError, ResultError
from evaluator.results import LoadedModel
from evaluator.scoring import outcome_store
from evaluator.scoring.outcome_identity import Asked, identity
from evaluator.scoring.outcome_store import (
    OutcomeStore,
    generation_key,
    likelihood_key,
    losses_key,
)

MODEL = LoadedModel(
    id="local/a", files={"model.safetensors": "0" * 64}, dtype="float32", device="cpu"
)
WAY = Asked(kind="likelihood", way={"path": "tree", "budget": 2048, "block": 256})
IDENTITY = {"model": {"id": "local/a"}, "kind": "likelihood"}


def written(folder: Path, identity: Any = IDENTITY) -> Path:
    """Write three batches of outcomes and return the file that holds them."""
    with OutcomeStore.open(folder, identity) as store:
        for number in range(3):
            store.add([f"key {number}"], [[-number / 3, True]])
    (file,) = folder.rglob("*.jsonl")
    return file


def test_outcomes_come_back_to_the_last_bit(tmp_path: Path) -> None:
    """Floats, infinities, NaN, texts and lists are what they were."""
    values = [0.1 + 0.2, -math.inf, 5e-324, [-1.5, False], "häufig\n中\u2028", [1, 2], math.nan]
    keys = [str(number) for number in range(len(values))]
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        store.add(keys, values)
    found = OutcomeStore.open(tmp_path, IDENTITY).known([*keys, "another"])
    assert list(found) == keys
    assert list(found.values())[:-1] == values[:-1]
    assert math.isnan(found["6"])


def test_the_first_outcome_of_a_request_stays(tmp_path: Path) -> None:
    """What a request gave first is what it gives ever after, in this process and the next."""
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        store.add(["a"], [1.0])
        store.add(["a", "b"], [2.0, 3.0])
        assert store.known(["a", "b"]) == {"a": 1.0, "b": 3.0}
    assert OutcomeStore.open(tmp_path, IDENTITY).known(["a", "b"]) == {"a": 1.0, "b": 3.0}


def test_opening_and_closing_writes_nothing(tmp_path: Path) -> None:
    """A run that adds nothing leaves no file behind."""
    OutcomeStore.open(tmp_path, IDENTITY).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lost", [1, 9, 40])
def test_a_torn_last_line_is_passed_over(tmp_path: Path, lost: int) -> None:
    """A file that was cut while it was written gives all whole lines, and the next run goes on."""
    file = written(tmp_path)
    file.write_bytes(file.read_bytes()[:-lost])
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        assert len(store) == 2
        store.add(["key 2"], [7.0])
    assert len(OutcomeStore.open(tmp_path, IDENTITY)) == 3


def test_a_torn_first_line_is_passed_over(tmp_path: Path) -> None:
    """A run that was killed in its first write leaves a file that holds nothing."""
    file = written(tmp_path)
    file.write_bytes(file.read_bytes()[:20])
    assert len(OutcomeStore.open(tmp_path, IDENTITY)) == 0


@pytest.mark.parametrize("line", [0, 2], ids=["header", "outcome"])
def test_a_changed_digit_is_noticed(tmp_path: Path, line: int) -> None:
    """One changed character in the middle is an error that names the file to delete."""
    file = written(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"a", b"b").replace(b"3", b"4")
    file.write_bytes(b"".join(lines))
    with pytest.raises(ResultError, match=f"{file.name} is damaged in line {line + 1}; delete"):
        OutcomeStore.open(tmp_path, IDENTITY)


def test_another_models_file_is_refused(tmp_path: Path) -> None:
    """Outcomes that somebody copied to another model's place are not read, and the error says why."""
    file = written(tmp_path / "one")
    other = {"model": {"id": "local/b", "revision": None}, "kind": "likelihood"}
    place = written(tmp_path / "two", other).parent
    shutil.copy(file, place / "0.jsonl")
    with pytest.raises(ResultError, match=r"0\.jsonl .*\(model\.id, model\.revision differ\)"):
        OutcomeStore.open(tmp_path / "two", other)


def test_a_fault_in_the_key_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were all identities given one folder, the second model would be refused, not served."""
    monkeypatch.setattr(outcome_store, "sha256_text", lambda *_: "the same for all")
    written(tmp_path)
    with pytest.raises(ResultError, match="model"):
        OutcomeStore.open(tmp_path, {**IDENTITY, "model": {"id": "local/b"}})


@pytest.mark.parametrize(
    ("model", "method", "asked"),
    [
        (MODEL.model_copy(update={"files": {"model.safetensors": "1" * 64}}), "none", WAY),
        (MODEL.model_copy(update={"revision": "a" * 40}), "none", WAY),
        (MODEL.model_copy(update={"kernels": {"Linear4bit": 7}}), "none", WAY),
        (MODEL.model_copy(update={"dtype": "bfloat16"}), "none", WAY),
        (MODEL, "nf4", WAY),
        (MODEL, "none", Asked(kind="generation", way=WAY.way)),
        (MODEL, "none", Asked(kind="likelihood", way={**WAY.way, "block": 128})),
        (MODEL, "none", Asked(kind="likelihood", way=WAY.way, decoding={"do_sample": False})),
        (MODEL, "none", Asked(kind="likelihood", way=WAY.way, text={"bos": True})),
        (MODEL, "none", Asked(kind="likelihood", way=WAY.way, measurement=2)),
    ],
    ids=lambda value: "" if isinstance(value, Asked | LoadedModel) else str(value),
)
def test_each_difference_makes_another_store(
    tmp_path: Path, model: LoadedModel, method: str, asked: Asked
) -> None:
    """Weights, revision, kernels, dtype, method, kind, way, decoding, text: nothing crosses over."""
    written(tmp_path, identity(MODEL, "none", WAY))
    assert len(OutcomeStore.open(tmp_path, identity(MODEL, "none", WAY))) == 3
    assert len(OutcomeStore.open(tmp_path, identity(model, method, asked))) == 0


def test_threads_are_part_of_the_identity() -> None:
    """The number of threads changes last digits on a CPU, so it makes another store."""
    import torch

    before, count = identity(MODEL, "none", WAY), torch.get_num_threads()
    try:
        torch.set_num_threads(count + 1)
        after = identity(MODEL, "none", WAY)
    finally:
        torch.set_num_threads(count)
    assert outcome_store.differing(before, after) == ["machine.threads"]


def test_a_model_without_hashes_keeps_nothing() -> None:
    """Without the hashes of its files one model's outcomes could be taken for another's."""
    with pytest.raises(ModelError, match="no hashes"):
        identity(MODEL.model_copy(update={"files": {}}), "none", WAY)


def add_many(folder: Path, name: str) -> None:
    """Add outcomes from a process of its own."""
    with OutcomeStore.open(folder, IDENTITY) as store:
        for number in range(200):
            store.add([f"{name} {number}", f"both {number}"], [number, number])


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    """Two processes of one identity lose nothing and spoil nothing."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=add_many, args=(tmp_path, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(OutcomeStore.open(tmp_path, IDENTITY)) == 600


def test_a_write_that_fails_leaves_no_torn_line(tmp_path: Path) -> None:
    """After an outcome that JSON can't hold, the file is as it was, and goes on."""
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        store.add(["a"], [1])
        with pytest.raises(TypeError):
            store.add(["b"], [object()])
        store.add(["c"], [3])
    assert OutcomeStore.open(tmp_path, IDENTITY).known(["a", "b", "c"]) == {"a": 1, "c": 3}


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path) -> None:
    """Where only a part of a line could be written, that part is taken back, and the store goes on."""
    file = written(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        store.add(["a"], [1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, before[1]))
        try:
            with pytest.raises(ResultError, match="can't be written"):
                store.add(["b"], ["x" * 1000])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        store.add(["c"], [3])
    assert OutcomeStore.open(tmp_path, IDENTITY).known(["a", "b", "c"]) == {"a": 1, "c": 3}


def test_a_folder_that_cant_be_written_is_named(tmp_path: Path) -> None:
    """The error says what to do."""
    (tmp_path / "file").write_text("")
    store = OutcomeStore.open(tmp_path / "file", IDENTITY)
    with pytest.raises(ResultError, match="QUANTBOARD_CACHE"):
        store.add(["a"], [1])


def test_a_likelihood_takes_less_than_a_hundred_bytes(tmp_path: Path) -> None:
    """The 700,000 requests of BBQ stay under 70 MB."""
    keys = [likelihood_key([number, 2, 3], [4]) for number in range(1000)]
    with OutcomeStore.open(tmp_path, IDENTITY) as store:
        store.add(keys, [[-number / 7, False] for number in range(1000)])
    (file,) = tmp_path.rglob("*.jsonl")
    assert file.stat().st_size < 100 * 1000


def test_lines_are_json(tmp_path: Path) -> None:
    """Anybody can read the file: the identity first, then keys and values."""
    header, *lines = [json.loads(line) for line in written(tmp_path).read_text().splitlines()]
    assert header["identity"] == IDENTITY
    assert [line["keys"] for line in lines] == [["key 0"], ["key 1"], ["key 2"]]


def test_keys_tell_requests_apart() -> None:
    """A token that moves to the other side, another limit, stop string, shape or kind: another key."""
    keys = [
        likelihood_key([1, 2], [3]),
        likelihood_key([1], [2, 3]),
        likelihood_key([1, 2, 3], []),
        generation_key([1, 2], 3, []),
        generation_key([1, 2], 4, []),
        generation_key([1, 2], 3, ["a", "b"]),
        generation_key([1, 2], 3, ["ab"]),
        losses_key([[1, 2]], [[3, 4]]),
        losses_key([[1], [2]], [[3], [4]]),
    ]
    assert len(set(keys)) == len(keys)
    assert likelihood_key((1, 2), (3,)) == keys[0]
