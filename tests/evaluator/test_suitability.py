"""Which models are scored over a prefix tree, which by a plain path, and what the result says of it."""

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.models import load
from tests.evaluator.tiny_model import WORDS
from tests.evaluator.tree_families import PLAIN, SHARED, family, t5

torch = pytest.importorskip("torch", reason="scoring needs torch")
pytest.importorskip("transformers", reason="scoring needs transformers")

LONGEST = 48  # tokens of the longest prompt, unless a test says otherwise
TARGETS = np.array([5, 6, 7])


def way(model: Any, longest: int = LONGEST, *, exact: bool = False) -> Any:
    """Return the way that is chosen for a model."""
    from evaluator.scoring.output_head import output_head
    from evaluator.scoring.suitability import choose_way

    return choose_way(model, output_head(model), longest, exact=exact)


def prompts() -> list[Any]:
    """Return prompts that branch after 0, 12 and 25 tokens, all of them random."""
    draw = np.random.default_rng(1)
    trunk = draw.integers(4, WORDS, 30)
    shapes = ((30, 12), (25, 5), (25, 20), (12, 30), (0, 9))
    return [
        np.concatenate([trunk[:common], draw.integers(4, WORDS, own)]).astype(np.int32)
        for common, own in shapes
    ]


def over_tree(model: Any) -> list[float]:
    """Return the log-likelihoods of the targets behind each prompt, scored over the tree."""
    from evaluator.scoring.output_head import output_head
    from evaluator.scoring.tree.likelihoods import Continuation, Sizes, Work, score

    requests = [Continuation(tokens, TARGETS) for tokens in prompts()]
    found: dict[int, float] = {}
    head = output_head(model)
    assert head is not None
    for numbers, answers in score(model, head, requests, Sizes(32, 8), Work()):
        found |= {number: value for number, (value, _) in zip(numbers, answers, strict=True)}
    return [found[number] for number in range(len(requests))]


def row_by_row(model: Any) -> list[float]:
    """Return the same from one forward pass per prompt, and nothing of the engine's."""
    values = []
    for tokens in prompts():
        with torch.no_grad():
            logits = model(torch.from_numpy(tokens.astype(np.int64))[None]).logits[0].float()
        places = torch.arange(-len(TARGETS), 0)
        values.append(float(logits.log_softmax(-1)[places, torch.from_numpy(TARGETS)].sum()))
    return values


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_family_has_the_scores_of_single_rows(name: str) -> None:
    """Where the way says `shared`, the tree gives what single forward passes give."""
    model = family(name, **SHARED[name])
    chosen = way(model)
    assert chosen.shared, chosen.reason
    assert "prefix tree: checked against single rows" in chosen.reason
    assert over_tree(model) == pytest.approx(row_by_row(model), abs=2e-4)


@pytest.mark.parametrize("name", PLAIN)
def test_other_families_are_told_why_not(name: str) -> None:
    """Recurrent, windowed and biased models take the plain path, in batches, with a reason."""
    settings, reason = PLAIN[name]
    chosen = way(family(name, **settings))
    assert (chosen.shared, chosen.alone) == (False, False)
    assert chosen.reason == f"plain: {reason}"


def test_a_window_counts_only_where_a_prompt_is_longer() -> None:
    """A window as long as the longest prompt changes nothing; one token more, and it does."""
    model = family("mistral", sliding_window=64)
    assert way(model, 64).shared
    assert way(model, 65).reason == (
        "plain: sliding windows of 64 tokens are shorter than the longest prompt (65)"
    )


def test_exact_is_one_row_at_a_time() -> None:
    """--exact shares nothing, whatever the model could do."""
    chosen = way(family("llama"), exact=True)
    assert (chosen.shared, chosen.alone) == (False, True)
    assert chosen.reason == "plain, one row at a time: --exact"


def test_an_encoder_goes_row_by_row() -> None:
    """A model with an encoder has no tree, and no padding in front of its encoder."""
    chosen = way(t5())
    assert (chosen.shared, chosen.alone) == (False, True)
    assert chosen.reason == "plain, one row at a time: an encoder reads the prompts"


def test_rotary_embeddings_that_grow_go_row_by_row_beyond_their_length() -> None:
    """With dynamic scaling the longest row of a batch sets the positions of all."""
    model = family(
        "llama", rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}
    )
    assert way(model, 256).shared
    chosen = way(model, 257)
    assert chosen.alone
    assert "positions change with the longest row of a batch beyond 256 tokens" in chosen.reason


def test_a_model_that_looks_ahead_goes_row_by_row() -> None:
    """Found by trial: where a row's padding is seen by its tokens, no two rows share a batch."""
    chosen = way(family("bert"))
    assert (chosen.shared, chosen.alone) == (False, True)
    assert "one row at a time: a row's scores change by" in chosen.reason


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_wrong_mask_is_found_by_trial(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a seeded fault, tokens that see their siblings, the tree is refused in any dtype."""
    from evaluator.scoring.tree.packs import Block

    def earlier(block: Block) -> Any:
        shape = (len(block.own), block.prefix + len(block.own))
        return np.tri(*shape, block.prefix, dtype=bool)

    monkeypatch.setattr(Block, "mask", earlier)
    chosen = way(family("llama").to(getattr(torch, dtype)))
    assert not chosen.shared
    assert chosen.reason.startswith(
        "plain: branches of a prefix tree change each other's scores by"
    )


def test_wrong_positions_are_found_by_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a seeded fault, positions counted through a pack, the tree is refused."""
    from evaluator.scoring.output_head import hidden_states
    from evaluator.scoring.tree import passes

    monkeypatch.setattr(
        passes, "hidden_states", lambda model, tokens, **_: hidden_states(model, tokens)
    )
    chosen = way(family("llama"))
    assert not chosen.shared
    assert chosen.reason.startswith("plain: over a prefix tree its scores differ from single rows'")


def test_one_dynamic_scale_for_a_batch_goes_row_by_row() -> None:
    """Activations quantized by one scale per tensor depend on the batch; one per token doesn't."""
    pytest.importorskip("torchao", reason="quantizing activations needs torchao")
    from torchao.quantization import (
        Int8DynamicActivationInt8WeightConfig,
        PerRow,
        PerTensor,
        quantize_,
    )

    chosen = {}
    for granularity in (PerTensor, PerRow):
        model = family("llama").to(torch.bfloat16)
        config = Int8DynamicActivationInt8WeightConfig(granularity=granularity())
        quantize_(model.model, config)
        chosen[granularity] = way(model)
    assert chosen[PerTensor].alone
    assert "activations share one scale, found over all rows of a batch" in chosen[PerTensor].reason
    assert not chosen[PerRow].alone


@pytest.mark.parametrize(
    ("inputs", "alone"),
    [
        ({"dynamic": True, "strategy": "tensor"}, True),
        ({"dynamic": True, "strategy": "token"}, False),
        ({"dynamic": False, "strategy": "tensor"}, False),
    ],
)
def test_what_compressed_tensors_says_of_activations_is_read(inputs: Any, alone: bool) -> None:
    """Of a checkpoint's config only dynamic scales per tensor forbid batches."""
    model = family("llama")
    groups = {"group_0": {"input_activations": {"num_bits": 8, **inputs}, "targets": ["Linear"]}}
    model.config.quantization_config = {
        "quant_method": "compressed-tensors",
        "config_groups": groups,
    }
    assert way(model).alone is alone


@pytest.fixture(scope="module")
def mini() -> Path:
    """Return the embedded model's folder."""
    return Path(str(resources.files("evaluator") / "mini" / "model"))


def test_llm_int8_goes_row_by_row(mini: Path) -> None:
    """Its outlier columns are found over all rows of a batch."""
    loaded = load(mini, identifier="local/mini", dtype="float32", method="llm.int8", threads=1)
    chosen = way(loaded.model)
    assert (chosen.shared, chosen.alone) == (False, True)
    assert chosen.reason == (
        "plain, one row at a time: LLM.int8 finds outliers over all rows of a batch"
    )


def test_nf4_is_shared(mini: Path) -> None:
    """Its weights are quantized, its activations are not."""
    loaded = load(mini, identifier="local/mini", dtype="float32", method="nf4", threads=1)
    assert way(loaded.model).shared


def test_a_model_is_tried_once() -> None:
    """The second choice for one model object costs no forward pass."""
    model = family("llama")
    way(model)
    from evaluator.scoring.output_head import output_head
    from evaluator.scoring.suitability import choose_way

    head, passes = output_head(model), []
    model.register_forward_hook(lambda *_: passes.append(1))
    model.model.register_forward_hook(lambda *_: passes.append(1))
    assert choose_way(model, head, LONGEST, exact=False).shared
    assert passes == []
