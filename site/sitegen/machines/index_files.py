"""Make the files of the API that tell of all entries: what there is, and every leaderboard."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sitegen import tables
from sitegen.board import Board
from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.machines.addresses import API, absolute
from sitegen.machines.family_files import family_path
from sitegen.machines.schema import (
    VERSION,
    ColumnFacts,
    Index,
    IndexFamily,
    IndexSuite,
    Leaderboard,
    SuiteTable,
)

LIMITATIONS = [
    "Suites have protocols of their own: scores of different suites, or of different versions of one, "
    "aren't comparable.",
    "Intervals are 95 % and stand for the choice of items alone. They don't hold what another prompt, "
    "another calibration or another seed would change.",
    "Entries of one tie group can't be told apart from its best; a rank is a range.",
    "Speed and memory compare only on the same hardware, driver and engine.",
    "Self-reported results were measured by the submitter, verified ones by this project's own workflow.",
    "Reported entries are figures of a paper, under its protocol and without intervals. They are never "
    "ranked against or compared with what was measured.",
    "A model may have seen the benchmarks' texts in training, and a quantizer in calibration.",
    "Most benchmarks are English; one is Chinese, one is translation between the two.",
]
PATHS = {
    "schema": f"{API}/schema.json",
    "leaderboard": f"{API}/leaderboard.json",
    "family": f"{API}/families/{{family}}.json",
    "entry": f"{API}/entries/{{entry}}.json",
    "score_badge": "badges/{entry}/score.svg",
    "score_badge_for_shields": "badges/{entry}/score.json",
    "retention_badge": "badges/{entry}/retention.svg",
    "retention_badge_for_shields": "badges/{entry}/retention.json",
    "changes": "changes/index.html",
}


def newest(entries: tuple[SiteEntry, ...] | list[SiteEntry]) -> str | None:
    """Return when the newest current result of some entries was measured, UTC; None without results."""
    times = (one.result.timing.finished for entry in entries for one in entry.current)
    return max(times, default=None)


def index(site: Contents) -> Index:
    """Return what there is."""
    families = Counter(entry.family for entry in site.data.entries)
    return Index(
        schema_version=VERSION,
        name="quantboard",
        url=site.url,
        updated=newest(site.data.entries),
        entries=len(site.data.entries),
        data_limitations=LIMITATIONS,
        paths=PATHS | ({"feed": "feed.xml", "sitemap": "sitemap.xml"} if site.url else {}),
        suites=[
            _suite(site, table, tab.path) for table, tab in zip(site.boards, site.tabs, strict=True)
        ],
        families=[
            IndexFamily(family=name, entries=families[name], file=family_path(name))
            for name in sorted(families)
        ],
    )


def leaderboard(frames: Sequence[tuple[Board, pd.DataFrame]]) -> Leaderboard:
    """Return every board with its frame: its columns with units and directions, its entries as rows."""
    suites = [
        SuiteTable(
            suite=table.suite.label,
            title=table.suite.title,
            columns=_columns(table, frame),
            entries=json.loads(frame.to_json(orient="records")),
        )
        for table, frame in frames
    ]
    return Leaderboard(schema_version=VERSION, suites=suites)


def _suite(site: Contents, table: Board, path: str) -> IndexSuite:
    return IndexSuite(
        suite=table.suite.label,
        title=table.suite.title,
        description=table.suite.description,
        entries=len(table.rows),
        reported=sum(len(part.rows) for part in table.papers),
        page=absolute(site.url, path),
        csv=site.download_path(table, "csv"),
        parquet=site.download_path(table, "parquet"),
    )


def _columns(table: Board, frame: pd.DataFrame) -> list[ColumnFacts]:
    facts: dict[str, dict[str, Any]] = {
        tables.column_name(column, part): {
            "title": column.title,
            "unit": column.unit,
            "direction": column.direction,
            "description": column.description,
        }
        for part in (*table.papers, table)
        for column in part.columns
    }
    names = [name for name in frame.columns if name in facts]
    return [ColumnFacts(name=name, **facts[name]) for name in names]
