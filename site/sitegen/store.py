"""Keep what was computed under the hash of all that it was computed from.

The folder stands beside the site and may be deleted at any time: what is missing is computed again, to the
same bytes, and so is what was damaged. What a build doesn't use any more is removed at its end.
"""

import hashlib
import os
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from evaluator.files import write_atomically

PACKAGES = (
    "altair", "jinja2", "markupsafe", "numpy", "pandas", "pillow", "pyarrow", "pydantic", "pyyaml", "scipy",
    "vl-convert-python",
)  # fmt: skip
WANTED = frozenset({".py", ".yaml", ".html", ".css", ".js", ".svg", ".csv", ".json"})
HASH = hashlib.sha256().digest_size  # bytes that stand before what is kept
GRACE = 60.0  # seconds that clocks of files and processes may differ


class Store:
    """Files by the hash of what they were made from."""

    def __init__(self, folder: Path, code: str) -> None:
        """Keep files in a folder, for one state of the program."""
        self._folder = folder
        self._code = code

    def key(self, *parts: str) -> str:
        """Return the hash of the program and of texts, each closed so that no two lists collide."""
        found = hashlib.sha256()
        for part in (self._code, *parts):
            found.update(part.encode() + b"\0")
        return found.hexdigest()

    def get(self, key: str, kind: str) -> bytes | None:
        """Return what was kept, and mark it as used; None where nothing was, or it is damaged."""
        file = self._file(key, kind)
        try:
            kept = file.read_bytes()
            os.utime(file)
        except FileNotFoundError:
            return None
        content = kept[HASH:]
        return content if _hashed(content) == kept[:HASH] else None

    def put(self, key: str, kind: str, content: bytes) -> None:
        """Keep something, with its hash before it.

        Raises:
            OSError: the folder can't be written.
        """
        write_atomically(self._file(key, kind), _hashed(content) + content)

    def _file(self, key: str, kind: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.{kind}"

    def remove_unused(self, since: float) -> None:
        """Remove what was last used before a moment, in seconds since 1970."""
        for file in self._folder.glob("*/*"):
            if file.stat().st_mtime < since - GRACE:
                file.unlink()


def _hashed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@cache
def code_digest(*folders: Path) -> str:
    """Return a hash over the program's files in some folders and over the versions of what it is built on."""
    found = hashlib.sha256(f"python {platform.python_version()}\0".encode())
    for name in PACKAGES:
        found.update(f"{name} {version(name)}\0".encode())
    for folder in folders:
        for file in _files(folder):
            found.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            found.update(_hashed(file.read_bytes()))
    return found.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in folder.rglob("*") if file.suffix in WANTED)
