"""An entry's page: three dimensions at a glance, flips, and the history of its results."""

import re
from pathlib import Path

import pytest
from sitegen import glance, load
from sitegen.board import Row, boards
from sitegen.build import build
from sitegen.glance import Glance
from sitegen.metrics import Figure

from evaluator.statistics.paired import Flips
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

LOST = "simulated--model/gptq-2bit-g128"


def rows(root: Path) -> tuple[load.Data, list[Row]]:
    """Return the data and the rows of its first board."""
    data = load.read(root)
    return data, boards(data)[0].rows


def glances(root: Path, name: str) -> dict[str, Glance]:
    """Return an entry's dimensions by title."""
    data, found = rows(root)
    by_name = {row.entry.name: row for row in found}
    base = data.base_of(by_name[name].entry)
    return {
        one.title: one
        for one in glance.glances(
            boards(data)[0].suite,
            by_name[name],
            by_name[base.name] if base else None,
            data.compared(by_name[name].entry),
        )
    }


def test_dimensions_hold_their_benchmarks(paired_tree: Path) -> None:
    """Both dimensions of quality and perplexity, each with all of its benchmarks and the base's score."""
    found = glances(paired_tree, LOST)
    assert [(title, len(one.lines)) for title, one in found.items()] == [
        ("knowledge & capacity", 7),
        ("alignment", 3),
        ("perplexity", 3),
    ]
    assert all(
        one.score and one.base and one.base.value != one.score.value for one in found.values()
    )
    assert len({one.reach for one in found.values()}) == 1


def test_marks_stand_where_the_differences_are(paired_tree: Path) -> None:
    """A loss is left of the middle, in proportion to the scale; a perplexity, without a best, has no mark."""
    found = glances(paired_tree, LOST)
    marked = [
        (line, one.reach) for one in found.values() for line in one.lines if line.mark is not None
    ]
    assert len(marked) == 10
    for line, reach in marked:
        assert line.points and line.mark
        assert line.mark.at == pytest.approx(100 * (1 + line.points.value / reach), abs=0.06)
        assert line.mark.low is not None and line.mark.high is not None
        assert 0 <= line.mark.low <= line.mark.at <= line.mark.high <= 200
    assert all(line.mark is None for line in found["perplexity"].lines)


def test_less_bias_is_a_gain(paired_tree: Path) -> None:
    """The points of a bias are those of its distance from 0, the other way round."""
    line = next(one for one in glances(paired_tree, LOST)["alignment"].lines if one.title == "BBQ")
    assert line.beside.difference and line.points
    assert line.points.value == pytest.approx(-line.beside.difference.value)


@pytest.mark.parametrize(
    ("widest", "reach"), [(0.3, 2), (2.0, 2), (2.1, 5), (9, 10), (41, 50), (51, 100)]
)
def test_scale_ends_at_a_round_number(widest: float, reach: float) -> None:
    """The scale holds the widest difference, and noise doesn't fill it."""
    assert glance._reach([None, Figure(-widest)]) == reach


def test_base_has_no_differences(paired_tree: Path) -> None:
    """A baseline's own page shows values alone."""
    found = glances(paired_tree, "simulated--model/bf16")
    assert all(line.mark is None for one in found.values() for line in one.lines)


def test_ratios_are_of_the_base_on_one_hardware(tree: Path) -> None:
    """Sizes and speeds are so many times the base's."""
    data, found = rows(tree)
    table = boards(data)[0]
    by_variant = {row.entry.variant: row for row in found if "tiny" in row.entry.family}
    ratios = glance.ratios(table, by_variant["gptq-4bit-g128"], by_variant["bf16"])
    assert [title for title, _ in ratios] == ["Recipe and size", examples.HARDWARE]
    times = {one.column.title: one.times for _, lines in ratios for one in lines}
    assert times["Disk"] == pytest.approx(4.16 / 16)
    assert times["Speed"] == pytest.approx(66.3 / 61.0)
    own = glance.ratios(table, by_variant["bf16"], by_variant["bf16"])
    assert all(one.times is None for _, lines in own for one in lines)


def test_flips_are_drawn_on_one_scale() -> None:
    """The widest bar fills its side; a benchmark without flips is left out."""
    found = glance.turned([("A", Flips(200, 20, 10)), ("B", Flips(100, 5, 0)), ("C", None)])
    assert [(one.benchmark, one.lost, one.gained) for one in found] == [
        ("A", 100.0, 50.0),
        ("B", 50.0, 0.0),
    ]
    assert found[0].turned == pytest.approx(15)
    assert glance.turned([("A", Flips(10, 0, 0))])[0].lost == 0
    assert glance.turned([]) == []


@pytest.mark.parametrize("variant", ["bnb-int8", "gptq-2bit-g128"])
def test_page_says_what_differs(paired_site: Path, variant: str) -> None:
    """The first lines give the retention and name each benchmark whose corrected p is below 0.05."""
    page = Page(paired_site / "entries/simulated--model" / variant / "index.html")
    text = re.sub(r"\s+", " ", page.text)
    told = re.search(r"Retention ([\d.]+) .*? of the base’s score (.*?) The drawing shows", text)
    assert told is not None and 0 < float(told[1]) < 101
    p_values = {
        line[0]: 0.0 if "<" in line[8] else float(line[8])
        for line in page.rows
        if len(line) == 10 and line[0] and re.search(r"\d", line[8])
    }
    assert len(p_values) == 13
    differing = [title for title, p in p_values.items() if p < 0.05]
    sentence = told[2].partition(". ")[0]
    assert re.findall(r"(?:: |, )([A-Z].*?) (?:better|worse) by", sentence) == differing
    assert sentence.startswith(f"{len(differing)} benchmark")


def test_history_tells_what_was_superseded(tmp_path: Path) -> None:
    """Both versions stand there with their dates and the reason; without any, the page says so."""
    folder = examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])
    name = f"{folder.parent.name}/{folder.name}"
    suite = load_suite("mini")
    later = examples.benchmark_result(name, examples.RECIPES[0], suite.benchmark("gsm8k"))
    examples.write_result(
        folder,
        later.model_copy(
            update={
                "supersedes": "gsm8k.json",
                "supersedes_reason": "the driver was faulty",
                "timing": examples.TIMING.model_copy(update={"finished": "2026-11-21T09:00:00Z"}),
            }
        ),
        2,
    )
    examples.add_entry(tmp_path / "submissions", examples.RECIPES[1])
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    page = Page(tmp_path / "_site/entries" / name / "index.html")
    told = [
        line for line in page.rows if line and line[0].startswith("2026-11-2") and len(line) == 5
    ]
    assert [(line[0], line[1], line[4]) for line in told] == [
        ("2026-11-21", "GSM8K", "supersedes gsm8k.json: the driver was faulty"),
        ("2026-11-20", "GSM8K", "first result"),
    ]
    other = Page(tmp_path / f"_site/entries/{folder.parent.name}/bnb-int8/index.html")
    assert "No result of this entry was measured more than once." in other.text
