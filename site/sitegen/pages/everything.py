"""Make the pages and files of all families together."""

from sitegen.contents import Contents
from sitegen.pages import (
    benchmarks,
    board,
    changes,
    families,
    findings,
    fit,
    machines,
    methods,
    texts,
)
from sitegen.pages.writer import Pages

KINDS = (board, fit, families, benchmarks, methods, findings, changes, texts, machines)


def make(pages: Pages, site: Contents) -> None:
    """Add every page and data file that isn't one family's."""
    for kind in KINDS:
        kind.make(pages, site)
