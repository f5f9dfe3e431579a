"""Build the site: read everything, make every page, then write the folder at once."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evaluator.errors import InputError
from sitegen import drawing, load
from sitegen.contents import contents
from sitegen.machines import addresses
from sitegen.pages import everything
from sitegen.pages.writer import Pages
from sitegen.render import environment

BUNDLE = "assets/vega.js"


def build(
    submissions: Path, output: Path, *, root: Path | None = None, url: str | None = None
) -> None:
    """Write the site of a folder of submissions.

    Nothing is written before every page is made; the finished folder takes the old one's place at once.

    Args:
        submissions: folder of `<org>--<model>/<variant>/` entries.
        output: folder to write; replaced if a site is there.
        root: checkout with `templates/` and `site/assets/`; None: the current folder, else this package's.
        url: the site's own address, for what needs one: feed, site map, pictures of shared links.

    Raises:
        InputError: templates or submissions are missing, the output is a folder of something else, or the
            address can't be one.
        ResultError: a result can't be read.
    """
    templates, assets = sources(root)
    url = None if url is None else addresses.checked(url)
    _refuse_foreign(output)
    data = load.read(submissions)
    with ThreadPoolExecutor(1) as beside:
        script = beside.submit(drawing.bundle) if data.measured.suites else None
        files: dict[str, bytes] = {}
        pages = Pages(environment(templates), files.__setitem__, url)
        everything.make(pages, contents(data, url))
        if script:
            files[BUNDLE] = script.result().encode()
    for asset in sorted(assets.iterdir()):
        files[f"assets/{asset.name}"] = asset.read_bytes()
    _write(files, output)


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


def _write(files: dict[str, bytes], output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        made = Path(scratch) / "site"
        for path in sorted(files):
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        if output.exists():
            output.rename(Path(scratch) / "old")
        made.rename(output)
