"""Look at a model's folder without loading it: is it safe, whole, and how was it quantized.

Neither torch nor transformers is imported, nothing is unpickled and no code of the folder runs.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.errors import ModelError
from evaluator.files import sha256_file
from evaluator.models.quantization_facts import (
    check_agreement,
    check_not_repacked,
    normalized,
    read_facts,
)
from evaluator.models.safetensors_files import TensorHeader, read_headers
from evaluator.results import Quantization

SINGLE_FILE = "model.safetensors"
INDEX_SUFFIX = ".safetensors.index.json"
PICKLE_SUFFIXES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack"}
CODE_CONFIGS = (
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "processor_config.json",
)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "vocab.json",
    "vocab.txt",
    "tekken.json",
)
SIDE_FILES = (
    "config.json",
    "generation_config.json",
    "quantize_config.json",
    "quant_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
NAME_OF_DTYPE = {"float32": "float32", "float16": "float16", "bfloat16": "bfloat16"}


@dataclass(frozen=True)
class ModelFolder:
    """A folder that can be loaded safely, as far as its files show.

    `config` is `config.json`'s content, with the quantization config in transformers' words even where the
    folder keeps it in a file of its own. `quantization` is None for an unquantized model. `tensors` are the
    headers of all weights by name; `index` is the file that lists them, where there are several weight
    files.
    """

    path: Path
    config: dict[str, Any]
    quantization: Quantization | None
    weights: tuple[Path, ...]
    index: Path | None
    tensors: dict[str, TensorHeader]

    @property
    def method(self) -> str:
        """Return how the weights are quantized; `none` if they aren't."""
        return self.quantization.method if self.quantization else "none"

    @property
    def has_chat_template(self) -> bool:
        """Return whether the tokenizer has a chat template."""
        if any(
            (self.path / name).is_file() for name in ("chat_template.jinja", "chat_template.json")
        ):
            return True
        file = self.path / "tokenizer_config.json"
        return file.is_file() and bool(_read_object(file).get("chat_template"))

    @property
    def disk_bytes(self) -> int:
        """Return the bytes of the weight files that are really referenced."""
        return sum(file.stat().st_size for file in self.weights)

    @property
    def stored_dtype(self) -> str | None:
        """Return the dtype that the config names, or None where it names none of the three."""
        named = self.config.get("dtype") or self.config.get("torch_dtype")
        return NAME_OF_DTYPE.get(str(named).removeprefix("torch."))

    @property
    def context_length(self) -> int | None:
        """Return the number of positions that the config gives, or None."""
        for config in (self.config, self.config.get("text_config") or {}):
            for key in CONTEXT_KEYS:
                if isinstance(config.get(key), int):
                    return int(config[key])
        return None

    def sha256(self) -> dict[str, str]:
        """Return the SHA-256 of each weight, config and tokenizer file, hashed at the first call."""
        side = [self.path / name for name in SIDE_FILES]
        index = [self.index] if self.index else []
        files = [*self.weights, *index, *(file for file in side if file.is_file())]
        return {file.name: sha256_file(file) for file in sorted(set(files))}


def inspect_folder(folder: Path) -> ModelFolder:
    """Check a model's folder and return its facts.

    Raises:
        ModelError: the folder is missing, has no or a malformed config, no safetensors, code of its own,
            truncated or missing weights, or 4-bit weights known to be damaged.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}; check the path")
    config = _read_config(folder)
    _refuse_code(folder)
    quantization = _quantization_config(folder, config)
    weights, index = _weight_files(folder, quantization)
    tensors = _all_headers(weights)
    if index is not None:
        _check_index(index, tensors)
    _check_tokenizer(folder)
    facts = read_facts(quantization, tensors)
    if quantization:
        config["quantization_config"] = quantization
        check_not_repacked(tensors)
    return ModelFolder(folder, config, facts, weights, index, tensors)


def _read_object(file: Path) -> dict[str, Any]:
    """Read a JSON object from a file of the folder."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} can't be read as JSON ({error}); save it again") from error
    if not isinstance(data, dict):
        raise ModelError(f"{file} must hold a JSON object, and holds a {type(data).__name__}")
    return data


def _read_config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{folder} has no config.json; give the folder of a transformers model")
    config = _read_object(file)
    if not isinstance(config.get("model_type"), str):
        raise ModelError(f"{file} names no model_type; save the model with transformers again")
    if not isinstance(config.get("quantization_config", {}), dict):
        raise ModelError(f"{file}: quantization_config must be an object; save the model again")
    return config


def _refuse_code(folder: Path) -> None:
    """Refuse folders that carry code, or that ask transformers to fetch some."""
    for name in CODE_CONFIGS:
        file = folder / name
        if file.is_file() and _mentions(_read_object(file), "auto_map"):
            raise ModelError(
                f"{file} asks for remote code (auto_map), which is never run here; "
                "publish the model in an architecture that transformers has"
            )
    for code in sorted(folder.rglob("*.py")):
        raise ModelError(f"{code} is code, and code of a model is never run here; remove it")


def _mentions(data: object, key: str) -> bool:
    if isinstance(data, dict):
        return key in data or any(_mentions(value, key) for value in data.values())
    return isinstance(data, list) and any(_mentions(value, key) for value in data)


def _quantization_config(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Return the quantization config, normalized: `config.json`'s own, else auto-gptq's or autoawq's file."""
    inside = normalized(config.get("quantization_config"))
    names = ("quantize_config.json", "quant_config.json")
    files = [folder / name for name in names if (folder / name).is_file()]
    beside = normalized(_read_object(files[0])) if files else {}
    check_agreement(inside, beside)
    return {**beside, **inside} if inside else beside


def _weight_files(
    folder: Path, quantization: dict[str, Any]
) -> tuple[tuple[Path, ...], Path | None]:
    """Return the weight files that will be read, and their index if there is one.

    The order is transformers' own: one file, then an index; then the names that auto-gptq and autoawq
    gave to their files, one file or an index.
    """
    for stem in _stems(quantization):
        if (folder / f"{stem}.safetensors").is_file():
            return (folder / f"{stem}.safetensors",), None
        if (folder / f"{stem}{INDEX_SUFFIX}").is_file():
            return _indexed_files(folder / f"{stem}{INDEX_SUFFIX}")
    indexes = sorted(folder.glob(f"*{INDEX_SUFFIX}"))
    if len(indexes) == 1:
        return _indexed_files(indexes[0])
    single = [file for file in sorted(folder.glob("*.safetensors")) if "adapter" not in file.name]
    if len(single) == 1:
        return (single[0],), None
    raise _no_weights(folder, single)


def _stems(quantization: dict[str, Any]) -> Iterator[str]:
    """Yield the names a weight file may have, without ending, best first."""
    yield "model"
    named = quantization.get("model_file_base_name")
    if isinstance(named, str) and re.fullmatch(r"[\w.-]+", named):
        yield named
    yield f"gptq_model-{quantization.get('bits')}bit-{quantization.get('group_size')}g"


def _indexed_files(index: Path) -> tuple[tuple[Path, ...], Path]:
    mapping = _read_object(index).get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise ModelError(f"{index} has no weight_map; save the model again")
    names = sorted({str(name) for name in mapping.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(f"{index} names {name!r}, which isn't a safetensors file beside it")
        if not (index.parent / name).is_file():
            raise ModelError(f"{index} names {name}, which is missing; download the model again")
    return tuple(index.parent / name for name in names), index


def _no_weights(folder: Path, candidates: list[Path]) -> ModelError:
    if candidates:
        names = ", ".join(file.name for file in candidates[:3])
        return ModelError(
            f"{folder} has several weight files and no index ({names}, ...); keep one, or add its index"
        )
    pickles = sorted(file.name for file in folder.iterdir() if file.suffix in PICKLE_SUFFIXES)
    if pickles:
        return ModelError(
            f"{folder} has no safetensors, only {pickles[0]}, which may carry code and is never opened; "
            "convert it to safetensors"
        )
    if list(folder.glob("*adapter*.safetensors")):
        return ModelError(
            f"{folder} holds an adapter only; merge it into its base and save the whole model"
        )
    return ModelError(f"{folder} has no safetensors file; save the model's weights as safetensors")


def _all_headers(weights: tuple[Path, ...]) -> dict[str, TensorHeader]:
    return {name: tensor for file in weights for name, tensor in read_headers(file).items()}


def _check_index(index: Path, tensors: dict[str, TensorHeader]) -> None:
    for name, file in sorted(_read_object(index)["weight_map"].items()):
        if name not in tensors or tensors[name].file.name != file:
            raise ModelError(
                f"{index} places {name} in {file}, which lacks it; download the model again"
            )


def _check_tokenizer(folder: Path) -> None:
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise ModelError(
            f"{folder} has no tokenizer; save the model's tokenizer beside its weights"
        )
