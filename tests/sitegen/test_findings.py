"""The paper's claims on the board's own data: the rules of the verdicts, and what the paper's tables give."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sitegen import load
from sitegen.board import Board, boards
from sitegen.build import build
from sitegen.findings import larger, proxy, retention, speed
from sitegen.findings.everything import findings
from sitegen.findings.parts import MOST_SHOWN, Part, sampled
from sitegen.findings.points import FIXED, on_hardware, points
from sitegen.findings.verdicts import Cases, Kind, Verdict, measured, reported

from evaluator.entries import find_entries
from evaluator.reported.averages import results_of
from evaluator.reported.proxies import Score, Scored, proxies
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, add_entry, probe_result, write_result
from tests.sitegen.reading import Page

SAME = {"mmlu": "accuracy", "ceval": "accuracy", "gsm8k": "accuracy", "truthfulqa": "mc1"}


@pytest.fixture(scope="module")
def paper() -> Board:
    """Return the table of the paper's 30 reported entries."""
    return boards(load.read(ROOT / "submissions"))[0].papers[0]


@pytest.fixture(scope="module")
def table(tree: Path) -> Board:
    """Return a measured table: one family with every method, one entry without a base."""
    return boards(load.read(tree))[0]


def row(name: str, **figures: Any) -> dict[str, Any]:
    """Return one entry of a frame for findings, `<maker>--<model>/<variant>`, with some figures."""
    family, _, variant = name.partition("/")
    known = {
        "entry": name,
        "family": family.replace("--", "/"),
        "maker": family.partition("--")[0],
        "variant": variant,
        "method": "GPTQ",
        "is_base": variant == "bf16",
        "unfair": False,
    }
    return dict.fromkeys(FIXED, float("nan")) | known | figures


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return rows as findings get them."""
    return pd.DataFrame(list(rows), columns=list(FIXED))


# Verdicts ---------------------------------------------------------------------------------------


def cases(agree: int, against: int, left: int = 0, families: int | None = None) -> Cases:
    """Return so many cases, each of a family of its own or dealt out over some."""
    found = np.array([1] * agree + [-1] * against + [0] * left, dtype=np.int64)
    names = [place % families if families else place for place in range(len(found))]
    return Cases(found, names, "entries", "agrees", "agree")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (cases(18, 2), "supported"),
        (cases(2, 18), "not supported"),
        (cases(10, 10), "undecided"),
        (cases(11, 0, left=9), "undecided"),
        (cases(0, 0, left=20), "undecided"),
        (cases(3, 0), "not enough measured"),
        (cases(20, 0, families=1), "not enough measured"),
        (cases(0, 0), "not enough measured"),
    ],
)
def test_measured_verdict_follows_the_interval(given: Cases, kind: Kind) -> None:
    """Half of the cases must lie outside of the interval; open ones never help a side."""
    assert measured(given).kind == kind


def test_families_weigh_more_than_their_entries() -> None:
    """Many entries of few families that agree among themselves decide less than as many families do."""
    one_each = cases(30, 10)
    of_four = replace(one_each, families=[place // 10 for place in range(40)])
    assert measured(one_each).kind == "supported"
    assert measured(of_four).kind == "undecided"


def test_few_families_are_said_to_be_too_few() -> None:
    """An interval that only few families make wide isn't shown as if entries were missing."""
    told = measured(cases(2, 16, families=2))
    assert told == Verdict(
        "undecided", "2 of 18 entries agree. That is 11.1 %. Two families are too few to tell."
    )
    of_four = replace(cases(30, 10), families=[place // 10 for place in range(40)])
    assert "Four families are too few" in measured(of_four).reason
    even = measured(cases(10, 10, families=2)).reason
    assert even.endswith("in 2 families. The interval includes one half.")
    assert "too few" not in measured(cases(11, 9)).reason


def test_one_case_agrees_and_two_agree() -> None:
    """The verb follows the number that agrees."""
    assert cases(1, 7).counted == "1 of 8 entries agrees"
    assert cases(2, 6).counted == "2 of 8 entries agree"


def test_advice_says_how_many_more_would_settle_it() -> None:
    """With as many more at the same share the verdict is supported; with half as many it isn't."""
    told = measured(cases(14, 6)).reason
    more = int(told.partition("about ")[2].split()[0])
    assert (
        measured(cases(round(0.7 * (20 + more)) + 1, round(0.3 * (20 + more)))).kind == "supported"
    )
    half = 20 + more // 2
    assert measured(cases(round(0.7 * half), round(0.3 * half))).kind == "undecided"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (cases(2, 1), "supported"),
        (cases(1, 2, left=5), "not supported"),
        (cases(3, 2), "undecided"),
        (cases(0, 0, left=3), "not enough measured"),
        (cases(0, 0), "not enough measured"),
    ],
)
def test_reported_verdict_counts(given: Cases, kind: Kind) -> None:
    """What a paper reports has no intervals: two thirds of what is decided is enough."""
    assert reported(given).kind == kind


# What the paper's tables give -------------------------------------------------------------------


def test_the_papers_own_tables_support_its_claims(paper: Board) -> None:
    """Every finding comes out as the paper has it, with the counts of its Tables 2 and 8."""
    (whole,) = boards(load.read(ROOT / "submissions"))
    parts = {one.key: one.parts for one in findings([whole])}
    assert {key: [part.verdict.kind for part in found] for key, found in parts.items()} == {
        key: ["not enough measured", "supported"] for key in parts
    }
    told = {key: found[1].verdict.reason for key, found in parts.items()}
    assert told["bits"].startswith("5 of 6 entries of 4 bits")
    assert told["perplexity"].startswith("Within families, perplexity follows 7 of 10")
    assert told["larger"].startswith("4 of 7 pairs")
    assert told["speed"].startswith("8 of 10 entries that save memory")
    assert "5 more are left out, as no fair comparison" in told["speed"]
    assert all("needs at least" in found[0].verdict.reason for found in parts.values())
    assert all(part.paper == paper.paper for found in parts.values() for part in found[1:])


def test_correlations_are_the_evaluators(paper: Board) -> None:
    """They agree with those of `evaluator.reported.proxies` over the same twelve entries."""
    entries = [
        Scored(entry.family, results_of(entry, "paper@1"))
        for entry in find_entries(ROOT / "submissions")
        if entry.submission.quantization.bits in (3, 4)
    ]
    wanted = {
        one.score.benchmark: one for one in proxies(entries, [Score(*one) for one in SAME.items()])
    }
    found = {one.benchmark: one for one in proxy.proxies(paper, points(paper))}
    for name, other in wanted.items():
        own = found[name]
        assert own.pooled is not None
        assert own.within is not None
        assert own.pooled.r == pytest.approx(other.pooled.r)
        assert own.within.r == pytest.approx(other.within.r)
        assert own.entries == 12
    assert found["truthfulqa"].kind == "not supported"  # size alone, as within families it is -0.24
    assert found["bbq"].kind == "not supported"  # bias grows as perplexity falls


def test_reported_tables_have_no_intervals(paper: Board) -> None:
    """No cell of a reported part holds an interval, nor a chart its bars."""
    shown = points(paper)
    parts = [one.part("k", paper, shown) for one in (retention, proxy, larger, speed)]
    for part in parts:
        lines = [line for sheet in (part.table, part.more) if sheet for line in sheet.lines]
        assert lines
        assert not any(" to " in cell or "±" in cell for line in lines for cell in line.cells)


def test_what_a_paper_calls_unfair_decides_nothing(paper: Board) -> None:
    """The 72B model ran on another number of cards than its base: its entries are drawn, but not counted."""
    found = points(paper)
    unfair = found[found["unfair"].astype(bool)]
    assert set(unfair["family"]) == {"Qwen/Qwen-72B-Chat"}
    assert len(unfair) == 10
    part = speed.part("k", paper, found)
    assert part.figure is not None
    assert part.table is not None
    assert part.figure.summary.startswith(
        "15 of 27 quantized entries on nvidia-a100-sxm4-80gb save"
    )
    assert "their median takes 47.0 % of the base's memory" in part.figure.summary
    assert "Also entries that the verdict leaves out." in part.table.caption
    only = speed.part("k", paper, unfair)
    assert only.verdict.kind == "not enough measured"
    assert "5 more are left out" in only.verdict.reason


def test_notes_say_whom_they_are_about(paper: Board) -> None:
    """What holds for all stands once, the rest beside its method, model, recipe or entry."""
    found = dict(speed.part("k", paper, points(paper)).notes)
    assert found["All entries"].startswith(
        "Jin et al. 2024 (arXiv 2402.16775), Table 8. Prompts of"
    )
    assert "dense bfloat16" in found["SpQR"]
    assert "fair comparison" in found["Qwen/Qwen-72B-Chat"]
    assert "outliers" in found["SpQR, 2 bits"]
    assert "29.97" in found["Qwen/Qwen-14B-Chat spqr-3bit-g16-jin-2024"]
    assert len(found) == 7


def test_reported_correlations_say_that_they_are_computed(paper: Board, table: Board) -> None:
    """The paper prints values of its own, which nobody shall take these for."""
    assert proxy.part("k", paper, points(paper)).remark == proxy.COMPUTED
    assert proxy.part("k", table, points(table)).remark == ""


def test_what_saves_no_memory_is_no_pair(paper: Board) -> None:
    """SpQR's entries, stored as wide as their base in that paper, stand on neither side."""
    duels = larger.pairs(points(paper))
    assert len(duels) == 7
    assert not any("spqr" in name for name in [*duels["entry"], *duels["opponent"]])


# Measured ---------------------------------------------------------------------------------------


def test_little_is_said_of_one_family(table: Board) -> None:
    """One family is never enough, and what there is still stands in a table and a chart."""
    part = retention.part("k", table, points(table))
    assert part.verdict.kind == "not enough measured"
    assert part.figure is not None
    assert part.table is not None
    assert [line.head for line in part.table.lines] == ["8 bits", "4 bits", "3 bits", "2 bits"]


def test_retention_outcomes_follow_intervals(table: Board) -> None:
    """An entry counts as kept only where its whole interval is at 98 % or above."""
    shown = frame(
        *(
            row(
                f"a--m{place}/gptq", bits=4, retention=value, retention_low=low, retention_high=high
            )
            for place, (value, low, high) in enumerate(
                [(99, 98, 100), (98.5, 97, 100), (97, 96, 97.9), (98, 98, 98)]
            )
        )
    )
    part = retention.part("k", table, shown)
    assert part.table is not None
    assert part.table.lines[0].cells[:6] == ("4", "4", "2", "1", "1", "2")


def test_pairs_meet_the_nearest_of_the_same_maker() -> None:
    """The opponent is smaller, wider, by the same maker, and of those the nearest in bytes."""
    big = {
        "parameters": 14.0,
        "base_bytes": 28.0,
        "bits": 4,
        "width": 4.2,
        "score": 60.0,
        "score_error": 0.5,
    }
    small = {
        "parameters": 7.0,
        "base_bytes": 14.0,
        "bits": 8,
        "width": 8.2,
        "score": 50.0,
        "score_error": 0.5,
    }
    shown = frame(
        row("a--big/gptq", bytes=8.0, **big),
        row("a--small/near", bytes=7.5, **small),
        row("a--small/far", bytes=6.5, **small),
        row("a--small/same-bits", bytes=8.0, **small | {"width": 4.2}),
        row("a--mid/gptq", bytes=8.0, **small | {"parameters": 10.0}),
        row("b--small/gptq", bytes=8.0, **small),
    )
    duels = larger.pairs(shown)
    assert list(duels["entry"]) == ["a--big/gptq"]
    assert list(duels["opponent"]) == ["a/small near"]
    assert list(duels["outcome"]) == [1]
    assert list(larger.pairs(shown.assign(score_error=6.0))["outcome"]) == [0]


def test_speed_decides_by_its_interval(table: Board) -> None:
    """Slower, open and faster, and what saves no memory isn't counted."""
    table = replace(table, hardware=["gpu"])
    shown = frame(
        row("a--m/slow", bits=8, memory=60.0, speed=50.0, speed_low=45.0, speed_high=55.0),
        row("a--m/open", bits=4, memory=40.0, speed=99.0, speed_low=95.0, speed_high=103.0),
        row("b--m/fast", bits=4, memory=40.0, speed=150.0, speed_low=140.0, speed_high=160.0),
        row("b--m/plain", bits=4, memory=40.0, speed=94.0),
        row("b--m/wide", bits=4, memory=101.0, speed=50.0),
    )
    verdict = speed.part("k", table, shown).verdict
    assert verdict.reason.startswith("2 of 4 entries that save memory are slower")
    assert "1 can't be decided" in verdict.reason


def test_every_hardware_is_judged(tmp_path: Path) -> None:
    """Of two that are measured alike each has a verdict of its own, under its name."""
    for recipe in RECIPES:
        folder = add_entry(tmp_path, recipe)
        slower = recipe if folder.name == "bf16" else replace(recipe, speed=0.1)
        name = f"{folder.parent.name}/{folder.name}"
        write_result(folder, probe_result(name, slower, hardware="zzz-gpu"))
    (whole,) = boards(load.read(tmp_path))
    part = speed.part("k", whole, points(whole))
    assert part.verdict.reason.startswith(f"On {whole.hardware[0]}: Not enough measured yet")
    ((name, told),) = part.elsewhere
    assert name == whole.hardware[1] == "zzz-gpu"
    assert "of 1 family" in told.reason
    other = on_hardware(whole, 1)
    assert (other["speed"].dropna() < 1).all()
    assert (on_hardware(whole, 0)["speed"].dropna() > 1).all()
    assert list(other["memory"]) == list(on_hardware(whole, 0)["memory"])


def test_ten_thousand_entries_stay_few_marks(table: Board) -> None:
    """Pairs, charts and tables of a large board: one pair at most for an entry, 150 rows at most."""
    generator = np.random.default_rng(1)
    sizes = generator.choice([1.0, 3.0, 7.0, 14.0, 32.0], 10_000)
    bits = generator.choice([2, 3, 4, 8], 10_000)
    shown = frame(
        *(
            row(
                f"a--m{place % 1000}/v{place}",
                parameters=size,
                bits=int(wide),
                width=float(wide),
                bytes=size * wide / 8,
                base_bytes=2 * size,
                score=50 + 5 * np.log(size) + wide,
                score_error=0.5,
                memory=60.0,
                speed=80.0,
            )
            for place, (size, wide) in enumerate(zip(sizes, bits, strict=True))
        )
    )
    duels = larger.pairs(shown)
    assert 1000 < len(duels) <= 10_000
    assert len(sampled(duels)) == MOST_SHOWN
    part = speed.part("k", replace(table, hardware=["gpu"]), shown)
    assert part.more is not None
    assert len(part.more.lines) == MOST_SHOWN
    assert "150 of 10,000 shown" in part.more.caption


@pytest.mark.parametrize("one", [retention, proxy, larger, speed])
def test_no_entries_need_everything(one: Any, table: Board) -> None:
    """Without any entry a finding says what it needs, and draws nothing."""
    part: Part = one.part("k", replace(table, rows=[]), points(replace(table, rows=[])))
    assert part.verdict.kind == "not enough measured"
    assert "there are none" in part.verdict.reason
    assert part.figure is None


# The page ---------------------------------------------------------------------------------------


def test_page_sums_up_and_shows_each_part(site: Path) -> None:
    """Every claim stands in the summary with its verdict; each chart names a table that is there."""
    page = Page(site / "findings/index.html")
    heads = [one["id"] for one in page.all("h2")]
    assert heads == ["summary", "bits", "perplexity", "larger", "speed"]
    links = {one["href"] for one in page.all("a")}
    assert {f"#{head}" for head in heads[1:]} <= links
    ids = {one["id"] for one in page.all("caption")}
    named = {href[1:] for href in links if href.endswith(("-table", "-more"))}
    assert len(page.all("figure")) == len(named)
    assert named <= ids


def test_page_of_an_empty_board(tmp_path: Path) -> None:
    """Nothing measured makes a page that says so and still names the claims."""
    (tmp_path / "submissions").mkdir()
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    page = Page(tmp_path / "_site/findings/index.html")
    assert "Nothing has been measured yet" in page.text
    assert "4 bits retain quality: not enough measured" in page.text
    assert not page.all("figure")
