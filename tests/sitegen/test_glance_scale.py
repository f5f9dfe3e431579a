"""The scale of an entry's glance: its ends stand wherever something is drawn on it."""

from dataclasses import replace
from pathlib import Path

from sitegen.render import environment

from tests.sitegen.conftest import ROOT
from tests.sitegen.test_glance import LOST, glances


def test_ends_stand_where_any_benchmark_has_a_mark(paired_tree: Path) -> None:
    """A first benchmark without a mark doesn't take the numbers from the others' scale."""
    one = glances(paired_tree, LOST)["knowledge & capacity"]
    bare = [replace(line, mark=None) for line in one.lines]
    draw = environment(ROOT / "templates").get_template("glance.html").module.dimension  # type: ignore[attr-defined]
    ends = f"<span>+{one.reach:g}</span>"
    assert ends in draw(replace(one, lines=[bare[0], *one.lines[1:]]), "", True)
    assert ends not in draw(replace(one, lines=bare), "", True)
