"""Draw the picture that stands for a page where its address is shared: 800 by 420 pixels, PNG.

The letters are those that come with Pillow, so the same entry gives the same bytes on every machine with the
same Pillow. A palette of seven colours keeps a card small: two shades of each of three inks on paper.
Places and sizes are counted on a sheet of 1200 by 630.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image, ImageFont

from sitegen import efficiency, metrics, plain, words
from sitegen.entries import SiteEntry
from sitegen.machines.standings import Standing, Standings, with_spread

WIDTH, HEIGHT = 1200, 630
PIXELS = 2 / 3  # for each unit of the sheet
SIZE = round(WIDTH * PIXELS), round(HEIGHT * PIXELS)
RUNS = 3  # zlib's strategy Z_RLE: as small here as its best, and in a tenth of the time
EDGE = 72
PAPER = (252, 252, 250)
INKS = {"ink": (29, 33, 38), "muted": (92, 101, 110), "accent": (23, 89, 74)}
STEPS = 2  # shades of an ink between paper and itself
BARS = 6  # variants on a family's card
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Fact:
    """A figure with its name."""

    label: str
    text: str


class Card:
    """A drawing in progress."""

    def __init__(self) -> None:
        """Begin with paper and the board's name on it."""
        self.image = Image.new("P", SIZE)
        self.image.putpalette(_palette())
        for place, width in enumerate((44, 31, 18)):
            self.bar((EDGE, 66 + 13 * place, EDGE + width, 74 + 13 * place), "accent")
        self.text("quantboard", EDGE + 62, 62, 38, "ink")

    def text(self, text: str, left: int, top: int, size: int, ink: str) -> None:
        """Write a line, cut where it would leave the card."""
        shown = _cut(text, size, WIDTH - EDGE - left)
        mask, (right, down) = _font(size).getmask2(shown, "L")
        if 0 in mask.size:
            return
        letters = Image.new("L", mask.size)
        letters.im.paste(mask, (0, 0, *mask.size))
        inked = letters.point(_steps(ink))
        at = (round(left * PIXELS) + right, round(top * PIXELS) + down)
        self.image.paste(inked, at, letters.point(_seen()))

    def bar(self, box: Box, ink: str, step: int = STEPS) -> None:
        """Fill a box with a shade of an ink; one of no width stays unseen."""
        if box[2] > box[0]:
            left, top, right, bottom = (round(edge * PIXELS) for edge in box)
            self.image.paste(_index(ink, step), (left, top, max(right, left + 1), bottom))

    def figure(self, value: float, low: float | None, high: float | None, box: Box) -> None:
        """Draw a share in percent as a bar from the left, its interval above and below the end."""
        left, top, right, bottom = box
        self.bar(box, "muted", 1)
        self.bar((left, top, _along(value, left, right), bottom), "accent", 1)
        if low is not None and high is not None:
            ends = _along(low, left, right), _along(high, left, right)
            self.bar((ends[0], top, max(ends[1], ends[0] + 2), bottom), "accent")

    def png(self) -> bytes:
        """Return the finished card."""
        stream = io.BytesIO()
        self.image.save(stream, "PNG", bits=4, compress_type=RUNS)
        return stream.getvalue()


def _along(percent: float, left: int, right: int) -> int:
    return left + round((right - left) * min(max(percent, 0.0), 100.0) / 100)


@cache
def _palette() -> bytes:
    """Return the colours: paper, then the shades of each ink."""
    shades = [PAPER] + [
        tuple(
            round(paper + (own - paper) * step / STEPS)
            for paper, own in zip(PAPER, color, strict=True)
        )
        for color in INKS.values()
        for step in range(1, STEPS + 1)
    ]
    return bytes(part for shade in shades for part in shade)


def _index(ink: str, step: int) -> int:
    return list(INKS).index(ink) * STEPS + step


@cache
def _steps(ink: str) -> list[int]:
    """Return the colour of each coverage of a letter's pixel, 0 to 255."""
    return [_index(ink, max(1, round(grey * STEPS / 255))) for grey in range(256)]


@cache
def _seen() -> list[int]:
    """Return whether a pixel of such coverage is inked at all."""
    return [255 if round(grey * STEPS / 255) else 0 for grey in range(256)]


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(round(size * PIXELS))


def _cut(text: str, size: int, width: int) -> str:
    """Return a text that fits a width, its end left out where it is too long."""
    shown = plain.line(text, 120).replace(words.MINUS, "-")  # which the letters lack
    while len(shown) > 1 and _font(size).getlength(shown) > width * PIXELS:
        shown = shown[: -max(2, len(shown) // 20)].rstrip() + "…"
    return shown


def entry_card(entry: SiteEntry, standings: Sequence[Standing]) -> bytes:
    """Return an entry's card: what it is, its score and what it keeps, its bits and its size."""
    card, first = Card(), standings[0] if standings else None
    card.text(entry.variant, EDGE, 158, 80, "ink")
    card.text(entry.family.replace("--", "/", 1), EDGE, 266, 42, "muted")
    score = first and first.score
    if score:
        card.figure(score.value, score.low, score.high, (EDGE, 366, WIDTH - EDGE, 386))
    for place, fact in enumerate(_facts(entry, first)[:4]):
        left = EDGE + place * 274
        card.text(fact.label, left, 426, 30, "muted")
        card.text(fact.text, left, 468, 40 if len(fact.text) < 14 else 32, "ink")
    card.text(_below(first), EDGE, 552, 28, "muted")
    return card.png()


def _facts(entry: SiteEntry, standing: Standing | None) -> list[Fact]:
    found = [Fact("Method", words.method_title(entry.submission.quantization.method))]
    if standing and standing.score:
        found = [Fact("Score", with_spread(standing.score))]
    if standing and standing.retention and not entry.is_base:
        found.append(Fact("Retention", with_spread(standing.retention)))
    probe = next((one.result.metrics for one in entry.probes()), {})
    bits = metrics.plain_figure(probe.get(efficiency.BITS))
    disk = metrics.plain_figure(probe.get(efficiency.DISK))
    nominal = f"{entry.submission.quantization.bits} bits"
    found.append(
        Fact("Effective bits", words.number(bits.value, 2)) if bits else Fact("Nominal", nominal)
    )
    if disk:
        unit, size = efficiency.byte_unit(disk.value)
        found.append(Fact("On disk", f"{words.number(disk.value / size, 2)} {unit}"))
    return found


def _below(standing: Standing | None) -> str:
    """Say which suite the figures are of, and why an entry isn't ranked."""
    if standing is None:
        return "Not measured yet."
    status = standing.row.status
    label = f"Suite {standing.table.suite.label}"
    if status == "reported":
        return f"{label}, reported in a paper, not measured here."
    if status == "failed":
        return f"{label}: failed."
    return f"{label}, 95 % interval." if status == "ranked" else f"{label}, unranked."


def family_card(family: str, entries: Sequence[SiteEntry], standings: Standings) -> bytes:
    """Return a family's card: its name, and the scores of its best variants on the first board."""
    card, rows = Card(), _best(entries, standings)
    card.text(family.replace("--", "/", 1), EDGE, 136, 64, "ink")
    count = f"{len(entries)} {'variant' if len(entries) == 1 else 'variants'}"
    card.text(", ".join([count, *_suite_of(rows)]), EDGE, 220, 32, "muted")
    for place, one in enumerate(rows):
        top, score = 286 + place * 52, one.score
        card.text(one.row.entry.variant[:28], EDGE, top, 28, "ink")
        if score:
            card.figure(score.value, score.low, score.high, (470, top + 6, 880, top + 26))
            card.text(with_spread(score), 904, top, 28, "ink")
    return card.png()


def _suite_of(rows: Sequence[Standing]) -> list[str]:
    if not rows:
        return ["none with a score yet"]
    reported = rows[0].row.status == "reported"
    return [f"score on suite {rows[0].table.suite.label}", *(["reported"] if reported else [])]


def _best(entries: Sequence[SiteEntry], standings: Standings) -> list[Standing]:
    """Return the rows with the highest scores of one table: the first that has any."""
    found = [one for entry in entries for one in standings.get(entry.name, ()) if one.score]
    tables = [(one.table.paper is not None, one.table.suite.label) for one in found]
    first = min(tables, key=lambda table: (table[0], tables.index(table)), default=None)
    same = [one for one, table in zip(found, tables, strict=True) if table == first]
    return sorted(same, key=lambda one: (-_value(one), one.row.entry.name))[:BARS]


def _value(standing: Standing) -> float:
    return standing.score.value if standing.score else 0.0


def site_card(entries: int) -> bytes:
    """Return the card of every other page: what the board is, and how much there is on it."""
    card = Card()
    card.text("Quantized language models,", EDGE, 190, 72, "ink")
    card.text("each beside its base", EDGE, 276, 72, "ink")
    card.text("Quality, alignment and efficiency, with intervals", EDGE, 392, 38, "muted")
    card.text(f"{entries:,} {'entry' if entries == 1 else 'entries'}", EDGE, 470, 38, "accent")
    return card.png()
