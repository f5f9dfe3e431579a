"""Show what the site promises: `make verify-site`, with `QUICK=1` or with a fault, `BREAK=N`.

The quick form runs its groups beside each other; the first makes the site that the others wait for.
"""

import sys

from tests.verify import groups
from tests.verify.groups import shown_by
from tests.verify.report import Point

POINTS = [
    Point(
        1,
        "in a browser",
        "the address doesn't follow what the reader chose",
        shown_by("site_browser"),
    ),
    Point(2, "standards", "texts are too pale to read", shown_by("site_standards")),
    Point(3, "first load", "the charts' bundle is loaded at once", shown_by("site_budgets")),
    Point(4, "scale", "each page says when it was made", shown_by("site_scale")),
    Point(5, "hostile submissions", "templates escape nothing", shown_by("site_hostile")),
    Point(
        6,
        "pictures, and the best for 8 GB",
        "the best family is left out of the site",
        shown_by("site_choice"),
    ),
]
GROUPS = [[6, 3, 1], [2], [5, 4]]
IMPORTS = ("pandas", "scipy.stats", "altair", "pyarrow.parquet", "vl_convert", "sitegen.build")

if __name__ == "__main__":
    sys.exit(groups.main(POINTS, GROUPS, sys.argv[1:], IMPORTS, len(GROUPS)))
