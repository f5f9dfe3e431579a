"""Write a plan for people, as a table, and for programs, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evaluator.planning import Plan, Row, duration
from evaluator.text_table import aligned

if TYPE_CHECKING:
    from evaluator.scoring.cost import Cost

HEADINGS = (
    "state",
    "unit",
    "items",
    "tokens row by row",
    "computed",
    "ratio",
    "new tokens",
    "time",
    "memory",
)
TEXT_COLUMNS = 2  # the first ones
MEGABYTE = 10**6


def lines(plan: Plan) -> list[str]:
    """Return a plan as lines of text: a table with a row per unit and their totals, then the reasons."""
    costs = _costs(plan)
    cells = [HEADINGS, *(_cells(row) for row in plan.rows)]
    if costs:
        cells.append(_cells(Row("all units", "", _total(costs))))
    return [
        f"{plan.entry} on {plan.device}: the model takes {_memory(plan.weights)}",
        "",
        *aligned(cells),
        *_section([f"{row.unit}: {row.problem}" for row in plan.rows if row.problem]),
        *_section([f"{way}: {_named(units)}" for way, units in _ways(plan).items()]),
        *_section(plan.notes),
    ]


def _section(text: Sequence[str]) -> list[str]:
    return ["", *text] if text else []


def _costs(plan: Plan) -> "list[Cost]":
    return [row.cost for row in plan.rows if row.cost]


def _cells(row: Row) -> tuple[str, ...]:
    cost = row.cost
    if cost is None:
        rest = ("?",) * (len(HEADINGS) - TEXT_COLUMNS) if row.problem else ()
        return (row.state, row.unit, *rest)
    bound = "up to " if cost.at_most else ""
    return (
        row.state,
        row.unit,
        f"{cost.items:,}",
        f"{cost.plain:,}",
        f"{cost.computed:,}",
        f"{cost.plain / cost.computed:.1f}" if cost.computed else "",
        f"{bound}{cost.new:,}" if cost.new else "",
        f"{bound}{duration(cost.seconds)}",
        "?" if cost.bytes is None else _memory(cost.bytes),
    )


def _memory(size: int) -> str:
    megabytes = size / MEGABYTE
    return f"{megabytes:,.0f} MB" if megabytes < 10_000 else f"{megabytes / 1000:,.1f} GB"


def _total(costs: "Sequence[Cost]") -> "Cost":
    """Add units up; memory is that of the one that takes most."""
    from evaluator.scoring.cost import Cost

    sizes = [cost.bytes for cost in costs if cost.bytes is not None]
    return Cost(
        items=sum(cost.items for cost in costs),
        plain=sum(cost.plain for cost in costs),
        computed=sum(cost.computed for cost in costs),
        new=sum(cost.new for cost in costs),
        at_most=any(cost.at_most for cost in costs),
        seconds=sum(cost.seconds for cost in costs),
        bytes=max(sizes) if sizes else None,
        ways=(),
    )


def _ways(plan: Plan) -> dict[str, list[str]]:
    """Return each distinct way with its units."""
    found: dict[str, list[str]] = {}
    for row in plan.rows:
        for way in row.cost.ways if row.cost else ():
            found.setdefault(way, []).append(row.unit)
    return found


def _named(units: Sequence[str]) -> str:
    """Return units by their suites: `mini@1 mmlu, bbq; paper@1 mmlu`."""
    suites: dict[str, list[str]] = {}
    for unit in units:
        suite, _, name = unit.partition("/")
        suites.setdefault(suite, []).append(name)
    return "; ".join(f"{suite} {', '.join(names)}" for suite, names in suites.items())


def as_json(plan: Plan) -> str:
    """Return a plan as JSON: seconds, bytes and tokens as plain numbers."""
    costs = _costs(plan)
    record = {
        "entry": plan.entry,
        "device": plan.device,
        "weight_bytes": plan.weights,
        "units": [_record(row) for row in plan.rows],
        "total": _numbers(_total(costs)) if costs else None,
        "notes": plan.notes,
    }
    return json.dumps(record, indent=2, ensure_ascii=False)


def _record(row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {"unit": row.unit, "state": row.state}
    if row.problem:
        record["problem"] = row.problem
    return record | (_numbers(row.cost) if row.cost else {})


def _numbers(cost: "Cost") -> dict[str, Any]:
    record = asdict(cost)
    names = {"row_by_row": "plain", "computed": "computed", "new": "new"}
    tokens = {name: record.pop(own) for name, own in names.items()}
    return {"items": record.pop("items"), "tokens": tokens, **record}
