"""The pages of models and methods: what they say, show and link to."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sitegen import family_sentences, load
from sitegen.board import Row, boards
from sitegen.build import build
from sitegen.contents import Contents, contents
from sitegen.family_pairs import Pairs
from sitegen.metrics import Figure
from sitegen.pages import families as families_list
from sitegen.pages import family, methods
from sitegen.pages.writer import Pages
from sitegen.places import Place
from sitegen.render import environment

from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

FAMILY = "families/local--tiny-llama/index.html"


@pytest.fixture(scope="module")
def whole(tree: Path) -> Contents:
    """Return what the pages of the full tree are made from."""
    return contents(load.read(tree))


@pytest.fixture(scope="module")
def rows(whole: Contents) -> list[Row]:
    """Return the rows of the full family."""
    return whole.of_family("local--tiny-llama").boards[0].rows


def made(site: Contents) -> dict[str, str]:
    """Return the files of all families' pages and the methods'."""
    files: dict[str, bytes] = {}
    pages = Pages(environment(ROOT / "templates"), files.__setitem__)
    for name in site.data.families:
        family.make(pages, site.of_family(name), name)
    methods.make(pages, site)
    return {path: content.decode() for path, content in files.items()}


def written(files: dict[str, str], path: str, folder: Path) -> Page:
    """Return one of the files as a page."""
    target = folder / "page.html"
    target.write_text(files[path])
    return Page(target)


def names(verdicts: list[family_sentences.Verdict], title: str) -> list[str]:
    """Return the variants that a sentence names."""
    return [
        one.entry.variant for verdict in verdicts if verdict.title == title for one in verdict.named
    ]


def measured(row: Row, disk: float, score: float, kept: tuple[float, float, float]) -> Row:
    """Return a row with other figures."""
    figures = {"disk": Figure(disk), "score": Figure(score), "retention": Figure(*kept)}
    return replace(row, figures=figures)


def known(given: list[Row]) -> Pairs:
    """Return the pairs of rows whose variants have one base, the first row."""
    return Pairs("GB", bases={row.entry.name: given[0].entry.name for row in given[1:]})


def test_sentences_follow_the_intervals(rows: list[Row]) -> None:
    """Not worse is who reaches 100 % and is smaller; worse, who lies below; both name their figures."""
    base, first, second, third = rows[:4]
    given = [
        measured(base, 10, 60, (100, 100, 100)),
        measured(first, 5, 59.9, (99.8, 99.2, 100.4)),
        measured(second, 4, 57, (95.0, 94.1, 95.9)),
        measured(third, 11, 59.8, (99.7, 99.1, 100.3)),
    ]
    found = family_sentences.verdicts(given, known(given))
    assert names(found, "Smaller than bf16 and not shown to be worse") == [first.entry.variant]
    assert names(found, "Not shown to be worse than bf16") == [third.entry.variant]
    assert names(found, "Worse than bf16") == [second.entry.variant]
    assert found[0].named[0].note == "5.00 GB; keeps 99.8 %, 99.2 to 100.4"


def test_an_end_near_the_base_gets_another_decimal(rows: list[Row]) -> None:
    """An interval that ends just below 100 % isn't written as if it reached it."""
    given = [
        measured(rows[0], 10, 60, (100, 100, 100)),
        measured(rows[1], 5, 59.9, (99.5, 99.0, 99.97)),
    ]
    worse = next(
        one
        for one in family_sentences.verdicts(given, known(given))
        if one.title == "Worse than bf16"
    )
    assert worse.named[0].note.endswith("99.00 to 99.97")


def test_dominated_names_what_beats_it(rows: list[Row]) -> None:
    """A larger file with a lower score is dominated by the best smaller one; equals dominate nobody."""
    place, other = Place(1, 3, 1, 3), Place(4, 4, 2, 1)
    given = [
        replace(measured(rows[0], 10, 60, (100, 100, 100)), place=place),
        replace(measured(rows[1], 5, 61, (101, 99, 103)), place=place),
        replace(measured(rows[2], 5, 61, (101, 99, 103)), place=place),
        replace(measured(rows[3], 6, 50, (83, 80, 86)), place=other),
    ]
    found = family_sentences.verdicts(given, known(given))
    dominated = next(one for one in found if one.title == "Dominated")
    said = {one.entry.variant: one.note for one in dominated.named}
    winner = min(rows[1].entry.variant, rows[2].entry.variant)
    assert said == {
        "bf16": f"by {winner}; not tested",
        rows[3].entry.variant: f"by {winner}; not tested",
    }
    best = names(found, "Nothing smaller is better")
    assert best == [rows[1].entry.variant, rows[2].entry.variant]
    assert names(found, "Tie 1") == [row.entry.variant for row in rows[:3]]


def test_none_smaller_and_not_worse_is_said(rows: list[Row]) -> None:
    """Where every smaller variant is worse, a reader who looks for one is told so."""
    given = [measured(rows[0], 10, 60, (100, 100, 100)), measured(rows[1], 5, 50, (83, 80, 86))]
    found = family_sentences.verdicts(given, known(given))
    assert found[0].title == "Smaller than bf16 and not shown to be worse"
    assert (found[0].named, found[0].meaning) == ((), "")


def test_without_sizes_nothing_is_called_smaller(rows: list[Row]) -> None:
    """Of entries without efficiency no sentence speaks of size."""
    bare = [
        replace(row, figures={key: one for key, one in row.figures.items() if key != "disk"})
        for row in rows
    ]
    titles = {one.title for one in family_sentences.verdicts(bare, known(bare))}
    assert titles == {"Not shown to be worse than bf16", "Worse than bf16", "Tie 1"}


def test_one_entry_says_nothing(rows: list[Row]) -> None:
    """A base alone isn't compared with itself."""
    assert family_sentences.verdicts(rows[:1], known(rows)) == []
    assert family_sentences.verdicts([], known([])) == []


def test_family_page_shows_all(site: Path) -> None:
    """The page has its charts, both tables, the base first, the failed entry's reason, and links."""
    page = Page(site / FAMILY)
    charts = [one["data-chart"] for one in page.all("figure")]
    assert charts == ["disk-mini", "memory-mini", "retention-mini", "forest-mini"]
    listed = [
        row[0] for row in page.rows if row and row[0].startswith(("bf16", "gptq", "awq", "bnb"))
    ]
    assert listed[0].startswith("bf16 base")
    assert any("Failed." in one and "CUDA out of memory" in one for one in listed)
    links = {one.get("href") for one in page.all("a")}
    assert "../../entries/local--tiny-llama/gptq-4bit-g128/index.html" in links
    assert len(listed) == 9 + 7
    script = (site / "families/local--tiny-llama/charts.js").read_text()
    assert set(json.loads(script.partition(" = ")[2].rstrip(";\n"))) == set(charts)


def test_family_page_needs_only_its_family(whole: Contents, site: Path) -> None:
    """Made from the family's entries and rows alone, the page is the site's."""
    part = whole.of_family("local--tiny-llama")
    assert {entry.family for entry in part.data.entries} == {"local--tiny-llama"}
    assert made(part)[FAMILY] == (site / FAMILY).read_text()


def test_family_without_base_says_why(site: Path) -> None:
    """A variant without its base is in the table with the command that helps, and in no chart."""
    page = Page(site / "families/org--no-base-7B/index.html")
    assert "Its base org/no-base-7B has no entry" in page.text
    assert "No entry of it is ranked beside a base yet" in page.text
    assert not page.all("figure")


def test_family_without_results_is_listed(tmp_path: Path) -> None:
    """A submission without results has a page that says so."""
    given = examples.submission(examples.RECIPES[4], "org/waiting-1B")
    examples.write_submission(tmp_path / "submissions", given)
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    page = Page(tmp_path / "_site/families/org--waiting-1B/index.html")
    assert "No entry of this model has results yet" in page.text
    assert "gptq-4bit-g128" in page.text
    assert "org/waiting-1B" in Page(tmp_path / "_site/families/index.html").text


def test_base_alone_has_a_page(tmp_path: Path) -> None:
    """One base without efficiency gives a page with its table, without differences."""
    examples.add_entry(tmp_path / "submissions", examples.RECIPES[0], probe=False)
    page = written(made(contents(load.read(tmp_path / "submissions"))), FAMILY, tmp_path)
    assert "One ranked entry" in page.text
    assert not page.all("figure")
    assert "Differences from the base" not in page.text


def test_list_of_models_is_paged(whole: Contents) -> None:
    """Two hundred models are one page; the next stand on a second, linked from the first."""
    entry = whole.data.entries[0]
    many = tuple(replace(entry, family=f"org--model-{place:03d}") for place in range(201))
    files: dict[str, bytes] = {}
    pages = Pages(environment(ROOT / "templates"), files.__setitem__)
    families_list.make(pages, Contents(load.Data(many), []))
    assert set(files) == {"families/index.html", "families/page-2/index.html"}
    assert files["families/index.html"].count(b'<th scope="row">') == 200
    assert b"families/page-2/index.html" in files["families/index.html"]


def test_list_names_the_smallest_near_the_base(site: Path) -> None:
    """Of each model the list names the smallest variant within a point of the base's score."""
    line = next(
        row for row in Page(site / "families/index.html").rows if "local/tiny-llama" in row[0]
    )
    assert line[1] == "9"
    assert "awq-4bit-g128" in line[3]


def test_method_page_counts_what_is_kept(site: Path, rows: list[Row]) -> None:
    """A method's page has its paper, a sentence per bit width, a chart and links to models."""
    page = Page(site / "methods/gptq/index.html")
    links = {one.get("href") for one in page.all("a")}
    assert "https://arxiv.org/abs/2210.17323" in links
    assert "../../families/local--tiny-llama/index.html" in links
    text = re.sub(r"\s+", " ", page.text)
    assert "2 bits: one entry keeps 62.4 % of its base's score; 0 of 1 can't be told" in text
    assert [one["data-chart"] for one in page.all("figure")] == ["retention-mini"]
    assert not Page(site / "methods/none/index.html").all("figure")


def test_kept_counts_intervals_alone(rows: list[Row]) -> None:
    """A median is over all entries of a width; those without an interval aren't called open."""
    given = [
        measured(rows[1], 5, 59, (99.0, 98.0, 100.5)),
        measured(rows[1], 5, 57, (95.0, 94.0, 96.0)),
        replace(rows[1], figures={"retention": Figure(91.0)}),
        replace(rows[1], figures={}),
    ]
    assert methods.kept(given) == [methods.Kept(8, 3, 95.0, 1, 2)]
    assert methods.kept([]) == []


def test_reported_entries_have_a_section_of_their_own(tmp_path: Path) -> None:
    """What a paper reports is marked, without intervals, ranks and differences."""
    files = made(contents(load.read(ROOT / "submissions")))
    page = written(files, "families/Qwen--Qwen-7B-Chat/index.html", tmp_path)
    assert "No intervals, no ranks" in page.text
    assert "±" not in page.text
    assert "95 % intervals" not in page.text
    assert "Differences from the base" not in page.text
    method = written(files, "methods/spqr/index.html", tmp_path)
    assert "median" in method.text
    assert "can't be told" not in method.text


def test_rows_are_the_boards(whole: Contents) -> None:
    """A family's part keeps the board's order and places."""
    part = whole.of_family("local--tiny-llama").boards[0]
    listed = [row for row in boards(whole.data)[0].rows if row.entry.family == "local--tiny-llama"]
    assert [row.entry.name for row in part.rows] == [row.entry.name for row in listed]
    assert [row.place for row in part.rows] == [row.place for row in listed]
