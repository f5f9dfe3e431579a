"""Put charts into pages: as SVG at once, and in one script for when a reader asks for more."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sitegen import downloads, drawing
from sitegen.charts.base import METHODS, Figure, Key, Specification
from sitegen.pages.writer import Pages


@dataclass(frozen=True)
class Drawing:
    """A chart as a page shows it; `charts.html` draws it.

    Attributes:
        figure: what is drawn.
        methods: the places in `METHODS` that the legend names.
        specs: the script that holds the page's charts for Vega, from the site's root.
    """

    figure: Figure
    svg: Markup
    methods: tuple[int, ...]
    specs: str

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the legend's lines after the methods."""
        return self.figure.keys


def add(pages: Pages, specs: str, figures: Sequence[Figure]) -> dict[str, Drawing]:
    """Return a page's charts by key, and add the script of their specifications; none without charts.

    Args:
        pages: takes the script.
        specs: where it stands, from the site's root.
        figures: in the page's order.
    """
    listed = {one.key: one.chart.to_dict() for one in figures}
    if listed:
        pages.add(specs, f"window.quantboardCharts = {downloads.script_json(listed)};\n")
    return {
        one.key: Drawing(one, _svg(one, listed[one.key]), _methods(listed[one.key]), specs)
        for one in figures
    }


def _svg(figure: Figure, specification: Specification) -> Markup:
    drawn = drawing.svg(specification, f"chart-{figure.key}", figure.title, figure.summary)
    # The SVG is ours but for names, which vl-convert escapes; drawing.svg escapes title and summary.
    return Markup(drawn)  # noqa: S704


def _methods(specification: Specification) -> tuple[int, ...]:
    """Return which methods a chart's data have, in the order of all."""
    used = {
        row.get("method") for rows in specification.get("datasets", {}).values() for row in rows
    }
    return tuple(place for place, method in enumerate(METHODS) if method in used)
