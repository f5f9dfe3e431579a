"""Say everything that determines an outcome besides the requests, and how they are cut into forward passes.

Two runs that agree in all of it may share outcomes; one difference, and neither reads the other's.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from evaluator import environment
from evaluator.errors import ModelError
from evaluator.results import LoadedModel

Kind = Literal["likelihood", "generation", "perplexity"]

SCHEMA = 1  # of a store's lines and keys
CODE = ("models", "scoring")  # parts of this package that make outcomes
VARIABLES = ("CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "ATEN_CPU_CAPABILITY")
OF_THE_MACHINE = ("processor", "system", "accelerators", "driver", "cuda")


@dataclass(frozen=True)
class Asked:
    """How a model is asked.

    Attributes:
        kind: what of it.
        way: the path that computes it: its name, and every size that cuts the work into forward passes.
        decoding: settings of generation; empty where nothing is generated.
        text: how text becomes tokens: the tokenizer's digest, template and BOS settings; empty where requests
            are tokens and outcomes numbers.
        measurement: 1, or 2 and so on for the measurement that `--rerun` asks for: it shares nothing with the
            ones before, and may be interrupted and go on itself.
    """

    kind: Kind
    way: Mapping[str, Any]
    decoding: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, Any] = field(default_factory=dict)
    measurement: int = 1


def identity(model: LoadedModel, method: str, asked: Asked) -> dict[str, Any]:
    """Return everything that determines outcomes of a model, loaded by a method, asked in one way.

    Raises:
        ModelError: the model's files have no hashes, so that another's outcomes could be taken for its own.
    """
    if not model.files:
        raise ModelError(f"{model.id} has no hashes of its files, without which no outcome is kept")
    return {
        "schema": SCHEMA,
        "model": {**model.model_dump(mode="json"), "method": method},
        "kind": asked.kind,
        "way": dict(asked.way),
        "decoding": dict(asked.decoding),
        "text": dict(asked.text),
        "measurement": asked.measurement,
        "packages": environment.packages(),
        "code": code_digest(),
        "machine": machine(),
    }


@cache
def code_digest() -> str:
    """Return the SHA-256 of this package's code that makes outcomes, so that a change of it is noticed."""
    package = Path(__file__).resolve().parents[1]
    digest = sha256()
    for part in CODE:
        for file in sorted((package / part).rglob("*.py")):
            digest.update(f"{file.relative_to(package).as_posix()}\0".encode())
            digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def machine() -> dict[str, Any]:
    """Return the hardware and the settings on which the last digits of a computation hang."""
    import torch

    known = environment.hardware()
    return {
        **{name: known[name] for name in OF_THE_MACHINE if name in known},
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "tf32": [torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32],
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }
