"""Make trees of submissions with made-up figures, for tests alone; never committed as results."""

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from sitegen import efficiency, probes

from evaluator.results import (
    Calibration,
    DatasetUsed,
    LoadedModel,
    Method,
    Metric,
    Provenance,
    Quantization,
    Submission,
    Timing,
    UnitResult,
    canonical_json,
    derived_variant,
    family_folder,
)
from evaluator.suites.definitions import Benchmark, MetricDefinition, load_suite

BASE = "local/tiny-llama"
HARDWARE = "nvidia-a100-80gb"
ITEMS = 400
XSS = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">\'"=HYPERLINK("x")'


@dataclass(frozen=True)
class Recipe:
    """One variant to make; `loss` is the share of quality that it has lost."""

    method: Method
    bits: int
    loss: float
    effective_bits: float
    speed: float
    group_size: int | None = None


@dataclass(frozen=True)
class Shape:
    """A model of real size: weights, bytes of KV cache per token, and how good its base is, 1 at best."""

    base: str
    weights: float
    cache: float
    quality: float
    embeddings: float = 0.0  # weights that stay in 16 bits
    context_length: int = 4096


PLAIN = Shape(BASE, 7.6e9, 57_344, 1.0)
SHAPES = (
    Shape("simulated/small-1.5B", 1.54e9, 28_672, 0.72, 0.23e9, 32_768),
    Shape("simulated/middle-7B", 7.62e9, 57_344, 0.9, 1.09e9, 32_768),
    Shape("simulated/old-7B", 6.74e9, 524_288, 0.8, 0.26e9, 2048),
    Shape("simulated/large-14B", 14.77e9, 196_608, 0.95, 1.56e9, 32_768),
    Shape("simulated/huge-70B", 70.6e9, 327_680, 1.0, 2.1e9, 131_072),
)
RECIPES = (
    Recipe("none", 16, 0.0, 16.0, 61.0),
    Recipe("llm.int8", 8, 0.003, 8.06, 19.4),
    Recipe("nf4", 4, 0.03, 4.5, 44.1),
    Recipe("gptq", 8, 0.004, 8.16, 38.0, 128),
    Recipe("gptq", 4, 0.025, 4.16, 66.3, 128),
    Recipe("gptq", 3, 0.11, 3.16, 40.2, 128),
    Recipe("gptq", 2, 0.45, 2.16, 52.9, 128),
    Recipe("awq", 4, 0.02, 4.16, 71.5, 128),
)


def submission(recipe: Recipe, base: str = BASE, notes: str | None = None) -> Submission:
    """Return the submission of a recipe."""
    calibrated = recipe.method in ("gptq", "awq")
    quantization = Quantization(
        method=recipe.method,
        bits=recipe.bits,
        group_size=recipe.group_size,
        symmetric=True if calibrated else None,
        act_order=False if recipe.method == "gptq" else None,
        tool="gptqmodel" if calibrated else None,
        tool_version="7.6.0" if calibrated else None,
        calibration=Calibration(dataset="mini", samples=128, sequence_length=256)
        if calibrated
        else None,
    )
    return Submission(
        model=f"{base}-{derived_variant(quantization, 'bfloat16')}".replace("local/", "quantizer/"),
        revision="a1b2c3d4" * 5,
        base_model=base,
        quantization=quantization,
        dtype="bfloat16",
        license="Apache-2.0",
        chat=True,
        notes=notes,
    )


def metric(definition: MetricDefinition, recipe: Recipe, shift: float) -> Metric:
    """Return a plausible value of a metric after the recipe's loss, with its interval."""
    if definition.highest is None:
        value = (7.5 + 5 * shift) * math.exp(3.2 * recipe.loss)
        error = value * 0.01
    elif definition.direction == "zero":
        value, error = 0.08 - 0.1 * recipe.loss + 0.05 * shift, 0.02
    else:
        best = definition.highest
        start = definition.chance or 0.0
        value = start + (best - start) * (0.45 + 0.4 * shift) * (1 - recipe.loss)
        error = best * 0.5 / math.sqrt(ITEMS)
    value = round(value, 4)
    ci95 = (round(value - 1.96 * error, 4), round(value + 1.96 * error, 4))
    return Metric(value=value, stderr=round(error, 4), ci95=ci95, n=ITEMS)


def provenance(
    name: str, suite: str, benchmark: str | None, context_length: int = PLAIN.context_length
) -> Provenance:
    """Return where a made-up result comes from."""
    what = f"--benchmarks {benchmark} --no-efficiency" if benchmark else "--only-efficiency"
    used = DatasetUsed(
        path=benchmark or "",
        split="test",
        fingerprint=hashlib.sha256((benchmark or "").encode()).hexdigest(),
        rows=ITEMS,
    )
    return Provenance(
        command=f"quantboard run {name} --suite {suite} {what}",
        model=LoadedModel(
            id=BASE,
            dtype="bfloat16",
            device="cuda:0",
            kernels={"Linear": 28},
            context_length=context_length,
        ),
        datasets=[used] if benchmark else [],
        prompt_hash="f" * 64 if benchmark else None,
        shots=0 if benchmark else None,
        packages={"torch": "2.13.0", "transformers": "5.23.0"},
        hardware={"accelerator": "NVIDIA A100 80GB"},
    )


TIMING = Timing(started="2026-11-20T10:00:00Z", finished="2026-11-20T10:02:30Z", seconds=150.0)


def benchmark_result(
    name: str, recipe: Recipe, benchmark: Benchmark, suite: str = "mini", reason: str | None = None
) -> UnitResult:
    """Return one benchmark's result; a failed one where a reason is given."""
    shift = (sum(benchmark.name.encode()) % 10) / 10
    measured = {
        key: metric(definition, recipe, shift) for key, definition in benchmark.metrics.items()
    }
    return UnitResult(
        kind="benchmark",
        entry=name,
        suite=load_suite(suite).label,
        benchmark=benchmark.name,
        status="failed" if reason else "ok",
        reason=reason,
        metrics={} if reason else measured,
        groups={} if reason else {"first half": measured, "second half": measured},
        provenance=provenance(name, suite, benchmark.name),
        timing=TIMING,
    )


def probe_result(
    name: str,
    recipe: Recipe,
    suite: str = "mini",
    hardware: str = HARDWARE,
    shape: Shape = PLAIN,
) -> UnitResult:
    """Return the efficiency probe's result of a recipe."""
    protocol = load_suite(suite).efficiency
    tokens = protocol.input_tokens + protocol.output_tokens
    linear = shape.weights - shape.embeddings
    weights = round(linear * recipe.effective_bits / 8 + shape.embeddings * 2)
    raw = [recipe.speed * factor for factor in (0.99, 1.0, 1.01)]
    return UnitResult(
        kind="efficiency",
        entry=name,
        benchmark=probes.probe_name(load_suite(suite)),
        hardware=hardware,
        status="ok",
        metrics={
            efficiency.DISK: Metric(value=weights * 1.08),
            efficiency.BITS: Metric(value=recipe.effective_bits),
            "weight_bytes": Metric(value=weights),
            "kv_bytes_per_token_formula": Metric(value=shape.cache),
            "kv_bytes_per_token_measured": Metric(value=shape.cache),
            "input_tokens": Metric(value=protocol.input_tokens),
            "output_tokens": Metric(value=protocol.output_tokens),
            efficiency.PEAK: Metric(value=round(weights * 1.04 + shape.cache * tokens + 2e8)),
            efficiency.SPEED: Metric(
                value=recipe.speed, ci95=(raw[0], raw[-1]), n=len(raw), raw=raw
            ),
            "time_to_first_token_seconds": Metric(value=0.0213, raw=[0.021, 0.0213, 0.022]),
        },
        provenance=provenance(name, suite, None, shape.context_length),
        timing=TIMING,
    )


def write_submission(root: Path, given: Submission, suffix: str = "") -> Path:
    """Write a submission into its folder and return the folder."""
    variant = derived_variant(given.quantization, given.dtype) + suffix
    folder = root / family_folder(given.base_model) / variant
    folder.mkdir(parents=True)
    text = yaml.safe_dump(given.model_dump(mode="json", exclude_none=True), allow_unicode=True)
    (folder / "submission.yaml").write_text(text, encoding="utf-8")
    return folder


def write_result(folder: Path, result: UnitResult, number: int = 1) -> None:
    """Write a result where the contract wants it."""
    group = result.suite or f"efficiency/{result.hardware}"
    ending = ".json" if number == 1 else f".{number}.json"
    path = folder / "results" / group / f"{result.benchmark}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(canonical_json(result), encoding="utf-8")


def add_entry(
    root: Path,
    recipe: Recipe,
    *,
    base: str = BASE,
    suite: str = "mini",
    suffix: str = "",
    notes: str | None = None,
    failed: dict[str, str] | None = None,
    probe: bool = True,
) -> Path:
    """Write an entry with all results of a suite; `failed` says of benchmarks why they failed."""
    folder = write_submission(root, submission(recipe, base, notes), suffix)
    name = f"{folder.parent.name}/{folder.name}"
    for benchmark in load_suite(suite).benchmarks:
        reason = (failed or {}).get(benchmark.name)
        write_result(folder, benchmark_result(name, recipe, benchmark, suite, reason))
    if probe:
        write_result(folder, probe_result(name, recipe, suite))
    return folder


def full_tree(root: Path) -> Path:
    """Write a family with every method, a failed entry, a family without a base, and hostile texts."""
    root.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        add_entry(root, recipe, notes=XSS if recipe.method == "nf4" else None)
    every = {one.name: "CUDA out of memory. " + XSS for one in load_suite("mini").benchmarks}
    add_entry(root, RECIPES[5], suffix="-again", failed=every, probe=False)
    add_entry(root, RECIPES[4], base="org/no-base-7B")
    return root


def shaped_tree(root: Path, suite: str = "mini") -> Path:
    """Write families of real shapes, 1.5B to 70B, with every method, and an entry without a probe."""
    root.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES:
        for recipe in RECIPES:
            add_shaped(root, shape, recipe, suite)
    add_entry(root, RECIPES[4], base=SHAPES[1].base, suite=suite, suffix="-other", probe=False)
    return root


def add_shaped(
    root: Path, shape: Shape, recipe: Recipe, suite: str = "mini", suffix: str = ""
) -> Path:
    """Write an entry of a shape: its quality is its base's less what the recipe loses."""
    lowered = replace(recipe, loss=1 - shape.quality * (1 - recipe.loss))
    folder = add_entry(
        root,
        lowered,
        base=shape.base,
        suite=suite,
        suffix=suffix,
        notes="Simulated: no model was run.",
        probe=False,
    )
    name = f"{folder.parent.name}/{folder.name}"
    write_result(folder, probe_result(name, recipe, suite, shape=shape))
    return folder


if __name__ == "__main__":
    import sys

    full_tree(Path(sys.argv[1]))
