"""Say how a result came to be: what its file records, as label and text."""

from typing import Any

from evaluator.results import Provenance
from sitegen import words
from sitegen.entries import Measured

Fact = tuple[str, str]


def file_facts(one: Measured, *, superseded: bool) -> dict[str, Any]:
    """Return where a result stands, and everything that says how it came to be."""
    result = one.result
    reason = (
        [("Supersedes", f"{result.supersedes}: {result.supersedes_reason}")]
        if result.supersedes
        else []
    )
    return {
        "path": one.path,
        "superseded": superseded,
        "facts": [
            ("Command", result.provenance.command),
            _when(one),
            ("Source", one.source),
            *reason,
            *_provenance(result.provenance),
        ],
    }


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
