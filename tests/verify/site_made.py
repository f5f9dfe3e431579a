"""Make the site that the points of `verify-site` look at: simulated shapes beside the paper's entries."""

import json
import resource
import shutil
from pathlib import Path

from tests.simulated.shapes import SHAPES
from tests.simulated.trees import write_shapes
from tests.verify.report import ROOT, Context

QUICK_SHAPES = (0, 8)  # 1.5 and 8 billion weights
QUICK_REPORTED = 1  # families that a paper reports
JOBS = 2
TOOK = "took.json"
URL = "https://board.example/"  # as published: with an address a site has more files, and more in each page


def submissions(context: Context) -> Path:
    """Return a folder of both, written once for all points of a run."""
    root = context.common / "submissions"
    with context.alone("submissions"):
        if not root.exists():
            shapes = [SHAPES[place] for place in QUICK_SHAPES] if context.quick else SHAPES
            write_shapes(root, shapes, jobs=JOBS)
            reported = sorted((ROOT / "submissions").glob("*--*"))
            for family in reported[:QUICK_REPORTED] if context.quick else reported:
                shutil.copytree(family, root / family.name)
    return root


def site(context: Context) -> Path:
    """Return the site of both, built once for all points of a run."""
    output = context.common / "_site"
    root = submissions(context)
    with context.alone("site"):
        if not output.exists():
            took = build_site(root, output) | {"gib": _peak()}
            (context.common / TOOK).write_text(json.dumps(took), "utf-8")
    return output


def took(context: Context) -> dict[str, float]:
    """Return what that site took: entries, seconds of each part, memory in GiB."""
    site(context)
    found: dict[str, float] = json.loads((context.common / TOOK).read_text("utf-8"))
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of KiB


def site_of_its_own(context: Context, name: str) -> Path:
    """Return a copy of the site, in which a point may break something."""
    own = context.scratch / name / "_site"
    shutil.copytree(site(context), own)
    return own


def build_site(root: Path, output: Path) -> dict[str, float]:
    """Build a site as the one that is published; return its entries and the seconds of each part."""
    from sitegen.build import build
    from sitegen.machines.addresses import Published

    timings = build(root, output, root=ROOT, published=Published(URL))
    parts = {name: getattr(timings, name) for name in ("load", "statistics", "rendering")}
    return {"entries": timings.entries, **parts}
