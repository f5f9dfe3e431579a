"""Charts, by what Altair makes of them."""

import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from sitegen import drawing, load, tables
from sitegen.board import boards
from sitegen.charts import board, distribution, forest, many, method
from sitegen.charts.base import METHODS, Axis, Figure
from sitegen.charts.board import figures
from sitegen.charts.family import Cost, pareto_figure
from sitegen.charts.labels import placed


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


def simulated(number: int) -> pd.DataFrame:
    """Return so many made-up points of twenty families, spread over size, score, bits and perplexity."""
    records = []
    for place in range(number):
        share = place * 0.618 % 1
        record: dict[str, object] = {
            "entry": f"org--model-{place % 20}/v{place}",
            "family": f"org/model-{place % 20}",
            "variant": f"v{place}",
            "method": METHODS[place % len(METHODS)],
            "bits": (2, 3, 4, 8)[place % 4],
        }
        figures_of = {
            "score": 30 + 50 * share,
            "retention": 80 + 22 * (place * 0.382 % 1),
            "perplexity": 20 - 12 * share,
            "disk": 1.0 + place * 0.729 % 40,
            "effective_bits": 2 + place * 0.457 % 14,
        }
        for key, value in figures_of.items():
            record |= {key: value, f"{key}_low": value - 0.8, f"{key}_high": value + 0.8}
        records.append(record)
    return pd.DataFrame(records)


def drawn(figure: Figure) -> str:
    """Return a figure's SVG."""
    return drawing.svg(figure.chart.to_dict(), f"chart-{figure.key}", figure.title, figure.summary)


@pytest.mark.parametrize("number", [300, 10_000])
def test_many_entries_stay_small(number: int) -> None:
    """300 marks take at most 9 KB of the page, 10,000 entries no more; so does the interactive version."""
    for figure in figures(simulated(number), "GB"):
        assert len(gzip.compress(drawn(figure).encode())) < 9_000, figure.key
        data = json.dumps(figure.chart.to_dict()).encode()
        assert len(gzip.compress(data)) < 12_000, figure.key


def test_counts_hold_every_entry() -> None:
    """Above 300 entries the fields of a chart count each entry once, and its sentence says so."""
    figure = figures(simulated(301), "GB")[0]
    assert "the stronger the field" in figure.summary
    found = figure.chart.to_dict()["datasets"]
    assert sum(one["entries"] for one in found["cells"]) == 301
    front = [(one["disk"], one["score"]) for one in found["front"]]
    points = zip(simulated(301)["disk"], simulated(301)["score"], strict=True)
    beats = [(x, y) for x, y in points for at, score in front if x < at - 0.01 and y > score + 0.01]
    assert front
    assert not beats
    assert {key.mark for key in figure.keys} == {"cell"}


def test_counts_of_equal_entries_are_one_field() -> None:
    """Many entries at one place are one field; a grid without width is no error."""
    alike = simulated(1).loc[[0] * 400].assign(entry=[f"a--b/v{place}" for place in range(400)])
    cells = many.counts(alike, Axis("disk", "Disk", log=True), Axis("score", "Score"))
    assert [one["entries"] for one in cells] == [400]


def test_forms_are_built_once() -> None:
    """Two frames of one kind share the form that Altair built; only the data differ."""
    first, second = (figures(simulated(number), "GB")[0].chart.to_dict() for number in (8, 9))
    assert first["layer"] is second["layer"]
    assert first["datasets"] != second["datasets"]


def test_slim_drawing_keeps_every_mark() -> None:
    """Each entry's mark and interval is there after marks alike were joined, with short numbers."""
    points = simulated(60)
    picture = drawn(figures(points, "GB")[0])
    corners = re.findall(r'd="M([^"]*)" fill="none" marker-start', picture)
    alone = re.findall(r'<path transform="[^"]*" d="[^"]*" fill="var\(--method', picture)
    assert sum(len(one.split(" ")) for one in corners) + len(alone) == 60
    lines = re.findall(r'<path d="([^"]*)" stroke="var\(--method', picture)
    assert sum(one.count("M") for one in lines) == 60
    assert not re.search(r"\.\d\d", " ".join(lines + corners))


def test_names_in_a_drawing_are_text() -> None:
    """A family named like markup is escaped in the picture."""
    points = simulated(2).assign(variant="<b onclick=x>&")
    figure = pareto_figure(points, Cost("disk", "Quality against size", "Disk (GB)", "smaller"))
    assert figure is not None
    picture = drawn(figure)
    assert "<b" not in picture
    assert "&lt;b onclick=x&gt;&amp;" in picture


def test_pareto_figure_tells_front_from_rest() -> None:
    """What nothing smaller beats is filled and joined, the rest hollow; the sentence names the first."""
    points = simulated(3).assign(
        disk=[1.0, 2.0, 3.0], score=[50.0, 40.0, 60.0], variant=["small", "beaten", "large"]
    )
    figure = pareto_figure(points, Cost("disk", "Quality against size", "Disk (GB)", "smaller"))
    assert figure is not None
    data = figure.chart.to_dict()["datasets"]
    assert {one["entry"] for one in data["front"]} == {"org--model-0/v0", "org--model-2/v2"}
    assert [one["entry"] for one in data["behind"]] == ["org--model-1/v1"]
    assert "Nothing smaller is better: small, large." in figure.summary
    assert [key.mark for key in figure.keys] == ["line", "hollow"]
    nothing = points.assign(disk=float("nan"))
    assert pareto_figure(nothing, Cost("disk", "", "", "smaller")) is None


def test_labels_never_meet() -> None:
    """Names stand beside their marks without touching one another; where there's no room there's none."""
    found = placed([(20, 50), (24, 52), (170, 60)], ["one", "two", "a" * 60], 340, 230)
    boxes = [one for one in found if one]
    assert len(boxes) == 3
    assert boxes[2].text.endswith("…")
    crowd = placed([(100.0, 100.0)] * 30, ["gptq-4bit"] * 30, 340, 230)
    assert 0 < sum(one is not None for one in crowd) < 30


def difference(value: float, shown: bool) -> forest.Difference:
    """Return a difference with an interval of one point on each side."""
    return forest.Difference("gptq", "MMLU", value, value - 1, value + 1, shown)


def test_forest_marks_what_is_shown() -> None:
    """Differences with p below the level are filled; those beyond the panel stand at its edge."""
    found = [difference(-2.0, True), difference(0.5, False), difference(-60.0, True)]
    figure = forest.figure("forest", found)
    assert figure is not None
    rows = figure.chart.to_dict()["datasets"]["differences"]
    assert [row["kind"] for row in rows] == ["shown", "open", "below"]
    assert rows[2]["x"] < rows[0]["x"] < rows[1]["x"]
    assert "2 of 3 differences are losses" in figure.summary
    assert "gptq on MMLU, 60.0 points" in figure.summary
    assert "triangle" not in drawn(figure)
    assert forest.figure("forest", []) is None


def test_forest_says_what_it_leaves_out() -> None:
    """Where there are more variants than are drawn, the sentence below says so; else it doesn't."""
    found = [forest.Difference("a", "MMLU", value=-1.0, low=-2.0, high=0.5, shown=False)]
    more, all_of_them = forest.figure("forest", found, 3), forest.figure("forest", found, 1)
    assert more
    assert all_of_them
    assert "first 1 of 3 variants" in more.summary
    assert "Drawn are" not in all_of_them.summary


def test_method_chart_of_many_is_quantiles() -> None:
    """Above 300 entries a method's chart shows quantiles at each bit width."""
    points = simulated(1200).assign(method="GPTQ")
    figure = method.figure(points, "kept")
    assert figure is not None
    rows = figure.chart.to_dict()["datasets"]["quantiles"]
    assert [row["bits"] for row in rows] == [2, 3, 4, 8]
    assert all(row["p5"] <= row["q1"] <= row["median"] <= row["q3"] <= row["p95"] for row in rows)
    assert sum(row["entries"] for row in rows) == 1200
    assert "var(--method-3)" in drawn(figure)


def test_retention_is_summed_up_by_bits() -> None:
    """The sentence has the medians at the most and the fewest bits, without the unquantized."""
    points = simulated(5).assign(
        retention=[60.0, 90.0, 40.0, 99.0, 100.0],
        bits=[2, 3, 2, 8, 16],
        method=["GPTQ"] * 4 + ["unquantized"],
    )
    made = (
        board.retention_figure(points),
        method.figure(points[points["method"] == "GPTQ"], "kept"),
    )
    for figure in made:
        assert figure is not None
        assert "Median retention from 99.0 % at 8 to 50.0 % at 2 nominal bits." in figure.summary
    alone = board.retention_figure(points.iloc[1:2])
    assert alone is not None
    assert "Median retention 90.0 % at 3 nominal bits." in alone.summary
    base = board.retention_figure(points.iloc[4:])
    assert base is not None
    assert "Median" not in base.summary


@pytest.mark.parametrize(
    ("direction", "told"),
    [
        ("higher", "Median of unquantized, 50.0 %; lowest: GPTQ, 3 bits, 20.0 %."),
        ("lower", "Median of unquantized, 50.0 %; highest: GPTQ, 2 bits, 60.0 %."),
        ("zero", "Median of unquantized, 50.0 %; farthest from 0: GPTQ, 2 bits, 60.0 %."),
    ],
)
def test_distribution_names_the_worst_group(direction: str, told: str) -> None:
    """Not the last group, but that with the worst median stands beside the first."""
    medians = {"unquantized": 50.0, "GPTQ, 3 bits": 20.0, "GPTQ, 2 bits": 60.0, "AWQ": 40.0}
    ends = ("lowest", "quarter", "median", "three_quarters", "highest")
    groups = pd.DataFrame(
        {"group": name, "method": "GPTQ", "entries": 2, **dict.fromkeys(ends, median)}
        for name, median in medians.items()
    )
    figure = distribution.figure("spread", groups, "Accuracy", "%", 1, direction)
    assert figure is not None
    assert told in figure.summary
    first = distribution.figure("spread", groups.iloc[:1], "Accuracy", "%", 1, direction)
    assert first is not None
    assert "Median of unquantized, 50.0 %. Dot" in first.summary


def test_method_chart_without_effective_bits() -> None:
    """Entries of unknown effective bits stand beside one another at their nominal ones."""
    points = simulated(8).assign(effective_bits=float("nan"), method="AWQ")
    figure = method.figure(points, "kept")
    assert figure is not None
    rows = figure.chart.to_dict()["datasets"]["points"]
    assert len({row["place"] for row in rows}) == 8
    assert [round(row["place"], 1) for row in rows] == [1.7, 2.3, 2.7, 3.3, 3.7, 4.3, 7.7, 8.3]
    assert method.figure(points.assign(retention=float("nan")), "kept") is None
