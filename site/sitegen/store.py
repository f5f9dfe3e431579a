"""Keep what was computed under the hash of all that it was computed from.

The folder stands beside the site and may be deleted at any time: what is missing is computed again, to the
same bytes. What a build doesn't use any more is removed at its end.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from evaluator.files import write_atomically

PACKAGES = ("altair", "jinja2", "numpy", "pandas", "pyarrow", "scipy", "vl-convert-python")
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
        """Return what was kept, and mark it as used; None where nothing was."""
        file = self._file(key, kind)
        try:
            content = file.read_bytes()
            os.utime(file)
        except FileNotFoundError:
            return None
        return content

    def put(self, key: str, kind: str, content: bytes) -> None:
        """Keep something.

        Raises:
            OSError: the folder can't be written.
        """
        write_atomically(self._file(key, kind), content)

    def _file(self, key: str, kind: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.{kind}"

    def remove_unused(self, since: float) -> None:
        """Remove what was last used before a moment, in seconds since 1970."""
        for file in self._folder.glob("*/*"):
            if file.stat().st_mtime < since - GRACE:
                file.unlink()


@cache
def code_digest(*folders: Path) -> str:
    """Return a hash over the program's files in some folders and over the versions of what it is built on."""
    found = hashlib.sha256()
    for name in PACKAGES:
        found.update(f"{name} {version(name)}\0".encode())
    for folder in folders:
        for file in _files(folder):
            found.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    wanted = {".py", ".yaml", ".html", ".css", ".js", ".svg"}
    yield from sorted(file for file in folder.rglob("*") if file.suffix in wanted)
