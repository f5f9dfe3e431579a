"""Turn (context, continuation) texts into tokens exactly as lm-eval does, each distinct text once.

lm-eval encodes two texts for each request, one call after the other. Here distinct ones go through the
tokenizer in batches, and what is equal is kept once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.text_lines import Encode, LineEncoder, Tokens, around

Pair = tuple[str, str]
Integers = NDArray[np.int32]
Item = TypeVar("Item")

AT_ONCE = 1024  # texts in a call of the tokenizer


@dataclass(frozen=True)
class Encoder:
    """How one model takes text.

    Attributes:
        encode: tokens of texts that begin a sequence, with BOS where the model wants it.
        encode_rest: tokens of texts without any special token.
        prefix: the token that stands for an empty context.
        chat: whether contexts are rendered turns, whose last newline stays theirs.
    """

    encode: Encode
    encode_rest: Encode
    prefix: int
    chat: bool = False


def encoder_of(engine: Any, *, by_lines: bool) -> Encoder:
    """Return how an `HFLM` of lm-eval, or our engine, takes text: `tok_encode`, for many texts at once.

    It remembers lines for as long as it lives, where the tokenizer allows that (`by_lines`, as
    `text_lines.separable` says).
    """
    tokenizer, prefix = engine.tokenizer, int(engine.prefix_token_id)
    written = tokenizer.decode(prefix)  # a text that begins with it gets no second one
    added = {} if engine.add_bos_token is None else {"add_special_tokens": engine.add_bos_token}

    def rest(texts: Sequence[str]) -> list[Tokens]:
        return _encoded(tokenizer, texts, {"add_special_tokens": False})

    def beginning(texts: Sequence[str]) -> list[Tokens]:
        return _encoded(tokenizer, texts, added)

    special = around(beginning, rest) if by_lines else None
    if special is not None:
        rest = LineEncoder(rest)
        beginning = _Between(rest, *special)

    def encode(texts: Sequence[str]) -> list[Tokens]:
        found: list[Tokens] = [[]] * len(texts)
        for bare, function in ((False, beginning), (True, rest)):
            chosen = [i for i, text in enumerate(texts) if text.startswith(written) is bare]
            for number, tokens in zip(chosen, function([texts[i] for i in chosen]), strict=True):
                found[number] = tokens
        return found

    return Encoder(encode, rest, prefix, chat=bool(getattr(engine, "chat", False)))


@dataclass(frozen=True)
class _Between:
    """Encode texts with special tokens before and behind them."""

    encode: Encode
    before: Tokens
    behind: Tokens

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        return [[*self.before, *tokens, *self.behind] for tokens in self.encode(texts)]


def _encoded(tokenizer: Any, texts: Sequence[str], settings: dict[str, bool]) -> list[Tokens]:
    """Encode texts in one call; one by one where a tokenizer written in Python could differ."""
    if not texts:
        return []
    if not tokenizer.is_fast:
        return [list(tokenizer.encode(text, **settings)) for text in texts]
    encoded = tokenizer(list(texts), return_attention_mask=False, verbose=False, **settings)
    found: list[Tokens] = encoded["input_ids"]
    return found


@dataclass(frozen=True, eq=False)
class EncodedPairs:
    """Tokens of N requests, each of which points at two of the distinct sequences.

    Attributes:
        tokens: all sequences' tokens, one sequence behind the other.
        offsets: where each begins, and where the last ends.
        contexts: number of each request's context among the sequences (N).
        continuations: the same of its continuation (N).
    """

    tokens: Integers
    offsets: NDArray[np.int64]
    contexts: Integers
    continuations: Integers

    def pairs(self) -> list[tuple[Tokens, Tokens]]:
        """Return the tokens of each request; equal ones are one list, so none may be changed."""
        bounds = self.offsets.tolist()
        lists = [self.tokens[bounds[i] : bounds[i + 1]].tolist() for i in range(len(bounds) - 1)]
        both = zip(self.contexts.tolist(), self.continuations.tolist(), strict=True)
        return [(lists[context], lists[continuation]) for context, continuation in both]


def encode_pairs(pairs: Sequence[Pair], encoder: Encoder) -> EncodedPairs:
    """Encode requests as lm-eval 0.4.13's `TemplateLM.loglikelihood` does, chat turns as `Engine` does.

    A request of two empty texts, at which lm-eval stops, gets an empty continuation.
    """
    sequences = _Sequences()
    distinct = dict.fromkeys(pairs)
    contexts = dict.fromkeys(_beginning(context, encoder) for context, _ in distinct if context)
    numbers: dict[str, int] = {}
    for texts in _parts(contexts):
        numbers |= zip(texts, map(sequences.add, encoder.encode(texts)), strict=True)
    found: dict[Pair, tuple[int, int]] = {}
    for batch in _parts(pair for pair in distinct if pair[0]):
        heads = [numbers[_beginning(context, encoder)] for context, _ in batch]
        rests = _rests(batch, [sequences[number] for number in heads], encoder)
        found |= zip(batch, zip(heads, map(sequences.add, rests), strict=True), strict=True)
    for batch in _parts(pair for pair in distinct if not pair[0]):
        for pair, tokens in zip(batch, encoder.encode_rest([two for _, two in batch]), strict=True):
            split = 1 if tokens[:1] == [encoder.prefix] else 0
            before = tokens[:1] if split else [encoder.prefix]
            found[pair] = sequences.add(before), sequences.add(tokens[split:])
    return sequences.encoded([found[pair] for pair in pairs])


def _beginning(context: str, encoder: Encoder) -> str:
    """Return a context without the space at its end, which goes with the continuation unless it's a turn."""
    return context if encoder.chat else context.rstrip()


def _rests(batch: Sequence[Pair], heads: Sequence[Integers], encoder: Encoder) -> list[Tokens]:
    """Return the continuations' tokens, given those of the contexts (that end without space)."""
    wholes = encoder.encode([context + continuation for context, continuation in batch])
    rests = [whole[len(head) :] for whole, head in zip(wholes, heads, strict=True)]
    if not encoder.chat:
        return rests
    moved = [
        number
        for number, (whole, head, rest) in enumerate(zip(wholes, heads, rests, strict=True))
        if not rest or whole[: len(head)] != head.tolist()
    ]
    alone = encoder.encode_rest([batch[number][1] for number in moved])
    for number, tokens in zip(moved, alone, strict=True):
        rests[number] = tokens
    return rests


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(islice(rest, AT_ONCE)):
        yield part


class _Sequences:
    """Distinct token sequences, by number."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._all: list[Integers] = []

    def __getitem__(self, number: int) -> Integers:
        return self._all[number]

    def add(self, tokens: Tokens) -> int:
        """Return a sequence's number, a new one for a new sequence."""
        sequence = np.array(tokens, dtype=np.int32)
        number = self._numbers.setdefault(sequence.tobytes(), len(self._all))
        if number == len(self._all):
            self._all.append(sequence)
        return number

    def encoded(self, requests: Sequence[tuple[int, int]]) -> EncodedPairs:
        """Return requests, each two sequences' numbers, with the sequences."""
        pointers = np.array(requests, dtype=np.int32).reshape(-1, 2)
        return EncodedPairs(
            tokens=np.concatenate([np.zeros(0, np.int32), *self._all]),
            offsets=np.cumsum([0, *map(len, self._all)]),
            contexts=pointers[:, 0],
            continuations=pointers[:, 1],
        )
