"""Say what is wrong with a submission: one problem is one sentence that says what to change.

Everything a submitter wrote may stand in a message, so messages are made printable: no line break, no control
and no direction-changing character reaches a terminal or a GitHub annotation.
"""

import difflib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

Severity = Literal["error", "warning"]
Location = tuple[int | str, ...]

# Characters that show nothing, or change the order in which text is shown (Unicode TR 36 and 39).
INVISIBLE = frozenset("\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | {
    chr(code)
    for first, last in ((0x202A, 0x202E), (0x2066, 0x2069), (0xE0000, 0xE007F))
    for code in range(first, last + 1)
}
UNPRINTED = {"Cc": "control character", "Cs": "half of a surrogate pair"}  # by Unicode category
SHOWN = 60  # characters of a submitter's value that a message repeats


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and what to change."""

    severity: Severity
    path: str
    message: str
    line: int | None = None

    def format(self, style: str = "text") -> str:
        """Return `error: path:line: message`, or with style `github` an annotation beside that line."""
        if style == "github":
            return self._annotation()
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{self.severity}: {printable(place)}: {printable(self.message)}"

    def _annotation(self) -> str:
        """Return GitHub's workflow command; what is special in its form is written as percent codes."""
        line = "" if self.line is None else f",line={self.line}"
        path = _escaped(printable(self.path)).replace(":", "%3A").replace(",", "%2C")
        return f"::{self.severity} file={path}{line}::{_escaped(printable(self.message))}"


def error(path: Path | str, message: str, line: int | None = None) -> Problem:
    """Return a problem that fails the check."""
    return Problem("error", str(path), message, line)


def warning(path: Path | str, message: str, line: int | None = None) -> Problem:
    """Return a problem that only informs."""
    return Problem("warning", str(path), message, line)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Return problems without repetition, by path, line and message."""
    return sorted(set(problems), key=lambda one: (one.path, one.line or 0, one.message))


def _escaped(text: str) -> str:
    """Escape for a workflow command; printable text holds no line breaks."""
    return text.replace("%", "%25")


def printable(text: str) -> str:
    """Return text with whatever doesn't print, such as line breaks, written as an escape."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def shown(value: Any) -> str:
    """Return a value as a message repeats it: quoted, printable, cut at SHOWN characters."""
    text = printable(str(value))
    return f"'{text if len(text) <= SHOWN else text[:SHOWN] + '...'}'"


def text_fault(text: str) -> str | None:
    """Return what is wrong with a text that people will read, or None."""
    if text.isascii() and text.isprintable():  # nearly every text
        return None
    for character in text:
        kind = UNPRINTED.get(unicodedata.category(character))
        if (kind and character not in "\n\t") or character in INVISIBLE:
            name = unicodedata.name(character, kind or "invisible")
            return f"holds U+{ord(character):04X} ({name.lower()}); remove it"
    if not unicodedata.is_normalized("NFC", text):
        return "isn't in Unicode form NFC; write accented letters as one character each"
    return None


def texts(data: Any, where: Location = ()) -> Iterator[tuple[Location, str]]:
    """Give every text inside nested data with its place; keys count as texts."""
    if isinstance(data, str):
        yield where, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield (*where, key), str(key)
            yield from texts(value, (*where, key))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from texts(value, (*where, index))


def dotted(where: Location) -> str:
    """Return a place as `quantization.bits`."""
    return ".".join(str(part) for part in where) or "the file"


def explained(fault: ValidationError, record: type[BaseModel]) -> list[tuple[Location, str]]:
    """Return each problem that pydantic found as its place and a sentence that says what to change."""
    return [
        (detail["loc"], _sentence(dict(detail), record))
        for detail in fault.errors(include_url=False)
    ]


def _fields(record: type[BaseModel], where: Location) -> dict[str, Any]:
    """Return the fields of the record that stands at a place; empty where there is no single one."""
    for part in where:
        field = record.model_fields.get(str(part))
        inner = [] if field is None else _records(field.annotation)
        if len(inner) != 1:
            return {}
        record = inner[0]
    return dict(record.model_fields)


def _records(annotation: Any) -> list[type[BaseModel]]:
    options = getattr(annotation, "__args__", (annotation,))
    return [one for one in options if isinstance(one, type) and issubclass(one, BaseModel)]


def _sentence(detail: dict[str, Any], record: type[BaseModel]) -> str:
    where: Location = detail["loc"]
    name, value, kind = dotted(where), detail["input"], str(detail["type"])
    if where == ("source",) and value == "verified":
        return (
            "source can't be 'verified': only this project's own workflow verifies; "
            "write self-reported, or leave it out"
        )
    if kind == "missing":
        field = _fields(record, where[:-1]).get(str(where[-1]))
        meaning = getattr(field, "description", None)
        return f"{name} is missing; add it" + (f" ({meaning.rstrip('.')})" if meaning else "")
    if kind == "extra_forbidden":
        return _unknown_field(name, str(where[-1]), _fields(record, where[:-1]))
    if kind == "string_pattern_mismatch":
        return _pattern_sentence(name, str(value))
    return _value_sentence(name, value, kind, detail)


def _unknown_field(name: str, field: str, known: dict[str, Any]) -> str:
    close = difflib.get_close_matches(field, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"unknown field {name}; remove it" + (f" ({hint})" if known else "")


def _pattern_sentence(name: str, value: str) -> str:
    if name.endswith("revision"):
        return (
            f"{name} is {shown(value)} ({len(value)} characters); "
            "write the whole commit, 40 hex digits in lower case, as the Hub's history shows it"
        )
    if name.startswith("timing."):
        return f"{name} is {shown(value)}; write the time in UTC, such as 2026-01-31T09:05:00Z"
    return f"{name} is {shown(value)}; write a Hub id, organisation/name"


def _value_sentence(name: str, value: Any, kind: str, detail: dict[str, Any]) -> str:
    if kind == "literal_error":
        return f"{name} is {shown(value)}; write one of {detail['ctx']['expected']}"
    if kind == "string_type":
        advice = "write a text" if isinstance(value, list | dict | None) else "put it in quotes"
        return f"{name} is {shown(value)}, which isn't a text; {advice}"
    if kind == "finite_number":
        return f"{name} is NaN or infinite; write null there, and say why in reason"
    return f"{name} is {shown(value)}; {detail['msg'][0].lower()}{detail['msg'][1:]}"
