"""Write what was measured as JSON, with the machine and the packages that it was measured on."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluator.environment import hardware, packages

SCHEMA_VERSION = 1
RECORDED = Path(__file__).with_name("recorded")


def default_file(device: str) -> Path:
    """Return where the record of a device belongs."""
    return RECORDED / (re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-") + ".json")


def write(file: Path, content: dict[str, Any]) -> Path:
    """Write a record, and return its file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "schema_version": SCHEMA_VERSION,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "packages": packages(),
        **content,
    }
    file.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return file
