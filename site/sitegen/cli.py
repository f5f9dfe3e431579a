"""Parse the generator's command line, build, and say what was written."""

import argparse
import sys
from pathlib import Path

from evaluator.errors import QuantboardError
from sitegen.build import build
from sitegen.machines.addresses import Published


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m sitegen`."""
    arguments = argparse.ArgumentParser(
        prog="python -m sitegen", description="Build the site from a folder of submissions."
    )
    arguments.add_argument(
        "--root", type=Path, help="checkout with templates/ and site/assets/ (default: found)"
    )
    arguments.add_argument(
        "--submissions", type=Path, default=Path("submissions"), help="default: submissions"
    )
    arguments.add_argument("--output", type=Path, default=Path("_site"), help="default: _site")
    arguments.add_argument(
        "--url", help="the site's own address, for feed, site map and shared links"
    )
    arguments.add_argument("--repository", help="the repository's address, for links to its files")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Build the site; return 0, or 2 after one sentence that says what to change."""
    given = parser().parse_args(argv)
    try:
        published = Published(given.url, given.repository)
        build(given.submissions, given.output, root=given.root, published=published)
    except QuantboardError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"wrote {given.output}; open {given.output / 'index.html'}\n")
    return 0
