"""Read a data set's files from the Hub: at one commit that stays the same, each file verified before use.

The commit is the pinned one. Where none is pinned, the newest is looked up once, written to
`<cache>/datasets/<org>--<name>/revision`, and held from then on; deleting that file takes a newer one.
The Hub's list of the files at a commit is kept beside it. Each file is compared with the digest in that
list before it is read: the SHA-256 of large files, git's own hash of small ones. That shows damage on the
way and in the cache; what the Hub itself says is believed. A data set that is a script is read from the
parquet files that the Hub made of it, and its script is never run.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluator.environment import cache_folder
from evaluator.errors import DatasetError
from evaluator.files import sha256_file, write_atomically
from evaluator.suites.definitions import DatasetDefinition
from evaluator.tasks.data_files import ONLY_FILES, Listing

CONVERTED = "refs/convert/parquet"  # the Hub's own conversion of data sets that are scripts

Digests = Mapping[str, str]  # file -> `sha256:<hex>`, or `git:<hex>` for files kept in git itself


def listing(dataset: DatasetDefinition, *, endpoint: str | None = None) -> Listing:
    """Return the files of a data set on the Hub, at the commit that is pinned or held.

    `endpoint` is the Hub's address; only tests name another than the usual one.

    Raises:
        DatasetError: the Hub can't be reached, or has no such data set or commit.
    """
    commit = dataset.revision or _held(dataset.path, "main", endpoint)
    digests = _files_at(dataset.path, commit, endpoint)
    if f"{dataset.path.split('/')[-1]}.py" in digests:
        commit = _held(dataset.path, CONVERTED, endpoint)
        digests = _files_at(dataset.path, commit, endpoint)

    def locate(name: str) -> Path:
        return _fetched(dataset.path, commit, name, digests[name], endpoint)

    return Listing(f"{dataset.path} on the Hub", tuple(sorted(digests)), locate, commit)


def _folder(path: str) -> Path:
    return cache_folder() / "datasets" / path.replace("/", "--")


def _held(path: str, branch: str, endpoint: str | None) -> str:
    """Return the commit of a branch that this machine has used from the first time on."""
    record = _folder(path) / ("revision" if branch == "main" else "revision-converted")
    if not record.is_file():
        write_atomically(record, _newest(path, branch, endpoint) + "\n")
    return record.read_text(encoding="utf-8").strip()


def _newest(path: str, branch: str, endpoint: str | None) -> str:
    import huggingface_hub

    with _asking(path):
        api = huggingface_hub.HfApi(endpoint=endpoint)
        return str(api.dataset_info(path, revision=branch, expand=["sha"]).sha)


def _files_at(path: str, commit: str, endpoint: str | None) -> Digests:
    """Return each file's digest at a commit, from this machine's record or else from the Hub."""
    record = _folder(path) / f"{commit}.json"
    if not record.is_file():
        write_atomically(record, json.dumps(_listed(path, commit, endpoint), indent=1) + "\n")
    digests: Digests = json.loads(record.read_text(encoding="utf-8"))
    return digests


def _listed(path: str, commit: str, endpoint: str | None) -> Digests:
    import huggingface_hub

    # C4 has tens of thousands of files; those of one folder are enough
    folder = ONLY_FILES[path].rpartition("/")[0] if path in ONLY_FILES else None
    with _asking(path):
        tree = huggingface_hub.HfApi(endpoint=endpoint).list_repo_tree(
            path, folder, recursive=True, revision=commit, repo_type="dataset"
        )
        files = [entry for entry in tree if isinstance(entry, huggingface_hub.RepoFile)]
    return {file.path: _digest(file) for file in sorted(files, key=lambda file: file.path)}


def _digest(file: Any) -> str:
    return f"sha256:{file.lfs.sha256}" if file.lfs else f"git:{file.blob_id}"


# Files -------------------------------------------------------------------------------------------


def _fetched(path: str, commit: str, name: str, digest: str, endpoint: str | None) -> Path:
    """Return where a file lies, downloaded if the Hub's cache lacks it, and verified."""
    import huggingface_hub

    with _asking(path):
        file = Path(
            huggingface_hub.hf_hub_download(
                path, name, repo_type="dataset", revision=commit, endpoint=endpoint
            )
        )
    verify(file, digest)
    return file


def verify(file: Path, digest: str) -> None:
    """Compare a file with its digest, once per process while it stays unchanged.

    Raises:
        DatasetError: it is another file.
    """
    kind, _, known = digest.partition(":")
    found = sha256_file(file) if kind == "sha256" else _git_hash(file)
    if found != known:
        real = file.resolve()  # not the link that the Hub's client made to it
        raise DatasetError(
            f"{real} has {kind} hash {found}, not {known} as the Hub lists it; delete it and run again"
        )


def _git_hash(file: Path) -> str:
    """Return how git names a file's content; only small files are kept so."""
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def _asking(path: str) -> Iterator[None]:
    """Turn what a Hub that can't be asked raises into one sentence."""
    from huggingface_hub.errors import HfHubHTTPError

    # its parents are OSError and the HTTP library's own base, whose name differs between versions
    unreachable: tuple[type[BaseException], ...] = (OSError, ValueError, *HfHubHTTPError.__bases__)
    try:
        yield
    except unreachable as error:
        reason = str(error).strip().split("\n")[0]
        raise DatasetError(
            f"{path} can't be had from the Hub ({type(error).__name__}: {reason}); connect to it (HF_TOKEN "
            "for a gated data set), or give a folder that holds it with --datasets"
        ) from error
