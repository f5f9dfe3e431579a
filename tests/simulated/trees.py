"""Write whole trees of made-up entries: drawn one by one, of real shapes for people, or thousands."""

import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evaluator.suites.definitions import load_suite
from tests.simulated.columns import Entry, generator
from tests.simulated.entries import (
    BASELINE,
    FLIPS,
    QUICK,
    RECIPES,
    SUITE,
    Facts,
    write_entry,
    write_probes,
)
from tests.simulated.shapes import SHAPES, Shape

JOBS = 2
POOL = 20  # families whose items the entries of a large tree share
NEAR = 2  # how far from its place in the pool a family takes a benchmark's items
LOST = {
    8: 0.006,
    4: 0.035,
    3: 0.1,
    2: 0.5,
}  # share of right answers that 7 billion weights lose at so many bits
CARE = {"nf4": 1.2, "awq": 0.8, "spqr": 0.6}  # how much of that a method loses
TOWARDS_CHANCE = 1 / 3
SMALLEST, LARGEST = 0.5e9, 70e9  # weights of a large tree's families
DOESNT_LOAD = "the kernels have no 2-bit layers for 24 heads; the model doesn't load"


def write_tree(root: Path, entries: int, seed: int = 0) -> None:
    """Write so many entries in families of ten, their baselines between accuracies of 0.3 and 0.9.

    Every item of every entry is drawn, which takes about 0.2 s an entry.
    """
    variants = list(RECIPES)
    drawn: Entry | None = None
    for number in range(entries):
        family, place = divmod(number, len(variants))
        accuracy = 0.3 + 0.6 * (family * 0.618 % 1)
        variant = variants[place]
        drawn = None if variant == BASELINE else drawn
        made = write_entry(
            root / f"simulated--model-{family:03d}" / variant,
            seed + number,
            accuracy,
            drawn,
            FLIPS.get(RECIPES[variant].bits, 0.0),
            QUICK,
        )
        drawn = made if variant == BASELINE else drawn


# Real shapes --------------------------------------------------------------------------------------


def write_shapes(root: Path, shapes: Sequence[Shape] = SHAPES, jobs: int = JOBS) -> None:
    """Write a family of every recipe for each shape: accuracy rises with size, losses as bits fall.

    One entry doesn't load, one lacks a benchmark, and one has a result that replaces another.
    """
    _in_processes(partial(write_family, root), list(enumerate(shapes)), jobs)


def write_family(root: Path, numbered: tuple[int, Shape]) -> None:
    """Write one family of a shape, every recipe of it."""
    number, shape = numbered
    family = root / f"simulated--{shape.name}"
    base = None
    for place, variant in enumerate(RECIPES):
        share = lost(shape, variant)
        facts = _facts(number, place, shape)
        seed = 1_000 * (number + 1) + place
        accuracy = shape.accuracy * (1 - share)
        made = write_entry(family / variant, seed, accuracy, base, share, QUICK, facts)
        base = base or made
        if (number, variant) == (2, "awq-4bit-g128"):
            supersede(family / variant, "snli")


def lost(shape: Shape, variant: str) -> float:
    """Return the share of right answers that a variant loses: fewer, the larger the model."""
    recipe = RECIPES[variant]
    share = LOST.get(recipe.bits, 0.0) * CARE.get(recipe.method, 1.0)
    return min(share * (7e9 / shape.weights) ** 0.25, 0.9)


def _facts(number: int, place: int, shape: Shape) -> Facts:
    day = 1 + (7 * number + 3 * place) % 28
    facts = Facts(shape.license, f"2026-{1 + number:02d}-{day:02d}", shape, gains=TOWARDS_CHANCE)
    variant = list(RECIPES)[place]
    if (shape.name, variant) == ("l-shaped-3B", "gptq-2bit-g128"):
        return replace(facts, failure=DOESNT_LOAD, shape=None)
    missing = ("flores",) if (shape.name, variant) == ("q-shaped-14B", "spqr-3bit") else ()
    return replace(facts, missing=missing)


def supersede(folder: Path, benchmark: str) -> None:
    """Write a second result of a benchmark, the same figures measured later, that replaces the first."""
    first = next(folder.glob(f"results/{SUITE}@*/{benchmark}.json"))
    again = json.loads(first.read_text("utf-8"))
    items = first.with_name(f"{benchmark}.2.parquet")
    items.write_bytes(first.with_suffix(".parquet").read_bytes())
    again |= {
        "supersedes": first.name,
        "supersedes_reason": "Measured again with another driver.",
        "items": items.name,
    }
    again["timing"] |= {name: "2026-11-21T00:01:00Z" for name in ("started", "finished")}
    text = json.dumps(again, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    first.with_name(f"{benchmark}.2.json").write_text(text, "utf-8")


# Thousands ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restamp:
    """Write the families of a large tree from those of a pool; it goes to other processes."""

    pool: Path
    root: Path
    families: int
    seed: int

    def __call__(self, number: int) -> None:
        """Write one family: of each benchmark the results of one near it in the pool, under its own name."""
        size = len(list(self.pool.iterdir()))
        place = number * size // self.families
        random = generator("large", self.seed, number)
        near = random.integers(-NEAR, NEAR + 1, len(load_suite(SUITE).benchmarks))
        taken = {
            benchmark.name: min(max(place + int(off), 0), size - 1)
            for benchmark, off in zip(load_suite(SUITE).benchmarks, near, strict=True)
        }
        share = number / max(1, self.families - 1)
        shape = _between(share, f"model-{number:04d}")
        for variant in RECIPES:
            self._entry(number, variant, taken, shape)

    def _entry(self, number: int, variant: str, taken: dict[str, int], shape: Shape) -> None:
        folder = self.root / f"simulated--{shape.name}" / variant
        date = f"2026-{1 + number % 10:02d}-{1 + number % 28:02d}"
        for benchmark, place in taken.items():
            own = self.pool / f"pool--{place:03d}" / variant
            for file in own.glob(f"results/*/{benchmark}.*"):
                _restamp(file, folder / file.relative_to(own), own, folder, date)
        own = self.pool / "pool--000" / variant
        _restamp(own / "submission.yaml", folder / "submission.yaml", own, folder, date)
        write_probes(folder, shape, date)


def write_large_tree(root: Path, entries: int, *, pool: int = POOL, seed: int = 0) -> None:
    """Write thousands of entries, some milliseconds each; `entries` is rounded up to whole families of ten.

    The items of `pool` families are drawn. A family takes of each benchmark the items of a family near it in
    the pool (so that no two take the same of all), linked rather than copied, with its own names and dates
    in every JSON file; bytes, speeds and memory are its own shape's.
    """
    families = math.ceil(entries / len(RECIPES))
    drawn = root.with_name(f"{root.name}-pool")
    many = min(pool, families)
    _in_processes(partial(_write_pool_family, drawn, many), list(range(many)), JOBS)
    _in_processes(Restamp(drawn, root, families, seed), list(range(families)), JOBS)


def _write_pool_family(root: Path, families: int, number: int) -> None:
    shape = _between(number / max(1, families - 1), f"{number:03d}")
    base = None
    for place, variant in enumerate(RECIPES):
        share = lost(shape, variant)
        folder = root / f"pool--{number:03d}" / variant
        facts = Facts(gains=TOWARDS_CHANCE)
        seed = 1_000 * (number + 1) + place
        made = write_entry(folder, seed, shape.accuracy * (1 - share), base, share, QUICK, facts)
        base = base or made


def _between(share: float, name: str) -> Shape:
    """Return a shape of so many weights as a share of the way from the smallest to the largest."""
    weights = SMALLEST * (LARGEST / SMALLEST) ** share
    near = min(SHAPES, key=lambda one: abs(math.log(one.weights / weights)))
    embedding = min(near.embedding, weights / 3)
    hidden = int(embedding / near.vocabulary / (1 if near.tied else 2))
    return replace(near, name=name, weights=weights, hidden=hidden)


def _restamp(source: Path, target: Path, own: Path, folder: Path, date: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".parquet":
        os.link(source, target)
        return
    text = source.read_text("utf-8").replace("2026-01-01", date)
    text = text.replace(own.parent.name, folder.parent.name)
    was, now = (one.parent.name.replace("--", "/") for one in (own, folder))
    target.write_text(text.replace(was, now), "utf-8")


def _in_processes(work: Callable[[Any], None], on: Iterable[Any], jobs: int) -> None:
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        for _ in pool.map(work, on, chunksize=1):
            pass
