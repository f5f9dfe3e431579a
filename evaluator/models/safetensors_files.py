"""Read safetensors headers and check that the files are whole, without loading a weight.

Format: 8 bytes little-endian header length, a JSON header, then the tensors' bytes
(https://github.com/huggingface/safetensors). Nothing here imports torch.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

from evaluator.errors import ModelError

LENGTH_BYTES = 8
LARGEST_HEADER = 100_000_000  # the safetensors library's own limit
DTYPE_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    "F4": 4,
}


@dataclass(frozen=True)
class TensorHeader:
    """What a file's header says of one tensor."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def bytes(self) -> int:
        """Return the tensor's size in bytes."""
        return self.end - self.begin


def read_headers(file: Path) -> dict[str, TensorHeader]:
    """Read the header of one file and check it against the file's size.

    Raises:
        ModelError: the header can't be read, or the file is shorter or longer than it says.
    """
    raw, start = _raw_header(file)
    try:
        tensors = {
            name: TensorHeader(
                file,
                entry["dtype"],
                tuple(map(int, entry["shape"])),
                *map(int, entry["data_offsets"]),
            )
            for name, entry in raw.items()
            if name != "__metadata__"
        }
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(file, "its header isn't one of safetensors") from error
    _check_layout(file, tensors, file.stat().st_size - start)
    return tensors


def _raw_header(file: Path) -> tuple[dict[str, Any], int]:
    """Return the parsed header and the position in bytes where the tensors begin."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(LENGTH_BYTES), "little")
        start = LENGTH_BYTES + length
        if length > LARGEST_HEADER or start > file.stat().st_size:
            raise _damaged(file, "its header is longer than the file")
        text = stream.read(length)
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise _damaged(file, "its header can't be read") from error
    if not isinstance(raw, dict):
        raise _damaged(file, "its header isn't one of safetensors")
    return raw, start


def _check_layout(file: Path, tensors: dict[str, TensorHeader], available: int) -> None:
    """Check that tensors lie without gaps, have the size of their shape, and fill the file."""
    ordered = sorted(tensors.values(), key=lambda tensor: (tensor.begin, tensor.end))
    promised = ordered[-1].end if ordered else 0
    if promised != available:
        raise _damaged(
            file, f"its header promises {promised:,} bytes of weights and it holds {available:,}"
        )
    contiguous = all(left.end == right.begin for left, right in pairwise(ordered))
    if ordered and (ordered[0].begin != 0 or not contiguous):
        raise _damaged(file, "its tensors overlap or leave gaps")
    for name, tensor in tensors.items():
        bits = DTYPE_BITS.get(tensor.dtype)
        if bits is not None and (prod(tensor.shape) * bits + 7) // 8 != tensor.bytes:
            raise _damaged(file, f"tensor {name} has another size than its shape says")


def _damaged(file: Path, what: str) -> ModelError:
    return ModelError(f"{file} is truncated or damaged: {what}; download or save it again")


def floating_tensors(tensors: dict[str, TensorHeader]) -> Iterator[tuple[str, TensorHeader]]:
    """Yield the tensors that can hold NaN or infinity, in the order of their names."""
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype.startswith(("F", "BF")) and tensor.dtype not in ("F4", "F8_E8M0"):
            yield name, tensor
