"""Test that items files hold what was measured in few bytes, and that strangers' files are read with care."""

import dataclasses
import hashlib
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
from evaluator.items import (
    Columns,
    Items,
    column_type,
    items_bytes,
    items_table,
    read_items,
    stored_items,
    write_items,
)
from evaluator.results import Provenance, Timing, UnitResult
from evaluator.tasks.flores.counts import ALL, KEPT, stored_counts
from evaluator.tasks.parts import CLUSTER, STRATUM, part_columns

COLUMNS: dict[str, list[Any]] = {
    "answer": [1, None, 0],
    "correct": [True, False, None],
    "flags": [0, 3, 4],
    "stratum": ["law", "art", "law"],
    "cluster": [0, 0, 1],
    "biased": [1.0, None, 0.0],
    "rougeL": [0.123456, 1.0, None],
    "document_bytes": [12, None, 70_000],
    "nll": [0.123456, None, 2.0],
}


def read(columns: Columns, folder: Path, wanted: list[str] | None = None) -> Items:
    """Return columns as they come back from a file."""
    write_items(columns, folder / "x.parquet")
    return read_items(folder / "x.parquet", wanted)


def foreign(folder: Path, **arrays: Any) -> Path:
    """Write a file with pyarrow alone, as anyone might."""
    pq.write_table(pa.table(arrays), folder / "x.parquet")
    return folder / "x.parquet"


# Written ------------------------------------------------------------------------------------------


def test_columns_have_the_contracts_types(tmp_path: Path) -> None:
    """Each column is stored in the type that `ITEM_COLUMNS` gives it."""
    write_items(COLUMNS, tmp_path / "x.parquet")
    schema = pq.read_schema(tmp_path / "x.parquet")
    assert {field.name: str(field.type) for field in schema} == {
        "answer": "int8",
        "correct": "bool",
        "flags": "uint8",
        "stratum": "string",
        "cluster": "int32",
        "biased": "bool",
        "rougeL": "decimal128(9, 4)",
        "document_bytes": "int32",
        "nll": "float",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("correct_fallback", pa.bool_()),
        ("mc1_sum", pa.bool_()),
        ("soft", module.SHARE),
        ("spbleu_5", pa.int32()),
        ("chrf_plus_plus_en_zh_11", pa.int32()),
        ("word_perplexity_1", pa.float32()),
        ("bias_ambiguous_2", pa.float32()),
    ],
)
def test_further_columns_are_typed_by_their_names(name: str, kind: pa.DataType) -> None:
    """The whole name decides, so that entries agree whatever their values."""
    assert column_type(name) == kind


def test_same_columns_give_the_same_bytes(tmp_path: Path) -> None:
    """Two writes give equal files and the hash of their bytes, lists and arrays alike."""
    first = write_items(COLUMNS, tmp_path / "a.parquet")
    arrays = {name: np.asarray(values, dtype=object) for name, values in COLUMNS.items()}
    second = write_items(arrays, tmp_path / "b" / "b.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    assert first == second == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "b" / "b.parquet").read_bytes() == content


def test_another_level_changes_no_value(tmp_path: Path) -> None:
    """Compression is no part of what is measured."""
    (tmp_path / "quick.parquet").write_bytes(items_bytes(COLUMNS, level=1))
    assert pq.read_table(tmp_path / "quick.parquet").equals(
        items_table(COLUMNS).cast(pq.read_schema(tmp_path / "quick.parquet"))
    )


def test_noise_below_the_rounding_reaches_no_file() -> None:
    """What differs by less than 1e-4 gives the same bytes, shares and losses alike."""
    values = np.linspace(0.0, 1.0, 101)
    for name in ("rouge1", "nll"):
        assert items_bytes({name: values}) == items_bytes({name: values + 1e-7})
        assert items_bytes({name: values}) != items_bytes({name: values + 1e-4})


def test_a_number_that_does_not_fit_is_refused() -> None:
    """An answer beyond int8 isn't cut to one that fits."""
    with pytest.raises(pa.ArrowInvalid, match="300"):
        items_bytes({"answer": [300]})


# Read ---------------------------------------------------------------------------------------------


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    """Numbers as float64, rounded to 1e-4 exactly; right and wrong as 1 and 0; null as NaN."""
    found = read(COLUMNS, tmp_path)
    assert (found.rows, found.names) == (3, tuple(COLUMNS))
    nan = float("nan")
    expected = {
        "answer": [1, nan, 0],
        "correct": [1, 0, nan],
        "flags": [0, 3, 4],
        "biased": [1, nan, 0],
        "rougeL": [0.1235, 1, nan],
        "document_bytes": [12, nan, 70_000],
        "nll": [0.1235, nan, 2],
    }
    assert found.numbers.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found.numbers[name], values)
        assert found.numbers[name].dtype == np.float64


def test_strata_and_clusters_come_back(tmp_path: Path) -> None:
    """Strata are numbered as they appear, clusters as they are."""
    found = read(COLUMNS, tmp_path)
    assert found.strata is not None
    assert found.clusters is not None
    assert (found.strata.codes.tolist(), found.strata.names) == ([0, 1, 0], ("law", "art"))
    assert found.clusters.tolist() == [0, 0, 1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None])
def test_what_is_no_number_is_null(value: float | None, tmp_path: Path) -> None:
    """NaN and infinity are stored as null, whatever the column's type."""
    names = ("answer", "correct", "rouge1", "document_bytes", "nll")
    write_items({name: [1.0, value] for name in names}, tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    assert [table[name].null_count for name in names] == [1] * len(names)
    found = read_items(tmp_path / "x.parquet")
    assert all(np.isnan(found.numbers[name][1]) for name in names)


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    """The others stay in the file, and parts that aren't there are none."""
    found = read({"correct": [True], "nll": [1.0]}, tmp_path, ["correct", "stratum", "cluster"])
    assert list(found.numbers) == ["correct"]
    assert (found.strata, found.clusters) == (None, None)
    assert found.names == ("correct", "nll")


def test_parts_are_read_where_asked_for(tmp_path: Path) -> None:
    """A file's strata and clusters are left in it unless they are wanted."""
    found = read(COLUMNS, tmp_path, ["correct", "cluster"])
    assert found.strata is None
    assert found.clusters is not None


def test_a_file_without_items_is_read(tmp_path: Path) -> None:
    """No rows are no fault."""
    found = read({name: [] for name in COLUMNS}, tmp_path)
    assert found.rows == 0
    assert found.strata is not None
    assert (found.strata.codes.size, found.strata.names) == (0, ())


def test_parts_that_say_nothing_have_no_column() -> None:
    """Items without named parts are of one, and those that share no cluster are independent."""
    assert part_columns(["", ""], ["a", "b"]) == {}
    assert part_columns(["x", ""], ["a", "b"]) == {STRATUM: ["x", ""]}
    assert part_columns(["", "", ""], ["b", "a", "b"]) == {CLUSTER: [0, 1, 0]}


@pytest.mark.parametrize(
    ("codes", "names"), [([1, 0, 1], ["art", "law"]), ([2, 1, 0], ["law", "art", "law"])]
)
def test_strata_are_numbered_as_they_appear(
    codes: list[int], names: list[str], tmp_path: Path
) -> None:
    """In whatever order a file lists their names, and if it lists one twice."""
    column = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names))
    found = read_items(foreign(tmp_path, stratum=column)).strata
    assert found is not None
    assert (found.codes.tolist(), found.names) == ([0, 1, 0], ("law", "art"))


def test_strata_of_several_row_groups_are_one_list(tmp_path: Path) -> None:
    """Each group of rows has a list of its own."""
    table = pa.table({"stratum": ["law", "art", "ethics", "law"]})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=2)
    found = read_items(tmp_path / "x.parquet").strata
    assert found is not None
    assert (found.codes.tolist(), found.names) == ([0, 1, 2, 0], ("law", "art", "ethics"))


# Older files --------------------------------------------------------------------------------------


def test_float32_columns_of_older_files_are_read(tmp_path: Path) -> None:
    """What newer files keep as bool, decimal and int32 is the same number in float32."""
    numbers = {"biased": [1.0, None], "rougeL": [0.1235, 0.3333], "document_bytes": [70_000.0, 1.0]}
    older = foreign(
        tmp_path, **{name: pa.array(values, pa.float32()) for name, values in numbers.items()}
    )
    found = read_items(older)
    for name, values in numbers.items():
        np.testing.assert_array_equal(found.numbers[name], np.asarray(values, dtype=float))
    assert (found.strata, found.clusters) == (None, None)


@pytest.mark.parametrize("metric", list(ALL))
def test_older_files_keep_all_counts(metric: str, tmp_path: Path) -> None:
    """FLORES' counts are the same from an older file, which keeps all, and a newer, which keeps some."""
    counts = {
        "chrf_plus_plus": [9, 8, 5, 8, 7, 3, 7, 6, 1, 6, 5, 0, 5, 4, 0, 4, 3, 0, 3, 2, 1, 2, 1, 0],
    }.get(metric, [5, 4, 3, 2, 1, 0, 5, 4, 3, 2])
    all_of_them = [pa.array([float(value)], pa.float32()) for value in counts]
    older = foreign(tmp_path, **{f"{metric}_{index}": one for index, one in enumerate(all_of_them)})
    kept = {f"{metric}_{index}": [counts[place]] for index, place in enumerate(KEPT[metric])}
    read_anew = stored_counts(metric, read_items(older).numbers).tolist()
    assert read_anew == stored_counts(metric, read(kept, tmp_path).numbers).tolist() == [counts]


# Refused ------------------------------------------------------------------------------------------


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
