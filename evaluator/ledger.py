"""Keep the ledger of verified results: `submissions/verified.sha256`.

Only the project's own workflow writes it. It has the form of `sha256sum`, with paths relative to
`submissions/`, so `sha256sum -c verified.sha256` checks it without this program. A result's items are covered
too, since the result holds their hash.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evaluator.entries import (
    RESULTS,
    SUBMISSION,
    Entry,
    StoredResult,
    address,
    read_submission,
    result_files,
)
from evaluator.errors import InputError, ResultError
from evaluator.files import write_atomically
from evaluator.results import Source, read_result

LEDGER = "verified.sha256"
_LINE = re.compile(r"^(?P<digest>[0-9a-f]{64})  (?P<path>\S.*)$")


@dataclass(frozen=True)
class LedgerLine:
    """One line of the ledger; `path` and `digest` are None where the line can't be read."""

    number: int
    path: str | None
    digest: str | None


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def ledger_lines(root: Path) -> list[LedgerLine]:
    """Return the ledger's lines, good and bad; none where there is no ledger."""
    file = root / LEDGER
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8", errors="replace")
    matches = [(number, _LINE.match(line)) for number, line in enumerate(text.splitlines(), 1)]
    return [
        LedgerLine(number, *((match["path"], match["digest"]) if match else (None, None)))
        for number, match in matches
    ]


def is_result_name(name: str) -> bool:
    """Say whether `<family>/<variant>/results/...json` is the name of a result file."""
    parts = PurePosixPath(name).parts
    if len(parts) < 4 or parts[2] != RESULTS or ".." in parts or not name.endswith(".json"):
        return False
    return address(PurePosixPath(*parts[3:])) is not None


def read_ledger(root: Path) -> dict[str, str]:
    """Return the verified files' SHA-256 by path relative to the submissions folder.

    Raises:
        ResultError: a line isn't `<sha256>  <path>`, or a path stands twice.
    """
    ledger: dict[str, str] = {}
    for line in ledger_lines(root):
        if line.path is None or line.digest is None or line.path in ledger:
            raise ResultError(
                f"{root / LEDGER}: line {line.number} isn't `<sha256>  <path>`, or repeats a path; "
                "restore the file as the workflow wrote it"
            )
        ledger[line.path] = line.digest
    return ledger


def source_of(entry: Entry, stored: StoredResult, ledger: Mapping[str, str]) -> Source:
    """Return who measured a result; nothing that the result says of itself is believed.

    Raises:
        ResultError: the ledger holds another hash for this file: it was changed after it was verified.
    """
    if entry.submission.source == "reported":
        return "reported"
    name = f"{entry.name}/{stored.path.relative_to(entry.folder).as_posix()}"
    if name not in ledger:
        return "self-reported"
    if ledger[name] != file_digest(stored.path):
        raise ResultError(f"{stored.path} {CHANGED}")
    return "verified"


CHANGED = (
    f"was changed after it was verified (its SHA-256 isn't the one in {LEDGER}); "
    "restore it, and put a later result in a new file that supersedes it"
)


def attest(root: Path, paths: Iterable[Path]) -> list[str]:
    """Add result files, or all results of entry folders, to the ledger; return the names that are new.

    Raises:
        InputError: a path isn't a result, lies outside of the submissions folder, or holds a paper's figures.
        ResultError: a result can't be read, or was verified before with other content.
    """
    ledger, added = read_ledger(root), []
    for file in _expanded(paths):
        name, digest = _ledger_name(root, file), file_digest(file)
        _refuse_reported(root, name)
        read_result(file)
        if ledger.get(name, digest) != digest:
            raise ResultError(f"{file} {CHANGED}")
        if name not in ledger:
            added.append(name)
        ledger[name] = digest
    lines = [f"{digest}  {name}\n" for name, digest in sorted(ledger.items())]
    if added:
        write_atomically(root / LEDGER, "".join(lines))
    return sorted(added)


def _refuse_reported(root: Path, name: str) -> None:
    entry = root.joinpath(*PurePosixPath(name).parts[:2])
    if (entry / SUBMISSION).is_file() and read_submission(entry / SUBMISSION).source == "reported":
        raise InputError(f"{root / name} {NEVER_VERIFIED}")


NEVER_VERIFIED = "holds figures of a publication, which nobody measured here and nobody verifies"


def _expanded(paths: Iterable[Path]) -> list[Path]:
    files: set[Path] = set()
    for path in paths:
        entries = [file.parent for file in path.rglob(SUBMISSION)] if path.is_dir() else []
        files.update(file for entry in entries for file in result_files(entry))
        files.update([] if path.is_dir() else [path])
    return sorted(files)


def _ledger_name(root: Path, file: Path) -> str:
    if not file.is_file() or file.is_symlink():
        raise InputError(f"{file} isn't a file; give results, or folders of entries")
    if not file.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{file} lies outside of {root}; only results inside can be verified")
    name = file.resolve().relative_to(root.resolve()).as_posix()
    if not is_result_name(name):
        raise InputError(
            f"{file} isn't a result; give files named <entry>/results/<suite>@<version>/<benchmark>.json"
        )
    return name
