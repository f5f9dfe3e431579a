"""Which rows findings take, and how the finding on perplexity decides."""

import itertools
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sitegen import load
from sitegen.board import Board, boards
from sitegen.findings import proxy
from sitegen.findings.points import points
from sitegen.findings.proxy import Proxy
from sitegen.findings.verdicts import Kind, Verdict

from tests.sitegen.conftest import ROOT


@pytest.fixture(scope="module")
def table(tree: Path) -> Board:
    """Return a measured table."""
    return boards(load.read(tree))[0]


def test_only_ranked_and_reported_rows_are_points(table: Board) -> None:
    """An unranked or failed row with a score is no case of a finding; what a paper reports is one."""
    ranked = set(points(table)["entry"])
    assert "org--no-base-7B/gptq-4bit-g128" in {
        row.entry.name for row in table.rows if "score" in row.figures
    }
    assert "org--no-base-7B/gptq-4bit-g128" not in ranked
    assert ranked == {row.entry.name for row in table.rows if row.status == "ranked"}
    paper = boards(load.read(ROOT / "submissions"))[0].papers[0]
    assert len(points(paper)) == 30


def test_a_failed_base_still_gives_its_bytes(table: Board) -> None:
    """A base that failed at a perplexity is no point, but its variants are set beside it."""
    rows = [replace(row, status="failed") if row.entry.is_base else row for row in table.rows]
    found = points(replace(table, rows=rows)).set_index("entry")
    assert "local--tiny-llama/bf16" not in found.index
    assert (found["memory"].dropna() < 100).all()
    assert len(found["memory"].dropna()) == 7


def alike(table: Board) -> pd.DataFrame:
    """Return ten entries of two families whose scores vary between families alone."""
    names = [one.name for one in table.weighed]
    return pd.DataFrame(
        {
            "entry": f"{name}/v{place}",
            "family": name,
            "bits": 4,
            "is_base": False,
            "perplexity": 5.0 + place,
            **dict.fromkeys(names, score),
        }
        for (name, score), place in itertools.product((("a/m", 50.0), ("b/m", 70.0)), range(5))
    )


def test_scores_alike_are_not_too_few(table: Board) -> None:
    """Where a family's entries all score alike, it says that, and not that more are needed."""
    found = proxy.proxies(table, alike(table))
    assert all(one.alike and one.within is None for one in found)
    assert all(proxy.told(one) == proxy.ALIKE for one in found)
    part = proxy.part("k", table, alike(table))
    assert part.verdict == Verdict("undecided", proxy.ALIKE)
    assert part.table is not None
    assert {line.cells[-1] for line in part.table.lines} == {"all alike"}


def test_one_entry_of_each_family_is_too_few_within(table: Board) -> None:
    """Enough entries, but one of each family: it asks for more within families, not for what is there."""
    shown = alike(table).assign(family=[f"a/m{place}" for place in range(10)])
    assert {proxy.told(one) for one in proxy.proxies(table, shown)} == {proxy.SPARSE}
    assert proxy.part("k", table, shown).verdict == Verdict("not enough measured", proxy.SPARSE)


@pytest.mark.parametrize(
    ("agree", "against", "left", "kind"),
    [
        (3, 2, 0, "supported"),
        (2, 2, 0, "not supported"),
        (2, 1, 1, "undecided"),
        (0, 1, 1, "not supported"),
        (0, 0, 0, "not enough measured"),
    ],
)
def test_perplexitys_rule_is_the_one_it_states(
    agree: int, against: int, left: int, kind: Kind
) -> None:
    """More than half agree, or at least half disagree: of benchmarks, as the finding's text says."""
    counts: dict[Kind, int] = {"supported": agree, "not supported": against, "undecided": left}
    found = [Proxy("b", "B", None, None, one, 12, 3) for one, n in counts.items() for _ in range(n)]
    assert proxy._verdict(found).kind == kind
    assert "more than half of the benchmarks" in proxy.FINDING.how
    assert "at least half of them disagree" in proxy.FINDING.how
