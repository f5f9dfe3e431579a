"""Do what can be done family by family: read entries, compute statistics, make pages.

Each piece gets what it needs and nothing else, so that several processes can share the work, and what was
made of the same content before is taken from the store.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import jinja2

from evaluator.errors import ResultError
from sitegen import kept
from sitegen.board import Board
from sitegen.contents import Contents
from sitegen.entries import SiteEntry, files_digest, pages_digest, read_family, slim
from sitegen.family_statistics import FamilyStatistics, statistics
from sitegen.load import Data, part_of
from sitegen.pages import family_files
from sitegen.pages.writer import Pages
from sitegen.render import environment
from sitegen.shared import Shared
from sitegen.store import Store

STATISTICS, DRAWN, FILES = "statistics.json", "drawn.npy", "files.zip"
STARTED = (2020, 1, 1, 0, 0, 0)  # of files in the store's archives, which need a date


@dataclass(frozen=True)
class Setup:
    """What all pieces of work have in common.

    Attributes:
        ledger: SHA-256 of verified results by path.
        store: where results are kept.
        made: the folder that pages are written to.
        repository: its address, for links to its files.
    """

    submissions: Path
    ledger: Mapping[str, str]
    templates: Path
    store: Store
    made: Path
    repository: str | None = None

    @cached_property
    def environment(self) -> jinja2.Environment:
        """Return the environment that renders this process's pages."""
        return environment(self.templates, self.repository)

    def family(self, name: str) -> list[SiteEntry]:
        """Read a family's entries, whole.

        Raises:
            InputError: an entry can't be read.
            ResultError: a result can't be read, results contradict each other, or a file has just gone.
        """
        try:
            return read_family(self.submissions / name, self.ledger)
        except FileNotFoundError as error:
            raise self.changed(name) from error

    def changed(self, name: str) -> ResultError:
        """Return what to say of a family that isn't as it was when the build began."""
        return ResultError(
            f"{self.submissions / name} changed while the site was built; build again"
        )

    def write(self, path: str, content: bytes) -> None:
        """Write a file of the site.

        Raises:
            ResultError: the path leads out of the site, as nothing says but a cache from elsewhere.
        """
        inside = PurePosixPath(path)
        if inside.is_absolute() or ".." in inside.parts:
            raise ResultError(f"{path} isn't inside the site; delete the site's cache, build again")
        target = self.made / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def read_slim(setup: Setup, family: str) -> list[SiteEntry]:
    """Return a family's entries with what pages of many entries need.

    Raises:
        InputError: an entry can't be read.
        ResultError: a result can't be read, or results contradict each other.
    """
    return [slim(entry) for entry in setup.family(family)]


@dataclass(frozen=True)
class Part:
    """The entries of one family that were measured, or that one paper reports."""

    family: str
    part: str
    digest: str
    known: Shared


def part_statistics(setup: Setup, wanted: Part) -> FamilyStatistics:
    """Return the slim statistics of a part of a family.

    Raises:
        ResultError: an items file can't be read, isn't the one that was measured, or has other rows; or
            an entry was changed meanwhile.
    """
    return _whole_statistics(setup, wanted, None).slim()


def _whole_statistics(
    setup: Setup, wanted: Part, entries: list[SiteEntry] | None
) -> FamilyStatistics:
    """Return the statistics of a part of a family from the store, or compute and keep them."""
    key = setup.store.key("statistics", wanted.part, wanted.digest, repr(wanted.known))
    figures, drawn = setup.store.get(key, STATISTICS), setup.store.get(key, DRAWN)
    if figures is not None and drawn is not None:
        return kept.read(figures, drawn)
    family = setup.family(wanted.family) if entries is None else entries
    own = [one for one in family if part_of(one) == wanted.part]
    if files_digest(own) != wanted.digest:
        raise setup.changed(wanted.family)
    found = statistics(own, wanted.known)
    figures, drawn = kept.written(found)
    setup.store.put(key, STATISTICS, figures)
    setup.store.put(key, DRAWN, drawn)
    return found


@dataclass(frozen=True)
class Family:
    """What a family's files are made from.

    Attributes:
        digest: of all of its entries, and of who measured them.
        parts: those that its entries belong to.
        shared: what all entries agree on, by part.
        boards: the tables cut to its rows.
        url: where the site will stand.
    """

    name: str
    digest: str
    parts: list[Part]
    shared: Mapping[str, Shared]
    boards: list[Board]
    url: str | None


def family_pages(setup: Setup, wanted: Family) -> list[str]:
    """Write a family's files, and return their paths.

    Raises:
        InputError: two files would have one path.
        ResultError: an entry was changed meanwhile.
    """
    facts = [one.facts for one in wanted.boards]
    places = str((wanted.url, setup.repository))
    key = setup.store.key("files", wanted.digest, repr(wanted.shared), repr(facts), places)
    archive = setup.store.get(key, FILES)
    files = _made(setup, wanted) if archive is None else _unpacked(archive)
    if archive is None:
        setup.store.put(key, FILES, _packed(files))
    for path, content in files.items():
        setup.write(path, content)
    return list(files)


def _made(setup: Setup, wanted: Family) -> dict[str, bytes]:
    entries = setup.family(wanted.name)
    if pages_digest(entries) != wanted.digest:
        raise setup.changed(wanted.name)
    known = {
        (one.part, wanted.name): _whole_statistics(setup, one, entries) for one in wanted.parts
    }
    by_name = {entry.name: entry for entry in entries}
    site = Contents(
        Data(tuple(entries), wanted.shared, known),
        [one.with_entries(by_name) for one in wanted.boards],
        wanted.url,
    )
    files: dict[str, bytes] = {}
    pages = Pages(setup.environment, files.__setitem__, wanted.url)
    family_files.make(pages, site, wanted.name)
    return files


def _packed(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, STARTED), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {path: archive.read(path) for path in archive.namelist()}
