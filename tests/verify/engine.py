"""Show what the engine promises: `make verify-engine`, with `QUICK=1` or with a fault, `BREAK=N`.

The times are measured by a group of their own; in the full form nothing runs beside it.
"""

import sys

from tests.verify import groups
from tests.verify.groups import shown_by
from tests.verify.report import Point

POINTS = [
    Point(1, "time against lm-eval", "our side forwards each row alone", shown_by("engine_time")),
    Point(2, "tokens and the floor", "packs repeat tokens", shown_by("engine_floor")),
    Point(
        3,
        "scores and lm-eval",
        "the first token of each branch stands one place too far right",
        shown_by("engine_scores"),
    ),
    Point(4, "peak memory", "the logits of whole rows are kept", shown_by("engine_memory")),
    Point(
        5,
        "quantized models and lm-eval",
        "each variant's requests are answered by the next one",
        shown_by("engine_quantized"),
    ),
    Point(
        6,
        "properties",
        "within a block a token sees the tokens of other branches",
        shown_by("engine_properties"),
    ),
    Point(7, "on a card", "the record names no device", shown_by("engine_card")),
]
GROUPS = [[1, 2, 4], [3], [5], [6, 7]]

if __name__ == "__main__":
    sys.exit(groups.main(POINTS, GROUPS, sys.argv[1:]))
