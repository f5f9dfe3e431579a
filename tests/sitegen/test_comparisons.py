"""Entries beside their bases: pages say what `evaluator.comparison` and a recomputation by hand say."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import binom
from sitegen import load, words
from sitegen.build import build
from sitegen.cli import main
from sitegen.comparisons import BesideBase, shown

from evaluator.comparison.boards import resampled_scores
from evaluator.comparison.entries import Line, compare_entries
from evaluator.comparison.scores import scores
from evaluator.errors import ResultError
from evaluator.statistics.ranking import rank_ranges, tie_groups
from evaluator.submissions import read_entry
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, add_entry
from tests.sitegen.reading import Page

PAPER = load_suite("paper")
BASE, TIED, LOST = (f"simulated--model/{name}" for name in ("bf16", "bnb-int8", "gptq-2bit-g128"))


def lines(tree: Path, name: str) -> dict[str, Line]:
    """Return the comparison that `quantboard compare` makes, by benchmark."""
    found = compare_entries(*(read_entry(tree / one) for one in (BASE, name)))
    return {one.benchmark.name: one for one in found}


def results(site: Path, name: str) -> dict[str, list[str]]:
    """Return an entry page's rows of headline metrics by the benchmark's title."""
    page = Page(site / "entries" / name / "index.html")
    rows: dict[str, list[str]] = {}
    for row in page.rows:
        if len(row) == 10 and row[0] != "Benchmark":
            rows.setdefault(row[0], row)
    return rows


def board(site: Path) -> dict[str, dict[str, str]]:
    """Return the board's CSV by entry."""
    with (site / "leaderboard.csv").open(newline="") as stream:
        return {row["entry"]: row for row in csv.DictReader(stream)}


def beside(root: Path, name: str, benchmark: str) -> BesideBase:
    """Return the headline of one benchmark of the embedded suite beside the base's."""
    data = load.read(root)
    entry = next(one for one in data.entries if one.name == name)
    suite = data.suite("mini")
    headline = suite.benchmark(benchmark).headline[0]
    result = entry.results(suite)[benchmark]
    names = [one for one in result.metrics if one.partition("_window_")[0] == headline]
    return data.compared(entry).by((suite.label, benchmark), names[0])


@pytest.mark.parametrize("name", [TIED, LOST])
def test_page_says_what_compare_says(paired_site: Path, paired_tree: Path, name: str) -> None:
    """Difference, interval, retention, flips, corrected p and smallest difference of every benchmark."""
    rows = results(paired_site, name)
    for line in lines(paired_tree, name).values():
        found = line.comparison
        assert found is not None and line.paired and line.adjusted is not None
        scale, digits = (100.0, 1) if line.definition.display == "percent" else (1.0, 2)
        apart = shown(found.difference, scale)
        row = rows[line.benchmark.title]
        assert (
            row[5]
            == f"{words.number(apart.value, digits, signed=True)} {words.spread(apart, digits)}"
        )
        kept = shown(found.retention, 100) if found.retention else None
        assert row[6] == (f"{words.number(kept.value)} {words.spread(kept)}" if kept else "–")
        flips = found.flips
        assert row[7] == (
            f"{flips.lost:,.0f} + {flips.gained:,.0f} of {flips.n:,.0f}" if flips else "–"
        )
        assert row[8] == words.p_value(line.adjusted)
        assert row[9] == words.number(found.smallest * scale, digits)


def test_mmlu_by_hand(paired_site: Path, paired_tree: Path) -> None:
    """Flips, difference, McNemar's exact p and Holm's correction, from the columns alone."""
    base, variant = (
        pq.read_table(paired_tree / name / "results/paper@1/mmlu.parquet")["correct"].to_numpy()
        for name in (BASE, LOST)
    )
    lost, gained, n = int((base & ~variant).sum()), int((~base & variant).sum()), len(base)
    tail = float(binom.cdf(min(lost, gained), lost + gained, 0.5))
    others = [one.comparison.p for one in lines(paired_tree, LOST).values() if one.comparison]
    smaller = [p for p in others if p < 2 * tail]
    adjusted = max(
        min(1.0, (len(others) - rank) * p)
        for rank, p in enumerate(sorted([*smaller, min(1.0, 2 * tail)]))
    )

    row = results(paired_site, LOST)["MMLU"]

    assert row[7] == f"{lost:,} + {gained:,} of {n:,}"
    assert row[5].startswith(words.number(100 * (gained - lost) / n, signed=True) + " ")
    assert row[8] == words.p_value(adjusted)


def test_paired_intervals_are_narrower(paired_tree: Path) -> None:
    """On the same items the difference is known better than from the two scores."""
    for line in lines(paired_tree, TIED).values():
        stored = [
            json.loads(
                (paired_tree / name / f"results/paper@1/{line.benchmark.name}.json").read_text()
            )
            for name in (BASE, TIED)
        ]
        errors = [one["metrics"][line.metric]["stderr"] for one in stored]
        assert line.comparison is not None
        half = (line.comparison.difference.high - line.comparison.difference.low) / 2
        assert half < 1.96 * math.hypot(*errors)


def test_bias_and_perplexity_keep_their_own_way(paired_tree: Path) -> None:
    """Of bias the distances from 0 differ and nothing is retained; of perplexity base over variant is."""
    found = {name: line.comparison for name, line in lines(paired_tree, LOST).items()}
    bias, text = found["bbq"], found["wikitext2"]
    assert bias is not None and text is not None and text.retention is not None
    assert bias.retention is None
    assert bias.difference.value == pytest.approx(abs(bias.variant) - abs(bias.base))
    assert text.retention.value == pytest.approx(text.base / text.variant)


def test_retention_of_the_score_has_its_interval(paired_site: Path, paired_tree: Path) -> None:
    """The board's retention is that of `comparison.scores`."""
    kept = scores(PAPER, list(lines(paired_tree, LOST).values()))["score"].retention
    assert kept is not None
    row = board(paired_site)[LOST]
    for column, value in (("", kept.value), ("_low", kept.low), ("_high", kept.high)):
        assert float(row[f"retention_percent{column}"]) == pytest.approx(100 * value, abs=1e-5)


def test_ties_are_told_in_words_and_files(paired_site: Path, paired_tree: Path) -> None:
    """Group and range of ranks are those of the resampled scores, and the page calls a tie a tie."""
    names = [BASE, TIED, LOST]
    found = resampled_scores(
        PAPER,
        [
            {one.result.benchmark: one for one in read_entry(paired_tree / name).results}
            for name in names
        ],
        ("knowledge", "alignment"),
    )
    groups = tie_groups(found.scores, found.drawn)
    assert groups == [1, 1, 2]
    rows = board(paired_site)
    for name, group, (best, worst) in zip(
        names, groups, rank_ranges(found.scores, found.drawn), strict=True
    ):
        row = rows[name]
        assert [row[key] for key in ("tie_group", "rank_best", "rank_worst")] == [
            str(group), str(best), str(worst)
        ]  # fmt: skip
    cells = [
        row[1]
        for row in Page(paired_site / "index.html").rows
        if row[0].startswith(("bf16", "bnb"))
    ]
    assert len(cells) == 2
    assert all(cell.startswith("1–2") and "tie 1, 2 entries" in cell for cell in cells)


def test_flips_by_subject_add_up(paired_site: Path, paired_tree: Path) -> None:
    """The parts of a benchmark hold all of its flips."""
    rows = Page(paired_site / "entries" / LOST / "index.html").rows
    groups = [place for place, row in enumerate(rows) if len(row) == 1]
    first = next(place for place in groups if rows[place] == ["MMLU"])
    parts = rows[first + 1 : next(place for place in groups if place > first)]
    whole = lines(paired_tree, LOST)["mmlu"].comparison
    assert whole is not None and whole.flips is not None
    assert len(parts) == 57
    assert sum(int(row[2]) for row in parts) == whole.flips.lost
    assert sum(int(row[3]) for row in parts) == whole.flips.gained


def test_two_builds_of_items_are_the_same_bytes(
    paired_site: Path, paired_tree: Path, tmp_path: Path
) -> None:
    """Drawing items anew gives the same site each time."""
    build(paired_tree, tmp_path / "_site", root=ROOT)
    for path in (path for path in paired_site.rglob("*") if path.is_file()):
        assert (
            path.read_bytes() == (tmp_path / "_site" / path.relative_to(paired_site)).read_bytes()
        )


def test_wrong_items_stop_the_build(
    paired_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Items that aren't the measured ones are one sentence that names the file, and no site."""
    shutil.copytree(paired_tree, tmp_path / "submissions")
    other = tmp_path / "submissions" / BASE / "results/paper@1/gsm8k.parquet"
    shutil.copy(other, tmp_path / "submissions" / LOST / "results/paper@1/gsm8k.parquet")
    output = tmp_path / "_site"
    assert (
        main(
            [
                "--root",
                str(ROOT),
                "--submissions",
                str(tmp_path / "submissions"),
                "--output",
                str(output),
            ]
        )
        == 2
    )
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"{LOST}/results/paper@1/gsm8k.parquet isn't the file that its result names" in told
    assert not output.exists()


def test_comparison_is_made_once(paired_tree: Path) -> None:
    """The board, the entry's page and the benchmarks' pages share one comparison."""
    data = load.read(paired_tree)
    entry = data.entries[-1]
    assert data.compared(entry) is data.measured.compared(entry)


# Without items ------------------------------------------------------------------------------------


def test_without_items_the_page_says_so(site: Path) -> None:
    """Where items are missing the comparison isn't paired, has no flips, and says so."""
    page = Page(site / "entries/local--tiny-llama/gptq-4bit-g128/index.html")
    assert "not item by item" in page.text
    assert "Flips by subject" not in page.text


def test_clear_loss_is_worse(tree: Path) -> None:
    """A difference that is shown is judged by the metric's direction; a small one isn't judged."""
    lost, small = (
        beside(tree, f"local--tiny-llama/{name}", "wikitext2")
        for name in ("gptq-2bit-g128", "bnb-int8")
    )
    assert (lost.better, lost.paired) == (False, False)
    assert small.better is None


def test_unpaired_retention_has_a_way(tree: Path) -> None:
    """Perplexity keeps base over variant, bias nothing, and the other scores variant over base."""
    name = "local--tiny-llama/gptq-2bit-g128"
    kept = {one: beside(tree, name, one).retention for one in ("wikitext2", "bbq", "gsm8k")}
    assert kept["bbq"] is None
    assert all(one is not None and one.value < 100 for one in (kept["wikitext2"], kept["gsm8k"]))


def test_unpaired_bias_differs_by_distance(tmp_path: Path) -> None:
    """A bias that changes its sign and keeps its distance has a difference of 0."""
    for recipe in (RECIPES[0], RECIPES[1]):
        add_entry(tmp_path, recipe)
    name = "local--tiny-llama/bnb-int8"
    path = tmp_path / name / "results/mini@1/bbq.json"
    text = json.loads((tmp_path / "local--tiny-llama/bf16/results/mini@1/bbq.json").read_text())
    measured = text["metrics"]["bias_ambiguous"]
    measured["value"], measured["ci95"] = (
        -measured["value"],
        [-one for one in measured["ci95"][::-1]],
    )
    path.write_text(json.dumps(text | {"entry": name}))
    found = beside(tmp_path, name, "bbq").difference
    assert found is not None
    assert found.value == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("field", "told"),
    [("prompt_hash", "prompt hashes differ"), ("datasets", "data-set fingerprints differ")],
)
def test_refusal_names_the_field(tmp_path: Path, field: str, told: str) -> None:
    """Other words or other items: no difference, the field on entry, benchmark page and board."""
    for recipe in (RECIPES[0], RECIPES[4]):
        add_entry(tmp_path / "submissions", recipe)
    base = tmp_path / "submissions/local--tiny-llama/bf16/results/mini@1/mmlu.json"
    text = json.loads(base.read_text())
    if field == "datasets":
        text["provenance"]["datasets"][0]["fingerprint"] = "0" * 64
    else:
        text["provenance"]["prompt_hash"] = "0" * 64
    base.write_text(json.dumps(text))
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    for page in (
        "entries/local--tiny-llama/gptq-4bit-g128/index.html",
        "benchmarks/mini/mmlu/index.html",
        "index.html",
    ):
        assert told in Page(tmp_path / "_site" / page).text, page
    row = board(tmp_path / "_site")["local--tiny-llama/gptq-4bit-g128"]
    assert (row["status"], row["retention_percent"], row["tie_group"]) == ("unranked", "", "")


def test_other_rows_are_an_error(paired_tree: Path, tmp_path: Path) -> None:
    """Results that name the same data but have other items can't be paired."""
    family = tmp_path / "submissions" / "simulated--model"
    shutil.copytree(paired_tree / "simulated--model", family)
    mmlu = load_suite("paper").benchmark("mmlu").name
    folder = family / "bnb-int8" / "results/paper@1"
    shutil.copy(folder / "gsm8k.parquet", folder / f"{mmlu}.parquet")
    text = json.loads((folder / "mmlu.json").read_text())
    text["items_sha256"] = json.loads((folder / "gsm8k.json").read_text())["items_sha256"]
    (folder / "mmlu.json").write_text(json.dumps(text))
    data = load.read(tmp_path / "submissions")
    with pytest.raises(ResultError, match="differ in rows of their items"):
        data.compared(data.entries[1])


# Fronts -------------------------------------------------------------------------------------------


def test_fronts_are_those_that_nothing_beats(site: Path) -> None:
    """An entry is on a front unless another costs no more and scores no less, better in one; by hand."""
    ranked = [row for row in board(site).values() if row["status"] == "ranked"]
    for front, cost, sign in (
        ("front_size", "disk_GB", 1),
        (f"front_speed_{examples.HARDWARE}", f"speed_{examples.HARDWARE}_tokens_per_second", -1),
    ):
        points = np.asarray(
            [(sign * float(row[cost]), -float(row["score_percent"])) for row in ranked]
        )
        for row, point in zip(ranked, points, strict=True):
            beaten = ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
            assert row[front] == str(not beaten)
    marked = [row for row in Page(site / "index.html").rows if "nothing smaller" in row[0]]
    assert len(marked) == sum(row["front_size"] == "True" for row in ranked) >= 2


def test_entries_outside_the_ranks_have_no_place(site: Path) -> None:
    """Unranked and failed entries have no tie group and stand on no front, in CSV and JSON alike."""
    listed = json.loads((site / "api/v1/leaderboard.json").read_text())["suites"][0]["entries"]
    for row, entry in zip(board(site).values(), listed, strict=True):
        assert (row["tie_group"] == "") == (row["status"] != "ranked")
        assert (row["front_size"] == "") == (row["status"] != "ranked")
        assert (entry["tie_group"] is None) == (row["tie_group"] == "")
        assert (
            str(entry["front_size"] if entry["front_size"] is not None else "") == row["front_size"]
        )
