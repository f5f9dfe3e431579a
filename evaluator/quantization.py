"""Make a quantized variant of a base model, and keep its recipe beside it, so that it can be submitted."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from evaluator.errors import InputError
from evaluator.files import write_atomically

if TYPE_CHECKING:
    from evaluator.models import ModelFolder

RECIPE_FILE = "quantboard_recipe.yaml"
CALIBRATED = ("gptq", "awq")
EMBEDDED_CALIBRATION = "mini"
DEFAULT_BITS = {"llm.int8": 8, "nf4": 4, "gptq": 4, "awq": 4}


@dataclass(frozen=True)
class Recipe:
    """What a person chooses about a quantization."""

    method: str
    bits: int | None = None
    group_size: int = 128
    dtype: str = "bfloat16"
    calibration: Path | None = None
    sequence_length: int = 2048


def quantize_model(base: str, output: Path, *, recipe: Recipe, revision: str | None = None) -> None:
    """Quantize a base model into a new folder, with its recipe in `quantboard_recipe.yaml`.

    Args:
        base: a model's folder or a Hub id.
        output: the folder to make; it must not exist, or be empty.
        recipe: how.
        revision: commit of the base on the Hub; the newest where it is left out.

    Raises:
        InputError: the output exists, or the recipe can't be done.
        ModelError: the base can't be had or loaded.
    """
    from evaluator import models

    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output} exists already; choose another --output, or remove it")
    texts, name = _calibration(recipe)
    local = Path(base).is_dir()
    commit = None if local else revision or models.newest_revision(base)
    folder = Path(base) if local else models.resolve(base, commit)
    facts = models.inspect_folder(folder)
    quantization = models.quantize(
        folder,
        output,
        method=recipe.method,
        bits=recipe.bits or DEFAULT_BITS[recipe.method],
        group_size=recipe.group_size,
        calibration_texts=texts,
        calibration_name=name,
        sequence_length=recipe.sequence_length,
        dtype=recipe.dtype,
        progress=True,
    )
    record = {
        "base_model": f"local/{folder.resolve().name}" if local else base,
        "base_revision": content_revision(facts) if local else commit,
        "dtype": recipe.dtype,
        "quantization": quantization.model_dump(exclude_none=True),
    }
    write_atomically(output / RECIPE_FILE, yaml.safe_dump(record, sort_keys=False))


def _calibration(recipe: Recipe) -> tuple[list[str], str]:
    """Return the calibration texts and their name: the lines of a file, or the embedded ones.

    Raises:
        InputError: the method needs texts and none are given, or the file can't be read or is empty.
    """
    chosen = recipe.calibration
    if recipe.method not in CALIBRATED:
        return [], ""
    if chosen is None:
        raise InputError(
            f"{recipe.method} needs --calibration FILE, one text per line, of the kind that the model "
            "will see (128 texts are customary)"
        )
    if str(chosen) == EMBEDDED_CALIBRATION:
        from evaluator.mini.datasets import calibration_texts

        return calibration_texts(128), "quantboard/mini"
    try:
        lines = chosen.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--calibration {chosen} can't be read ({error})") from error
    texts = [line for line in lines if line.strip()]
    if not texts:
        raise InputError(f"--calibration {chosen} holds no text; give one text per line")
    return texts, chosen.name


def read_recipe(folder: Path) -> dict[str, Any]:
    """Return the recipe that `quantboard quantize` wrote beside a checkpoint, or nothing."""
    file = folder / RECIPE_FILE
    return dict(yaml.safe_load(file.read_text("utf-8"))) if file.is_file() else {}


def content_revision(facts: "ModelFolder") -> str:
    """Return 40 hex digits that stand for a local checkpoint's content, as a commit would."""
    digest = hashlib.sha256()
    for name, value in sorted(facts.sha256().items()):
        digest.update(f"{name} {value}\n".encode())
    return digest.hexdigest()[:40]
