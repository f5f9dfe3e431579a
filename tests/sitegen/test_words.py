"""What the site says in words: numbers, intervals, and what nothing beats."""

import pytest
from sitegen import words
from sitegen.metrics import Figure


@pytest.mark.parametrize(
    ("shown", "digits", "told"),
    [
        (Figure(70.0, 69.2, 70.8), 1, "± 0.8"),
        (Figure(70.0, 69.3, 70.9), 1, "+0.9 −0.7"),
        (Figure(1.0, 0.96, 1.04), 1, "± < 0.05"),
        (Figure(1.0, 1.0, 1.04), 1, "± < 0.05"),
        (Figure(1.0, 0.996, 1.004), 2, "± < 0.005"),
        (Figure(16.0, 15.7, 16.3), 0, "± < 0.5"),
        (Figure(1.0, 1.0, 1.0), 1, "± 0.0"),
        (Figure(0.3, 0.1 + 0.2 - 1e-12, 0.1 + 0.2), 1, "± 0.0"),
        (Figure(1.0), 1, ""),
    ],
)
def test_an_interval_that_rounds_to_nothing_says_so(shown: Figure, digits: int, told: str) -> None:
    """Only an interval that is 0 is written as 0; rounding errors of sums aren't one."""
    assert words.spread(shown, digits) == told


def test_fronts_name_hardware_where_there_are_several() -> None:
    """Of one hardware nothing is named; of several those on which nothing is faster."""
    both = {"size": True, "speed0": True, "speed1": True}
    assert words.front(both, ["A"]) == "nothing smaller or faster is better"
    assert words.front(both, ["A", "B"]) == "nothing smaller or faster on A or B is better"
    assert (
        words.front({"size": False, "speed1": True}, ["A", "B"]) == "nothing faster on B is better"
    )
    assert words.front({}, ["A", "B"]) == ""
