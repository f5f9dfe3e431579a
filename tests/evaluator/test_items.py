"""Test that items files hold what was measured, in few bytes, and that it comes back."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator import items as module
from evaluator.items import (
    Columns,
    Items,
    column_type,
    items_bytes,
    items_table,
    read_items,
    write_items,
)
from evaluator.tasks.flores.counts import ALL, KEPT, stored_counts
from evaluator.tasks.parts import CLUSTER, STRATUM, part_columns
from tests.evaluator.item_files import COLUMNS, foreign


def read(columns: Columns, folder: Path, wanted: list[str] | None = None) -> Items:
    """Return columns as they come back from a file."""
    write_items(columns, folder / "x.parquet")
    return read_items(folder / "x.parquet", wanted)


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
    ("codes", "names"),
    [
        ([1, 0, 1], ["art", "law"]),
        ([2, 1, 0], ["law", "art", "law"]),
        ([2, 0, 2], ["art", "ethics", "law"]),
    ],
)
def test_strata_are_numbered_as_they_appear(
    codes: list[int], names: list[str], tmp_path: Path
) -> None:
    """In whatever order a file lists their names, if it lists one twice, and if no item has one."""
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
