"""Make quantized variants of the mini model, each once, and keep them beside the other caches."""

import hashlib
from importlib import metadata
from pathlib import Path

from evaluator.environment import cache_folder
from evaluator.quantization import DEFAULT_BITS
from tests.verify.report import ROOT

MINI = ROOT / "evaluator" / "mini" / "model"
METHODS = ("llm.int8", "nf4", "gptq", "awq")
MADE_BY = {
    "llm.int8": "bitsandbytes",
    "nf4": "bitsandbytes",
    "gptq": "gptqmodel",
    "awq": "gptqmodel",
}
GROUP_SIZE = 128


def quantized(method: str, *, calibration_texts: int, bits: int | None = None) -> Path:
    """Return the folder of the mini model quantized by a method, made if it isn't there yet.

    Without `bits`, the method's usual ones.
    """
    from evaluator.mini.datasets import calibration_texts as texts
    from evaluator.models import quantize

    bits = bits or DEFAULT_BITS[method]
    folder = _folder(method, calibration_texts, bits)
    if not folder.is_dir():
        quantize(
            MINI,
            folder,
            method=method,
            bits=bits,
            group_size=GROUP_SIZE,
            calibration_texts=texts(calibration_texts),
            calibration_name="quantboard/mini",
            dtype="float32",
            threads=1,
            progress=False,
        )
    return folder


def _folder(method: str, calibration_texts: int, bits: int) -> Path:
    """Return a folder named by everything that makes the variant."""
    digest = hashlib.sha256((MINI / "model.safetensors").read_bytes())
    recipe = (method, bits, MADE_BY[method], metadata.version(MADE_BY[method]), calibration_texts)
    digest.update(repr(recipe).encode())
    return cache_folder() / "benchmarks" / f"mini-{method}-{digest.hexdigest()[:16]}"
