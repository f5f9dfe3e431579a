"""Make Vega's SVG small: short numbers, nothing invisible, one path for many marks alike.

Vega writes an element with all its paint for every mark; of 300 marks that is most of a page.
"""

import re
from itertools import groupby
from xml.etree import ElementTree as Xml

PLACED = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")
FRACTION = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
GEOMETRY = {"d", "transform", "x", "y", "x2", "y2", "width", "height", "viewBox"}
NEEDLESS = {"class", "role", "pointer-events", "font-family", "xmlns", "version"}
DEFAULTS = {
    ("opacity", "1"),
    ("fill-opacity", "1"),
    ("stroke-opacity", "1"),
    ("stroke-width", "1"),
    ("transform", "translate(0,0)"),
    ("font-weight", "normal"),
}


def slim(drawn: str, name: str) -> Xml.Element:
    """Return a drawing of Vega's as the smaller element that looks alike.

    Args:
        drawn: the SVG.
        name: prefix of every id, unique in the page.
    """
    bare = re.sub(r' xmlns(:xlink)?="[^"]*"', "", drawn, count=2)
    root = Xml.fromstring(bare)  # noqa: S314  vl-convert wrote it just now, texts escaped
    _rename(root, name)
    for element in root.iter():
        _shorten(element)
    _tidy(root)
    for number, (group, run) in enumerate(_runs(root)):
        _as_markers(group, run, f"{name}-m{number}")
    return root


def _rename(root: Xml.Element, name: str) -> None:
    """Count ids from 0 in each drawing: Vega counts over all of a process."""
    found = [element for element in root.iter() if "id" in element.attrib]
    names = {element.attrib["id"]: f"{name}-{place}" for place, element in enumerate(found)}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, names[value])
            elif value.startswith("url(#"):
                element.set(key, f"url(#{names[value[5:-1]]})")


def _shorten(element: Xml.Element) -> None:
    for key in list(element.attrib):
        value = element.attrib[key]
        if key in GEOMETRY:
            value = FRACTION.sub(lambda found: _rounded(found[0]), value)
        if key in NEEDLESS or key.startswith("aria-") or (key, value) in DEFAULTS:
            del element.attrib[key]
        else:
            element.set(key, value)


def _rounded(number: str) -> str:
    text = f"{float(number):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _tidy(group: Xml.Element) -> None:
    """Drop what can't be seen, open groups that do nothing, and join lines and fields painted alike."""
    kept: list[Xml.Element] = []
    for child in group:
        if child.tag == "g":
            _tidy(child)
            kept.extend([child] if child.attrib and len(child) else list(child))
        elif child.tag != "path" or {"fill", "stroke"} & child.attrib.keys():
            kept.append(_as_path(child) if child.tag == "line" else child)
    group[:] = [one for run in _alike(kept) for one in _joined(run)]


def _as_path(line: Xml.Element) -> Xml.Element:
    """Return a line as a path without a place of its own, so that it can be joined."""
    placed = PLACED.fullmatch(line.attrib.get("transform", "translate(0,0)"))
    if not placed:
        return line
    across, down = (float(line.attrib.get(key, 0)) for key in ("x2", "y2"))
    step = f"h{across:g}" if not down else f"v{down:g}" if not across else f"l{across:g},{down:g}"
    paint = {
        key: value for key, value in line.attrib.items() if key not in ("transform", "x2", "y2")
    }
    return Xml.Element("path", {"d": f"M{placed[1]},{placed[2]}{step}", **paint})


def _alike(elements: list[Xml.Element]) -> list[list[Xml.Element]]:
    """Return the elements in runs that differ at most in their path."""
    return [list(run) for _, run in groupby(elements, _paint)]


def _paint(element: Xml.Element) -> tuple[object, ...]:
    if element.tag != "path" or "transform" in element.attrib:
        return (id(element),)
    return tuple(sorted(item for item in element.attrib.items() if item[0] != "d"))


def _joined(run: list[Xml.Element]) -> list[Xml.Element]:
    """Return a run of paths as one."""
    if len(run) > 1:
        run[0].set("d", "".join(one.attrib["d"] for one in run))
    return run[:1]


def _runs(root: Xml.Element) -> list[tuple[Xml.Element, list[Xml.Element]]]:
    """Return each run of marks that differ in their place alone, with the group they stand in."""
    found = []
    for group in root.iter("g"):
        for form, run in groupby(group, _form):
            marks = list(run)
            if form and len(marks) > 2:
                found.append((group, marks))
    return found


def _form(element: Xml.Element) -> tuple[tuple[str, str], ...] | None:
    placed = element.tag == "path" and PLACED.fullmatch(element.attrib.get("transform", ""))
    if not placed:
        return None
    return tuple(item for item in element.attrib.items() if item[0] != "transform")


def _as_markers(group: Xml.Element, run: list[Xml.Element], name: str) -> None:
    """Replace marks by one path with a marker at each of its corners."""
    marker = Xml.Element(
        "marker", {"id": name, "overflow": "visible", "markerUnits": "userSpaceOnUse"}
    )
    places = [
        (found[1], found[2]) for one in run if (found := PLACED.match(one.attrib["transform"]))
    ]
    del run[0].attrib["transform"]
    marker.append(run[0])
    url = f"url(#{name})"
    ends = {f"marker-{end}": url for end in ("start", "mid", "end")}
    way = "M" + " ".join(f"{x},{y}" for x, y in places)
    at = list(group).index(run[0])
    group[at : at + len(run)] = [marker, Xml.Element("path", {"d": way, "fill": "none", **ends})]
