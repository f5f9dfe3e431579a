"""Measure everything on one machine, within a time that lm-eval's side may take.

The sample is drawn by a seed: whole subjects of MMLU and C-Eval (of those that are typical of the set in how
much they share, `counts.typical_parts`), one whole category of BBQ, and all of TruthfulQA, the latter two in
slices of whole questions, each a pair. Benchmarks take turns, part by part,
until the time is spent, so that on a slow machine each has some; a part that wasn't reached is said to be
missing. The smaller model gets most of the time; the larger one gets a few questions of each part.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.engine.counts import Counts, full_counts, typical_parts
from benchmarks.engine.likelihoods import Bench, Measured, Pair, Subject
from benchmarks.engine.models import SHAPES, random_model
from benchmarks.engine.samples import LIKELIHOODS, Questions, Source, first, slices
from benchmarks.engine.totals import Total, total
from evaluator.scoring.computing import Computing

Say = Callable[[str], object]

SUBJECTS = {"mmlu": 3, "ceval": 6}
SLICES = {"truthfulqa": 8, "bbq": 8}
RESTRICTED = 3  # pairs of a benchmark in which the restricted side runs too
SMALL = "256x8"
LARGE = "512x16"
SHARE_OF_LARGE = 0.2
ITEMS_OF_LARGE = 8  # questions of each part
LARGE_TOKENS = 2048  # of a batch size's trial on the larger model
QUICK_ITEMS = {"mmlu": 8, "ceval": 12, "truthfulqa": 4, "bbq": 4}
QUICK_TOKENS = 1024  # of a batch size's trial


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        shapes: names of models in `models.SHAPES`.
        benchmarks: names in suite `harness`.
        seconds: what lm-eval's side may take in all; a pair that has begun is finished.
        seed: draws subjects and categories.
        quick: a few questions of each benchmark, two pairs each, on the first shape alone.
        computing: how our engine computes.
        full: whether the full sets are counted, which takes minutes the first time.
    """

    shapes: tuple[str, ...] = (SMALL, LARGE)
    benchmarks: tuple[str, ...] = LIKELIHOODS
    seconds: float = 1200.0
    seed: int = 4
    quick: bool = False
    computing: Computing = field(default_factory=Computing)
    full: bool = True


@dataclass(frozen=True)
class Report:
    """All measurements, with the full sets' counts and the totals computed from both."""

    plan: Plan
    measured: tuple[Measured, ...]
    missing: tuple[str, ...]
    full: dict[str, Counts]
    totals: tuple[Total, ...]
    lm_eval_seconds: float

    @property
    def record(self) -> dict[str, Any]:
        """Return what a record keeps of them."""
        return {
            "plan": asdict(self.plan),
            "measured": [asdict(one) for one in self.measured],
            "missing": self.missing,
            "full": {name: asdict(counts) for name, counts in self.full.items()},
            "totals_computed": [asdict(total) for total in self.totals],
            "lm_eval_seconds": self.lm_eval_seconds,
        }

    def of(self, subject: str) -> dict[str, Measured]:
        """Return one model's measurements by benchmark."""
        return {one.benchmark: one for one in self.measured if one.subject == subject}


@dataclass
class _Line:
    """One benchmark on one model, and the parts of it that are still to be asked."""

    bench: Bench
    parts: list[Questions]
    pairs: list[Pair] = field(default_factory=list)


def measure(source: Source, plan: Plan, say: Say) -> Report:
    """Measure by a plan; `say` hears of each pair as it is done."""
    shapes = plan.shapes[:1] if plan.quick else plan.shapes
    lines: list[_Line] = []
    missing: list[str] = []
    spent = 0.0
    for place, shape in enumerate(shapes):
        subject = Subject(shape, random_model(SHAPES[shape]), source.tokenizer())
        last = place == len(shapes) - 1
        allowed = plan.seconds * (1.0 if last else 1.0 - SHARE_OF_LARGE) - spent
        made = [_line(subject, source, name, plan, first=place == 0) for name in plan.benchmarks]
        for line in _turns(made, allowed):
            _next_pair(line, say)
        spent += _spent(made)
        lines += made
        missing += [part for line in made for rest in line.parts for part in rest.parts]
    measured = tuple(line.bench.measured(line.pairs) for line in lines)
    full = _full(source, plan) if plan.full else {}
    totals = tuple(_totals(measured, full)) if full else ()
    return Report(plan, measured, tuple(missing), full, totals, spent)


def _line(subject: Subject, source: Source, name: str, plan: Plan, *, first: bool) -> _Line:
    bench = Bench(subject, name, plan.computing)
    parts = (
        quick_parts(source, name, plan.seed) if plan.quick else parts_of(source, name, plan.seed)
    )
    if not first:
        parts = _small(parts)
    tokens = QUICK_TOKENS if plan.quick else None if first else LARGE_TOKENS
    bench.prepare(parts[0], tokens)
    return _Line(bench, parts)


def parts_of(source: Source, name: str, seed: int) -> list[Questions]:
    """Return a benchmark's sample: whole subjects, or all slices of one category or of everything."""
    if name in SUBJECTS:
        typical = typical_parts(source, name, source.tokenizer(), SHAPES[SMALL].context)
        drawn = source.drawn(name, SUBJECTS[name], seed, typical)
        return [source.questions(name, [part]) for part in drawn]
    return slices(source.questions(name, source.drawn(name, 1, seed)), SLICES[name])


def quick_parts(source: Source, name: str, seed: int) -> list[Questions]:
    """Return the first questions of the sample, twice: two pairs."""
    return [source.questions(name, source.drawn(name, 1, seed), QUICK_ITEMS[name])] * 2


def _small(parts: Sequence[Questions]) -> list[Questions]:
    """Return slices for a large model: the first questions of three parts."""
    return [first(part, ITEMS_OF_LARGE) for part in parts[:3]]


def _turns(lines: Sequence[_Line], seconds: float) -> Iterator[_Line]:
    """Give each benchmark its turn for as long as there are parts and time; one turn each has at least."""
    more = True
    while more:
        more = False
        for line in lines:
            if line.parts and (not line.pairs or _spent(lines) + _cost(line.pairs[-1]) <= seconds):
                more = True
                yield line


def _next_pair(line: _Line, say: Say) -> None:
    questions = line.parts.pop(0)
    pair = line.bench.pair(questions, restricted=len(line.pairs) < RESTRICTED)
    line.pairs.append(pair)
    say(
        f"{line.bench.subject.name} {line.bench.benchmark} {', '.join(pair.parts)}: "
        f"ours {pair.ours.seconds:.1f} s, HFLM {pair.plain.seconds:.1f} s"
    )


def _cost(pair: Pair) -> float:
    """Return the seconds of lm-eval's side in a pair, which the next one will take again."""
    return pair.plain.seconds + (pair.restricted.seconds if pair.restricted else 0.0)


def _spent(lines: Sequence[_Line]) -> float:
    return sum(line.bench.spent for line in lines)


def _full(source: Source, plan: Plan) -> dict[str, Counts]:
    context, words = SHAPES[plan.shapes[0]].context, source.tokenizer()
    return {name: full_counts(source, name, words, context) for name in plan.benchmarks}


def _totals(measured: Sequence[Measured], full: dict[str, Counts]) -> Iterator[Total]:
    for subject in dict.fromkeys(one.subject for one in measured):
        yield total([one for one in measured if one.subject == subject], full)
