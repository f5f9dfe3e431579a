"""Find the token at which an answer ends: by lm-eval's rule for one row at a time, at a fraction of its cost.

lm-eval decodes the last tokens of every row at every step, once for each stop, and later cuts the text at the
first stop in it. Here the whole answer is decoded, but only where its last token can have completed a stop. A
stop that is overlooked costs time and never changes the text, which is cut at the first stop all the same.
"""

from collections.abc import Callable, Sequence
from functools import cache

from evaluator.scoring.generation.prompts import Decoding, Generated, Prompt

Decode = Callable[[list[int]], str]
UNFINISHED = "\N{REPLACEMENT CHARACTER}"  # what the bytes of half a character decode to


class Ending:
    """Decide of prompts with the same stops whether an answer is over."""

    def __init__(self, decode: Decode, stops: Sequence[str]) -> None:
        """Take the texts at which an answer ends."""
        self._decode = decode
        self._stops = tuple(stops)
        self._completes = cache(self._may_complete)

    def stopped(self, tokens: list[int]) -> bool:
        """Say whether the last of an answer's tokens completed a stop."""
        if not self._stops or not self._completes(tokens[-1]):
            return False
        text = self._decode(tokens)
        return any(stop in text for stop in self._stops)

    def _may_complete(self, token: int) -> bool:
        """Say whether a token can be a stop's last: it holds its last character, or a part of one.

        Of a space it can't be told: decoders drop one in front of a text.
        """
        text = self._decode([token])
        return UNFINISHED in text or any(
            stop[-1:] in text or stop[-1:].isspace() or stop[-1:] == UNFINISHED
            for stop in self._stops
        )


def judged(
    prompt: Prompt, ending: Ending, decoding: Decoding, tokens: list[int], *, close: bool
) -> Generated | None:
    """Return an answer if its last token was its last one, None if it goes on.

    `close` says whether any of the tokens was a close call.
    """
    free = prompt.length is None
    if free and tokens[-1] in decoding.ends:
        return Generated(tokens[:-1], close, tokens[-1])
    if len(tokens) >= prompt.most or (free and ending.stopped(tokens)):
        return Generated(tokens[:], close)
    return None
