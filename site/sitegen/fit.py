"""Compute what fits into some memory: the bytes that an entry needs, and the best entries that fit.

Needed bytes = weights + KV cache per token x context x batch + overhead. The overhead is what the efficiency
probe saw beyond weights and cache, at batch 1. `site/assets/fitting.js` computes the same in the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from evaluator.files import read_yaml
from evaluator.results import Contract, UnitResult
from sitegen import efficiency, probes
from sitegen.board import Board, Row
from sitegen.entries import SiteEntry

GIGABYTE = 1e9
SIZES = (6, 8, 12, 16, 24, 48, 80)  # GB, as cards are sold
MEMORY, CONTEXT, BATCH = 8, 4096, 1
TIGHT = 0.05  # a smaller share of the memory left free is called tight
FAR = 8  # so many times the probe's tokens say little of the overhead
CACHES = ("kv_bytes_per_token_measured", "kv_bytes_per_token_formula")  # the first there is counts
TOKENS = ("input_tokens", "output_tokens")


@dataclass(frozen=True)
class Demand:
    """How much memory an entry takes, in bytes.

    Attributes:
        weights: of the weights in memory.
        cache: of the KV cache, per token of a sequence.
        overhead: of all else, at batch 1 on the probe's prompt.
        hardware: where the overhead was measured.
        tokens: prompt and answer of the probe that measured it.
    """

    weights: float
    cache: float
    overhead: float
    hardware: str
    tokens: float

    def needed(self, context: int, batch: int) -> float:
        """Return the bytes for so many sequences of so many tokens each."""
        return self.weights + self.cache * context * batch + self.overhead

    def far(self, context: int, batch: int) -> bool:
        """Say whether these are so many more tokens than the probe's that the overhead may be far larger."""
        return context * batch > FAR * self.tokens


@dataclass(frozen=True)
class Candidate:
    """A row of a board with what it demands; or why that isn't known, in `missing`."""

    row: Row
    demand: Demand | None
    missing: str = ""

    def holds(self, context: int) -> bool:
        """Say whether the model takes so many tokens, as far as is known."""
        length = self.row.entry.context_length
        return length is None or context <= length


@dataclass(frozen=True)
class Choice:
    """The best entry that fits.

    Attributes:
        needed: bytes that it takes.
        free: bytes of the memory that are left.
        size: bytes of the memory.
        leader: the best of its tie group, with which alone the group's entries were compared.
        tied: entries of its tie group that fit and take the context, itself first.
        smallest: the one of these that needs least, with its bytes.
    """

    candidate: Candidate
    needed: float
    size: float
    leader: Candidate
    tied: Sequence[Candidate]
    smallest: tuple[Candidate, float]

    @property
    def free(self) -> float:
        """Return the bytes that are left."""
        return self.size - self.needed

    @property
    def leads(self) -> bool:
        """Say whether it is its group's best, so that what is tied was compared with it."""
        return self.leader is self.candidate

    @property
    def tight(self) -> bool:
        """Say whether so little is left that what isn't counted may need it."""
        return self.free < TIGHT * self.size


class Card(Contract):
    """A graphics card: its name, memory in GB as the vendor states it, and its names in results."""

    name: str
    gb: float
    hardware: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return the name that stands in addresses."""
        return "-".join("".join(one if one.isalnum() else " " for one in self.name.lower()).split())

    @property
    def short_names(self) -> tuple[str, ...]:
        """Return the names that results give this hardware."""
        return self.hardware or (f"nvidia-{self.key}",)


class Generation(Contract):
    """The cards of one generation."""

    generation: str
    cards: list[Card]


@cache
def generations() -> list[Generation]:
    """Return the cards that a reader may choose from, newest generation first."""
    found = read_yaml(resources.files("sitegen") / "gpus.yaml")
    return [Generation.model_validate(one) for one in found]


def candidates(table: Board) -> list[Candidate]:
    """Return every measured row of a board with what it demands, in the board's order."""
    return [_candidate(table, row) for row in table.rows]


def _candidate(table: Board, row: Row) -> Candidate:
    measured = _probes(table, row.entry)
    found = (one for probe in measured if (one := _demand(probe)))
    demand = next(found, None)
    missing = "" if demand else _missing(measured)
    return Candidate(row, demand, missing)


def _probes(table: Board, entry: SiteEntry) -> list[UnitResult]:
    """Return the entry's probes by the suite's protocol, the board's commonest hardware first."""
    found = probes.succeeded(entry, table.suite)
    return [found[name].result for name in table.hardware if name in found]


def _value(probe: UnitResult, name: str) -> float | None:
    metric = probe.metrics.get(name)
    return metric.value if metric else None


def _cache(probe: UnitResult) -> float | None:
    values = (_value(probe, name) for name in CACHES)
    return next((one for one in values if one is not None), None)


def _demand(probe: UnitResult) -> Demand | None:
    """Return what a probe measured, or None where a figure is missing."""
    weights, peak, cached = (
        _value(probe, efficiency.WEIGHTS),
        _value(probe, efficiency.PEAK),
        _cache(probe),
    )
    prompt, new = (_value(probe, name) for name in TOKENS)
    if weights is None or peak is None or cached is None or prompt is None or new is None:
        return None
    overhead = max(0.0, peak - weights - cached * (prompt + new))
    return Demand(weights, cached, overhead, probe.hardware or "", prompt + new)


def _missing(probes: list[UnitResult]) -> str:
    """Name the figures that an entry lacks; of several probes, those of the first."""
    if not probes:
        return "no efficiency probe"
    names = [efficiency.WEIGHTS, CACHES[0], efficiency.PEAK, *TOKENS]
    lacking = [
        efficiency.kind_of(name).title
        for name in names
        if (_cache(probes[0]) if name == CACHES[0] else _value(probes[0], name)) is None
    ]
    return ", ".join(lacking)


def fitting(listed: Sequence[Candidate], size: float, context: int, batch: int) -> list[Candidate]:
    """Return what fits into `size` bytes, best first as on the board."""
    return [one for one in listed if one.demand and one.demand.needed(context, batch) <= size]


def best(listed: Sequence[Candidate], size: float, context: int, batch: int) -> Choice | None:
    """Return the ranked entry with the highest score that fits and takes the context; None without one.

    `listed` is a whole board: the best of a tie group may be one that doesn't fit.
    """
    fits = fitting(listed, size, context, batch)
    ranked = [one for one in fits if one.row.place and one.holds(context)]
    if not ranked:
        return None
    needs = [_needed(one, context, batch) for one in ranked]
    first = ranked[0]
    tied = [place for place, one in enumerate(ranked) if _group(one) == _group(first)]
    smallest = min(tied, key=lambda place: needs[place])
    return Choice(
        first,
        needs[0],
        size,
        next(one for one in listed if _group(one) == _group(first)),
        [ranked[place] for place in tied],
        (ranked[smallest], needs[smallest]),
    )


def _needed(one: Candidate, context: int, batch: int) -> float:
    return one.demand.needed(context, batch) if one.demand else math.inf


def _group(one: Candidate) -> int | None:
    return one.row.place.group if one.row.place else None


def size_text(size: float) -> str:
    """Return bytes in the decimal unit that reads well, one decimal, halves rounded up as scripts do."""
    unit, factor = efficiency.byte_unit(size)
    return f"{math.floor(size / factor * 10 + 0.5) / 10:.1f} {unit}"


def percent_text(part: float, whole: float) -> str:
    """Return a share in whole percent, halves rounded up as scripts do."""
    return f"{math.floor(part / whole * 100 + 0.5)} %"
