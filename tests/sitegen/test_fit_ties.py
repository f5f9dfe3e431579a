"""What fits, more closely: ties whose best doesn't fit, overheads of short probes, mirrors of a base."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sitegen import fit, load, running
from sitegen.board import Board
from sitegen.contents import contents
from sitegen.efficiency import DISK
from sitegen.entries import SiteEntry
from sitegen.fit import Candidate
from sitegen.pages import fit as page
from sitegen.places import Place

from evaluator.results import Metric
from tests.sitegen import examples
from tests.sitegen.examples import RECIPES, add_entry, probe_result, write_result
from tests.sitegen.test_fit import made

NF4 = RECIPES[2]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return submissions of families of real shapes."""
    return examples.shaped_tree(tmp_path_factory.mktemp("shaped") / "submissions")


@pytest.fixture(scope="module")
def table(tree: Path) -> Board:
    """Return their board."""
    return contents(load.read(tree)).boards[0]


def grouped(table: Board) -> list[Candidate]:
    """Return the board's candidates, all ranked ones in one tie group."""
    return [
        replace(one, row=replace(one.row, place=Place(1, 40, 1, 40)) if one.row.place else one.row)
        for one in fit.candidates(table)
    ]


def test_the_groups_best_is_known_where_it_does_not_fit(table: Board) -> None:
    """The leader is the group's first on the board, which in little memory isn't the best that fits."""
    listed = grouped(table)
    little, much = fit.best(listed, 8e9, 4096, 1), fit.best(listed, 1e15, 4096, 1)
    assert little
    assert much
    assert little.leader is listed[0] is much.leader
    assert not little.leads
    assert much.leads


def test_page_recommends_nothing_by_a_group_whose_best_does_not_fit(tree: Path) -> None:
    """Its entries were compared with that best alone, so none of them is said to be as good and smaller."""
    text = made(tree)["fit/index.html"]
    choice = fit.best(fit.candidates(contents(load.read(tree)).boards[0]), 8e9, 4096, 1)
    assert choice
    assert not choice.leads
    ties = text.partition('<p class="ties">')[2].partition("</p>")[0]
    assert ties.startswith("In one tie group with 2 others that fit: none of them is told from")
    assert choice.leader.row.entry.variant in ties
    assert "needs least" not in ties


def test_far_contexts_are_told_from_the_probes(table: Board) -> None:
    """More than eight times the probe's tokens are far, by context and sequences alike."""
    demand = next(one.demand for one in fit.candidates(table) if one.demand)
    assert demand.tokens == 128
    assert not demand.far(1024, 1)
    assert demand.far(1025, 1)
    assert demand.far(512, 3)


def test_page_says_at_how_many_tokens_the_overhead_was_measured(tree: Path, table: Board) -> None:
    """At 4,096 tokens the sizes say that a probe of 128 measured the overhead; the script has its tokens."""
    assert "overhead measured at 128 tokens" in made(tree)["fit/index.html"]
    data = json.loads(
        page.script(table, fit.candidates(table)).partition("] = ")[2].removesuffix(";\n")
    )
    tokens = {one[data["fields"].index("tokens")] for one in data["entries"]}
    assert tokens == {128, None}


def mirrored(root: Path, disk: float | None) -> SiteEntry:
    """Return an NF4 entry not named like its base, with a file so many times as wide as its weights."""
    folder = add_entry(root, NF4, probe=False)
    if disk is not None:
        result = probe_result(f"{folder.parent.name}/{folder.name}", NF4)
        weights = result.metrics["weight_bytes"].value or 0.0
        metrics = {**result.metrics, DISK: Metric(value=disk * weights)}
        write_result(folder, result.model_copy(update={"metrics": metrics}))
    return load.read(root).entries[0]


@pytest.mark.parametrize(
    ("disk", "loaded"),
    [(3.2, "chat-nf4"), (1.01, "chat-stored"), (None, "chat-stored")],
)
def test_probe_says_how_a_mirror_was_loaded(
    tmp_path: Path, disk: float | None, loaded: str
) -> None:
    """A file far wider than what it is in memory was quantized while loading, whatever its name."""
    entry = mirrored(tmp_path, disk)
    assert running.transformers(entry) == loaded
    command = page.commands(entry)["transformers"]
    assert ("load_in_4bit=True" in command) == (loaded == "chat-nf4")
