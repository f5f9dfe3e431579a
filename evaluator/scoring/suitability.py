"""Choose how a model's likelihoods are computed: over the token tree, or by a plain path exact for it.

A tree holds where each token's states depend on its ancestors and their places alone. What a config or a
module says against that is heeded first; then the tree is tried on the model itself (`tree.trial`), so that a
family nobody thought of takes the plain path too. The reason goes into the result.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from evaluator.scoring.output_head import OutputHead
from evaluator.scoring.tree.trial import FLOOR, Trial, attempt

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ATTENTION = {"full_attention", "attention", "sliding_attention", "chunked_attention"}
OTHER_LAYERS = {"mlp", "moe", "dense", "sparse"}  # each token by itself
LAYERS = ("layer_types", "layers_block_type", "block_types")

# settings that bound how far back a token sees, and those which only sound like it
BOUND = re.compile(r"(window|chunk|local_attention|index_topk)(?!.*pattern)")
NO_BOUND = {"max_window_layers", "chunk_size_feed_forward"}

GROWING = ("dynamic", "longrope")  # rotary embeddings that a batch's longest row changes


@dataclass(frozen=True)
class Way:
    """How likelihoods are computed.

    Attributes:
        shared: over the token tree.
        reason: one short sentence for the result.
        alone: where not over the tree, one row at a time, without padding.
    """

    shared: bool
    reason: str
    alone: bool


def choose_way(
    model: "PreTrainedModel",
    head: OutputHead | None,
    longest: int,
    *,
    exact: bool,
    method: str | None = None,
) -> Way:
    """Choose the way for prompts of up to `longest` tokens; the model is tried once and remembered.

    Args:
        model: a loaded model, in evaluation mode.
        head: its output head, as `output_head` gives it.
        longest: tokens of the longest request.
        exact: whether the user asked for single rows.
        method: how the weights are quantized, as `Loaded.method` says it; only named in the reason.
    """
    if exact:
        return _alone("--exact")
    against = next((why for rule in BATCHES if (why := rule(model, longest))), None)
    if against:
        return _alone(against)
    against = next((why for rule in TREES if (why := rule(model, longest))), None)
    if head is None and against is None:
        against = "its output head can't be told from its body"
    trial = _tried(model, None if against else head)
    return _plain(against, trial) if against else _judged(trial, method)


def _alone(why: str) -> Way:
    return Way(shared=False, reason=f"plain, one row at a time: {why}", alone=True)


def _plain(why: str, trial: Trial) -> Way:
    """Take the plain path; row by row, if the trial showed that rows of a batch change each other."""
    if trial.apart:
        return Way(shared=False, reason=f"plain: {why}", alone=False)
    return _alone(f"{why}; {_together(trial)}")


def _judged(trial: Trial, method: str | None) -> Way:
    if not trial.apart:
        return _alone(_together(trial))
    if trial.tree is None or not (trial.attended and trial.hidden and trial.close):
        return _plain(_unlike(trial), trial)
    kind = "" if method in (None, "none") else f" with {method}"
    own = trial.kernels.largest
    beside = f" (its own kernels: {_figure(own)})" if own > FLOOR else ""
    figure = f"largest difference {_figure(trial.tree.largest)}{beside}"
    reason = f"prefix tree: checked against single rows{kind}, {figure}"
    return Way(shared=True, reason=reason, alone=False)


def _together(trial: Trial) -> str:
    return f"a row's scores change by {_figure(trial.beside)} with what is beside it in a batch"


def _unlike(trial: Trial) -> str:
    if trial.failure:
        return f"its forward pass can't take a prefix tree ({trial.failure})"
    if trial.tree is None or not trial.attended:
        return "its layers don't all attend through transformers' interface"
    if not trial.hidden:
        return f"branches of a prefix tree change each other's scores by {_figure(trial.seen)}"
    return (
        f"over a prefix tree its scores differ from single rows' by {_figure(trial.tree.largest)}, "
        f"its own kernels' by {_figure(trial.kernels.largest)}"
    )


def _figure(value: float) -> str:
    """Write a difference with one digit: 2e-6."""
    return re.sub(r"e([+-])0", r"e\1", f"{value:.0e}").replace("e+0", "")


_TRIALS: "WeakKeyDictionary[PreTrainedModel, dict[bool, Trial]]" = WeakKeyDictionary()


def _tried(model: "PreTrainedModel", head: OutputHead | None) -> Trial:
    """Return the model's trial, with or without the tree, made on first use."""
    trials = _TRIALS.setdefault(model, {})
    if (head is None) not in trials:
        trials[head is None] = attempt(model, head)
    return trials[head is None]


Rule = Callable[["PreTrainedModel", int], str | None]


def _text(model: "PreTrainedModel") -> Any:
    return model.config.get_text_config(decoder=True)


def _encoder(model: "PreTrainedModel", _: int) -> str | None:
    return "an encoder reads the prompts" if model.config.is_encoder_decoder else None


def _outliers(model: "PreTrainedModel", _: int) -> str | None:
    """Recognise LLM.int8, which keeps a column in 16 bits as soon as one row of the batch has an outlier."""
    for module in model.modules():
        state = getattr(module, "state", None)
        if type(module).__name__ == "Linear8bitLt" and getattr(state, "threshold", 0) > 0:
            return "LLM.int8 finds outliers over all rows of a batch"
    return None


def _one_scale(model: "PreTrainedModel", _: int) -> str | None:
    """Recognise activations that are quantized by one scale, found anew for each batch."""
    config = getattr(model.config, "quantization_config", None) or {}
    settings = config if isinstance(config, Mapping) else config.to_dict()
    weights = any(_by_tensor(weight) for weight in model.parameters())
    if weights or any(_dynamic_by_tensor(found) for found in _mappings(settings)):
        return "activations share one scale, found over all rows of a batch"
    return None


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list | tuple):
        for one in inner:
            yield from _mappings(one)


def _dynamic_by_tensor(settings: Mapping[str, Any]) -> bool:
    """Read compressed-tensors' words and Quark's."""
    dynamic = settings.get("dynamic") is True or settings.get("is_dynamic") is True
    return dynamic and "tensor" in (settings.get("strategy"), settings.get("qscheme", "")[4:])


def _by_tensor(weight: Any) -> bool:
    """Read torchao's weights, which say how what they are multiplied with is quantized."""
    inputs = getattr(weight, "act_quant_kwargs", None)
    fixed = getattr(weight, "act_quant_scale", None) is not None
    return not fixed and type(getattr(inputs, "granularity", None)).__name__ == "PerTensor"


def _capacity(model: "PreTrainedModel", _: int) -> str | None:
    """Recognise experts of bounded capacity: which tokens they drop depends on the others."""
    settings = _text(model).to_dict()
    bounded = any("capacity" in name and value for name, value in settings.items())
    return "its experts drop what is beyond a batch's capacity" if bounded else None


def _rotary(model: "PreTrainedModel", longest: int) -> str | None:
    """Recognise rotary embeddings that change for all rows when one grows beyond the trained length."""
    config = _text(model)
    rotary = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None)
    for settings in _mappings(rotary or {}):
        kind = settings.get("rope_type", settings.get("type"))
        trained = settings.get("original_max_position_embeddings")
        length = trained or getattr(config, "max_position_embeddings", None) or 0
        if kind in GROWING and longest > length:
            return f"its positions change with the longest row of a batch beyond {length} tokens"
    return None


def _recurrent(model: "PreTrainedModel", _: int) -> str | None:
    config = _text(model)
    layers = next((kinds for name in LAYERS if (kinds := getattr(config, name, None))), None)
    if layers:
        other = sorted(set(layers) - ATTENTION - OTHER_LAYERS)
        return f"layers of {', '.join(other)} are no plain attention" if other else None
    return "its layers carry a state along the row" if model._is_stateful else None


def _distances(model: "PreTrainedModel", _: int) -> str | None:
    """Recognise ALiBi, whose biases count the tokens of a pass."""
    body = model.base_model
    biased = any("alibi" in name and getattr(body, name) for name in dir(body))
    return "its attention is biased by distances (ALiBi)" if biased else None


def _windows(model: "PreTrainedModel", longest: int) -> str | None:
    """Recognise attention that doesn't reach back to the beginning of the longest prompt."""
    config = _text(model)
    layers = getattr(config, "layer_types", None) or []
    if layers and set(layers) <= {"full_attention"}:
        return None
    unused = {"sliding_window"} if getattr(config, "use_sliding_window", True) is False else set()
    for name, value in config.to_dict().items():
        if not BOUND.search(name) or name in NO_BOUND | unused or type(value) is not int:
            continue
        if 0 < value < longest and not ("chunk" in name and _unchunked(layers)):
            kind = "chunks of attention" if "chunk" in name else "sliding windows"
            return f"{kind} of {value} tokens are shorter than the longest prompt ({longest})"
    return None


def _unchunked(layers: list[str]) -> bool:
    return bool(layers) and "chunked_attention" not in layers


def _counting(model: "PreTrainedModel", _: int) -> str | None:
    """Recognise layers that count the tokens of a forward pass instead of taking positions (Llama 4)."""
    tuned = getattr(_text(model), "attn_temperature_tuning", False)
    return "its attention counts the tokens of a pass to scale itself" if tuned else None


BATCHES: tuple[Rule, ...] = (_encoder, _outliers, _one_scale, _capacity, _rotary)
TREES: tuple[Rule, ...] = (_recurrent, _distances, _windows, _counting)
