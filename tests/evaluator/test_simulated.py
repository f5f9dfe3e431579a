"""Test that made-up entries are ones that could have been measured, and that an entry's items stay small."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sacrebleu", reason="the extra `evaluate` isn't installed")

from evaluator.checks import check
from evaluator.entries import Entry, find_entries
from evaluator.items import stored_items
from evaluator.suites.definitions import load_suite
from evaluator.tasks.flores.counts import ALL, stored_counts
from tests.simulated.columns import draw_entry
from tests.simulated.entries import BASELINE, FLIPS, write_entry
from tests.simulated.trees import write_tree
from tests.verify.statistics_storage import MOST_BYTES, bytes_per_entry

LARGEST = 0.7  # the accuracy at which items take the most bytes
VARIANT = "gptq-4bit-g128"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a submissions folder of a baseline and its variant at 4 bits."""
    folder = tmp_path_factory.mktemp("tree") / "submissions"
    family = folder / "simulated--model-000"
    base = write_entry(family / BASELINE, 0, LARGEST)
    write_entry(family / VARIANT, 1, LARGEST, base, FLIPS[4])
    return folder


@pytest.fixture(scope="module")
def entries(root: Path) -> dict[str, Entry]:
    """Return both entries by their variant."""
    return {entry.variant: entry for entry in find_entries(root)}


def test_an_entrys_items_take_at_most_250_kb(root: Path) -> None:
    """Of all benchmarks of suite paper, at the full sizes of their data sets."""
    folders = sorted(root.glob("*/*"))
    assert [folder.name for folder in folders] == [BASELINE, VARIANT]
    for folder in folders:
        assert MOST_BYTES / 2 < bytes_per_entry(folder) <= MOST_BYTES


def test_only_the_largest_suite_counts(tmp_path: Path) -> None:
    """The bound is one suite's, and results without items take none of it."""
    for name, size in (("paper@1/a", 5), ("paper@1/b", 6), ("mini@1/a", 7)):
        file = tmp_path / "results" / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(size))
    (tmp_path / "results" / "paper@1" / "a.json").write_text("{}")
    assert bytes_per_entry(tmp_path) == 11
    assert bytes_per_entry(tmp_path / "results") == 0


def test_made_up_entries_pass_the_check(root: Path) -> None:
    """They are results like any other, and every benchmark of the suite has one with all its items."""
    assert check([root], root=root) == []


def test_every_benchmark_has_items_and_its_headline(entries: dict[str, Entry]) -> None:
    """The items are those that the result names, with a headline that has a standard error."""
    suite = load_suite("paper")
    for entry in entries.values():
        results = {one.result.benchmark: one for one in entry.results}
        assert results.keys() == {benchmark.name for benchmark in suite.benchmarks}
        for benchmark in suite.benchmarks:
            stored = results[benchmark.name]
            assert stored_items(stored).rows > 0
            headline = benchmark.headline_metric(stored.result.metrics)
            assert headline is not None
            assert headline[1].stderr


@pytest.mark.parametrize("metric", list(ALL))
def test_counts_of_translations_could_be_counted(metric: str, entries: dict[str, Entry]) -> None:
    """Matches of each order are no more than the n-grams of either side, and fewer with each order."""
    for entry in entries.values():
        stored = next(one for one in entry.results if one.result.benchmark == "flores")
        counts = stored_counts(metric, stored_items(stored).numbers)
        assert (counts >= 0).all()
        assert (counts == counts.round()).all()
        if metric == "chrf_plus_plus":
            sides, matches = counts.reshape(len(counts), -1, 3)[..., :2], counts[:, 2::3]
            responses, references = sides[..., 0], sides[..., 1]
            orders = [matches[:, :6], matches[:, 6:]]
        else:
            matches, responses = counts[:, 2:6], counts[:, 6:]
            references = np.maximum(counts[:, 1:2] - np.arange(4), 0)
            orders = [matches]
        assert (matches <= np.minimum(responses, references)).all()
        assert all((np.diff(order, axis=1) <= 0).all() for order in orders)


def test_a_variant_differs_in_the_share_of_flips(entries: dict[str, Entry]) -> None:
    """Of right and wrong answers 5 % turn at 4 bits; texts, parts and right answers stay the data's."""
    base, variant = (
        stored_items(next(one for one in entries[name].results if one.result.benchmark == "mmlu"))
        for name in (BASELINE, VARIANT)
    )
    flipped = (base.numbers["correct"] != variant.numbers["correct"]).mean()
    assert flipped == pytest.approx(FLIPS[4], abs=0.01)
    assert base.strata is not None
    assert variant.strata is not None
    assert np.array_equal(base.strata.codes, variant.strata.codes)


@pytest.mark.parametrize("accuracy", [0.3, 0.5, 0.9])
def test_an_entry_has_about_its_accuracy(accuracy: float) -> None:
    """Items are hard and easy, and come out near it all the same."""
    right = draw_entry(5, accuracy).columns["mmlu"]["correct"].mean()
    assert right == pytest.approx(accuracy, abs=0.06)


def test_a_tree_is_the_same_each_time(tmp_path: Path) -> None:
    """Families begin with their baseline, and the same seed gives the same bytes."""
    for name in ("a", "b"):
        write_tree(tmp_path / name, 2, seed=3)
    files = [sorted((tmp_path / name).rglob("*.*")) for name in ("a", "b")]
    assert [entry.variant for entry in find_entries(tmp_path / "a")] == [BASELINE, "bnb-int8"]
    for first, second in zip(*files, strict=True):
        assert first.relative_to(tmp_path / "a") == second.relative_to(tmp_path / "b")
        assert first.is_dir() or first.read_bytes() == second.read_bytes()
