"""Show that results which may not be compared are refused as a pair, and that the field is named."""

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from evaluator.cli import main
from evaluator.comparison import entries
from tests.simulated.entries import SUITE, write_entry
from tests.verify.report import Context, require

POINT = 5
FAMILY = "simulated--model"
BASE, VARIANT = f"{FAMILY}/bf16", f"{FAMILY}/gptq-4bit-g128"
BENCHMARK = "gsm8k"
OTHER = "0" * 64
FIELDS = {
    "suite version": ("suite versions differ", lambda data: data.update(suite=f"{SUITE}@2")),
    "data-set fingerprint": (
        "data-set fingerprints differ",
        lambda data: data["provenance"]["datasets"][0].update(fingerprint=OTHER),
    ),
    "prompt hash": (
        "prompt hashes differ",
        lambda data: data["provenance"].update(prompt_hash=OTHER),
    ),
}


def show(context: Context) -> str:
    """Change one field at a time, and ask for the comparison.

    Raises:
        ShortfallError: it is made all the same, or the field isn't named.
    """
    root = context.scratch / "pair"
    base = write_entry(root / BASE, 1, 0.6)
    write_entry(root / VARIANT, 2, 0.6, base, 0.02)
    status, _ = _compare(root)
    require(status == 0, f"an equal pair is refused with status {status}")
    with _fault(active=context.broken(POINT)):
        for name, (words, change) in FIELDS.items():
            other = context.scratch / words.replace(" ", "-")
            shutil.copytree(root, other)
            _change(other, change)
            status, said = _compare(other)
            require(status == 1 and words in said, f"another {name}: status {status}, not named")
    return f"refused, and named: {', '.join(FIELDS)}; an equal pair is compared"


def _compare(root: Path) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said):
        status = main(["compare", BASE, VARIANT, "--root", str(root)])
    return status, said.getvalue()


def _change(root: Path, change: Any) -> None:
    file = root / VARIANT / "results" / f"{SUITE}@1" / f"{BENCHMARK}.json"
    data = json.loads(file.read_text("utf-8"))
    change(data)
    file.write_text(json.dumps(data), encoding="utf-8")


@contextmanager
def _fault(*, active: bool) -> Iterator[None]:
    """Put the fault in: what was asked in other words passes for the same."""
    module: Any = entries
    own = module.differing_fields
    if active:
        module.differing_fields = lambda *results: [
            one for one in own(*results) if not one.startswith("prompt")
        ]
    try:
        yield
    finally:
        module.differing_fields = own
