"""Make strangers' texts harmless where no template escapes them."""

import re
import unicodedata

NO_REASON = "no reason was given"
SHOWN = 400  # characters of a reason or a note that lists repeat
# What XML forbids, what shows nothing, and what turns the order of a text around (Unicode TR 36).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff"
    "\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def line(text: str, longest: int = SHOWN) -> str:
    """Return a text as one line without characters that can't be seen, cut to so many characters."""
    shown = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text[: 20 * longest])).split())
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def reason(text: str | None) -> str:
    """Return why something failed as one short line, or that nobody said."""
    return line(text or "") or NO_REASON
