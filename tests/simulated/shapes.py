"""Know the shapes of real models from 1 to 72 billion weights, and compute what their variants would take.

The names are made up and nothing was measured: bytes follow from the shape and the recipe, speed from the
bytes that a token reads and the bandwidth of a card.
"""

import math
from dataclasses import dataclass

from evaluator.results import Metric, Quantization
from evaluator.suites.definitions import EfficiencyProtocol
from tests.simulated.columns import generator

GIB = 2**30
WIDTH = 2  # bytes of a number in bfloat16
CARDS = {
    "nvidia-h100-80gb-hbm3": (3.35e12, 80 * GIB),
    "nvidia-geforce-rtx-4090": (1.008e12, 24 * GIB),
}
SCALE_BITS = {"llm.int8": 0.01, "nf4": 0.127, "gptq": 0.16, "awq": 0.16, "spqr": 0.63}
USED = {
    "none": 0.75,
    "llm.int8": 0.2,
    "nf4": 0.45,
    "gptq": 0.6,
    "awq": 0.7,
    "spqr": 0.35,
}  # of the bandwidth
LAYER_SECONDS = 60e-6  # to start a layer's kernels, whatever it reads
WORKSPACE = 0.15 * GIB  # what a process takes beside weights and cache
NOISE = 0.01  # of a repetition


@dataclass(frozen=True)
class Shape:
    """One model: its weights, and what its KV cache follows from."""

    name: str
    weights: float
    layers: int
    heads: int  # of keys and values
    head_size: int
    hidden: int
    vocabulary: int
    context: int
    tied: bool = False
    license: str = "Apache-2.0"

    @property
    def embedding(self) -> float:
        """Return the weights that no recipe here quantizes: embedding and output head."""
        return self.vocabulary * self.hidden * (1.0 if self.tied else 2.0)

    @property
    def cache_bytes(self) -> int:
        """Return the bytes of keys and values of one token."""
        return 2 * self.layers * self.heads * self.head_size * WIDTH

    @property
    def accuracy(self) -> float:
        """Return how well the unquantized model answers: better with size, from 0.4 to 0.85."""
        return min(0.85, 0.42 + 0.1 * math.log(self.weights / 1e9))


Q, L = (151_936, 32_768), (128_256, 131_072)  # vocabulary and context of the two lines
SHAPES = [
    Shape("q-shaped-1.5B", 1.54e9, 28, 2, 128, 1_536, *Q, tied=True),
    Shape("q-shaped-3B", 3.09e9, 36, 2, 128, 2_048, *Q, tied=True, license="other"),
    Shape("q-shaped-7B", 7.62e9, 28, 4, 128, 3_584, *Q),
    Shape("q-shaped-14B", 14.77e9, 48, 8, 128, 5_120, *Q),
    Shape("q-shaped-32B", 32.76e9, 64, 8, 128, 5_120, *Q, license="MIT"),
    Shape("q-shaped-72B", 72.71e9, 80, 8, 128, 8_192, *Q, license="other"),
    Shape("l-shaped-1B", 1.24e9, 16, 8, 64, 2_048, *L, tied=True, license="llama3.2"),
    Shape("l-shaped-3B", 3.21e9, 28, 8, 128, 3_072, *L, tied=True, license="llama3.2"),
    Shape("l-shaped-8B", 8.03e9, 32, 8, 128, 4_096, *L, license="llama3.1"),
    Shape("l-shaped-70B", 70.55e9, 80, 8, 128, 8_192, *L, license="llama3.1"),
]  # fmt: skip


def linear_bits(recipe: Quantization) -> float:
    """Return the bits that a recipe takes per weight of a linear layer, scales included."""
    return recipe.bits + SCALE_BITS.get(recipe.method, 0.0)


def weight_bytes(shape: Shape, recipe: Quantization) -> float:
    """Return the bytes of a variant in memory."""
    linear = shape.weights - shape.embedding
    return round(linear * linear_bits(recipe) / 8 + shape.embedding * WIDTH)


def peak_bytes(shape: Shape, recipe: Quantization, tokens: int) -> float:
    """Return the bytes that a generation of so many tokens takes at most, with weights and cache."""
    unpacked = 0 if recipe.method in ("none", "awq") else 4 * shape.hidden**2 * WIDTH
    return weight_bytes(shape, recipe) + tokens * shape.cache_bytes + unpacked + WORKSPACE


def token_seconds(shape: Shape, recipe: Quantization, bandwidth: float, tokens: int) -> float:
    """Return the seconds that one token takes on a card of so many bytes per second."""
    read = weight_bytes(shape, recipe) + tokens * shape.cache_bytes
    return read / (bandwidth * USED[recipe.method]) + shape.layers * LAYER_SECONDS


def fits(shape: Shape, recipe: Quantization, card: str, protocol: EfficiencyProtocol) -> bool:
    """Say whether a card holds a generation of the probe."""
    return peak_bytes(shape, recipe, _tokens(protocol)) <= CARDS[card][1]


def probe_metrics(
    shape: Shape, recipe: Quantization, card: str, protocol: EfficiencyProtocol, seed: int
) -> dict[str, Metric]:
    """Return what the efficiency probe would give on a card, each repetition a little off."""
    size, tokens = weight_bytes(shape, recipe), _tokens(protocol)
    each = token_seconds(shape, recipe, CARDS[card][0], tokens)
    first = each * (1 + protocol.input_tokens / 200)
    call = first + each * (protocol.output_tokens - 1)
    random = generator("probe", shape.name, recipe.method, recipe.bits, card, seed)
    off = 1 + NOISE * random.standard_normal(protocol.repetitions)
    timed = {
        "time_to_first_token_seconds": first * off,
        "decode_tokens_per_second": off / each,
        "generated_tokens_per_second": off * protocol.output_tokens / call,
    }
    plain = {
        "disk_bytes": round(size * 1.001),
        "weight_bytes": size,
        "bits_per_weight_linear": linear_bits(recipe),
        "bits_per_weight_all": 8 * size / shape.weights,
        "kv_bytes_per_token_formula": shape.cache_bytes,
        "kv_bytes_per_token_measured": shape.cache_bytes,
        "peak_memory_bytes": round(peak_bytes(shape, recipe, tokens)),
        "input_tokens": protocol.input_tokens,
        "output_tokens": protocol.output_tokens,
    }
    return {name: Metric(value=value) for name, value in plain.items()} | {
        name: Metric(value=sorted(raw)[len(raw) // 2], n=len(raw), raw=raw)
        for name, raw in ((name, [float(one) for one in values]) for name, values in timed.items())
    }


def _tokens(protocol: EfficiencyProtocol) -> int:
    return protocol.input_tokens + protocol.output_tokens
