"""Test every claim on every board: measured entries, and apart what each paper reports."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from sitegen.board import Board
from sitegen.findings import larger, proxy, retention, speed
from sitegen.findings.parts import Finding, Part, part_key
from sitegen.findings.points import points

Test = Callable[[str, Board, pd.DataFrame], Part]
TESTS: tuple[tuple[Finding, Test], ...] = (
    (retention.FINDING, retention.part),
    (proxy.FINDING, proxy.part),
    (larger.FINDING, larger.part),
    (speed.FINDING, speed.part),
)


def findings(boards: list[Board]) -> list[Finding]:
    """Return every finding with its parts: of a suite what was measured, then what each paper reports."""
    tested = [
        (table, number, points(table))
        for whole in boards
        for number, table in enumerate((whole, *whole.papers))
        if table.rows or whole.suite.ranked
    ]
    return [
        replace(
            finding,
            parts=[
                test(part_key(finding.key, table, number), table, frame)
                for table, number, frame in tested
            ],
        )
        for finding, test in TESTS
    ]
