"""Say what is to be generated, what came of it, and what it took."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prompt:
    """One request.

    Attributes:
        tokens: token ids, at least one, already cut to the context.
        limit: new tokens at most.
        stops: texts that end the answer where they appear; an empty one ends it after one token, as in
            lm-eval.
        length: generate exactly this many tokens whatever they say. For benchmarks only.
    """

    tokens: NDArray[np.int32]
    limit: int
    stops: tuple[str, ...] = ()
    length: int | None = None

    @property
    def most(self) -> int:
        """Return how many tokens can come of it."""
        return self.limit if self.length is None else self.length


@dataclass(frozen=True)
class Generated:
    """What came of one prompt.

    Attributes:
        tokens: new tokens, up to and including the one that completed a stop, without the one that ends a
            sequence.
        near_tie: a token that counts, the ending one included, hardly beat the second best
            (`near_ties.NEAR`).
        end: the token that ended the sequence; None where a stop or the limit did.
    """

    tokens: list[int]
    near_tie: bool
    end: int | None = None


@dataclass(frozen=True)
class Decoding:
    """How to generate.

    Attributes:
        decode: turns new tokens into the text in which stops are looked for; with special tokens, as in
            lm-eval, whose stops may be such tokens' names.
        ends: tokens that end a sequence.
        slots: rows at a time, at most.
        cache_bytes: memory that the keys and values of these rows may take; where they would take more,
            there are fewer rows. None is 1 GiB, on a card half of what is free.
        paged: transformers' own continuous batching holds for the model: full attention only, no LLM.int8,
            and decoding without penalties.
    """

    decode: Callable[[list[int]], str]
    ends: Collection[int]
    slots: int
    cache_bytes: int | None = None
    paged: bool = False


@dataclass
class GenerationWork:
    """What was computed.

    Attributes:
        computed: positions that passed through the body, all of them, padding and repeats included; those
            that transformers computes aren't known.
        prompt: distinct tokens of the prompts' tree.
        generated: tokens in the answers.
        head: positions that passed through the output head.
        steps: forward passes of one new token per row.
        packs: forward passes of prompts' tokens.
        slots: rows at a time, in the last batch.
        unknown_ties: answers of which isn't known whether they hung on a near tie.
        chosen: who generated, and why, in one sentence; see `choose`.
        advance: called with the number of new tokens of each answer as it is done.
    """

    computed: int = 0
    prompt: int = 0
    generated: int = 0
    head: int = 0
    steps: int = 0
    packs: int = 0
    slots: int = 0
    unknown_ties: int = 0
    chosen: str = ""
    advance: Callable[[int], object] = field(default=lambda tokens: None)

    @property
    def wanted(self) -> int:
        """Return the positions that can't be done without."""
        return self.prompt + self.generated
