"""Fetch the few files that no data set of the Hub holds, and believe them only by their SHA-256.

`downloads.yaml` names each file with its addresses, its digest and the public source that the
digest was read in. A file is read from the cache, `<cache>/downloads/<file>`, which a person may also
fill by hand. Where no source publishes a digest, that of the first download is written beside the file
and held from then on. Nothing that is fetched is ever run or unpacked to disk.
"""

import hashlib
import os
import re
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any
from urllib import request
from urllib.error import HTTPError

from pydantic import Field

from evaluator.environment import cache_folder
from evaluator.errors import DatasetError
from evaluator.files import read_yaml, sha256_file, write_atomically
from evaluator.results import Contract

BLOCK = 1 << 20  # bytes read at a time
LARGEST_MEMBER = 1 << 28  # bytes; no text that is read from an archive comes near it
SECONDS_OF_SILENCE = 60
SECONDS_UNTIL_STALE = 24 * 3600  # a part this old belongs to a download that was killed

Opener = Callable[[str], AbstractContextManager[Any]]


class Download(Contract):
    """One file outside the Hub's data sets: where it lies, and how to know that it is the right one."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Its name in the cache.")
    urls: list[str] = Field(min_length=1, description="Addresses, tried in this order.")
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Its digest; null: that of the first download is recorded and held.",
    )
    size: int | None = Field(default=None, ge=1, description="Bytes, where a source gives them.")
    members: str | None = Field(
        default=None, description="Pattern of the names that are read from it, for an archive."
    )
    licence: str = Field(description="Licence of the file.")
    source: str | None = Field(
        default=None, description="Public source that the digest was read in."
    )


@cache
def downloads() -> dict[str, Download]:
    """Return every file that can be fetched, by name."""
    found = read_yaml(resources.files("evaluator") / "downloads.yaml")
    return {name: Download.model_validate(entry) for name, entry in found.items()}


def fetch(name: str, *, opener: Opener | None = None) -> Path:
    """Return the path of a verified file, downloaded first if the cache lacks it.

    `opener` replaces the https-only default; only tests do that.

    Raises:
        DatasetError: it can't be downloaded, or isn't the file whose digest is known.
    """
    return fetch_file(downloads()[name], opener=opener)


def fetch_file(download: Download, *, opener: Opener | None = None) -> Path:
    """Return the path of a verified file; see `fetch`.

    Raises:
        DatasetError: as in `fetch`.
    """
    path = download_folder() / download.file
    if not path.is_file():
        _download(download, path, opener or open_https)
    _verify(download, path)
    return path


def download_folder() -> Path:
    """Return the folder that holds downloaded files, or takes those put there by hand."""
    return cache_folder() / "downloads"


def digest_in_use(name: str) -> str:
    """Return the SHA-256 of a fetched file, as a result records it.

    Raises:
        DatasetError: as in `fetch`.
    """
    return sha256_file(fetch(name))


# Archives ----------------------------------------------------------------------------------------


def members_of(path: Path, members: Sequence[str], allowed: str | None) -> dict[str, bytes]:
    """Return the contents of named plain files of a tar archive; a leading `./` doesn't count.

    Raises:
        DatasetError: a member is missing, isn't among those allowed, no plain file, or too large.
    """
    odd = [member for member in members if re.fullmatch(allowed or "", member) is None]
    if odd:
        raise DatasetError(
            f"{path.name} is not read for {', '.join(odd)}; downloads.yaml says what is"
        )
    try:
        with tarfile.open(path, "r:*") as archive:
            found = dict(_wanted(archive, set(members)))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DatasetError(f"{path} can't be read ({error}); delete it and run again") from error
    missing = [member for member in members if member not in found]
    if missing:
        raise DatasetError(f"{path} has no {', '.join(missing)}; ask for something that it holds")
    return found


def _wanted(archive: tarfile.TarFile, names: set[str]) -> Iterator[tuple[str, bytes]]:
    left = set(names)
    for member in archive:
        name = member.name.removeprefix("./")
        if name not in left:
            continue
        content = archive.extractfile(member) if member.isreg() else None
        if content is None or member.size > LARGEST_MEMBER:
            raise tarfile.TarError(f"{name} is no plain file of at most {LARGEST_MEMBER} bytes")
        yield name, content.read()
        left.remove(name)
        if not left:
            return


# Download ----------------------------------------------------------------------------------------


@contextmanager
def open_https(url: str) -> Iterator[Any]:
    """Open an address over https; a redirect to anything else is refused, since no handler takes it."""
    director = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        director.add_handler(handler)
    director.addheaders = [("User-Agent", "quantboard")]
    with director.open(url, timeout=SECONDS_OF_SILENCE) as response:
        yield response


def offline() -> bool:
    """Return whether the Hub's own switch, `HF_HUB_OFFLINE`, forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _download(download: Download, path: Path, opener: Opener) -> None:
    """Write the file from the first address that gives the right one, or leave nothing."""
    if offline():
        raise DatasetError(f"HF_HUB_OFFLINE is set, and {_by_hand(download, path)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    reasons = []
    for url in download.urls:
        try:
            return _download_from(url, download, path, opener)
        except (OSError, DatasetError) as error:
            reasons.append(f"{url}: {_short(error)}")
    raise DatasetError(f"{'; '.join(reasons)}: {_by_hand(download, path)}")


def _by_hand(download: Download, path: Path) -> str:
    return (
        f"{download.file} isn't in the cache: get it from {download.urls[0]} and put it at {path}"
    )


def _short(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    return " ".join(str(error).split()) or type(error).__name__


def _download_from(url: str, download: Download, path: Path, opener: Opener) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, opener(url) as response:
            digest = _copy(response, file, download)
        _compare(digest, known_digest(download, path), url, "it is left out")
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _copy(response: Any, file: IO[bytes], download: Download) -> str:
    """Copy a response to a file, with a progress bar, and return its SHA-256."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    announced = response.headers.get("Content-Length")
    expected = int(announced) if announced else download.size
    digest, count = hashlib.sha256(), 0
    with tqdm(
        total=expected, desc=download.file, unit="B", unit_scale=True, disable=None
    ) as progress:
        while block := response.read(BLOCK):
            file.write(block)
            digest.update(block)
            count += len(block)
            progress.update(len(block))
    if announced and count != expected:
        raise DatasetError(f"it ended after {count} of {expected} bytes")
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _sweep(path: Path) -> None:
    """Remove what killed downloads of a file have left; younger parts may belong to a running one."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        if time.time() - partial.stat().st_mtime > SECONDS_UNTIL_STALE:
            partial.unlink(missing_ok=True)


# Digests -----------------------------------------------------------------------------------------


def known_digest(download: Download, path: Path) -> str | None:
    """Return the digest that a file must have: the published one, else the one recorded at first download."""
    record = recorded(path)
    if download.sha256 is not None or not record.is_file():
        return download.sha256
    found = re.match(r"[0-9a-f]{64}\b", record.read_text(encoding="utf-8"))
    if found is None:
        raise DatasetError(f"{record} holds no SHA-256; delete it to record the file's digest anew")
    return found.group()


def recorded(path: Path) -> Path:
    """Return the file that holds the digest of a first download, as `sha256sum --check` reads it."""
    return path.with_name(f"{path.name}.sha256")


def _verify(download: Download, path: Path) -> None:
    """Compare a cached file with its digest; where none is known, record it."""
    digest = sha256_file(path)
    known = known_digest(download, path)
    if known is None:
        write_atomically(recorded(path), f"{digest}  {path.name}\n")
        return
    advice = f"delete {path} and run again"
    if download.sha256 is None:
        advice = f"{advice}, or delete {recorded(path).name} beside it to accept the new file"
    _compare(digest, known, str(path), advice)


def _compare(digest: str, known: str | None, what: str, advice: str) -> None:
    if known is not None and digest != known:
        raise DatasetError(f"{what} has SHA-256 {digest}, not {known}; {advice}")
