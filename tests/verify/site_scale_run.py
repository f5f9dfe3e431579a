"""Build a site in a process of its own, and print what its parts took; `site_scale` runs this."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.verify.report import ROOT
from tests.verify.site_made import URL

JOBS = 2
FAULT, ALONE = "--stamped", "--alone"


def main(root: Path, output: Path, *, stamped: bool, alone: bool) -> None:
    """Build the site of a folder; print seconds of loading, statistics and rendering."""
    from sitegen.build import build
    from sitegen.machines.addresses import Published
    from sitegen.pages.writer import Pages

    if stamped:
        _stamp(Pages)
    timed: Any = build
    timings = timed(root, output, root=ROOT, published=Published(URL), jobs=1 if alone else JOBS)
    told = {name: value for name, value in asdict(timings).items() if name != "paths"}
    sys.stdout.write(json.dumps(told) + "\n")


def _stamp(pages: Any) -> None:
    """Put the fault in: each page says when it was made."""
    own = pages.add

    def add(self: Any, path: str, content: str | bytes) -> None:
        if isinstance(content, str) and path.endswith(".html"):
            content += f"<!-- made at {time.time()} -->"
        own(self, path, content)

    pages.add = add


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), stamped=FAULT in sys.argv, alone=ALONE in sys.argv)
