"""Put charts into pages: as SVG at once, and in one script for when a reader asks for more."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sitegen import downloads, drawing
from sitegen.charts.base import Figure
from sitegen.pages.writer import Pages


@dataclass(frozen=True)
class Drawing:
    """A chart as a page shows it; `charts.html` draws it.

    Attributes:
        specs: the script that holds the page's charts for Vega, from the site's root.
    """

    key: str
    title: str
    summary: str
    svg: Markup
    specs: str


def add(pages: Pages, specs: str, figures: Sequence[Figure]) -> list[Drawing]:
    """Return a page's charts, and add the script of their specifications at `specs`; none without charts."""
    listed = {one.key: one.chart.to_dict() for one in figures}
    if listed:
        pages.add(specs, f"window.quantboardCharts = {downloads.script_json(listed)};\n")
    return [
        Drawing(one.key, one.title, one.summary, _svg(one, listed[one.key]), specs)
        for one in figures
    ]


def _svg(figure: Figure, specification: dict[str, object]) -> Markup:
    drawn = drawing.svg(specification, f"chart-{figure.key}", figure.title, figure.summary)
    # The SVG is ours but for names, which vl-convert escapes; drawing.svg escapes title and summary.
    return Markup(drawn)  # noqa: S704
