"""Finding: 4 bits retain quality."""

import pandas as pd

from sitegen import words
from sitegen.board import Board
from sitegen.charts import findings as charts
from sitegen.findings.parts import (
    Finding,
    Line,
    Part,
    Sheet,
    bounds,
    counted,
    sides,
    source_name,
    verdict,
)
from sitegen.findings.verdicts import Cases

KEPT = 98.0  # percent of the base's score
BITS = 4
NAMES = (f"keeps {KEPT:.0f} % or more", "can't be decided", "keeps less")
FINDING = Finding(
    "bits",
    "4 bits retain quality",
    "LLMs with 4-bit quantization can retain performance comparable to their non-quantized counterparts",
    "Abstract; section 5, Figures 2 to 6",
    f"An entry agrees where the whole 95 % interval of its retention is at {KEPT:.0f} % of its base's score "
    "or above, and disagrees where it is below. Bits are nominal. The claim is about 4 bits; the others "
    "stand beside them.",
)


def part(key: str, table: Board, points: pd.DataFrame) -> Part:
    """Test the claim on one board's entries."""
    kept = points.dropna(subset=["retention"]).sort_values(
        ["bits", "entry"], ascending=[False, True]
    )
    found = sides(*bounds(kept, "retention", 0.0), KEPT)
    four = (kept["bits"] == BITS).to_numpy()
    cases = Cases(
        found[four],
        kept.loc[four, "family"].tolist(),
        f"entries of {BITS} bits",
        f"keeps at least {KEPT:.0f} % of its base's score",
        f"keep at least {KEPT:.0f} % of their base's score",
    )
    told = verdict(table, cases)
    if kept.empty:
        return Part(key, source_name(table), table.paper, told)
    counts = counted([f"{bits} bits" for bits in kept["bits"]], found, NAMES)
    return Part(
        key,
        source_name(table),
        table.paper,
        told,
        charts.outcome_bars(key, "Who keeps the base's score, by bits", counts, NAMES),
        _sheet(kept.assign(outcome=found), measured=table.paper is None),
    )


def _sheet(kept: pd.DataFrame, *, measured: bool) -> Sheet:
    heads = ("Bits", "Entries", "Families", *(name.capitalize() for name in NAMES))
    heads += ("Like the base",) if measured else ()
    heads += ("Median retention", "Lowest", "Highest")
    lines = [
        _line(f"{bits} bits", group, measured) for bits, group in kept.groupby("bits", sort=False)
    ]
    text = (
        "Entries by nominal bits. Like the base: the interval of the retention includes 100 %."
        if measured
        else "Entries by nominal bits, from the paper's figures, without intervals."
    )
    return Sheet(heads, lines, text)


def _line(head: str, group: pd.DataFrame, measured: bool) -> Line:
    outcomes = [str(int((group["outcome"] == one).sum())) for one in (1, 0, -1)]
    low, high = bounds(group, "retention", 0.0)
    alike = [str(int(((low <= 100) & (high >= 100)).sum()))] if measured else []
    retention = group["retention"]
    spread = [
        f"{words.number(value)} %"
        for value in (retention.median(), retention.min(), retention.max())
    ]
    families = str(group["family"].nunique())
    return Line(head, (str(len(group)), families, *outcomes, *alike, *spread))
