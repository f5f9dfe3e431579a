"""Make every page and file of the site."""

from sitegen.contents import Contents
from sitegen.pages import benchmarks, board, changes, entry, machines, methods, texts
from sitegen.pages.writer import Pages

KINDS = (board, benchmarks, methods, changes, texts, machines)


def make(pages: Pages, site: Contents) -> None:
    """Add every page and data file of the site."""
    for kind in KINDS:
        kind.make(pages, site)
    for one in site.data.entries:
        entry.make(pages, site, one)
    machines.make_families(pages, site)
    machines.make_lists(pages, site)
