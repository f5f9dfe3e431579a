"""Keep what came of each request, as it comes: a unit that was killed goes on where it stopped.

A store belongs to one identity: everything that determines an outcome (`outcome_identity`). Its folder is
named by the identity's hash, and each file in it begins with the identity itself, so that no other model's
outcomes can be read from it, wherever somebody copies them. Each process writes a file of its own and reads
all of them: two that work on one model at the same time never touch the same file. A file is JSON Lines, as
Python's `json` writes them (`Infinity` and `NaN` included), one line for each batch; each line carries a
checksum. What a kill leaves of a last line is passed over.

Nothing here is a result: deleting the folder costs time and nothing else.
"""

import json
import os
import time
import uuid
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from evaluator.errors import ResultError
from evaluator.files import sha256_text
from evaluator.results import canonical_json

Value = Any  # what JSON can hold
KEY_BYTES = 12  # among a million requests two collide with a chance of 1e-17
SECONDS_UNSAVED = 5.0  # what a power cut may cost; a kill costs nothing
CHECK = b'{"check":"%08x",'
CHECK_LENGTH = len(CHECK % 0)


def likelihood_key(tokens: ArrayLike, targets: ArrayLike) -> str:
    """Return a short digest of a scored request: the tokens that are read, and those looked up."""
    return _digest("likelihood", _integers(tokens), _integers(targets))


def generation_key(prompt: ArrayLike, limit: int, stops: Sequence[str]) -> str:
    """Return a short digest of a generation: the prompt's tokens, the most new tokens, the stop strings."""
    ends = json.dumps([limit, *stops]).encode()
    return _digest("generation", _integers(prompt), ends)


def losses_key(tokens: ArrayLike, targets: ArrayLike) -> str:
    """Return a short digest of a whole batch of windows, both B x T: its rows' losses are kept together."""
    shape = _integers(np.shape(tokens))
    return _digest("losses", shape, _integers(tokens), _integers(targets))


def _integers(numbers: ArrayLike) -> bytes:
    return np.asarray(numbers, dtype="<i4").tobytes()


def _digest(kind: str, *parts: bytes) -> str:
    """Hash parts, each with its length before it, so that no token can pass from one to the next."""
    hashed = blake2b(digest_size=KEY_BYTES, person=kind.encode())
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return urlsafe_b64encode(hashed.digest()).decode()


class OutcomeStore:
    """The outcomes of one identity: found in its folder, or added by this process."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Take what is there already; `open` is the way in."""
        self.folder = folder
        self._identity = dict(identity)
        self._found: dict[str, Value] = {}
        self._file: FileIO | None = None
        self._saved = time.monotonic()
        for file in sorted(folder.glob("*.jsonl")):
            self._take(file)

    @classmethod
    def open(cls, folder: Path, identity: Mapping[str, Any]) -> "OutcomeStore":
        """Open the store of an identity beneath the folder of all stores; nothing is written yet.

        Raises:
            ResultError: a file there belongs to another identity, or is damaged.
        """
        normal = json.loads(canonical_json(dict(identity)))
        return cls(folder / sha256_text(canonical_json(normal)), normal)

    def __len__(self) -> int:
        """Return the number of outcomes."""
        return len(self._found)

    def known(self, keys: Sequence[str]) -> dict[str, Value]:
        """Return the outcomes that are there, by key."""
        return {key: self._found[key] for key in keys if key in self._found}

    def add(self, keys: Sequence[str], values: Sequence[Value]) -> None:
        """Write the outcomes of one batch down, all or none; an outcome that is there already stays.

        Raises:
            ResultError: the file can't be written.
        """
        new = {
            key: value for key, value in zip(keys, values, strict=True) if key not in self._found
        }
        if not new:
            return
        line = _line({"keys": list(new), "values": list(new.values())})
        try:
            self._append(line)
        except OSError as error:
            raise ResultError(
                f"{self.folder} can't be written ({error.strerror}); make room, or name another folder in "
                "QUANTBOARD_CACHE"
            ) from error
        self._keep(json.loads(line))  # as the next process will read it

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._own_file()
            line = _line({"identity": self._identity}) + line
        whole = self._file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) :]
        except BaseException:  # a line that was cut would spoil those after it
            self._file.truncate(whole)
            raise
        if time.monotonic() - self._saved > SECONDS_UNSAVED:
            self._save(self._file)

    def _own_file(self) -> FileIO:
        """Make a file that no other process has, behind all others in order."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}.jsonl"
        return FileIO(self.folder / name, "xb")

    def _save(self, file: FileIO) -> None:
        os.fsync(file.fileno())
        self._saved = time.monotonic()

    def close(self) -> None:
        """Save what was written."""
        if self._file is not None:
            self._save(self._file)
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, file: Path) -> None:
        """Read a file, of this identity or not at all."""
        records = _records(file)
        header = next(records, None)
        if header is None:
            return
        fields = differing(self._identity, header.get("identity"))
        if fields:
            raise ResultError(
                f"{file} holds outcomes of something else ({', '.join(fields)} differ); delete that file"
            )
        for record in records:
            self._keep(record)

    def _keep(self, record: Mapping[str, Any]) -> None:
        for key, value in zip(record["keys"], record["values"], strict=True):
            self._found.setdefault(key, value)


def differing(first: Any, second: Any, name: str = "") -> list[str]:
    """Return the fields in which two identities differ, nested ones with dots in their names."""
    if not (isinstance(first, Mapping) and isinstance(second, Mapping)):
        return [] if first == second else [name or "the identity"]
    found = []
    for field in sorted({*first, *second}):
        inner = f"{name}.{field}" if name else field
        if (field in first) != (field in second):
            found.append(inner)
        else:
            found += differing(first.get(field), second.get(field), inner)
    return found


def _line(record: Mapping[str, Any]) -> bytes:
    rest = json.dumps(record, separators=(",", ":")).encode()[1:] + b"\n"
    return CHECK % zlib.crc32(rest) + rest


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """Read whole lines; a last one that isn't whole was being written when its process ended, or still is.

    Raises:
        ResultError: another line is damaged.
    """
    lines = file.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        rest = line[CHECK_LENGTH:]
        if line[:CHECK_LENGTH] == CHECK % zlib.crc32(rest) and rest.endswith(b"\n"):
            yield json.loads(line)
        elif number < len(lines):
            raise ResultError(f"{file} is damaged in line {number}; delete that file")
