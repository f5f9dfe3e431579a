"""The words and units of an entry's page: what is said of a figure holds for it."""

import re
from pathlib import Path

import pytest
from sitegen import efficiency, glance, load
from sitegen.board import boards
from sitegen.comparisons import BesideBase
from sitegen.machines.standings import with_spread
from sitegen.metrics import Figure
from sitegen.pages import entry

from evaluator.results import Metric
from evaluator.statistics.paired import Flips
from evaluator.suites.definitions import load_suite
from tests.sitegen.reading import Page

FIRST = "time_to_first_token_seconds"


@pytest.mark.parametrize(
    ("seconds", "shown", "raw"),
    [(0.02624, (26.24, "ms", 1), "26.2, 26.3 ms"), (1.25, (1.25, "s", 1), "0.02624, 0.0263 s")],
)
def test_times_below_a_second_are_in_milliseconds(
    seconds: float, shown: tuple[float, str, int], raw: str
) -> None:
    """A time and its repetitions are in one unit, chosen by the time."""
    measured = Metric(value=seconds, raw=[0.02624, 0.0263])
    figure, unit, digits = efficiency.readable(FIRST, measured)
    assert figure is not None
    assert (round(figure.value, 6), unit, digits) == shown
    assert efficiency.raw_text(FIRST, measured) == raw
    assert efficiency.raw_text(FIRST, Metric(value=seconds)) == ""


def test_questions_are_counted_whole() -> None:
    """How many questions a bias leaves out is a whole number with its unit."""
    definition = load_suite("paper").benchmark("bbq").metrics["left_out"]
    line = entry._metric_line("BBQ", "", "left_out", Metric(value=16.0), definition)
    assert (line.unit, line.digits) == ("questions", 0)


def read(site: Path, name: str) -> str:
    """Return the text of an entry's page, its spaces evened out."""
    return re.sub(r"\s+", " ", Page(site / "entries" / name / "index.html").text)


def test_score_stands_above_the_dimensions(paired_tree: Path, paired_site: Path) -> None:
    """The score that ranks an entry and its retention, as its badges have them, beside the base's."""
    rows = {row.entry.name: row.figures for row in boards(load.read(paired_tree))[0].rows}
    base = rows["simulated--model/bf16"]["score"]
    own = rows["simulated--model/gptq-2bit-g128"]
    text = read(paired_site, "simulated--model/gptq-2bit-g128")
    told = (
        f"Score {with_spread(own['score'])} base {base.value:.1f} % "
        f"Retention {with_spread(own['retention'])} of the base’s score"
    )
    assert told in text
    assert text.index(told) < text.index("Knowledge & capacity")
    alone = read(paired_site, "simulated--model/bf16")
    assert f"Score {with_spread(base)} Knowledge" in alone


def test_measured_page_says_what_a_bias_differs_by(paired_site: Path) -> None:
    """The key of a measured entry's drawing tells it, and what its captions say was measured."""
    text = read(paired_site, "simulated--model/gptq-2bit-g128")
    assert "A bias’s difference is that of the distances from 0, |value| − |base|." in text
    assert "No result of this entry was measured more than once." in text
    assert "of a benchmark’s items. Others have no right or wrong by item." in text


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ([], ""),
        ([BesideBase()], ""),  # not compared at all
        (
            [BesideBase(difference=Figure(1.0), paired=True)],
            "Others have no right or wrong by item.",
        ),
        (
            [BesideBase(difference=Figure(1.0))],
            "Others have no right or wrong by item, or weren’t compared item by item.",
        ),
    ],
)
def test_missing_flips_are_explained(left: list[BesideBase], told: str) -> None:
    """Only where a compared benchmark has no flips something is said, and nothing false."""
    whole = BesideBase(difference=Figure(1.0), flips=Flips(10, 1, 0), paired=True)
    assert glance.others([whole, *left]) == told
