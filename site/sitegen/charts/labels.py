"""Place the names of marks so that they hide neither each other nor the marks."""

from collections.abc import Sequence
from dataclasses import dataclass

LETTER, LINE = 5.4, 11.0  # pixels: the width and height of a letter at 10 pixels
MARK = 5.0  # pixels from a mark's middle to its edge
LONGEST = 24  # letters; a longer name is cut


@dataclass(frozen=True)
class Label:
    """A name beside a mark: how far from it, and which of its ends is there."""

    text: str
    dx: float
    dy: float
    align: str


Box = tuple[float, float, float, float]
SIDES = (
    ("left", 8.0, 3.5),
    ("right", -8.0, 3.5),
    ("center", 0.0, -8.0),
    ("center", 0.0, 15.0),
    ("left", 6.0, -6.0),
    ("left", 6.0, 12.0),
    ("right", -6.0, -6.0),
    ("right", -6.0, 12.0),
)


def placed(
    at: Sequence[tuple[float, float]], texts: Sequence[str], width: float, height: float
) -> list[Label | None]:
    """Return each mark's label, None where there is no room; those named first have the choice.

    Args:
        at: the marks' places in pixels, from the upper left.
        texts: their names.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
    """
    taken: list[Box] = [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in at]
    found: list[Label | None] = []
    for place, text in zip(at, texts, strict=True):
        label = _free(place, _cut(text), taken, (0.0, 0.0, width, height))
        if label:
            taken.append(_box(place, label))
        found.append(label)
    return found


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _free(place: tuple[float, float], text: str, taken: list[Box], frame: Box) -> Label | None:
    tried = (Label(text, dx, dy, align) for align, dx, dy in SIDES)
    return next((one for one in tried if _fits(_box(place, one), taken, frame)), None)


def _box(place: tuple[float, float], label: Label) -> Box:
    """Return left, top, right and bottom of a label."""
    wide = LETTER * len(label.text)
    left = place[0] + label.dx - {"left": 0.0, "center": wide / 2, "right": wide}[label.align]
    bottom = place[1] + label.dy
    return left, bottom - LINE + 2, left + wide, bottom + 2


def _fits(box: Box, taken: list[Box], frame: Box) -> bool:
    inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in taken
    )
