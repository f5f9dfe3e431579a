"""Show that the same run gives the same items, and another batch size the same but for counted near-ties."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.scoring.computing import Computing
from evaluator.scoring.near_ties import NEAR
from tests.verify import real_rows
from tests.verify.report import ROOT, Context, require, shared_folder

if TYPE_CHECKING:
    from evaluator.scoring.outcome import Outcome

ROWS = 60  # of every data set; then a limit of so many items for each model
LIMITS = {"stories260K": 12, "mini": 4}
QUICK_LIMITS = {"stories260K": 3}
BENCHMARKS = (
    "mmlu", "ceval", "flores", "cnn_dailymail", "xsum", "gsm8k", "snli", "followbench", "truthfulqa", "bbq",
    "wikitext2", "c4",
)  # fmt: skip
QUICK = ("gsm8k", "truthfulqa")
BATCHES = (4, 3)  # the second leaves other items together, and other padding
NATS = 1e-3  # that two batch sizes' likelihoods of a choice may lie apart, in float32


@dataclass(frozen=True)
class Compared:
    """What came of two batch sizes on some items: how many differ, and how many hung on a near-tie."""

    items: int
    different: int
    near: int
    unexplained: list[str]
    apart: float


@dataclass(frozen=True)
class Loaded:
    """A model in float32 with its tokenizer."""

    name: str
    model: Any
    tokenizer: Any

    @property
    def context(self) -> int:
        """Return its context length in tokens."""
        return int(self.model.config.max_position_embeddings)


def show(context: Context) -> str:
    """Show two equal runs and one in other batches, on real items of suites `paper` and `harness`."""
    shared = shared_folder()
    hub = real_rows.sample(shared / "hub", context.scratch / "repeat", ROWS)
    folders = {
        "stories260K": shared / "models" / "stories260K",
        "mini": ROOT / "evaluator" / "mini" / "model",
    }
    compared: list[Compared] = []
    for name, limit in (QUICK_LIMITS if context.quick else LIMITS).items():
        loaded = _load(name, folders[name])
        if context.broken(6):
            _add_noise(loaded.model)
        compared += [
            _compare(loaded, suite, benchmark, hub, limit)
            for suite in ("paper", "harness")
            for benchmark in (QUICK if context.quick else BENCHMARKS)
        ]
    unexplained = [text for one in compared for text in one.unexplained]
    require(not unexplained, f"differ without a near-tie: {', '.join(unexplained[:5])}")
    items, different, near = (
        sum(getattr(one, name) for one in compared) for name in ("items", "different", "near")
    )
    apart = max(one.apart for one in compared)
    return (
        f"{items} items in {len(compared)} runs of both suites, each twice the same; in batches of "
        f"{BATCHES[1]} instead of {BATCHES[0]} {different} differ, {near} hung on less than {NEAR:g} nats, "
        f"likelihoods at most {apart:.0e} nats apart"
    )


def _load(name: str, folder: Path) -> Loaded:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    return Loaded(name, model, AutoTokenizer.from_pretrained(folder))


def _add_noise(model: Any) -> None:
    """Put the fault in: every forward pass adds other noise to the logits."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def disturb(_module: Any, _inputs: Any, logits: Any) -> Any:
        return logits + 0.1 * torch.randn(logits.shape, generator=generator)

    model.get_output_embeddings().register_forward_hook(disturb)


def _run(loaded: Loaded, suite: str, name: str, hub: Path, limit: int, batch: int) -> "Outcome":
    """Return what one benchmark gives in batches of a size."""
    from evaluator.scoring import run_benchmark
    from evaluator.suites.definitions import load_suite

    chosen = load_suite(suite)
    return run_benchmark(
        loaded.model,
        loaded.tokenizer,
        loaded.context,
        chosen,
        chosen.benchmark(name),
        datasets_folder=hub,
        limit=limit,
        computing=Computing(batch_size=batch),
    )


def _compare(loaded: Loaded, suite: str, name: str, hub: Path, limit: int) -> Compared:
    first, again = (_run(loaded, suite, name, hub, limit, BATCHES[0]) for _ in range(2))
    where = f"{loaded.name}, {suite}/{name}"
    same = dataclasses.asdict(first) == dataclasses.asdict(again)
    require(same, f"{where}: two runs differ")
    other = _run(loaded, suite, name, hub, limit, BATCHES[1])
    return compare(where, first, other)


def compare(where: str, first: "Outcome", other: "Outcome") -> Compared:
    """Compare two outcomes item by item; as many items may differ as hung on a near-tie."""
    one, two = _answers(first), _answers(other)
    require(len(one) == len(two), f"{where}: another number of items")
    different = sum(a != b for a, b in zip(one, two, strict=True))
    near = max(first.near_ties, other.near_ties)
    pairs = zip(first.texts, other.texts, strict=True)
    apart = max((_apart(*pair) for pair in pairs), default=0.0)
    apart = max(apart, _furthest(first.columns.get("nll", []), other.columns.get("nll", [])))
    unexplained = []
    if different > near:
        unexplained.append(f"{where}: {different} items, {near} near-ties")
    if apart > NATS:
        unexplained.append(f"{where}: likelihoods {apart:.1e} nats apart")
    return Compared(len(one), different, near, unexplained, apart)


def _answers(outcome: "Outcome") -> list[tuple[Any, ...]]:
    """Return what each item came to: the choice, whether it is right, and the text that was generated."""
    columns = outcome.columns
    texts = [text.get("output") for text in outcome.texts] if outcome.texts else []
    some = texts[: len(columns["answer"])] or [None] * len(columns["answer"])
    return list(zip(columns["answer"], columns["correct"], some, strict=True))


def _apart(one: dict[str, Any], two: dict[str, Any]) -> float:
    return _furthest(one.get("likelihoods", []), two.get("likelihoods", []))


def _furthest(one: Sequence[float | None], two: Sequence[float | None]) -> float:
    """Return the largest difference of two lists of numbers; what is no number in both is equal."""
    pairs = [(a, b) for a, b in zip(one, two, strict=True) if a is not None and b is not None]
    return max((abs(a - b) for a, b in pairs if math.isfinite(a)), default=0.0)
