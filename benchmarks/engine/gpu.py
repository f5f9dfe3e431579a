"""Measure the same on a card: Llamas of 1B and 8B shape in bfloat16 with random weights.

Beside times and ratios there are tokens per second and the share of the card's bf16 peak that the forward
passes reach: measured by a large matrix product in the same run, and from a data sheet where the card is
known. Operations are two per weight and token, attention's products left out, the head's counted where it
runs. The record bears the card's name.

    python -m benchmarks.engine.gpu --datasets DIR
    python -m benchmarks.engine.gpu --datasets DIR --shape tiny     # the same lines on a CPU, for trying it
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.engine import table
from benchmarks.engine.likelihoods import Bench, Measured, Pair, Subject
from benchmarks.engine.models import SHAPES, Shape, random_model
from benchmarks.engine.record import default_file, write
from benchmarks.engine.run import QUICK_TOKENS, parts_of, quick_parts
from benchmarks.engine.samples import LIKELIHOODS, Source
from benchmarks.engine.watching import Timing

# dense bf16 operations per second by NVIDIA's and AMD's data sheets, without sparsity
DATA_SHEETS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "B200": 2250e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "RTX 4090": 165e12,
    "MI300X": 1307e12,
}
SIDE = 8192  # of the square matrices of the measured peak, on a card
SIDE_ON_A_CPU = 512
REPEATS = 10


@dataclass(frozen=True)
class Peak:
    """The card's bf16 operations per second: by a large matrix product, and by its data sheet if known."""

    device: str
    measured: float
    data_sheet: float | None


@dataclass(frozen=True)
class Speed:
    """Tokens per second of one side over all pairs, and the share of the peak that its products reach.

    `useful` are the tokens of lm-eval's rows, whichever side answers them: what a user asks per second.
    """

    side: str
    forwarded: float
    useful: float
    share_of_measured: float
    share_of_data_sheet: float | None


def peak(device: str) -> Peak:
    """Measure the peak of a device ("cuda" or "cpu")."""
    on_card = device == "cuda"
    side = SIDE if on_card else SIDE_ON_A_CPU
    left, right = (torch.randn((side, side), dtype=torch.bfloat16, device=device) for _ in range(2))
    seconds = min(_product(left, right) for _ in range(REPEATS))
    name = torch.cuda.get_device_name() if on_card else "CPU"
    known = next((value for card, value in DATA_SHEETS.items() if on_card and card in name), None)
    return Peak(name, 2 * side**3 / seconds, known)


def _product(left: torch.Tensor, right: torch.Tensor) -> float:
    _wait(left)
    started = time.perf_counter()
    torch.matmul(left, right)
    _wait(left)
    return time.perf_counter() - started


def _wait(tensor: torch.Tensor) -> None:
    if tensor.device.type == "cuda":
        torch.cuda.synchronize()


def speed(side: str, shape: Shape, pairs: Sequence[Pair], limit: Peak) -> Speed:
    """Return a side's speed over some pairs, tokenization left out."""
    timings = [timing for pair in pairs if isinstance(timing := getattr(pair, side), Timing)]
    seconds = sum(timing.computing for timing in timings)
    tokens, positions = (
        sum(getattr(one, name) for one in timings) for name in ("tokens", "positions")
    )
    head = shape.vocabulary * shape.hidden
    operations = 2 * ((shape.parameters - 2 * head) * tokens + head * positions) / seconds
    asked = sum(pair.counts.row_tokens for pair in pairs if getattr(pair, side) is not None)
    sheet = operations / limit.data_sheet if limit.data_sheet else None
    return Speed(side, tokens / seconds, asked / seconds, operations / limit.measured, sheet)


def measure(folder: Path, shape: str, *, seed: int, seconds: float, quick: bool) -> dict[str, Any]:
    """Measure one shape on the card, or on the CPU where there is none; return figures for the record."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = Source(folder)
    model = random_model(SHAPES[shape], dtype=torch.bfloat16, device=device)
    subject = Subject(shape, model, source.tokenizer())
    limit = peak(device)
    measured = [
        _benchmark(subject, source, name, seed, seconds / len(LIKELIHOODS), quick=quick)
        for name in LIKELIHOODS
    ]
    speeds = {
        one.benchmark: [
            asdict(speed(side, SHAPES[shape], one.pairs, limit))
            for side in ("ours", "plain", "restricted")
        ]
        for one in measured
    }
    for one in measured:
        print(table.line(one))
        for figures in speeds[one.benchmark]:
            print(_said(figures, limit))
    return {
        "device": asdict(limit),
        "dtype": "bfloat16",
        "measured": [asdict(one) for one in measured],
        "speeds": speeds,
    }


def _benchmark(  # one benchmark of one run
    subject: Subject, source: Source, name: str, seed: int, seconds: float, *, quick: bool
) -> Measured:
    """Measure pairs of one benchmark until lm-eval's side has taken its seconds."""
    parts = (quick_parts if quick else parts_of)(source, name, seed)
    bench = Bench(subject, name)
    bench.prepare(parts[0], QUICK_TOKENS if quick else None)
    pairs: list[Pair] = []
    for part in parts:
        if pairs and bench.spent >= seconds:
            break
        pairs.append(bench.pair(part))
    return bench.measured(pairs)


def _said(figures: dict[str, Any], limit: Peak) -> str:
    sheet = figures["share_of_data_sheet"]
    by_sheet = "" if sheet is None else f", {sheet:.1%} of its data sheet's"
    return (
        f"    {figures['side']}: {figures['forwarded']:.0f} tokens/s forwarded, "
        f"{figures['useful']:.0f} asked, {figures['share_of_measured']:.1%} of {limit.device}'s bf16 peak "
        f"as measured ({limit.measured / 1e12:.3g} TFLOP/s){by_sheet}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--datasets", type=Path, required=True, help="Hub-shaped folder")
    parser.add_argument("--shape", action="append", choices=sorted(SHAPES), help="repeatable")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=600, help="of lm-eval's side, per shape")
    parser.add_argument("--quick", action="store_true", help="a few questions of each benchmark")
    parser.add_argument("--record", type=Path, help="JSON file; the device's name by default")
    given = parser.parse_args(arguments)
    shapes = given.shape or ["1b", "8b"]
    found = {
        shape: measure(
            given.datasets, shape, seed=given.seed, seconds=given.seconds, quick=given.quick
        )
        for shape in shapes
    }
    name = next(iter(found.values()))["device"]["device"]
    file = write(given.record or default_file(name), {"seed": given.seed, "shapes": found})
    print(f"written: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
