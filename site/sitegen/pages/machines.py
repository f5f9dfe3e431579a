"""Make the files that other programs read."""

from sitegen import downloads, tables
from sitegen.contents import Contents
from sitegen.pages.writer import Pages


def make(pages: Pages, site: Contents) -> None:
    """Add the listing of all boards as JSON, and each board as CSV."""
    pages.add("leaderboard.json", downloads.listing(site.boards))
    for one in site.boards:
        pages.add(site.csv_path(one), downloads.safe_csv(tables.frame(one)))
    if not site.boards:
        pages.add("leaderboard.csv", "suite,entry\r\n")
