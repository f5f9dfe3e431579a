"""Hash files and texts, read the project's own YAML, and write files whole or not at all."""

import hashlib
import os
import tempfile
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

YAML_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the first is faster


def read_yaml(file: Traversable) -> Any:
    """Return what a YAML file of this project says.

    Raises:
        yaml.YAMLError: it isn't YAML.
    """
    return yaml.load(file.read_text("utf-8"), Loader=YAML_LOADER)  # noqa: S506  a safe loader


def sha256_file(file: Path) -> str:
    """Return a file's SHA-256; hashed once per process as long as size and time stay."""
    state = file.stat()
    return _sha256(file.resolve(), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sha256(file: Path, _size: int, _modified: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_text(*parts: str) -> str:
    """Return the SHA-256 of texts, each closed by a zero byte so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing: to a hidden file beside it, flushed to disk, then renamed.

    Raises:
        OSError: the folder can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=".partial"
    )
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
