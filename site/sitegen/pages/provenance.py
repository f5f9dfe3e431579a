"""Say how a result came to be: what its file records, as label and text."""

from dataclasses import dataclass
from typing import Any

from evaluator.results import Provenance
from sitegen import words
from sitegen.entries import Measured, SiteEntry

Fact = tuple[str, str]


@dataclass(frozen=True)
class FileFacts:
    """Where a result stands, and what its file alone says of how it came to be."""

    path: str
    superseded: bool
    facts: list[Fact]


def files(entry: SiteEntry) -> tuple[list[Fact], list[FileFacts]]:
    """Return what all of an entry's results have in common, and what each says beyond it."""
    every = [(one, False) for one in entry.current] + [(one, True) for one in entry.superseded]
    told = [_facts(one) for one, _ in every]
    common = [fact for fact in told[0] if all(fact in one for one in told)] if told else []
    return common, [
        FileFacts(
            one.path.removeprefix(f"{entry.name}/"),
            superseded,
            [fact for fact in facts if fact not in common],
        )
        for (one, superseded), facts in zip(every, told, strict=True)
    ]


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
        f"fingerprint {used.fingerprint}"
        for used in record.datasets
    ]
    model = record.model
    rows = [
        ("Data", "; ".join(data)),
        ("Limit", f"{record.limit} items" if record.limit else ""),
        ("Prompts", record.prompt_hash or ""),
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


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {values[key]}" for key in sorted(values))
