"""Make the files that other programs read."""

import json

import pandas as pd
from pydantic import BaseModel

from sitegen import downloads, tables
from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.load import Data
from sitegen.machines import (
    badges,
    cards,
    entry_files,
    family_files,
    huggingface,
    index_files,
    metadata,
    schema,
)
from sitegen.machines.addresses import API
from sitegen.machines.standings import Standings, standings
from sitegen.pages.writer import Pages


def make(pages: Pages, site: Contents) -> None:
    """Add what is made of all entries: downloads of every board, the API's lists, the site's card."""
    frames = [(one, tables.frame(one)) for one in site.boards]
    for table, frame in frames:
        pages.add(site.download_path(table, "csv"), downloads.safe_csv(frame))
        pages.add(site.download_path(table, "parquet"), downloads.parquet(frame))
    if not frames:
        empty = pd.DataFrame({"suite": [], "entry": []}, dtype=str)
        pages.add("leaderboard.csv", downloads.safe_csv(empty))
        pages.add("leaderboard.parquet", downloads.parquet(empty))
    _api(pages, "index.json", index_files.index(site))
    _api(pages, "leaderboard.json", index_files.leaderboard(frames))
    pages.add(f"{API}/schema.json", json.dumps(schema.json_schema(), indent=1) + "\n")
    pages.add("card.png", cards.site_card(len(site.data.entries)))


def make_family(pages: Pages, site: Contents, family: str) -> None:
    """Add the files of one family and of its entries, which need nothing of any other."""
    entries, found = site.data.families[family], standings(site.boards)
    _api(
        pages, family_files.family_path(family), family_files.family_file(entries, found, pages.url)
    )
    pages.add(f"families/{family}/card.png", cards.family_card(family, entries, found))
    for entry in entries:
        _make_entry(pages, site.data.beside(entry), entry, found)


def _make_entry(pages: Pages, data: Data, entry: SiteEntry, found: Standings) -> None:
    own = found.get(entry.name, ())
    _api(
        pages,
        family_files.entry_path(entry.name),
        entry_files.entry_file(data, entry, own, pages.url),
    )
    for path, content in badges.files(entry.name, own).items():
        pages.add(path, content)
    pages.add(f"entries/{entry.name}/card.png", cards.entry_card(entry, own))
    exported = huggingface.eval_results(entry, own, pages.url)
    if exported is not None:
        pages.add(huggingface.path(entry.name), exported)


def make_lists(pages: Pages, site: Contents) -> None:
    """Add the lists of all pages, which come last; none where the site's address isn't known."""
    if site.url is None:
        return
    dates = metadata.page_dates(site.data.entries)
    for path, content in metadata.sitemap(site.url, sorted(pages.paths), dates).items():
        pages.add(path, content)
    pages.add("robots.txt", metadata.robots(site.url))


def _api(pages: Pages, path: str, record: BaseModel) -> None:
    pages.add(f"{API}/{path}", record.model_dump_json(exclude_none=True) + "\n")
