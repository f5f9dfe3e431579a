"""Make the site that the points of `verify-site` look at: simulated shapes beside the paper's entries."""

import shutil
from pathlib import Path

from tests.simulated.shapes import SHAPES
from tests.simulated.trees import write_shapes
from tests.verify.report import ROOT, Context

QUICK_SHAPES = (0, 8)  # 1.5 and 8 billion weights
JOBS = 2
URL = "https://board.example/"  # as published: with an address a site has more files, and more in each page


def submissions(context: Context) -> Path:
    """Return a folder of both, written once for all points of a process."""
    root = context.scratch / "shapes" / "submissions"
    if not root.exists():
        shapes = [SHAPES[place] for place in QUICK_SHAPES] if context.quick else SHAPES
        write_shapes(root, shapes, jobs=JOBS)
        for family in sorted((ROOT / "submissions").glob("*--*")):
            shutil.copytree(family, root / family.name)
    return root


def site(context: Context) -> Path:
    """Return the site of both, built once for all points of a process."""
    output = context.scratch / "shapes" / "_site"
    if not output.exists():
        build_site(submissions(context), output)
    return output


def site_of_its_own(context: Context, name: str) -> Path:
    """Return a copy of the site, in which a point may break something."""
    own = context.scratch / name / "_site"
    shutil.copytree(site(context), own)
    return own


def build_site(root: Path, output: Path) -> None:
    """Build a site as the one that is published."""
    from sitegen.build import build

    build(root, output, root=ROOT, url=URL)
