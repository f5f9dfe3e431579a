"""Parse, measure, print, and write the record: the one command of `benchmarks/engine`."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.engine import table
from benchmarks.engine.generation import BENCHMARKS, Generation, generation, lengths
from benchmarks.engine.likelihoods import Measured, Subject
from benchmarks.engine.memory import Peaks, peaks
from benchmarks.engine.models import SHAPES, random_model
from benchmarks.engine.record import default_file, write
from benchmarks.engine.run import Plan, measure, parts_of, quick_parts
from benchmarks.engine.samples import LIKELIHOODS, Questions, Source
from benchmarks.engine.tensors import LargestTensors, largest_tensors
from evaluator.environment import hardware

QUICK_PROMPTS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything, print a table, write a record."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # one thread, as `make` sets it: others only add noise
    plan = Plan(
        shapes=tuple(given.shape or Plan.shapes),
        benchmarks=tuple(given.benchmark or LIKELIHOODS),
        seconds=given.seconds,
        seed=given.seed,
        quick=given.quick,
        full=not given.quick,
    )
    source = Source(given.datasets)
    report = measure(source, plan, print)
    print("\n".join([*table.lines(report), *table.without_tokenization(report.measured)]))
    chosen = [one for one in report.measured if one.subject == plan.shapes[0]]
    memory = [peaks_of(source, one, plan) for one in (chosen[:1] if plan.quick else chosen)]
    texts = [generations(source, plan, name) for name in BENCHMARKS]
    tensors = tensors_of(source, plan)
    print(
        "\n".join([*map(table.peak, memory), *map(table.generated, texts), table.tensors(tensors)])
    )
    device = given.record or default_file(str(hardware()["processor"]))
    file = write(
        device,
        {
            **report.record,
            "memory": [asdict(one) for one in memory],
            "generation": [asdict(one) for one in texts],
            "largest_tensors": asdict(tensors),
        },
    )
    print(f"written: {file}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--datasets", type=Path, required=True, help="Hub-shaped folder")
    parser.add_argument("--quick", action="store_true", help="a few questions of each benchmark")
    parser.add_argument(
        "--seconds", type=float, default=Plan.seconds, help="of lm-eval's side, in all"
    )
    parser.add_argument("--seed", type=int, default=Plan.seed, help="draws subjects and categories")
    parser.add_argument("--shape", action="append", choices=sorted(SHAPES), help="repeatable")
    parser.add_argument("--benchmark", action="append", choices=LIKELIHOODS, help="repeatable")
    parser.add_argument("--record", type=Path, help="JSON file; the machine's name by default")
    return parser


def peaks_of(source: Source, one: Measured, plan: Plan) -> Peaks:
    """Measure the memory of one benchmark's first part, with the batch sizes that were found best."""
    return peaks(
        source, one.subject, part(source, one.benchmark, plan), one.rows, one.rows_restricted
    )


def part(source: Source, name: str, plan: Plan) -> Questions:
    """Return the first part of a benchmark's sample."""
    return (quick_parts if plan.quick else parts_of)(source, name, plan.seed)[0]


def generations(source: Source, plan: Plan, name: str) -> Generation:
    """Measure generation; in the quick form on few prompts."""
    shape = "tiny" if plan.quick else plan.shapes[0]
    subject = Subject(shape, random_model(SHAPES[shape]), source.tokenizer())
    items = QUICK_PROMPTS if plan.quick else len(lengths())
    return generation(subject, source.questions(name, source.parts(name), items))


def tensors_of(source: Source, plan: Plan) -> LargestTensors:
    """Look at the tensors that a context of 2,048 tokens makes."""
    shape = "tiny" if plan.quick else plan.shapes[0]
    subject = Subject(shape, random_model(SHAPES[shape]), source.tokenizer())
    texts = [instance.args[0] for instance in part(source, "truthfulqa", plan).instances]
    return largest_tensors(subject, texts)
