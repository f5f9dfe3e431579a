"""What papers report on the site: marked, apart, without intervals, and never beside what was measured."""

import csv
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sitegen import load, tables
from sitegen.board import Board, boards
from sitegen.build import build

from evaluator.reported.importer import import_reported
from evaluator.results import Metric
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, add_entry
from tests.sitegen.reading import Page
from tests.sitegen.test_benchmark_pages import without_spbleu, words
from tests.sitegen.test_site import (
    test_every_internal_link_resolves as assert_links_resolve,
)
from tests.sitegen.test_site import test_ids_are_unique as assert_ids_are_unique

QWEN = "Qwen/Qwen-7B-Chat"
FAMILY = "Qwen--Qwen-7B-Chat"
CITATION = "Renren Jin, Jiangcun Du"
NAMED = re.compile(
    r'<a class="variant" [^>]*>([^<]*)</a> <a class="family" [^>]*>[^<]*</a>'
    r'( <span class="source reported">reported</span>)?'
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return submissions of a paper, of a measured family, and of a measured variant of the paper's model."""
    root = tmp_path_factory.mktemp("mixed") / "submissions"
    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), root)
    add_entry(root, RECIPES[0], suite="paper")
    add_entry(root, RECIPES[4], suite="paper")
    add_entry(root, RECIPES[4], base=QWEN, suite="paper")
    return root


@pytest.fixture(scope="module")
def data(mixed: Path) -> load.Data:
    """Return what the site knows of them."""
    return load.read(mixed)


@pytest.fixture(scope="module")
def table(data: load.Data) -> Board:
    """Return the board of suite `paper`."""
    return boards(data)[0]


@pytest.fixture(scope="module")
def mixed_site(mixed: Path) -> Path:
    """Return the site built from them."""
    build(mixed, mixed.parent / "_site", root=ROOT)
    return mixed.parent / "_site"


@pytest.fixture(scope="module")
def fresh_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site of what is committed: reported entries alone."""
    output = tmp_path_factory.mktemp("fresh") / "_site"
    build(ROOT / "submissions", output, root=ROOT)
    return output


# The tables -------------------------------------------------------------------------------------


def test_reported_entries_have_a_table_of_their_own(table: Board) -> None:
    """The board has the measured rows alone, the paper's table its 30."""
    assert len(table.rows) == 3
    (paper,) = table.papers
    assert len(paper.rows) == 30
    assert paper.paper is not None
    assert paper.paper.startswith(CITATION)
    assert {row.status for row in paper.rows} == {"reported"}


def test_reported_entries_have_no_rank_and_no_interval(table: Board) -> None:
    """Nothing of a paper's row is ranked, and no figure has an interval."""
    for row in table.papers[0].rows:
        assert row.place is None
        assert {(one.low, one.high) for one in row.figures.values()} == {(None, None)}


def test_ranks_are_those_without_the_paper(table: Board, tmp_path: Path) -> None:
    """What was measured stands exactly as it would if nobody had reported anything."""
    add_entry(tmp_path, RECIPES[0], suite="paper")
    add_entry(tmp_path, RECIPES[4], suite="paper")
    add_entry(tmp_path, RECIPES[4], base=QWEN, suite="paper")
    alone = boards(load.read(tmp_path))[0]
    assert alone.columns == table.columns
    assert alone.hardware == table.hardware
    assert [(row.entry.name, row.place, row.figures) for row in alone.rows] == [
        (row.entry.name, row.place, row.figures) for row in table.rows
    ]
    assert tables.points(alone).equals(tables.points(table))


def test_paper_has_columns_for_what_it_reports(table: Board) -> None:
    """Its hardware, speed of whole calls and memory; neither disk nor anything else that is empty."""
    paper = table.papers[0]
    keys = [column.key for column in paper.columns]
    assert paper.hardware == ["nvidia-a100-sxm4-80gb"]
    assert {"call_speed0", "peak0", "effective_bits", "retention"} <= set(keys)
    assert not {"disk", "speed0"} & set(keys)
    assert all(any(key in row.figures for row in paper.rows) for key in keys)


def test_retention_is_the_plain_ratio_to_the_papers_base(table: Board) -> None:
    """A reported entry keeps the share of its own paper's base, whose retention is 100."""
    rows = {row.entry.name: row.figures for row in table.papers[0].rows}
    base = rows[f"{FAMILY}/bf16-jin-2024"]
    own = rows[f"{FAMILY}/gptq-4bit-g128-jin-2024"]
    ratio = 100 * own["score"].value / base["score"].value
    assert own["retention"].value == pytest.approx(ratio)
    assert base["retention"].value == 100


def test_middle_of_a_range_is_marked(table: Board) -> None:
    """SpQR's effective bits at 2 bits say that they are the middle of what is known."""
    rows = {row.entry.name: row.figures for row in table.papers[0].rows}
    assert rows[f"{FAMILY}/spqr-2bit-g16-jin-2024"]["effective_bits"].note == "middle of 6.2 to 6.4"
    assert rows[f"{FAMILY}/spqr-3bit-g16-jin-2024"]["effective_bits"].note == ""


# Comparing --------------------------------------------------------------------------------------


def test_measured_variant_gets_no_reported_base(data: load.Data, table: Board) -> None:
    """With the paper's base alone in its family it has no base, is unranked, and says what to run."""
    entry = next(one for one in data.entries if one.name == f"{FAMILY}/gptq-4bit-g128")
    assert data.base_of(entry) is None
    row = next(one for one in table.rows if one.entry is entry)
    assert row.status == "unranked"
    assert row.command == f"quantboard run {QWEN} --suite paper"


def test_reported_variant_gets_no_measured_base(data: load.Data) -> None:
    """Even where a measured base of its family stands beside the paper's."""
    measured = replace(
        data.entries[0],
        name=f"{FAMILY}/bf16",
        family=FAMILY,
        variant="bf16",
        submission=examples.submission(RECIPES[0], QWEN),
    )
    both = load.Data((*data.entries, measured))
    variants = [one for one in both.entries if one.family == FAMILY and not one.is_base]
    bases = {one.name: both.base_of(one) for one in variants}
    assert len(bases) == 10
    for name, base in bases.items():
        assert base is not None
        assert base.name.endswith("-jin-2024") == name.endswith("-jin-2024")


def test_two_papers_do_not_meet(data: load.Data) -> None:
    """Another paper's entries get neither this one's base nor a place in its table."""
    name = f"{FAMILY}/gptq-4bit-g128-jin-2024"
    own = next(one for one in data.entries if one.name == name)
    said = own.submission.model_copy(update={"citation": "Somebody Else 2025"})
    other = replace(own, name=f"{FAMILY}/gptq-4bit-g128-else-2025", submission=said)
    both = load.Data((*data.entries, other))
    assert both.base_of(other) is None
    assert [len(paper.rows) for paper in boards(both)[0].papers] == [30, 1]


def test_a_paper_changes_no_headline(tmp_path: Path) -> None:
    """A measured entry without spBLEU turns the measured column to chrF++, and not the paper's."""
    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), tmp_path)
    folder = add_entry(tmp_path, RECIPES[0], suite="paper")
    flores = load_suite("paper").benchmark("flores")
    result = without_spbleu(flores, RECIPES[0])
    name = "/".join(folder.parts[-2:])
    examples.write_result(folder, result.model_copy(update={"entry": name, "suite": "paper@1"}))
    table = boards(load.read(tmp_path))[0]
    shown = [
        next(one.description for one in part.columns if one.key == "flores")
        for part in (table, table.papers[0])
    ]
    assert [text.partition(":")[0] for text in shown] == ["chrF++", "spBLEU"]


# The pages --------------------------------------------------------------------------------------


def test_reported_entries_are_marked_wherever_they_are_named(mixed_site: Path) -> None:
    """Beside every name of a reported entry in a table or list stands the word, and beside no other."""
    seen = set()
    for path in mixed_site.rglob("*.html"):
        for variant, mark in NAMED.findall(path.read_text()):
            seen.add(variant)
            assert bool(mark) == variant.endswith("-jin-2024"), f"{path}: {variant}"
    assert {"bf16", "bf16-jin-2024", "spqr-2bit-g16-jin-2024"} <= seen


def test_board_cites_the_paper_below_the_measured(mixed_site: Path) -> None:
    """The paper's table comes after the measured one and the charts, with its citation."""
    text = words(mixed_site / "index.html")
    assert text.index("In pictures") < text.index("Reported in papers") < text.index(CITATION)
    assert "No intervals, no ranks, and no comparison with what was measured" in text


def test_list_of_models_marks_the_score_of_a_reported_base(mixed_site: Path, table: Board) -> None:
    """A model that only a paper knows has its base's score there, marked."""
    rows = Page(mixed_site / "families" / "index.html").rows
    told = next(row for row in rows if row[0].startswith("Qwen/Qwen-72B-Chat"))
    base = next(
        row
        for row in table.papers[0].rows
        if row.entry.is_base and row.entry.family == "Qwen--Qwen-72B-Chat"
    )
    assert told[2].split() == [f"{base.figures['score'].value:.1f}", "reported"]


def test_entry_page_shows_citation_table_and_caveats(mixed_site: Path) -> None:
    """Everything that a reader needs stands on the page, and no command that would measure it."""
    text = words(mixed_site / f"entries/{FAMILY}/gptq-4bit-g128-jin-2024/index.html")
    for part in (
        CITATION,
        "Jin et al. 2024 (arXiv 2402.16775), Table 9.",
        "Asked on test",
        "gpt-4-0314 judged 470",
        "Import it again quantboard import-reported jin-2024.csv --paper jin-2024.yaml",
        "Published2024-02-26",
        "Compared with bf16-jin-2024",
    ):
        assert part in text, part
    assert "quantboard run" not in text
    assert "±" not in text


def test_entry_page_claims_nothing_that_was_not_measured(mixed_site: Path, table: Board) -> None:
    """The plain score and retention, what a bias's difference is, and no word of intervals or measuring."""
    rows = {row.entry.name: row.figures for row in table.papers[0].rows}
    name = f"{FAMILY}/gptq-4bit-g128-jin-2024"
    own, base = rows[name], rows[f"{FAMILY}/bf16-jin-2024"]
    text = words(mixed_site / f"entries/{name}/index.html")
    assert (
        f"Score {own['score'].value:.1f} % base {base['score'].value:.1f} % "
        f"Retention {own['retention'].value:.1f} % of the base’s score"
    ) in text
    assert "a bias’s difference is that of the distances from 0, |value| − |base|" in text
    assert "Every metric of each part as the paper reports it, without intervals." in text
    assert "No result of this entry was imported more than once." in text
    assert "95 % interval" not in text


def test_benchmark_page_keeps_the_paper_apart(mixed_site: Path) -> None:
    """Measured scores and the paper's stand in two tables, and only the paper's names its judge."""
    text = words(mixed_site / "benchmarks/paper/followbench/index.html")
    assert text.count("Scores with their 95 % interval") == text.count(CITATION) == 1
    assert text.index("Scores with their 95 % interval") < text.index(CITATION)
    assert text.index(CITATION) < text.index("Judge: gpt-4-0314")


def test_charts_show_what_was_measured(table: Board) -> None:
    """No point of a chart is a paper's."""
    assert set(tables.points(table)["entry"]) == {row.entry.name for row in table.rows}


def test_downloads_name_the_source(mixed_site: Path) -> None:
    """CSV and JSON hold both kinds of entries, each with its source and a reported one with its paper."""
    with (mixed_site / "leaderboard.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["source"] for row in rows] == ["self-reported"] * 3 + ["reported"] * 30
    assert all(bool(row["paper"]) == (row["source"] == "reported") for row in rows)
    listed = json.loads((mixed_site / "api/v1/leaderboard.json").read_text())["suites"][0]
    assert [row["source"] for row in listed["entries"]] == [row["source"] for row in rows]
    assert {one["name"] for one in listed["columns"]} <= set(rows[0])


def test_fresh_board_is_not_empty(fresh_site: Path) -> None:
    """What is committed makes a home page with the paper's 30 entries, small, with whole links and ids."""
    page = Page(fresh_site / "index.html")
    assert [one.get("scope") for one in page.all("th")].count("row") == 30
    assert "Nothing has been measured on this suite yet" in page.text
    assert not page.all("figure")
    assert not page.all("form")
    assert len(gzip.compress((fresh_site / "index.html").read_bytes())) < 30_000
    assert_links_resolve(fresh_site)
    assert_ids_are_unique(fresh_site)


def test_mixed_site_is_whole(mixed_site: Path) -> None:
    """Links and ids hold where both kinds stand on a page."""
    assert_links_resolve(mixed_site)
    assert_ids_are_unique(mixed_site)


def test_a_note_of_a_metric_is_shown() -> None:
    """What sets a value apart goes with it through units."""
    from sitegen import efficiency, metrics

    shown = metrics.plain_figure(Metric(value=2e9, note="estimated"))
    assert shown is not None
    assert efficiency.scaled(shown, 1e9) == metrics.Figure(2.0, note="estimated")
