"""Estimate what a unit takes before it starts: count its tokens, and measure what one of them costs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evaluator.efficiency import probe
from evaluator.scoring.budget import sizes_for
from evaluator.scoring.calibration import Rates, cache_bytes_per_token, measure, measure_probe
from evaluator.scoring.computing import Computing
from evaluator.scoring.counting import LIKELIHOODS, TEXTS, Count, Part
from evaluator.suites.definitions import EfficiencyProtocol

if TYPE_CHECKING:
    from evaluator.models import Loaded

PROBE = "efficiency probe: one row, its own loop"

Kind = tuple[str, bool, int]  # of requests, whether they share prefixes, and rows at a time


@dataclass(frozen=True)
class Cost:
    """What one unit takes.

    Attributes:
        items: what is scored; of the probe its generations.
        plain: tokens that lm-eval forwards row by row, padding left out.
        computed: tokens that this engine forwards.
        new: tokens that it generates.
        at_most: whether `new` is only a bound, and `seconds` with it.
        seconds: estimated time, building the requests included.
        bytes: estimated memory with the weights, at the most; None where the system doesn't tell.
        ways: how the requests are computed, and why so.
    """

    items: int
    plain: int
    computed: int
    new: int
    at_most: bool
    seconds: float
    bytes: int | None
    ways: tuple[str, ...]


@dataclass
class Calibration:
    """What tokens cost one model on this machine; each kind of request is measured once."""

    loaded: "Loaded"
    computing: Computing
    rates: dict[Kind, Rates] = field(default_factory=dict)
    probes: dict[tuple[int, int], Rates] = field(default_factory=dict)

    def prepare(self, counts: Sequence[Count]) -> None:
        """Measure every kind of request, by the benchmark that has most of it."""
        parts = [part for count in counts for part in count.parts]
        for part in sorted(parts, key=lambda part: -(part.computed + part.new)):
            if kind(part) not in self.rates:
                self.rates[kind(part)] = measure(self.loaded, part, self.computing)

    def cost(self, count: Count, new_per_item: float | None) -> Cost:
        """Return what a benchmark takes.

        `new_per_item` are the tokens that are generated for each item, None where nobody knows: then they are
        as many as there may be.
        """
        most = sum(part.new for part in count.parts)
        known = most if new_per_item is None else round(new_per_item * count.items)
        new = min(most, known)
        bytes_needed = [self._bytes(part) for part in count.parts]
        return Cost(
            items=count.items,
            plain=sum(part.plain for part in count.parts),
            computed=sum(part.computed for part in count.parts),
            new=new,
            at_most=most > 0 and new_per_item is None,
            seconds=count.seconds
            + sum(self._seconds(part, new / most if most else 0.0) for part in count.parts),
            bytes=_most(bytes_needed),
            ways=count.ways,
        )

    def _seconds(self, part: Part, share: float) -> float:
        """Return the seconds of a part that generates this share of what it may."""
        rates = self.rates[kind(part)]
        return part.computed * rates.token + part.read * rates.read + share * part.new * rates.new

    def _bytes(self, part: Part) -> int | None:
        """Return the bytes measured, with the cache of this part's longest path for that of the sample's."""
        rates = self.rates[kind(part)]
        if rates.peak is None:
            return None
        weights = self.loaded.footprint.weight_bytes
        per_token = cache_bytes_per_token(self.loaded)
        working = max(0.0, rates.peak - weights - rates.held * per_token)
        return round(weights + working + self._held(part) * per_token)

    def _held(self, part: Part) -> int:
        """Return the tokens whose keys and values are kept at the same time."""
        if part.kind == TEXTS:
            return min(part.rows, part.requests) * part.longest
        if part.kind == LIKELIHOODS and part.shared:
            return part.longest + sizes_for(self.loaded.model).block
        return 0

    def probe_cost(self, protocol: EfficiencyProtocol) -> Cost:
        """Return what the efficiency probe takes: its protocol's tokens, one generation after the other."""
        tokens = probe.shrunk(protocol, self.loaded.context_length)
        if tokens not in self.probes:
            self.probes[tokens] = measure_probe(self.loaded, tokens)
        rates, times = self.probes[tokens], protocol.warmup + protocol.repetitions
        prompt, new = tokens
        grown = (sum(tokens) - 1 - rates.held) * cache_bytes_per_token(self.loaded)
        return Cost(
            items=times,
            plain=times * prompt,
            computed=times * prompt,
            new=times * new,
            at_most=False,
            seconds=times * (prompt * rates.token + (new - 1) * rates.new),
            bytes=None if rates.peak is None else round(rates.peak + max(0.0, grown)),
            ways=(PROBE,),
        )


def kind(part: Part) -> Kind:
    """Return what decides a token's cost: the kind of request, and the way it goes."""
    return part.kind, part.shared, part.rows


def _most(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return max(known) if known else None
