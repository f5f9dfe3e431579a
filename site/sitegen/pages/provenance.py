"""Say how a result came to be: what its file records, as label and text."""

from dataclasses import dataclass
from typing import Any

from evaluator.results import Provenance
from sitegen import words
from sitegen.entries import Measured, SiteEntry

Fact = tuple[str, str]
SHOWN = 16  # digits of a hash


@dataclass(frozen=True)
class FileFacts:
    """Where a result stands, and what its file alone says of how it came to be."""

    path: str
    superseded: bool
    facts: list[Fact]


@dataclass(frozen=True)
class FileGroup:
    """The results of one suite, or the probes: what all files say, and what each says beyond it."""

    title: str
    common: list[Fact]
    files: list[FileFacts]


def groups(entry: SiteEntry) -> list[FileGroup]:
    """Return an entry's results by suite, probes last; earlier versions after those that hold."""
    every = [(one, False) for one in entry.current] + [(one, True) for one in entry.superseded]
    found: dict[str, list[tuple[Measured, bool]]] = {}
    for one, superseded in every:
        found.setdefault(one.result.suite or "", []).append((one, superseded))
    titles = sorted(found, key=lambda title: (not title, title))
    return [_group(entry, title or "Efficiency", found[title]) for title in titles]


def _group(entry: SiteEntry, title: str, members: list[tuple[Measured, bool]]) -> FileGroup:
    told = [_facts(one) for one, _ in members]
    common = [fact for fact in told[0] if all(fact in one for one in told)]
    files = [
        FileFacts(
            one.path.removeprefix(f"{entry.name}/"),
            superseded,
            [fact for fact in facts if fact not in common],
        )
        for (one, superseded), facts in zip(members, told, strict=True)
    ]
    return FileGroup(title, common, files)


def _facts(one: Measured) -> list[Fact]:
    result = one.result
    reason = (
        [("Supersedes", f"{result.supersedes}: {result.supersedes_reason}")]
        if result.supersedes
        else []
    )
    return [
        ("Command", result.provenance.command),
        _when(one),
        ("Source", one.source),
        *reason,
        *_provenance(result.provenance),
    ]


def _when(one: Measured) -> Fact:
    timing = one.result.timing
    if one.source == "reported":
        return "Published", timing.finished[:10]
    return "Measured", f"{timing.started} to {timing.finished}, {timing.seconds:.1f} s"


def _provenance(record: Provenance) -> list[Fact]:
    data = [
        f"{used.path}, {used.split}, {used.rows:,} rows, revision {used.revision or 'of a folder'}, "
        f"fingerprint {_beginning(used.fingerprint)}"
        for used in record.datasets
    ]
    model = record.model
    rows = [
        ("Data", "; ".join(data)),
        ("Limit", f"{record.limit} items" if record.limit else ""),
        ("Prompts", _beginning(record.prompt_hash)),
        ("Prompts cut", f"{record.truncated_prompts}" if record.truncated_prompts else ""),
        ("Examples before each question", "" if record.shots is None else str(record.shots)),
        ("Decoding", _pairs(record.decoding)),
        ("Judge", words.judge(record.judge)),
        ("Tokens", _pairs(record.tokens)),
        ("Hardware", _pairs(record.hardware)),
        ("Versions", _pairs(record.packages)),
        ("Notes", " ".join(record.notes)),
    ]
    if model:
        where = f"{model.id} at {model.revision or 'a local folder'}"
        context_length = f", {model.context_length} positions" if model.context_length else ""
        rows += [
            (
                "Loaded as",
                f"{where}, {model.dtype} on {model.device}{context_length}",
            ),
            ("Kernels", _pairs(model.kernels)),
            ("Files", _pairs(model.files)),
        ]
    return [(label, value) for label, value in rows if value]


def _beginning(digest: str | None) -> str:
    """Return enough of a hash to tell two apart; the file holds it whole."""
    return f"{digest[:SHOWN]}…" if digest else ""


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {values[key]}" for key in sorted(values))
