"""Make the page of what changed, and its feed."""

from itertools import groupby

from sitegen.contents import Contents
from sitegen.machines import feed
from sitegen.machines.addresses import entry_page
from sitegen.machines.changes import TITLES, changes
from sitegen.pages.writer import Pages

SHOWN = 200  # changes on the page


def make(pages: Pages, site: Contents) -> None:
    """Add the page, newest change first, and the feed where the site's address is known."""
    found = changes(site.data.entries)
    days = groupby(found[:SHOWN], key=lambda change: change.time[:10])
    pages.render(
        feed.PAGE,
        "changes.html",
        title="Changes",
        description="New entries, new results, and results that were repeated or withdrawn, with the reason.",
        section="Changes",
        days=[(day, list(of_day)) for day, of_day in days],
        shown=min(len(found), SHOWN),
        total=len(found),
        kinds=TITLES,
        page_of=entry_page,
        feed=feed.PATH if site.url else None,
    )
    if site.url:
        pages.add(feed.PATH, feed.atom(site.url, found))
