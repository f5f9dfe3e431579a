"""Make all files of one family: its page, and those of its entries."""

from sitegen.contents import Contents
from sitegen.machines.standings import standings
from sitegen.pages import entry, machines
from sitegen.pages import family as family_page
from sitegen.pages.writer import Pages


def make(pages: Pages, site: Contents, family: str) -> None:
    """Add a family's files; of the site's data and boards only the family's are looked at."""
    found = standings(site.boards)
    for one in site.data.families[family]:
        entry.make(pages, site, one, found.get(one.name, ()))
    family_page.make(pages, site, family)
    machines.make_family(pages, site, family)
