"""Find, read and check the entries of `submissions/`, and know who measured them.

This module is the face of `entries` (reading), `checks`, `policy` and `result_checks` (judging) and `ledger`
(what the project's own workflow has verified). It needs only pydantic and PyYAML, and reads no items.
"""

import json
from pathlib import Path

from evaluator.checks import check
from evaluator.entries import (
    Entry,
    StoredResult,
    current_results,
    expected_name,
    find_entries,
    named_entry,
    read_entry,
    read_submission,
    subfolders,
)
from evaluator.files import write_atomically
from evaluator.ledger import LEDGER, attest, read_ledger, source_of
from evaluator.policy import check_against_model
from evaluator.problems import Problem, printable
from evaluator.results import json_schema

__all__ = [
    "LEDGER",
    "Entry",
    "Problem",
    "StoredResult",
    "attest",
    "check",
    "check_against_model",
    "current_results",
    "expected_name",
    "find_entries",
    "named_entry",
    "printable",
    "read_entry",
    "read_ledger",
    "read_submission",
    "schema_text",
    "source_of",
    "subfolders",
    "write_schema",
]


def schema_text() -> str:
    """Return the contract's JSON schema as `submissions/schema.json` holds it, in the contract's order."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def write_schema(path: Path) -> None:
    """Write the contract's JSON schema, which editors complete and check a submission with.

    Raises:
        OSError: the folder can't be written.
    """
    write_atomically(path, schema_text())
