"""Load a checkpoint of any served format as a transformers model, safely, and say what was loaded.

Models are built here and handed over as objects. Formats come from transformers' own quantizers;
checkpoints of auto-gptq and autoawq run on GPTQModel's kernels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.errors import InputError, ModelError
from evaluator.files import sha256_text
from evaluator.models.checks import (
    check_finite_logits,
    check_finite_weights,
    check_keys,
    check_servable,
)
from evaluator.models.environment import check_device, need_gptqmodel, prepare_environment, quiet
from evaluator.models.footprint import Footprint, footprint
from evaluator.models.inspect import ModelFolder, inspect_folder
from evaluator.models.kernels import kernel_census
from evaluator.models.shadow import shadow
from evaluator.results import LoadedModel

DTYPES = ("bfloat16", "float16", "float32")
ON_THE_FLY = ("llm.int8", "nf4")
LARGEST_TOKENIZER_LENGTH = 1_000_000_000  # transformers writes 1e30 for "no limit"


@dataclass(frozen=True)
class Loaded:
    """A model ready to be asked, with what is known of it.

    `method` is how its weights are quantized in memory, `footprint` was counted before its first
    forward pass, and `notes` are what a reader of its numbers must know.
    """

    model: Any
    tokenizer: Any
    context_length: int
    method: str
    description: LoadedModel
    folder: ModelFolder
    footprint: Footprint
    notes: tuple[str, ...] = ()


def load(  # noqa: PLR0913  (each is a choice of the user's, and all are keywords)
    folder: Path,
    *,
    identifier: str,
    revision: str | None = None,
    dtype: str = "bfloat16",
    device: str = "cpu",
    method: str = "none",
    threads: int | None = None,
) -> Loaded:
    """Load a model from its folder.

    Args:
        folder: a local folder, as `checkpoint.resolve` returns it.
        identifier: Hub id, or `local/<name>`, for the record.
        revision: commit on the Hub; None for a local folder.
        dtype: dtype of what isn't quantized, and of the computation.
        device: `cpu`, `cuda`, `cuda:<n>`, or `auto` to spread the model over all cards.
        method: `llm.int8` or `nf4` to quantize while loading; `none` to take the checkpoint as it is.
        threads: CPU threads for torch; None leaves torch's choice.

    Raises:
        ModelError: the checkpoint can't be loaded safely, or is damaged.
        InputError: dtype, device or method can't be had here.
    """
    facts = inspect_folder(folder)
    _check_choices(facts, dtype, method)
    prepare_environment(device)
    import torch

    check_device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    check_finite_weights(facts)
    dtype, notes = _served_dtype(facts, dtype, device)
    model, tokenizer = _build(facts, dtype, device, method)
    _prepare(model, tokenizer, identifier)
    size = footprint(model)
    check_finite_logits(model, identifier)
    used = facts.method if method == "none" else method
    description = _describe(facts, model, tokenizer, (identifier, revision, dtype))
    length = description.context_length or _no_context(folder)
    return Loaded(model, tokenizer, length, used, description, facts, size, notes)


def _check_choices(facts: ModelFolder, dtype: str, method: str) -> None:
    if dtype not in DTYPES:
        raise InputError(f"unknown dtype {dtype!r}; choose one of {', '.join(DTYPES)}")
    if method not in ("none", *ON_THE_FLY, facts.method):
        raise InputError(
            f"{method} can't be made while loading; choose {' or '.join(ON_THE_FLY)}, "
            "or quantize the model first"
        )
    if method in ON_THE_FLY and facts.method not in ("none", method):
        raise InputError(f"{facts.path} is already quantized with {facts.method}; load it as it is")
    check_servable(facts)
    if facts.method in ("gptq", "awq"):
        need_gptqmodel(facts.method)


def _served_dtype(facts: ModelFolder, dtype: str, device: str) -> tuple[str, tuple[str, ...]]:
    """Return the dtype that the kernels take, with a note where it isn't the one asked for."""
    if facts.method == "awq" and device != "cpu" and dtype != "float16":
        return "float16", (f"AWQ kernels on a GPU compute in float16; {dtype} was asked for",)
    return dtype, ()


def _build(facts: ModelFolder, dtype: str, device: str, method: str) -> tuple[Any, Any]:
    """Build model and tokenizer from the folder's shadow.

    Raises:
        ModelError: transformers can't build them, or they don't fit.
    """
    import torch

    with quiet(), shadow(facts, dtype=dtype) as path:
        tokenizer = _tokenizer(facts, path)
        try:
            model, keys = _from_pretrained(path, dtype, device, _on_the_fly(facts, method, dtype))
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"{facts.path} doesn't fit on {device}; take --device auto, or a larger card"
            ) from error
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"transformers can't load {facts.path}: {_first_line(error)}"
            ) from error
    check_keys(facts, keys)
    _cast(model, getattr(torch, dtype))
    return model, tokenizer


def _from_pretrained(
    path: Path, dtype: str, device: str, config: Any
) -> tuple[Any, dict[str, Any]]:
    import torch
    from transformers import AutoModelForCausalLM

    extra = {} if config is None else {"quantization_config": config}
    place = "auto" if device == "auto" else {"": "cuda:0" if device == "cuda" else device}
    model, keys = AutoModelForCausalLM.from_pretrained(
        path,
        dtype=getattr(torch, dtype),
        device_map=place,
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        **extra,
    )
    return model.eval(), keys


def _on_the_fly(facts: ModelFolder, method: str, dtype: str) -> Any:
    """Return bitsandbytes' config for a model that is quantized while loading, else None."""
    if method == "none" or facts.method == method:
        return None
    return bitsandbytes_config(method, dtype)


def bitsandbytes_config(method: str, dtype: str) -> Any:
    """Return transformers' config for LLM.int8 (threshold 6) or NF4 (blocks of 64, single scales)."""
    from transformers import BitsAndBytesConfig

    if method == "llm.int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def _tokenizer(facts: ModelFolder, path: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise ModelError(
            f"the tokenizer of {facts.path} can't be loaded: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def _cast(model: Any, dtype: Any) -> None:
    """Bring unquantized weights to the dtype: transformers leaves a bitsandbytes checkpoint's as stored."""
    if getattr(model, "quantization_method", None) is None or model.dtype == dtype:
        return
    for module in model.modules():
        if type(module).__module__.startswith(("bitsandbytes", "gptqmodel")):
            continue
        for weight in module.parameters(recurse=False):
            if weight.is_floating_point():
                weight.data = weight.data.to(dtype)


def _prepare(model: Any, tokenizer: Any, identifier: str) -> None:
    """Make generation deterministic and cached, whatever the folder's own settings say."""
    from transformers import GenerationConfig

    stored = model.generation_config
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    model.generation_config = GenerationConfig(
        bos_token_id=stored.bos_token_id,
        eos_token_id=stored.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        use_cache=True,
    )
    model.config.use_cache = True
    model.config.name_or_path = identifier  # not the shadow's path, which is gone


def _describe(
    facts: ModelFolder, model: Any, tokenizer: Any, asked: tuple[str, str | None, str]
) -> LoadedModel:
    identifier, revision, dtype = asked
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    devices = sorted({str(parameter.device) for parameter in model.parameters()})
    return LoadedModel(
        id=identifier,
        revision=revision,
        files=facts.sha256(),
        dtype=dtype,
        device=", ".join(devices),
        kernels=kernel_census(model),
        chat_template_hash=sha256_text(template) if template else None,
        context_length=facts.context_length or _tokenizer_length(tokenizer),
    )


def _tokenizer_length(tokenizer: Any) -> int | None:
    length = int(tokenizer.model_max_length)
    return length if length < LARGEST_TOKENIZER_LENGTH else None


def _no_context(folder: Path) -> int:
    raise ModelError(
        f"{folder}/config.json gives no max_position_embeddings; add the model's context length"
    )
