"""An entry whose base is on the board at another revision only: what is said, and what helps."""

from pathlib import Path

import pytest
import yaml
from sitegen import load
from sitegen.board import Row, boards
from sitegen.family_statistics import missing_base
from sitegen.pages import entry as entry_page

from tests.sitegen import examples
from tests.sitegen.examples import RECIPES, add_entry

WANTED = "b" * 40
NAME = "local--tiny-llama/gptq-4bit-g128"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a base, and an entry that names another revision of it."""
    add_entry(tmp_path, RECIPES[0])
    file = add_entry(tmp_path, RECIPES[4]) / "submission.yaml"
    given = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**given, "base_revision": WANTED}), "utf-8")
    return tmp_path


def row_of(data: load.Data) -> Row:
    """Return the entry's row."""
    return next(row for row in boards(data)[0].rows if row.entry.name == NAME)


def test_both_revisions_are_named_with_a_step(tree: Path) -> None:
    """The board says which revision is there, which one is named, and what to add and run."""
    row = row_of(load.read(tree))
    assert row.status == "unranked"
    assert row.problems == (
        "Its base local/tiny-llama is on the board only at revision a1b2c3d4a1b2; this entry names "
        "bbbbbbbbbbbb. Add the base at that revision as submissions/local--tiny-llama/bf16-bbbbbbb and "
        "measure it.",
    )
    assert row.command == "quantboard run local--tiny-llama/bf16-bbbbbbb --suite mini"


def test_the_step_helps(tree: Path) -> None:
    """With the base added as the step says, the entry is ranked."""
    file = add_entry(tree, RECIPES[0], suffix="-bbbbbbb") / "submission.yaml"
    given = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**given, "revision": WANTED}), "utf-8")
    assert row_of(load.read(tree)).status == "ranked"


def test_entry_page_says_so_too(tree: Path) -> None:
    """The entry's own page doesn't call the base missing."""
    data = load.read(tree)
    context = entry_page.context(data, boards(data), row_of(data).entry)
    assert str(context["missing"]).startswith("Its base local/tiny-llama is on the board only at")


def test_without_any_base_it_is_missing(tmp_path: Path) -> None:
    """An entry alone has a base without an entry, whatever revision it names."""
    add_entry(tmp_path, examples.RECIPES[4])
    (entry,) = load.read(tmp_path).entries
    assert missing_base(entry, [entry]) == "Its base local/tiny-llama has no entry."
