"""Make every page and file of the site."""

from sitegen.contents import Contents
from sitegen.pages import benchmarks, board, entry, findings, machines, methods, texts
from sitegen.pages.writer import Pages

KINDS = (board, benchmarks, methods, findings, texts, machines)


def make(pages: Pages, site: Contents) -> None:
    """Add every page and data file of the site."""
    for kind in KINDS:
        kind.make(pages, site)
    for one in site.data.entries:
        entry.make(pages, site, one)
