"""Write made-up entries with all their items, to see what a thousand cost; never committed as results.

Every entry says in its notes that it was drawn at random. All are asked the same data and prompts, so that
any two can be compared.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from evaluator.files import sha256_text
from evaluator.items import LEVEL, items_bytes
from evaluator.results import (
    DatasetUsed,
    LoadedModel,
    Metric,
    Provenance,
    Quantization,
    Submission,
    Timing,
    UnitResult,
    canonical_json,
)
from evaluator.suites.definitions import Benchmark, load_suite
from tests.simulated.columns import Entry, draw_entry
from tests.simulated.scores import metrics
from tests.simulated.shapes import CARDS, Shape, fits, probe_metrics

SUITE = "paper"
NOTES = "Simulated: drawn at random, no model was run."
REVISION = "0123456789" * 4
BASELINE = "bf16"
RECIPES = {
    BASELINE: Quantization(method="none", bits=16),
    "bnb-int8": Quantization(method="llm.int8", bits=8),
    "bnb-nf4": Quantization(method="nf4", bits=4),
    **{
        f"gptq-{bits}bit-g128": Quantization(method="gptq", bits=bits, group_size=128)
        for bits in (8, 4, 3, 2)
    },
    "awq-4bit-g128": Quantization(method="awq", bits=4, group_size=128),
    "spqr-4bit": Quantization(method="spqr", bits=4),
    "spqr-3bit": Quantization(method="spqr", bits=3),
}
QUICK = 9  # zstd level where many entries are written: files encoded twice as fast, 2 % larger
FLIPS = {8: 0.01, 4: 0.05, 3: 0.12, 2: 0.35}  # share of items that turn at so many bits


@dataclass(frozen=True)
class Facts:
    """What is said of an entry beside its items; with a shape it has efficiency results too.

    Attributes:
        failure: why every benchmark failed, in place of its items.
        missing: benchmarks without a result.
        gains: as `draw_entry` takes it.
    """

    license: str = "Apache-2.0"
    date: str = "2026-01-01"
    shape: Shape | None = None
    failure: str | None = None
    missing: tuple[str, ...] = ()
    gains: float = 1.0


def write_entry(
    folder: Path,
    seed: int,
    accuracy: float,
    base: Entry | None = None,
    flips: float = 0.05,
    level: int = LEVEL,
    facts: Facts = Facts(),
) -> Entry:
    """Write one entry, `<root>/<org>--<model>/<variant>` with a variant of `RECIPES`; return what was drawn.

    With a base, such as this returned of the family's baseline, it is its variant, in which `flips` of the
    items turn. The same seed and accuracy give the same files; `level` is zstd's.
    """
    drawn = draw_entry(seed, accuracy, base, flips, facts.gains)
    _write_submission(folder, facts)
    for benchmark in load_suite(SUITE).benchmarks:
        if benchmark.name not in facts.missing:
            _write_result(folder, benchmark, drawn, level, facts)
    if facts.shape:
        write_probes(folder, facts.shape, facts.date)
    return drawn


def write_probes(folder: Path, shape: Shape, date: str) -> None:
    """Write the efficiency results of an entry: one for each card, a failed one where it doesn't fit."""
    recipe, protocol = RECIPES[folder.name], load_suite(SUITE).efficiency
    for card in CARDS:
        fitting = fits(shape, recipe, card, protocol)
        result = UnitResult(
            kind="efficiency",
            entry=f"{folder.parent.name}/{folder.name}",
            benchmark=f"decode-{protocol.input_tokens}-{protocol.output_tokens}",
            hardware=card,
            status="ok" if fitting else "failed",
            reason=None if fitting else f"CUDA out of memory: the model doesn't fit {card}",
            metrics=probe_metrics(shape, recipe, card, protocol, seed=0) if fitting else {},
            provenance=_provenance(folder, "--only-efficiency"),
            timing=_timing(date),
        )
        file = folder / "results" / "efficiency" / card / f"{result.benchmark}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(canonical_json(result), encoding="utf-8")


def model_name(folder: Path) -> str:
    """Return the Hub id that an entry's folder stands for."""
    family = folder.parent.name.replace("--", "/")
    return family if folder.name == BASELINE else f"{family}-{folder.name}"


def _write_submission(folder: Path, facts: Facts) -> None:
    submission = Submission(
        model=model_name(folder),
        revision=REVISION,
        base_model=folder.parent.name.replace("--", "/"),
        base_revision=REVISION,
        quantization=RECIPES[folder.name],
        dtype="bfloat16",
        license=facts.license,
        chat=True,
        suite=[SUITE],
        notes=NOTES,
    )
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(submission.model_dump(mode="json", exclude_none=True))
    (folder / "submission.yaml").write_text(text, encoding="utf-8")


def _write_result(
    folder: Path, benchmark: Benchmark, drawn: Entry, level: int, facts: Facts
) -> None:
    suite, columns = load_suite(SUITE), drawn.columns[benchmark.name]
    file = folder / "results" / suite.label / f"{benchmark.name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    result = UnitResult(
        kind="benchmark",
        entry=f"{folder.parent.name}/{folder.name}",
        suite=suite.label,
        benchmark=benchmark.name,
        status="failed" if facts.failure else "ok",
        reason=facts.failure,
        provenance=_provenance(folder, f"--benchmarks {benchmark.name} --no-efficiency"),
        timing=_timing(facts.date),
    )
    if not facts.failure:
        content = items_bytes(columns, level=level)
        file.with_suffix(".parquet").write_bytes(
            content
        )  # unlike `write_items`, not flushed to disk
        result = _with_items(result, benchmark, metrics(benchmark.name, columns), content)
    file.write_text(canonical_json(result), encoding="utf-8")


def _with_items(
    result: UnitResult, benchmark: Benchmark, found: dict[str, Metric], content: bytes
) -> UnitResult:
    data = benchmark.dataset
    used = DatasetUsed(
        path=data.path,
        revision=data.revision,
        split=data.split,
        fingerprint=sha256_text("simulated", "data", benchmark.name),
        rows=max(metric.n or 0 for metric in found.values()),
    )
    asked = {
        "datasets": [used],
        "prompt_hash": sha256_text("simulated", "prompts", benchmark.name),
        "shots": 0,
        "chat_template_applied": True,
        "decoding": {"do_sample": False},
    }
    update = {
        "metrics": found,
        "items": f"{benchmark.name}.parquet",
        "items_sha256": hashlib.sha256(content).hexdigest(),
        "provenance": result.provenance.model_copy(update=asked),
    }
    return result.model_copy(update=update)


def _provenance(folder: Path, what: str) -> Provenance:
    name = f"{folder.parent.name}/{folder.name}"
    return Provenance(
        command=f"quantboard run {name} --suite {SUITE} {what}",
        model=LoadedModel(
            id=model_name(folder), revision=REVISION, dtype="bfloat16", device="cuda:0"
        ),
        notes=[NOTES],
    )


def _timing(date: str) -> Timing:
    return Timing(started=f"{date}T00:00:00Z", finished=f"{date}T00:01:00Z", seconds=60)
