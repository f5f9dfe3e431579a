"""Make a quantized variant of a base model, with its recipe, ready to be submitted.

LLM.int8 and NF4 by bitsandbytes, GPTQ and AWQ by GPTQModel. The work is done in a hidden folder beside
the output, which gets its name when everything is there.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from evaluator.errors import InputError, ModelError
from evaluator.files import write_atomically
from evaluator.models.checks import check_finite_weights
from evaluator.models.environment import check_device, need_gptqmodel, prepare_environment, quiet
from evaluator.models.inspect import SIDE_FILES, ModelFolder, inspect_folder
from evaluator.results import ONLY_BITS, Calibration, Quantization, canonical_json

CALIBRATED = ("gptq", "awq")
GROUP_SIZES = {
    "gptq": (-1, 16, 32, 64, 128, 256, 512, 1024),
    "awq": (16, 32, 64, 128),
}
BATCH_TOKENS = 2048  # short texts go through the layers together, texts of this length one by one
LARGEST_BATCH = 16
PACKING = 32  # GPTQModel packs 32 codes at a time, in both directions
OUTPUTS = {"gptq": PACKING, "awq": 64}  # its AWQ searches clipping bounds for 64 outputs at a time
WRITTEN_CONFIGS = ("config.json", "quantize_config.json", "generation_config.json")
NOT_FROM_BASE = (
    "config.json",
    "generation_config.json",
    "quantize_config.json",
    "quant_config.json",
)


@dataclass(frozen=True)
class Recipe:
    """What to make of a base model.

    `calibration_texts` are what GPTQ and AWQ look at, `calibration_name` is what the record calls them,
    and `sequence_length` is the most tokens taken from each.
    """

    method: str
    bits: int
    group_size: int | None = None
    calibration_texts: tuple[str, ...] = ()
    calibration_name: str = ""
    sequence_length: int = 512


def quantize(  # noqa: PLR0913  (each is a choice of the user's, and all are keywords)
    base: Path,
    output: Path,
    *,
    method: str,
    bits: int,
    group_size: int | None = None,
    calibration_texts: list[str] | None = None,
    calibration_name: str = "",
    sequence_length: int = 512,
    dtype: str = "bfloat16",
    device: str = "cpu",
    threads: int | None = None,
    progress: bool = True,
) -> Quantization:
    """Quantize a base model's folder into a new folder and return the recipe as a submission states it.

    bitsandbytes takes neither a group size nor texts. `progress` shows a bar with the time left. An empty
    output folder may stand there already.

    Raises:
        InputError: the combination can't be made, or the output folder is in the way.
        ModelError: the base can't be loaded safely, or is quantized already.
    """
    recipe = Recipe(
        method,
        bits,
        group_size if method in CALIBRATED else None,
        tuple(calibration_texts or ()),
        calibration_name,
        sequence_length,
    )
    folder = inspect_folder(base)
    check_recipe(recipe, folder)
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise InputError(f"{output} exists already; choose another folder, or remove it first")
    prepare_environment(device)
    check_device(device)
    _set_threads(threads)
    check_finite_weights(folder)
    with _folder_made_whole(output) as unfinished, quiet():
        calibration = None
        if method in CALIBRATED:
            calibration = _with_gptqmodel(
                folder, unfinished, recipe, (dtype, device), progress=progress
            )
        else:
            _with_bitsandbytes(folder, unfinished, recipe, (dtype, device))
        record = _finish(folder, unfinished, recipe, calibration)
    return record


def check_recipe(recipe: Recipe, folder: ModelFolder) -> None:
    """Check that the recipe can be made of this base.

    Raises:
        InputError: the method, its bits or its group size can't be had for this base.
        ModelError: the base is quantized already.
    """
    if recipe.method not in ("llm.int8", "nf4", *CALIBRATED):
        raise InputError(f"unknown method {recipe.method!r}; choose llm.int8, nf4, gptq or awq")
    if recipe.bits not in ONLY_BITS[recipe.method]:
        offered = ", ".join(str(bits) for bits in ONLY_BITS[recipe.method])
        raise InputError(f"{recipe.method} isn't offered at {recipe.bits} bits; choose {offered}")
    if folder.method != "none":
        raise ModelError(
            f"{folder.path} is quantized with {folder.method} already; give its unquantized base"
        )
    if recipe.method in CALIBRATED:
        _check_groups(recipe, folder)
        need_gptqmodel(recipe.method)
        if not recipe.calibration_texts:
            raise InputError(f"{recipe.method} needs calibration texts; give some")


def _check_groups(recipe: Recipe, folder: ModelFolder) -> None:
    """Check that groups and packed words come out even in every linear layer of the blocks."""
    group, offered = recipe.group_size, GROUP_SIZES[recipe.method]
    if group not in offered:
        sizes = ", ".join(map(str, offered))
        raise InputError(f"{recipe.method} isn't offered with group size {group}; choose {sizes}")
    for name, (outputs, inputs) in block_matrices(folder):
        if group > 0 and inputs % group:
            raise InputError(
                f"group size {group} doesn't divide the {inputs} inputs of {name}; choose a smaller one"
            )
        step = OUTPUTS[recipe.method]
        if inputs % PACKING or outputs % step:
            raise InputError(
                f"{name} has {outputs} outputs and {inputs} inputs, and {recipe.method} takes multiples of "
                f"{step} and {PACKING} only; choose llm.int8 or nf4"
            )


def block_matrices(folder: ModelFolder) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield name and shape (outputs, inputs) of the matrices inside a base model's blocks."""
    for name, tensor in sorted(folder.tensors.items()):
        inside = any(part.isdigit() for part in name.split("."))
        if inside and name.endswith(".weight") and len(tensor.shape) == 2:
            yield name, (tensor.shape[0], tensor.shape[1])


def _set_threads(threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


@contextmanager
def _folder_made_whole(output: Path) -> Iterator[Path]:
    """Yield a hidden folder beside the output; it takes the output's name if the block succeeds."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(
        tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".partial", dir=output.parent)
    )
    try:
        yield unfinished
        unfinished.chmod(0o755)
        unfinished.replace(output)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _with_bitsandbytes(
    folder: ModelFolder, output: Path, recipe: Recipe, place: tuple[str, str]
) -> None:
    """Quantize while loading and save before any forward pass, after which a CPU may have repacked."""
    import torch
    from transformers import AutoModelForCausalLM

    from evaluator.models.load import bitsandbytes_config

    dtype, device = place
    model = AutoModelForCausalLM.from_pretrained(
        folder.path,
        dtype=getattr(torch, dtype),
        device_map={"": device} if device != "auto" else "auto",
        quantization_config=bitsandbytes_config(recipe.method, dtype),
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
    )
    model.save_pretrained(output)


def _with_gptqmodel(
    folder: ModelFolder, output: Path, recipe: Recipe, place: tuple[str, str], *, progress: bool
) -> Calibration:
    """Quantize layer by layer, looking at the calibration texts.

    AWQ is always made in float16, in which its scales are stored: with those of bfloat16 the checkpoint's
    logits are a tenth further from the base's, and float32 isn't packed at all.
    """
    import torch
    from gptqmodel import GPTQModel

    dtype, device = place
    with tempfile.TemporaryDirectory(prefix="quantboard-") as offload, _well_behaved(offload):
        model = GPTQModel.load(
            str(folder.path),
            _gptqmodel_config(recipe, offload),
            dtype=torch.float16 if recipe.method == "awq" else getattr(torch, dtype),
            device=None if device == "auto" else device,
            trust_remote_code=False,
        )
        samples = _samples(model.tokenizer, recipe)
        model.layer_callback = _LayerProgress(_bar(folder, recipe, shown=progress))
        model.quantize(
            samples,
            batch_size=_batch_size(samples),
            calibration_data_min_length=0,
            **_backend(recipe, device),
        )
        model.save(str(output))
        model.layer_callback.bar.close()
    return Calibration(
        dataset=recipe.calibration_name or "unnamed",
        samples=len(samples),
        sequence_length=max(len(sample["input_ids"]) for sample in samples),
    )


@contextmanager
def _well_behaved(scratch: str) -> Iterator[None]:
    """Let an error in a thread of GPTQModel's reach the caller, and keep its logs in a scratch folder.

    Its workers hand an error over and then end the whole process, which would leave no message, half a
    folder, and no other variant made. Its logs would go to `logs/` wherever the user stands.
    """
    from gptqmodel.looper import loop_processor
    from gptqmodel.utils import threadx

    abort, logs = threadx._DeviceWorker._abort_process, loop_processor._PROJECT_LOG_DIR
    threadx._DeviceWorker._abort_process = lambda _worker, _error: None
    loop_processor._PROJECT_LOG_DIR = Path(scratch) / "logs"
    try:
        yield
    finally:
        threadx._DeviceWorker._abort_process = abort
        loop_processor._PROJECT_LOG_DIR = logs


@dataclass(frozen=True)
class _LayerProgress:
    """Pass GPTQModel's word of each finished layer on to a bar."""

    bar: Any

    def layer_complete(self, *, layer_idx: int, submodule_finalized: bool) -> None:
        """Count a layer once all its parts are packed."""
        if submodule_finalized:
            self.bar.update(layer_idx + 1 - self.bar.n)


def _bar(folder: ModelFolder, recipe: Recipe, *, shown: bool) -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped]

    layers = folder.config.get("num_hidden_layers")
    return tqdm(
        total=layers, desc=f"{recipe.method} {recipe.bits} bits", unit="layer", disable=not shown
    )


def _gptqmodel_config(recipe: Recipe, offload: str) -> Any:
    """Return GPTQModel's config; `offload` is where it keeps layers that it isn't working on."""
    from gptqmodel import QuantizeConfig

    own = (
        {"quant_method": "awq", "format": "gemm"}
        if recipe.method == "awq"
        else {"desc_act": False, "sym": True}
    )
    return QuantizeConfig(
        bits=recipe.bits, group_size=recipe.group_size, offload_to_disk_path=offload, **own
    )


def _backend(recipe: Recipe, device: str) -> dict[str, Any]:
    """Return the kernel that AWQ packs with; its default needs CUDA."""
    from gptqmodel import BACKEND

    return {"backend": BACKEND.AWQ_TORCH} if recipe.method == "awq" and device == "cpu" else {}


def _batch_size(samples: list[dict[str, list[int]]]) -> int:
    longest = max(len(sample["input_ids"]) for sample in samples)
    return max(1, min(LARGEST_BATCH, BATCH_TOKENS // longest))


def _samples(tokenizer: Any, recipe: Recipe) -> list[dict[str, list[int]]]:
    """Return the calibration texts as token ids, cut at the sequence length, empty ones left out."""
    rows = [
        tokenizer(text, truncation=True, max_length=recipe.sequence_length).input_ids
        for text in recipe.calibration_texts
    ]
    samples = [{"input_ids": row, "attention_mask": [1] * len(row)} for row in rows if len(row) > 1]
    if not samples:
        raise InputError(
            "the calibration texts hold no text of two tokens or more; give longer ones"
        )
    return samples


def _finish(
    base: ModelFolder, output: Path, recipe: Recipe, calibration: Calibration | None
) -> Quantization:
    """Bring the saved folder into the form that can be published, check it, and write its recipe."""
    (output / "quant_log.csv").unlink(missing_ok=True)
    for name in SIDE_FILES:
        if name not in NOT_FROM_BASE and (base.path / name).is_file():
            shutil.copyfile(base.path / name, output / name)
    for name in WRITTEN_CONFIGS:
        if (output / name).is_file():
            data = without_local_paths(json.loads((output / name).read_text(encoding="utf-8")))
            write_atomically(output / name, canonical_json(data))
    facts = inspect_folder(output).quantization
    tool = "gptqmodel" if recipe.method in CALIBRATED else "bitsandbytes"
    return Quantization.model_validate(
        {
            "method": recipe.method,
            "bits": recipe.bits,
            "group_size": recipe.group_size,
            "symmetric": facts.symmetric if facts else None,
            "act_order": facts.act_order if facts else None,
            "tool": tool,
            "tool_version": metadata.version(tool),
            "calibration": calibration,
        }
    )


def without_local_paths(data: Any) -> Any:
    """Return JSON data without the entries whose value is an absolute path of this machine."""
    if isinstance(data, dict):
        kept = {key: value for key, value in data.items() if not _is_local_path(value)}
        return {key: without_local_paths(value) for key, value in kept.items()}
    return [without_local_paths(value) for value in data] if isinstance(data, list) else data


def _is_local_path(value: object) -> bool:
    return isinstance(value, str) and Path(value).is_absolute()
