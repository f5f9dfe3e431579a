"""What the site says in words."""

from sitegen import words


def test_fronts_name_hardware_where_there_are_several() -> None:
    """Of one hardware nothing is named; of several those on which nothing is faster."""
    both = {"size": True, "speed0": True, "speed1": True}
    assert words.front(both, ["A"]) == "nothing smaller or faster is better"
    assert words.front(both, ["A", "B"]) == "nothing smaller or faster on A or B is better"
    assert (
        words.front({"size": False, "speed1": True}, ["A", "B"]) == "nothing faster on B is better"
    )
    assert words.front({}, ["A", "B"]) == ""
