"""Build the site: read, compute, make every page, then put the finished folder in its place at once."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.errors import InputError
from evaluator.submissions import read_ledger
from sitegen import drawing
from sitegen.contents import Contents, contents
from sitegen.entries import files_digest, pages_digest
from sitegen.load import Data, family_folders, part_of
from sitegen.machines import addresses
from sitegen.pages import everything, machines
from sitegen.pages.writer import Pages
from sitegen.store import Store, code_digest
from sitegen.work import Family, Part, Setup, family_pages, part_statistics, read_slim
from sitegen.workers import Workers, workers

BUNDLE = "assets/vega.js"
LEFT = 24 * 3600.0  # seconds after which no build is still at work
Report = Callable[[str], None]
UNPUBLISHED = addresses.Published()


@dataclass
class Timings:
    """What a build took, in seconds; its parts follow each other."""

    load: float = 0.0
    statistics: float = 0.0
    rendering: float = 0.0
    families: int = 0
    entries: int = 0
    paths: list[str] = field(default_factory=list)


def build(
    submissions: Path,
    output: Path,
    *,
    root: Path | None = None,
    published: addresses.Published = UNPUBLISHED,
    jobs: int | None = None,
    report: Report = lambda line: None,
) -> Timings:
    """Write the site of a folder of submissions.

    The finished folder takes the old one's place at once; what was computed is kept beside it, in
    `<output>.cache`, which may be deleted at any time.

    Args:
        submissions: folder of `<org>--<model>/<variant>/` entries.
        output: folder to write; replaced if a site is there.
        root: checkout with `templates/` and `site/assets/`; None: the current folder, else this package's.
        published: the site's own address, for what needs one: feed, site map, pictures of shared links; and
            the repository's, for links to its files.
        jobs: processes; None: as many as there are processors, where there is enough to do.
        report: takes a line of progress.

    Raises:
        InputError: templates or submissions are missing, the output is a folder of something else, or the
            address can't be one.
        ResultError: a result can't be read.
    """
    templates, assets = sources(root)
    published = published.checked()
    _restore(output)
    _refuse_foreign(output)
    families = [folder.name for folder in family_folders(submissions)]
    started, took = time.time(), Timings(families=len(families))
    with _scratch(output) as made:
        store = Store(cache_folder(output), code_digest(*_code(templates)))
        ledger = read_ledger(submissions)
        setup = Setup(submissions.resolve(), ledger, templates, store, made, published.repository)
        with workers(setup, len(families), jobs) as sharing:
            with _timed(took, "load", report):
                data = _read(sharing, families)
                took.entries = len(data.entries)
            with _timed(took, "statistics", report):
                parts = _compute(sharing, data)
                site = contents(data, published.url)
            with _timed(took, "rendering", report):
                took.paths = _render(sharing, setup, site, parts)
                _copy_assets(setup, assets)
        _publish(made, output)
    _remove_left(output)
    store.remove_unused(started)
    return took


@contextmanager
def _timed(took: Timings, part: str, report: Report) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    setattr(took, part, seconds)
    report(f"{part}: {took.entries:,} entries of {took.families:,} families in {seconds:.1f} s")


def cache_folder(output: Path) -> Path:
    """Return where a site's computed figures and pages are kept, by content."""
    return output.parent / f"{output.name}.cache"


def _code(templates: Path) -> list[Path]:
    """Return the folders whose files a site depends on."""
    import evaluator

    own = Path(__file__).resolve().parent
    return [own, Path(str(evaluator.__file__)).resolve().parent, templates]


def _read(sharing: Workers, families: list[str]) -> Data:
    entries = [entry for family in sharing.each(read_slim, families) for entry in family]
    return Data(tuple(sorted(entries, key=lambda entry: entry.name)))


def _compute(sharing: Workers, data: Data) -> dict[str, list[Part]]:
    """Add the statistics of every family to the data, and return the families' parts."""
    parts: dict[str, list[Part]] = {}
    for name, entries in data.families.items():
        for part in sorted({part_of(entry) for entry in entries}):
            own = [one for one in entries if part_of(one) == part]
            found = Part(name, part, files_digest(own), data.by_part[part])
            parts.setdefault(name, []).append(found)
    listed = [one for several in parts.values() for one in several]
    for wanted, made in zip(listed, sharing.each(part_statistics, listed), strict=True):
        data.known[wanted.part, wanted.family] = made
    return parts


def _render(
    sharing: Workers, setup: Setup, site: Contents, parts: dict[str, list[Part]]
) -> list[str]:
    """Write every page, those of single families in the other processes; return all paths."""
    made = sharing.each(family_pages, _families(site, parts))
    pages = Pages(setup.environment, setup.write, site.url)
    everything.make(pages, site)
    if site.data.measured.suites:
        setup.write(BUNDLE, _bundle(setup.store))
    for paths in made:
        pages.paths.update(paths)
    machines.make_lists(pages, site)
    return sorted(pages.paths)


def _bundle(store: Store) -> bytes:
    key = store.key("bundle")
    found = store.get(key, "js")
    if found is None:
        found = drawing.bundle().encode()
        store.put(key, "js", found)
    return found


def _families(site: Contents, parts: dict[str, list[Part]]) -> list[Family]:
    boards = site.boards_by_family()
    return [
        Family(
            name=name,
            digest=pages_digest(entries),
            parts=parts[name],
            shared=site.data.by_part,
            boards=boards[name],
            url=site.url,
        )
        for name, entries in site.data.families.items()
    ]


def _copy_assets(setup: Setup, assets: Path) -> None:
    for asset in sorted(assets.iterdir()):
        setup.write(f"assets/{asset.name}", asset.read_bytes())


def sources(root: Path | None) -> tuple[Path, Path]:
    """Return the folders of templates and assets: those of a checkout, else those of the installed package.

    Raises:
        InputError: there are neither.
    """
    checkouts = [root] if root else [Path.cwd(), Path(__file__).resolve().parents[2]]
    for checkout in checkouts:
        templates, assets = checkout / "templates", checkout / "site" / "assets"
        if (templates / "base.html").is_file() and (assets / "board.js").is_file():
            return templates, assets
    installed = Path(__file__).resolve().parent
    if root is None and (installed / "_templates").is_dir():
        return installed / "_templates", installed / "_assets"
    where = root or Path.cwd()
    raise InputError(f"no templates/ here ({where}); run from the repository root or pass --root")


def _refuse_foreign(output: Path) -> None:
    """Refuse to replace a folder that isn't a site, since replacing removes what is in it."""
    if not output.exists():
        return
    is_site = (output / addresses.API / "index.json").is_file() and (output / "assets").is_dir()
    if not output.is_dir() or (any(output.iterdir()) and not is_site):
        raise InputError(
            f"{output} exists and isn't a built site; remove it or choose another --output"
        )


@contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    """Give a folder beside the output to write to, removed in the end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=_scratch_prefix(output)) as scratch:
        (Path(scratch) / "site").mkdir()
        yield Path(scratch) / "site"


def _scratch_prefix(output: Path) -> str:
    return f".{output.name}.building-"


def _remove_left(output: Path) -> None:
    """Remove what builds that were killed have left, once it is too old to be a build at work."""
    for folder in output.parent.iterdir():
        ours = folder.name.startswith(_scratch_prefix(output))
        with suppress(FileNotFoundError):  # of another build, which has just ended
            if ours and folder.stat().st_mtime < time.time() - LEFT:
                _discard(folder)


def _discard(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _replaced(output: Path) -> Path:
    """Return where the old site stands until the new one has its place."""
    return output.parent / f".{output.name}.replaced"


def _publish(made: Path, output: Path) -> None:
    """Put the finished folder in the place of the old one, which comes back if that fails.

    Raises:
        InputError: a folder can't be renamed.
    """
    old = _replaced(output)
    try:
        if output.exists():
            _discard(old)
            output.rename(old)
        made.rename(output)
    except OSError as error:
        raise InputError(
            f"{output} can't be replaced ({error.strerror}); what was there stays, choose another --output"
        ) from error
    finally:
        _restore(output)
    _discard(old)


def _restore(output: Path) -> None:
    """Put a site back that was moved away without another in its place, by a build that was killed too."""
    old = _replaced(output)
    if old.exists() and not output.exists():
        old.rename(output)
