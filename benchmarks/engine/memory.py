"""Measure peak memory: each side alone in a fresh process, by how much it grows beyond the loaded model.

The process is asked to give back what it holds for later before it is watched, and both sides are warmed up
with two requests, so that what libraries load on first use isn't counted. On a card the allocator's own peak
beyond the weights counts.

    python -m benchmarks.engine.memory --side ours --requests FILE --rows 1
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engine import requests_file
from benchmarks.engine.models import SHAPES, random_model, tokenizer_file, tokenizer_from
from benchmarks.engine.samples import Questions, Source

SIDES = ("ours", "plain", "restricted")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Peaks:
    """Bytes by which each side grew at most on the same requests, beyond the loaded model."""

    shape: str
    benchmark: str
    requests: int
    rows: int
    ours: int
    plain: int
    restricted: int | None


def peaks(  # what is asked, of which model, in which batches
    source: Source,
    shape: str,
    questions: Questions,
    rows: int,
    rows_restricted: int | None = None,
    *,
    exact: bool = False,
) -> Peaks:
    """Run each side in a process of its own; `rows` are lm-eval's best batch sizes.

    `exact` makes our side forward each row alone. Without `rows_restricted` the third side isn't run.
    """
    with tempfile.TemporaryDirectory(prefix="quantboard-memory-") as scratch:
        file = Path(scratch) / "requests.json"
        source.tokenizer()  # trained before the processes begin
        requests_file.write(file, SHAPES[shape], tokenizer_file(source.digest), questions.instances)
        ours = _growth(file, "ours", 1, exact=exact)
        plain = _growth(file, "plain", rows)
        third = _growth(file, "restricted", rows_restricted) if rows_restricted else None
    return Peaks(shape, questions.benchmark, len(questions.instances), rows, ours, plain, third)


def _growth(file: Path, side: str, rows: int, *, exact: bool = False) -> int:
    command = [sys.executable, "-m", "benchmarks.engine.memory", "--side", side]
    command += ["--requests", str(file), "--rows", str(rows), *(["--exact"] if exact else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"measuring the memory of side {side} failed: {done.stderr[-2000:]}")
    return int(json.loads(done.stdout.splitlines()[-1])["growth"])


def growth(side: str, file: Path, rows: int, *, exact: bool) -> int:
    """Return the bytes by which this process grows while one side answers the requests of a file.

    Raises:
        RuntimeError: the system doesn't tell a process's memory.
    """
    from benchmarks.engine.likelihoods import Bench, Subject
    from evaluator.efficiency.memory import GrowthWatch
    from evaluator.scoring.computing import Computing

    shape, words, instances = requests_file.read(file)
    subject = Subject(shape.name, random_model(shape), tokenizer_from(words))
    bench = Bench(subject, "", Computing(exact=exact))
    bench.answers(side, instances[:2], rows)
    watch = GrowthWatch()
    with watch:
        bench.answers(side, instances, rows)
    if watch.growth is None:
        raise RuntimeError("this system doesn't tell a process's resident memory")
    return watch.growth


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one side in this process, and print the figure as JSON."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True, help="rows in a batch of lm-eval's")
    parser.add_argument("--exact", action="store_true", help="let our side share nothing")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found: dict[str, Any] = {
        "side": given.side,
        "growth": growth(given.side, given.requests, given.rows, exact=given.exact),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
