"""Charts, by what Altair makes of them."""

import re
from pathlib import Path

import pandas as pd
import pytest
from sitegen import drawing, load, tables
from sitegen.board import boards
from sitegen.charts.base import Figure
from sitegen.charts.board import figures


@pytest.fixture(scope="module")
def points(tree: Path) -> pd.DataFrame:
    """Return the points of the full board."""
    return tables.points(boards(load.read(tree))[0])


def encodings(figure: Figure) -> dict[str, set[str]]:
    """Return the fields on each channel over all layers."""
    found: dict[str, set[str]] = {}
    for layer in figure.chart.to_dict()["layer"]:
        for channel, value in layer["encoding"].items():
            if isinstance(value, dict) and "field" in value:
                found.setdefault(channel, set()).add(value["field"])
    return found


def test_three_charts_are_drawn(points: pd.DataFrame) -> None:
    """A full board has all three, each with a sentence for those who don't see it."""
    made = figures(points, "GB")
    assert [one.key for one in made] == ["size", "retention", "perplexity"]
    assert all("9 entries" in one.summary or "8 entries" in one.summary for one in made)


def test_size_is_drawn_against_score(points: pd.DataFrame) -> None:
    """The first chart shows score over size on disk, with the interval."""
    found = encodings(figures(points, "GB")[0])
    assert found["x"] == {"disk"}
    assert found["y"] == {"score", "score_low"}
    assert found["y2"] == {"score_high"}


def test_bits_are_effective_and_linear(points: pd.DataFrame) -> None:
    """The second chart shows effective bits over linear layers, on a linear axis."""
    figure = figures(points, "GB")[1]
    scales = [
        layer["encoding"]["x"]["scale"]
        for layer in figure.chart.to_dict()["layer"]
        if "x" in layer["encoding"]
    ]
    assert encodings(figure)["x"] == {"effective_bits"}
    assert all(scale.get("type", "linear") == "linear" for scale in scales)


def test_methods_differ_in_colour_and_shape(points: pd.DataFrame) -> None:
    """No method is told by colour alone."""
    found = encodings(figures(points, "GB")[0])
    assert found["color"] == found["shape"] == {"method"}


def test_no_points_no_charts(points: pd.DataFrame) -> None:
    """A board without scores has no charts, and no error."""
    assert figures(points.iloc[:0], "GB") == []
    assert figures(pd.DataFrame(), "GB") == []


def test_one_entry_has_charts(points: pd.DataFrame) -> None:
    """A single baseline can be drawn."""
    made = figures(points.iloc[:1], "GB")
    assert made[0].summary.startswith("1 entry.")


def test_colours_follow_the_theme(points: pd.DataFrame) -> None:
    """The picture names CSS variables, has no ground of its own and ids that no other has."""
    figure = figures(points, "GB")[0]
    picture = drawing.svg(figure.chart.to_dict(), "chart-size", "Title", "a < b")
    assert "var(--method-3)" in picture
    assert "var(--ink)" in picture
    assert 'role="img"' in picture
    assert "a &lt; b" in picture
    assert all(name.startswith("chart-size-") for name in re.findall(r'\bid="([^"]+)"', picture))


def test_same_frame_same_picture(points: pd.DataFrame) -> None:
    """Drawing twice in one process gives the same bytes."""
    first, second = (
        [drawing.svg(one.chart.to_dict(), one.key, "", "") for one in figures(points, "GB")]
        for _ in range(2)
    )
    assert first == second
