"""Render charts without a browser: SVG for the page, and the one script bundle for interactive ones."""

import json
from functools import cache, lru_cache
from typing import Any
from xml.etree import ElementTree as Xml

import vl_convert

from sitegen import slimming

BUNDLE_SNIPPET = "window.vegaEmbed = vegaEmbed;"
FORMS = 64  # compiled charts that are kept
DRAWINGS = 256  # drawn ones: who builds several sites in a process draws most of them again


def svg(specification: dict[str, Any], name: str, title: str, summary: str) -> str:
    """Return a chart as SVG for a page: labelled, ids unique by name, no size of its own but its box.

    Args:
        specification: Vega-Lite, its data by name under `datasets`.
        name: prefix of every id, unique in the page.
        title: becomes <title>, escaped.
        summary: becomes <desc>, escaped.
    """
    form = {key: value for key, value in specification.items() if key != "datasets"}
    given = specification.get("datasets", {})
    drawn = slimming.slim(_drawn(json.dumps(form, sort_keys=True), json.dumps(given)), name)
    drawn.attrib.update({"role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    for place, (tag, text) in enumerate((("title", title), ("desc", summary))):
        told = Xml.Element(tag, {"id": f"{name}-{tag}"})
        told.text = text
        drawn.insert(place, told)
    return Xml.tostring(drawn, encoding="unicode")


@lru_cache(DRAWINGS)
def _drawn(form: str, given: str) -> str:
    """Return a chart of some form with data by name as Vega draws it."""
    compiled, datasets = _compiled(form), json.loads(given)
    data = [
        {**one, "values": datasets[one["name"]]} if one["name"] in datasets else one
        for one in compiled["data"]
    ]
    drawn: str = vl_convert.vega_to_svg(json.dumps({**compiled, "data": data}))
    return drawn


@lru_cache(FORMS)
def _compiled(form: str) -> dict[str, Any]:
    """Return a chart without data as Vega, and without what only a pointer needs: half of the time."""
    still = json.loads(form)
    still.pop("params", None)
    still.setdefault("config", {})["aria"] = False
    for layer in still.get("layer", [still]):
        layer.get("encoding", {}).pop("tooltip", None)
    made: dict[str, Any] = vl_convert.vegalite_to_vega(json.dumps(still))
    return made


@cache
def bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one classic script of about 900 kB, made in seconds."""
    return str(vl_convert.javascript_bundle(BUNDLE_SNIPPET))
