"""Test that trees of many made-up entries hold what they promise: shapes, losses, entries of their own."""

from pathlib import Path

import pytest

pytest.importorskip("sacrebleu", reason="the extra `evaluate` isn't installed")

from evaluator.checks import check
from evaluator.entries import Entry, find_entries
from evaluator.results import UnitResult
from evaluator.submissions import current_results
from evaluator.suites.definitions import load_suite
from tests.simulated.entries import BASELINE, RECIPES
from tests.simulated.shapes import CARDS, GIB, SHAPES, fits, peak_bytes, weight_bytes
from tests.simulated.trees import lost, supersede, write_family, write_large_tree

ENTRIES = 20  # two families


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Return the entries of a tree of two families, whose items come from a pool of two."""
    root = tmp_path_factory.mktemp("large") / "submissions"
    write_large_tree(root, ENTRIES, pool=2)
    return find_entries(root)


def results(entry: Entry) -> dict[str, UnitResult]:
    """Return an entry's results by benchmark."""
    return {one.result.benchmark: one.result for one in entry.results if one.result.suite}


def test_large_trees_pass_the_check(large: list[Entry]) -> None:
    """Every result has its items, its entry's name, and the probe of each card."""
    assert len(large) == ENTRIES
    problems = check([], root=large[0].folder.parents[1])
    assert {problem.severity for problem in problems} <= {"warning"}
    assert {len(entry.results) for entry in large} == {
        len(load_suite("paper").benchmarks) + len(CARDS)
    }


def test_no_two_entries_are_the_same(large: list[Entry]) -> None:
    """Names are their own, and no two have the same items of every benchmark."""
    items = [
        tuple(one.items_sha256 for one in results(entry).values() if one.kind == "benchmark")
        for entry in large
    ]
    assert len(set(items)) == ENTRIES
    named = {one.provenance.command for entry in large for one in results(entry).values()}
    assert len(named) == sum(len(results(entry)) for entry in large)


def test_a_family_of_a_shape_has_every_recipe(tmp_path: Path) -> None:
    """Its variants lose as bits fall, and its probes tell what a card holds."""
    shape = SHAPES[3]
    write_family(tmp_path, (3, shape))
    entries = {entry.variant: entry for entry in find_entries(tmp_path)}
    assert entries.keys() == RECIPES.keys()
    assert "flores" not in results(entries["spqr-3bit"])
    told = [results(entries[f"gptq-{bits}bit-g128"])["mmlu"].metrics for bits in (8, 4, 3, 2)]
    values = [metrics["accuracy"].value or 0.0 for metrics in told]
    assert values == sorted(values, reverse=True)
    status = {
        one.result.hardware: one.result.status
        for one in entries[BASELINE].results
        if one.result.kind == "efficiency"
    }
    assert status == {"nvidia-h100-80gb-hbm3": "ok", "nvidia-geforce-rtx-4090": "failed"}


def test_a_superseding_result_is_the_one_that_stands(large: list[Entry]) -> None:
    """Of both only the later one is current."""
    entry = large[0]
    supersede(entry.folder, "gsm8k")
    again = next(one for one in find_entries(entry.folder.parents[1]) if one.name == entry.name)
    standing = [one for one in current_results(again) if one.result.benchmark == "gsm8k"]
    assert [one.path.name for one in standing] == ["gsm8k.2.json"]


def test_bytes_follow_from_the_shape() -> None:
    """Seven billion weights take 15 GB in 16 bits, fit 24 GiB, and take less with every bit less."""
    protocol, shape = load_suite("paper").efficiency, SHAPES[2]
    sizes = [weight_bytes(shape, RECIPES[f"gptq-{bits}bit-g128"]) for bits in (2, 3, 4, 8)]
    assert sizes == sorted(sizes)
    assert weight_bytes(shape, RECIPES[BASELINE]) == pytest.approx(15.2e9, rel=0.01)
    assert peak_bytes(shape, RECIPES[BASELINE], 768) < 16 * GIB
    assert all(fits(shape, RECIPES[BASELINE], card, protocol) for card in CARDS)
    assert lost(SHAPES[0], "gptq-4bit-g128") > lost(SHAPES[5], "gptq-4bit-g128")
