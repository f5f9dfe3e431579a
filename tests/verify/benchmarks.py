"""Show what the benchmarks promise: `make verify-benchmarks`, with `QUICK=1` or with a fault, `BREAK=N`."""

import sys

from tests.verify import groups
from tests.verify.groups import shown_by
from tests.verify.report import Point

POINTS = [
    Point(1, "metrics and independent ones", "ROUGE stems its words", shown_by("metrics_agree")),
    Point(
        2,
        "suite harness and lm-eval",
        "a standard error is taken over n",
        shown_by("harness_equality"),
    ),
    Point(3, "golden prompts and scores", "a prompt loses a line", shown_by("golden_points")),
    Point(4, "scripted models", "an unparsed answer counts as the first", shown_by("scripted")),
    Point(5, "the suites' page", "a suite changes and its page doesn't", shown_by("docs_current")),
    Point(6, "repeated runs", "each forward pass has other noise", shown_by("repeat")),
]
GROUPS = [[2], [4], [1], [6], [3, 5]]  # what takes longest comes first

if __name__ == "__main__":
    sys.exit(groups.main(POINTS, GROUPS, sys.argv[1:]))
