"""Make badges that a model's own page can show: for shields.io as JSON, and as SVG of our own.

The colour of a retention says whether a loss is shown, which the words say, too:

  green   the interval reaches 100 %: no loss is shown
  yellow  a loss is shown, and at least 95 % is kept
  orange  a loss is shown, and less is kept
  blue    a figure that is neither good nor bad by itself
  grey    not ranked, or reported by a paper
  red     failed
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote

from sitegen import plain
from sitegen.machines.addresses import absolute, entry_page
from sitegen.machines.standings import Standing, with_spread
from sitegen.metrics import Figure

LABEL = "quantboard"
KEPT = 95.0  # percent of the base's score
LONGEST = 60  # characters of a message
Kind = Literal["score", "retention"]
KINDS: tuple[Kind, ...] = ("score", "retention")
# Each carries white letters at a contrast of at least 4.5 to 1.
GREEN, YELLOW, ORANGE, BLUE, GREY, RED = (
    "#2a7a3f",
    "#7a6400",
    "#a84a00",
    "#22659c",
    "#5f666d",
    "#b3261e",
)
# Widths of Verdana's glyphs at 11 pixels, by what they look alike to; the SVG stretches the rest away.
_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!I ", 4.0),
    **dict.fromkeys("frt()-/[]", 5.0),
    **dict.fromkeys("mwMW%", 11.0),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZ±−+=<>", 8.5),
}
_WIDTH = 6.9


@dataclass(frozen=True)
class Badge:
    """A few words on a colour."""

    message: str
    color: str


@dataclass(frozen=True)
class Snippet:
    """What to paste so that a badge is shown, linked with the entry's page."""

    kind: Kind
    image: str  # path of the SVG from the site's root
    markdown: str
    html: str


def badge(kind: Kind, standing: Standing | None) -> Badge:
    """Return an entry's badge from its row on the first board that it stands on; None: on no board."""
    if standing is None:
        return Badge("not measured", GREY)
    row = standing.row
    if row.status == "failed":
        return Badge("failed", RED)
    figure = standing.score if kind == "score" else standing.retention
    if figure is None:
        return Badge("reported, no score" if row.status == "reported" else "unranked", GREY)
    if kind == "score":
        text, color = with_spread(figure), BLUE
    elif row.entry.is_base:
        text, color = "base", BLUE
    else:
        text, color = f"{with_spread(figure)} of base", _retained(figure)
    return Badge(text, color) if row.status == "ranked" else Badge(f"{text}, {row.status}", GREY)


def _retained(kept: Figure) -> str:
    if kept.high is None:
        return BLUE
    if kept.high >= 100:
        return GREEN
    return YELLOW if kept.value >= KEPT else ORANGE


def endpoint(one: Badge) -> str:
    """Return the JSON that shields.io's endpoint badge reads."""
    fields = {"schemaVersion": 1, "label": LABEL, "message": one.message, "color": one.color}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def svg(one: Badge) -> str:
    """Return a badge as a picture that loads nothing and says its words to screen readers."""
    message = plain.line(one.message, LONGEST)
    left, right = (round(_width(text)) + 10 for text in (LABEL, message))
    words = escape(f"{LABEL}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{words}"><title>{words}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b4148"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{escape(one.color)}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(LABEL, left / 2, left - 10)}{_text(message, left + right / 2, right - 10)}</g></svg>\n"
    )


def _text(text: str, middle: float, width: int) -> str:
    return f'<text x="{middle:g}" y="14" textLength="{width}">{escape(text)}</text>'


def _width(text: str) -> float:
    return sum(_WIDTHS.get(one, _WIDTH) for one in text)


def path(entry: str, kind: Kind, ending: str = "svg") -> str:
    """Return where a badge of an entry's stands, from the site's root."""
    return f"badges/{entry}/{kind}.{ending}"


def files(entry: str, standings: Sequence[Standing]) -> dict[str, str]:
    """Return every badge of an entry's by its path."""
    first = standings[0] if standings else None
    made = {kind: badge(kind, first) for kind in KINDS}
    return {path(entry, kind, "json"): endpoint(one) for kind, one in made.items()} | {
        path(entry, kind): svg(one) for kind, one in made.items()
    }


def snippets(entry: str, url: str | None) -> list[Snippet]:
    """Return what to paste for each badge; without the site's address, with paths from its root."""
    return [_snippet(entry, kind, url) for kind in KINDS]


def _snippet(entry: str, kind: Kind, url: str | None) -> Snippet:
    image = quote(path(entry, kind))
    shown, page = absolute(url, image), absolute(url, entry_page(entry))
    words = f"{LABEL} {kind}"
    return Snippet(
        kind,
        image,
        f"[![{words}]({shown})]({page})",
        f'<a href="{escape(page)}"><img src="{escape(shown)}" alt="{words}" height="20"></a>',
    )
