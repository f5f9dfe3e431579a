"""Show that the engine was measured on a card, or that the script for it runs and nobody says otherwise."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.engine import gpu, likelihoods
from benchmarks.engine.samples import LIKELIHOODS
from tests.verify.report import ROOT, Context, require, shared_folder

POINT = 7

SHAPES = ("1b", "8b")
RECORDED = ROOT / "benchmarks" / "engine" / "recorded"
README = ROOT / "benchmarks" / "README.md"
NOT_RUN = "has not been run on a GPU"
SMALLEST = "tiny"
QUICK, QUICK_TOKENS = ("truthfulqa",), 256


def show(context: Context) -> str:
    """Look at the records of cards; where there is none, run the script and read the README.

    Raises:
        ShortfallError: a record names no device or lacks a figure, the script fails, or the README is silent.
    """
    cards = {
        file.name: record
        for file in sorted(RECORDED.glob("*.json"))
        if "shapes" in (record := _read(file))
    }
    tried = (
        {}
        if cards and context.quick
        else {"the script, just now": _run(context.scratch / "card.json", quick=context.quick)}
    )
    if not cards:
        text = README.read_text("utf-8") if README.is_file() else ""
        require(NOT_RUN in " ".join(text.split()), f"{README.name} doesn't say that it {NOT_RUN}")
    said = []
    for name, record in {**cards, **tried}.items():
        if context.broken(POINT):
            next(iter(record["shapes"].values()))["device"]["device"] = ""
        said.append(f"{name}: {figures(record)}")
    return "; ".join(said)


def _read(file: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return record


def figures(record: dict[str, Any]) -> str:
    """Return the device's name, and each shape's tokens per second and share of the bf16 peak.

    Raises:
        ShortfallError: something of that is missing.
    """
    said = []
    for shape, found in record["shapes"].items():
        device = found["device"]["device"]
        require(bool(device), f"the record of shape {shape} names no device")
        require(found["dtype"] == "bfloat16", f"shape {shape} ran in {found['dtype']}")
        ours = [one for speeds in found["speeds"].values() for one in speeds if _is_ours(one)]
        require(bool(ours), f"shape {shape} on {device} has no figures of ours")
        speed = min(one["forwarded"] for one in ours)
        share = min(one["share_of_measured"] for one in ours)
        require(speed > 0 and share > 0, f"shape {shape} on {device} has no speed")
        said.append(
            f"{shape} on {device} {speed:.0f} tokens/s and {share:.1%} of its bf16 peak at least"
        )
    if device != "CPU":
        lacking = [
            f"{name} at {shape}"
            for shape in SHAPES
            for name in LIKELIHOODS
            if name not in record["shapes"].get(shape, {"speeds": {}})["speeds"]
        ]
        require(not lacking, f"{device} lacks {', '.join(lacking)}")
    return ", ".join(said)


def _is_ours(speed: dict[str, Any]) -> bool:
    return bool(speed["side"] == "ours")


def _run(file: Path, *, quick: bool) -> dict[str, Any]:
    """Run the script on the smallest shape, on whatever this machine has, and return its record."""
    arguments = ["--shape", SMALLEST, "--quick", "--record", str(file)]
    with redirect_stdout(io.StringIO()), _shorter() if quick else nullcontext():
        status = gpu.main([*arguments, "--datasets", str(shared_folder() / "hub")])
    require(status == 0, f"the script fails with status {status}")
    return _read(file)


@contextmanager
def _shorter() -> Iterator[None]:
    """Let the script measure one benchmark, and search batch sizes on fewer tokens."""
    script: Any = gpu
    measuring: Any = likelihoods
    before = script.LIKELIHOODS, measuring.SLICE_TOKENS
    script.LIKELIHOODS, measuring.SLICE_TOKENS = QUICK, QUICK_TOKENS
    try:
        yield
    finally:
        script.LIKELIHOODS, measuring.SLICE_TOKENS = before
