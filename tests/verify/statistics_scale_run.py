"""Compute the statistics of a tree of entries, and print what that took; `statistics_scale` runs this."""

import json
import resource
import sys
import time
from pathlib import Path

JOBS = 2


def main(root: Path) -> None:
    """Print lines compared, tie groups, seconds, and GiB of the largest moment of all processes together."""
    started = time.time()
    from evaluator.comparison.boards import board_statistics
    from evaluator.entries import find_entries
    from evaluator.statistics.ranking import rank_ranges, tie_groups
    from evaluator.suites.definitions import load_suite

    found = board_statistics(load_suite("paper"), find_entries(root), jobs=JOBS)
    groups = tie_groups(found.scores, found.drawn)
    rank_ranges(found.scores, found.drawn)
    own, workers = (
        resource.getrusage(who).ru_maxrss / 2**20
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    seconds = time.time() - started
    lines = sum(len(one) for one in found.lines.values())
    record = {
        "lines": lines,
        "groups": max(groups),
        "seconds": seconds,
        "gib": own + JOBS * workers,
    }
    sys.stdout.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
