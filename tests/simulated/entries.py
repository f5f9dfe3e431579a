"""Write made-up entries with all their items, to see what a thousand cost; never committed as results.

Every entry says in its notes that it was drawn at random. All are asked the same data and prompts, so that
any two can be compared.
"""

import hashlib
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


def write_entry(
    folder: Path,
    seed: int,
    accuracy: float,
    base: Entry | None = None,
    flips: float = 0.05,
    level: int = LEVEL,
) -> Entry:
    """Write one entry, `<root>/<org>--<model>/<variant>` with a variant of `RECIPES`; return what was drawn.

    With a base, such as this returned of the family's baseline, it is its variant, in which `flips` of the
    items turn. The same seed and accuracy give the same files; `level` is zstd's.
    """
    drawn = draw_entry(seed, accuracy, base, flips)
    model = folder.parent.name.replace("--", "/")
    _write_submission(folder, model)
    for benchmark in load_suite(SUITE).benchmarks:
        _write_result(folder, model, benchmark, drawn, level)
    return drawn


def write_tree(root: Path, entries: int, seed: int = 0) -> None:
    """Write so many entries in families of ten, their baselines between accuracies of 0.3 and 0.9."""
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


def _write_submission(folder: Path, model: str) -> None:
    recipe = RECIPES[folder.name]
    submission = Submission(
        model=model if folder.name == BASELINE else f"{model}-{folder.name}",
        revision=REVISION,
        base_model=model,
        base_revision=REVISION,
        quantization=recipe,
        dtype="bfloat16",
        license="Apache-2.0",
        chat=True,
        suite=[SUITE],
        notes=NOTES,
    )
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(submission.model_dump(mode="json", exclude_none=True))
    (folder / "submission.yaml").write_text(text, encoding="utf-8")


def _write_result(folder: Path, model: str, benchmark: Benchmark, drawn: Entry, level: int) -> None:
    suite, columns = load_suite(SUITE), drawn.columns[benchmark.name]
    file = folder / "results" / suite.label / f"{benchmark.name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = items_bytes(columns, level=level)
    file.with_suffix(".parquet").write_bytes(content)  # unlike `write_items`, not flushed to disk
    found = metrics(benchmark.name, columns)
    result = UnitResult(
        kind="benchmark",
        entry=f"{folder.parent.name}/{folder.name}",
        suite=suite.label,
        benchmark=benchmark.name,
        status="ok",
        metrics=found,
        items=file.with_suffix(".parquet").name,
        items_sha256=hashlib.sha256(content).hexdigest(),
        provenance=_provenance(folder, model, benchmark, found),
        timing=Timing(started="2026-01-01T00:00:00Z", finished="2026-01-01T00:01:00Z", seconds=60),
    )
    file.write_text(canonical_json(result), encoding="utf-8")


def _provenance(
    folder: Path, model: str, benchmark: Benchmark, found: dict[str, Metric]
) -> Provenance:
    data = benchmark.dataset
    name = f"{folder.parent.name}/{folder.name}"
    asked = model if folder.name == BASELINE else f"{model}-{folder.name}"
    used = DatasetUsed(
        path=data.path,
        revision=data.revision,
        split=data.split,
        fingerprint=sha256_text("simulated", "data", benchmark.name),
        rows=max(metric.n or 0 for metric in found.values()),
    )
    return Provenance(
        command=f"quantboard run {name} --suite {SUITE} --benchmarks {benchmark.name} --no-efficiency",
        model=LoadedModel(id=asked, revision=REVISION, dtype="bfloat16", device="cuda:0"),
        datasets=[used],
        prompt_hash=sha256_text("simulated", "prompts", benchmark.name),
        shots=0,
        chat_template_applied=True,
        decoding={"do_sample": False},
        notes=[NOTES],
    )
