"""The words and units of an entry's page: what is said of a figure holds for it."""

import pytest
from sitegen import efficiency
from sitegen.pages import entry

from evaluator.results import Metric
from evaluator.suites.definitions import load_suite

FIRST_TOKEN = "time_to_first_token_seconds"


@pytest.mark.parametrize(
    ("seconds", "shown", "raw"),
    [(0.02624, (26.24, "ms", 1), "26.2, 26.3 ms"), (1.25, (1.25, "s", 1), "0.02624, 0.0263 s")],
)
def test_times_below_a_second_are_in_milliseconds(
    seconds: float, shown: tuple[float, str, int], raw: str
) -> None:
    """A time and its repetitions are in one unit, chosen by the time."""
    measured = Metric(value=seconds, raw=[0.02624, 0.0263])
    figure, unit, digits = efficiency.readable(FIRST_TOKEN, measured)
    assert figure is not None
    assert (pytest.approx(figure.value), unit, digits) == shown
    assert efficiency.raw_text(FIRST_TOKEN, measured) == raw
    assert efficiency.raw_text(FIRST_TOKEN, Metric(value=seconds)) == ""


def test_questions_are_counted_whole() -> None:
    """How many questions a bias leaves out is a whole number with its unit."""
    definition = load_suite("paper").benchmark("bbq").metrics["left_out"]
    line = entry._metric_line("BBQ", "", "left_out", Metric(value=16.0), definition)
    assert (line.unit, line.digits) == ("questions", 0)
