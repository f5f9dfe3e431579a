"""Keep what the base gave for every variant of it, in plain NumPy arrays that are never in memory whole.

    <cache>/divergence/<hash of the identity>/record.json   what determined it, and the floor
                                              tokens.npy    ids: the k likeliest, then those drawn
                                              values.npy    their log-probabilities (float32)
                                              others.npy    log of the mass of all but the k (float32)

One row per position. A folder is made beside its place and renamed when it is whole, so that two processes
may make the same one. Deleting it costs time and nothing else.
"""

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from evaluator import environment
from evaluator.files import sha256_text
from evaluator.results import LoadedModel, canonical_json
from evaluator.scoring.tree.token_tree import Integers
from evaluator.statistics.divergence import Partial

SCHEMA = 1
LIKELIEST = 64  # tokens kept of each position
DRAWN = 8  # and tokens drawn from all others
SEED = 1234
RECORD = "record.json"
ARRAYS = ("tokens", "values", "others")
NARROW = 2**16  # tokens that 16 bits can name


@dataclass(frozen=True)
class Record:
    """What is known of the base's pass.

    Attributes:
        identity: everything that determined it but the tokens.
        model: what was loaded.
        texts: hash of the texts that were read; `tokens` is one of their tokens.
        vocabulary: how many logits counted.
        likeliest: k, less where the vocabulary is smaller; `drawn` is m.
        floor: mean divergence from itself in other batches, in nats, over `floor_positions`.
        way: how it was computed.
    """

    identity: Mapping[str, Any]
    model: LoadedModel
    texts: str
    tokens: str
    vocabulary: int
    likeliest: int
    drawn: int
    floor: float
    floor_positions: int
    way: str


@dataclass(frozen=True, eq=False)
class Kept:
    """The base's side: ids (N x (k + m)), their log-probabilities, and those of all others together (N)."""

    tokens: NDArray[np.unsignedinteger]
    values: NDArray[np.float32]
    others: NDArray[np.float32]
    likeliest: int

    def at(self, numbers: Integers) -> Partial:
        """Return the base's side at some positions."""
        values, k = self.values[numbers], self.likeliest
        return Partial(values[:, :k], self.others[numbers], values[:, k:])


def place(identity: Mapping[str, Any]) -> Path:
    """Return the folder of an identity, which may not be there."""
    name = sha256_text(canonical_json(dict(identity)))
    return environment.cache_folder() / "divergence" / name


def find(identity: Mapping[str, Any]) -> tuple[Kept, Record] | None:
    """Return what is kept under an identity; None where there is nothing, or it is damaged."""
    folder = place(identity)
    try:
        data = json.loads((folder / RECORD).read_text("utf-8"))
        record = Record(**{**data, "model": LoadedModel.model_validate(data["model"])})
        tokens, values, others = (_mapped(folder / f"{name}.npy") for name in ARRAYS)
        kept = Kept(tokens, values, others, record.likeliest)
    except (OSError, ValueError, TypeError, KeyError, EOFError):
        return None
    same = canonical_json(dict(record.identity)) == canonical_json(dict(identity))
    return (kept, record) if same and _fits(kept, record) else None


def _mapped(file: Path) -> Any:
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _fits(kept: Kept, record: Record) -> bool:
    shape = (len(kept.others), record.likeliest + record.drawn)
    return kept.tokens.shape == shape == kept.values.shape and kept.others.ndim == 1


class Writing:
    """A folder that is being written; it takes its place when it is whole, or it goes."""

    def __init__(self, identity: Mapping[str, Any], positions: int, vocabulary: int) -> None:
        """Make room for so many positions.

        Raises:
            OSError: the cache can't be written.
        """
        self._place = place(identity)
        self._folder = self._place.with_name(f".{self._place.name}.{uuid.uuid4().hex[:8]}.partial")
        self._folder.mkdir(parents=True)
        self.likeliest = min(LIKELIEST, vocabulary)
        self.drawn = DRAWN if vocabulary > LIKELIEST else 0
        self._arrays: list[np.memmap[Any, Any]] = []
        width = self.likeliest + self.drawn
        ids = np.uint16 if vocabulary <= NARROW else np.uint32
        self.kept = Kept(
            self._new("tokens", (positions, width), ids),
            self._new("values", (positions, width), np.float32),
            self._new("others", (positions,), np.float32),
            self.likeliest,
        )

    def _new(self, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        file = self._folder / f"{name}.npy"
        array: Any = open_memmap(file, mode="w+", dtype=dtype, shape=shape)  # type: ignore[no-untyped-call]
        self._arrays.append(array)
        return array

    def finish(self, record: Record) -> None:
        """Save everything, the record last, and take the place; what stands there gives way."""
        for array in self._arrays:
            array.flush()
        data = {**vars(record), "model": record.model.model_dump(mode="json")}
        (self._folder / RECORD).write_text(json.dumps(data), "utf-8")
        if find(record.identity) is None:  # else another process was faster
            shutil.rmtree(self._place, ignore_errors=True)
            try:
                self._folder.rename(self._place)
            except OSError:
                if find(record.identity) is None:
                    raise
        self.discard()

    def discard(self) -> None:
        """Remove what didn't take its place."""
        shutil.rmtree(self._folder, ignore_errors=True)
