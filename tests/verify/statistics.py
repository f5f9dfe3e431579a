"""Show what the statistics promise: `make verify-statistics`, with `QUICK=1` or with a fault, `BREAK=N`."""

import sys

from tests.verify import groups
from tests.verify.groups import shown_by
from tests.verify.report import Point

POINTS = [
    Point(
        1,
        "statistics and other packages",
        "McNemar's test looks at one side only",
        shown_by("statistics_agree"),
    ),
    Point(
        2,
        "coverage of intervals",
        "differences have plain normal intervals",
        shown_by("statistics_coverage"),
    ),
    Point(
        3,
        "the paper's tables",
        "an entry has the perplexity of another size",
        shown_by("statistics_paper"),
    ),
    Point(
        4,
        "the demo family",
        "2 bits stand in the place of 8",
        shown_by("statistics_demo"),
    ),
    Point(5, "refusals", "prompt hashes aren't looked at", shown_by("statistics_refusals")),
    Point(6, "a thousand entries", "items are stored value by value", shown_by("statistics_scale")),
]
GROUPS = [[4], [6, 2], [1, 3, 5]]

if __name__ == "__main__":
    sys.exit(groups.main(POINTS, GROUPS, sys.argv[1:]))
