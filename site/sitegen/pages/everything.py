"""Make every page and file of the site."""

from sitegen.contents import Contents
from sitegen.pages import benchmarks, board, entry, families, family, machines, methods, texts
from sitegen.pages.writer import Pages

KINDS = (board, families, benchmarks, methods, texts, machines)


def make(pages: Pages, site: Contents) -> None:
    """Add every page and data file of the site."""
    for kind in KINDS:
        kind.make(pages, site)
    for name in site.families:
        family.make(pages, site.of_family(name), name)
    for one in site.data.entries:
        entry.make(pages, site, one)
