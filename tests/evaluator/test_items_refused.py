"""Test that items files from strangers are refused where they can't be trusted, in a sentence each."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator import items as module
from evaluator.entries import StoredResult
from evaluator.errors import ResultError
from evaluator.items import items_bytes, read_items, stored_items, write_items
from evaluator.results import Provenance, Timing, UnitResult
from evaluator.tasks.parts import CLUSTER, STRATUM
from tests.evaluator.item_files import COLUMNS, foreign


def refusal(path: Path, columns: list[str] | None = None, digest: str | None = None) -> str:
    """Return the sentence with which a file is refused: the file first, and what to do last."""
    with pytest.raises(ResultError) as refused:
        read_items(path, columns, digest=digest)
    sentence = str(refused.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith(("run the unit again", "restore it"))
    return sentence


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The system's own reason is told."""
    assert "No such file" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"PAR1", lambda whole: whole[:-40]])
def test_what_is_no_parquet_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Text, nothing, and a file cut short."""
    (tmp_path / "x.parquet").write_bytes(damage(items_bytes(COLUMNS)))
    assert "isn't an items file in parquet" in refusal(tmp_path / "x.parquet")


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    """Bytes that were changed within, where no hash was given."""
    content = bytearray(items_bytes({"nll": np.linspace(0, 9, 1000)}))
    content[40:200] = bytes(160)
    (tmp_path / "x.parquet").write_bytes(content)
    assert "isn't an items file" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("seed", range(2))
def test_damage_anywhere_is_refused_or_harmless(seed: int, tmp_path: Path) -> None:
    """Wherever a byte is changed, nothing but an items file's own error comes of it."""
    content, random = items_bytes(COLUMNS), np.random.default_rng(seed)
    refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= int(random.integers(1, 256))
        (tmp_path / "x.parquet").write_bytes(damaged)
        try:
            read_items(tmp_path / "x.parquet")
        except ResultError:
            refused += 1
    assert refused > len(content) / 4


def test_another_hash_is_refused(tmp_path: Path) -> None:
    """A file that isn't the one that was measured isn't opened."""
    digest = write_items(COLUMNS, tmp_path / "x.parquet")
    assert read_items(tmp_path / "x.parquet", digest=digest).rows == 3
    assert "items_sha256" in refusal(tmp_path / "x.parquet", digest="0" * 64)


def test_a_file_of_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than the limit and one byte is read."""
    monkeypatch.setattr(module, "LARGEST_BYTES", 1024**2)
    with (tmp_path / "x.parquet").open("wb") as stream:
        stream.truncate(1024**2 + 1)
    assert "larger than 1 MiB" in refusal(tmp_path / "x.parquet")


def test_a_file_of_too_many_rows_is_refused(tmp_path: Path) -> None:
    """A small file can hold very many equal rows."""
    rows = module.LARGEST_ROWS + 1
    path = foreign(tmp_path, correct=pa.array(np.zeros(rows, dtype=bool)))
    assert path.stat().st_size < 20_000
    assert f"{rows:,} rows" in refusal(path)


def test_a_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows can be long; many columns can be stored in a few bytes each, and are counted as read."""
    monkeypatch.setattr(module, "LARGEST_UNPACKED_BYTES", 100_000)
    assert "1 rows in 200," in refusal(foreign(tmp_path, stratum=pa.array(["x" * 200_000])))
    wide = {f"nll_{number}": pa.array(np.zeros(1000)) for number in range(20)}
    assert "1,000 rows in 160,000 bytes" in refusal(foreign(tmp_path, **wide))
    assert read_items(tmp_path / "x.parquet", ["nll_0"]).rows == 1000


def test_a_long_name_is_not_repeated_for_each_item(tmp_path: Path) -> None:
    """A file of some KB whose items all share a name of 1 MB is read without 100 GB of memory."""
    one = pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), pa.array(["x" * 1_000_000]))
    path = foreign(tmp_path, stratum=one)
    assert path.stat().st_size < 200_000
    strata = read_items(path).strata
    assert strata is not None
    assert (len(strata.codes), len(strata.names)) == (100_000, 1)


def test_missing_columns_are_named_at_once(tmp_path: Path) -> None:
    """All that are missing, in one sentence."""
    write_items(COLUMNS, tmp_path / "x.parquet")
    sentence = refusal(tmp_path / "x.parquet", ["correct", "rouge1", "rouge2"])
    assert "no column rouge1, rouge2;" in sentence


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("nll", pa.array(["one"])),
        ("nll", pa.array([[1.0]])),
        ("nll", pa.array([{"a": 1.0}])),
        ("nll", pa.array([b"one"])),
        ("nll", pa.array([0], pa.timestamp("s"))),
        ("correct", pa.array(["yes"]).dictionary_encode()),
        ("stratum", pa.array([1])),
        ("stratum", pa.array([b"one"])),
        ("stratum", pa.array([["one"]])),
        ("nll", pa.array([{"stratum": "one"}])),
        ("cluster", pa.array([1.0])),
    ],
)
def test_columns_of_an_odd_type_are_refused(name: str, values: pa.Array, tmp_path: Path) -> None:
    """Texts, lists, structures, bytes, times; a stratum that is a number, a cluster that isn't whole."""
    assert f"column {name} can't be of type" in refusal(foreign(tmp_path, **{name: values}))


def test_odd_columns_that_are_not_wanted_do_no_harm(tmp_path: Path) -> None:
    """A later version may have columns that this one doesn't know."""
    path = foreign(tmp_path, correct=pa.array([True]), later=pa.array(["text"]))
    assert read_items(path, ["correct"]).numbers["correct"].tolist() == [1.0]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which one was meant, nobody knows."""
    table = pa.table([pa.array([True]), pa.array([False])], names=["correct", "correct"])
    pq.write_table(table, tmp_path / "x.parquet")
    assert "two columns of one name" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("name", [STRATUM, CLUSTER])
def test_an_item_without_its_part_is_refused(name: str, tmp_path: Path) -> None:
    """Where others have one; the numbers beside it stay readable."""
    values = pa.array(["x", None]) if name == STRATUM else pa.array([1, None], pa.int32())
    path = foreign(tmp_path, correct=pa.array([True, False]), **{name: values})
    assert f"no {name}" in refusal(path)
    assert read_items(path, ["correct"]).rows == 2


def test_a_cluster_beyond_its_type_is_refused(tmp_path: Path) -> None:
    """It isn't wrapped round to another cluster's number."""
    assert "isn't an items file" in refusal(foreign(tmp_path, cluster=pa.array([2**40])))


# Of a result --------------------------------------------------------------------------------------


def stored(folder: Path, **fields: Any) -> StoredResult:
    """Return a result whose items were written beside it."""
    digest = write_items(COLUMNS, folder / "mmlu.parquet")
    result = UnitResult(
        kind="benchmark",
        entry="org--model/bf16",
        suite="mini@1",
        benchmark="mmlu",
        status="ok",
        metrics={},
        provenance=Provenance(command="quantboard run"),
        timing=Timing(started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", seconds=1),
        items="mmlu.parquet",
        items_sha256=digest,
    )
    return StoredResult(folder / "mmlu.json", result.model_copy(update=fields))


def test_a_results_items_are_read(tmp_path: Path) -> None:
    """From the file beside it, which has the hash that it names."""
    assert stored_items(stored(tmp_path), ["correct"]).rows == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"items": None}, "names no items with their hash"),
        ({"items_sha256": None}, "names no items with their hash"),
        ({"items": "../other.parquet"}, "its items are in mmlu.parquet"),
        ({"items_sha256": "0" * 64}, "isn't the file that its result names"),
    ],
)
def test_items_that_are_not_the_results_are_refused(
    fields: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """No hash, a file elsewhere, another file."""
    with pytest.raises(ResultError, match=words):
        stored_items(stored(tmp_path, **fields))


def test_a_result_whose_file_is_elsewhere_is_refused(tmp_path: Path) -> None:
    """The file must stand beside the result."""
    moved = dataclasses.replace(stored(tmp_path), path=tmp_path / "moved" / "mmlu.json")
    with pytest.raises(ResultError, match="can't be read"):
        stored_items(moved)
