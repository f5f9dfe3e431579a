"""Write a comparison for people, as a table, and for programs, as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any

from evaluator.comparison.entries import Line, refused, suites_of
from evaluator.comparison.scores import Score, scores
from evaluator.statistics.intervals import Interval
from evaluator.statistics.paired import Flips
from evaluator.statistics.several import LEVEL
from evaluator.text_table import aligned

HEADINGS = (
    "benchmark", "metric", "base", "variant", "difference", "95 %", "retention", "flips", "p", "least",
)  # fmt: skip
NOTES = (
    "difference: variant less base, item by item, with its 95 % interval; of a bias in its distance from 0.",
    "flips: items lost + gained. p: that there is no difference, corrected for several benchmarks (Holm).",
    "least: the smallest difference that as many items would have shown in four of five experiments.",
)
UNPAIRED = "~ not by items: one side has none, so the interval is too wide, never too narrow."


def as_text(base: str, variant: str, lines: Sequence[Line]) -> str:
    """Return a comparison as text: a table per suite, what is refused, and which benchmarks differ."""
    text = [f"{variant} against {base}"]
    for suite in suites_of(list(lines)):
        own = [one for one in lines if one.suite.partition("@")[0] == suite.name]
        cells = [HEADINGS, *(_cells(one) for one in own if one.comparison)]
        found = scores(suite, own)
        cells += [_score_cells(name, one) for name, one in found.items()]
        text += ["", f"suite {own[0].suite}", *aligned(cells)]
        text += [f"{one.benchmark.name}: {one.reason}" for one in own if one.reason]
    text += [f"refused: {sentence}" for sentence in refused(list(lines))]
    marked = [UNPAIRED] if any(one.comparison and not one.paired for one in lines) else []
    return "\n".join([*text, "", *verdict(lines), "", *NOTES, *marked])


def verdict(lines: Sequence[Line]) -> list[str]:
    """Return in a sentence or two which benchmarks tell the two apart."""
    judged = [one for one in lines if one.adjusted is not None]
    apart = [one for one in judged if one.adjusted is not None and one.adjusted < LEVEL]
    if not judged:
        return ["Nothing could be compared."]
    names = ", ".join(f"{one.benchmark.title} ({_better(one)})" for one in apart)
    rest = len(judged) - len(apart)
    if not apart:
        return [f"No difference is shown on any of {rest} benchmarks."]
    others = [f"No difference is shown on {rest} of {len(judged)}."] if rest else []
    return [f"Different at 95 %: {names}.", *others]


def _better(line: Line) -> str:
    """Return whether the variant is better or worse."""
    apart = line.comparison.difference.value if line.comparison else 0.0
    return "better" if (apart > 0) == (line.definition.direction == "higher") else "worse"


def _cells(line: Line) -> tuple[str, ...]:
    found = line.comparison
    if found is None:
        return ()
    scale, digits = (100.0, 1) if line.definition.display == "percent" else (1.0, 2)
    retention = found.retention

    def number(value: float, *, signed: bool = False) -> str:
        return _number(value * scale, digits, signed=signed)

    return (
        ("" if line.paired else "~") + line.benchmark.name,
        line.metric + (" %" if scale > 1 else ""),
        number(found.base),
        number(found.variant),
        number(found.difference.value, signed=True),
        f"{number(found.difference.low, signed=True)} to {number(found.difference.high, signed=True)}",
        "" if retention is None else f"{100 * retention.value:.1f} %",
        _flips(found.flips),
        _p(line.adjusted),
        number(found.smallest),
    )


def _score_cells(name: str, one: Score) -> tuple[str, ...]:
    apart = one.difference
    return (
        name,
        "share of best %",
        _number(100 * one.base, 1),
        _number(100 * one.variant, 1),
        _number(100 * apart.value, 1, signed=True),
        f"{_number(100 * apart.low, 1, signed=True)} to {_number(100 * apart.high, 1, signed=True)}",
        "" if one.retention is None else f"{100 * one.retention.value:.1f} %",
        "",
        "",
        "",
    )


def _number(value: float, digits: int, *, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def _flips(found: Flips | None) -> str:
    return "" if found is None else f"{found.lost:.0f} + {found.gained:.0f}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def as_json(base: str, variant: str, lines: Sequence[Line]) -> str:
    """Return a comparison as JSON: values in the metrics' own units, null for what isn't known."""
    found = {
        "base": base,
        "variant": variant,
        "benchmarks": [_record(one) for one in lines],
        "scores": {
            suite.label: {name: _score(one) for name, one in scores(suite, lines).items()}
            for suite in suites_of(list(lines))
        },
    }
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _record(line: Line) -> dict[str, Any]:
    record: dict[str, Any] = {
        "suite": line.suite,
        "benchmark": line.benchmark.name,
        "metric": line.metric or None,
        "refused": list(line.refusals),
        "reason": line.reason or None,
    }
    found = line.comparison
    if found is None:
        return record
    return record | {
        "paired": line.paired,
        "base": _finite(found.base),
        "variant": _finite(found.variant),
        "difference": _interval(found.difference),
        "retention": found.retention and _interval(found.retention),
        "flips": found.flips and _counts(found.flips),
        "flips_by_part": {name: _counts(one) for name, one in (line.parts or {}).items()},
        "p": _finite(found.p),
        "p_holm": line.adjusted,
        "smallest_difference": _finite(found.smallest),
    }


def _score(one: Score) -> dict[str, Any]:
    return {
        "base": one.base,
        "variant": one.variant,
        "difference": _interval(one.difference),
        "retention": one.retention and _interval(one.retention),
    }


def _interval(one: Interval) -> dict[str, float | None]:
    return {"value": _finite(one.value), "low": _finite(one.low), "high": _finite(one.high)}


def _counts(found: Flips) -> dict[str, float]:
    return {"n": found.n, "lost": found.lost, "gained": found.gained}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
