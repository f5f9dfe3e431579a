r"""Encode texts line by line, each distinct line once, where that gives the very tokens of the whole text.

Prompts repeat most of their lines: examples, instructions, a question before each of its choices. A text is
cut between a newline and an ASCII letter, where the character before the newline isn't space either. That
changes nothing if no token reaches over the cut, and the tokenizer's regular expression ends a match there,
whatever stands on the other side. `separable` takes only parts of which this is known, one by one:

* GPT-2's expression (`ByteLevel`), Llama 3's, Qwen's and GPT-4o's: nothing matches both a newline and a
  letter after it; a newline behind a character that isn't space matches alone or ends the match before it.
* expressions for single characters (digits), and none at all.
* normalizers that replace spaces, or write something before a text: a line is encoded with a newline before
  it, whose tokens are then dropped.
* BPE: its merges stay on their side of a place that no token of the vocabulary reaches over.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

Tokens = list[int]
Encode = Callable[[Sequence[str]], list[Tokens]]

CUT = re.compile(r"(?<=[!-~\u3001-\u9fff\uff01-\uff5e]\n)(?=[A-Za-z])")
REACHES_OVER = re.compile(r"(?:\n|Ċ)[A-Za-z]")  # Ċ is the newline of byte-level vocabularies
LAST = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
CAPITALS, SMALL = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
CHARACTERS = {r"\p{N}", r"\p{N}{1,3}", r"\p{N}|\p{Han}"}
WORDS = {
    *(
        SHORT + r"|[^\r\n\p{L}\p{N}]?\p{L}+|" + number + r"| ?[^\s\p{L}\p{N}]+[\r\n]*" + LAST
        for number in (r"\p{N}", r"\p{N}{1,3}")
    ),
    SHORT + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + LAST,
    rf"[^\r\n\p{{L}}\p{{N}}]?[{CAPITALS}]*[{SMALL}]+{SHORT}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?[{CAPITALS}]+[{SMALL}]*{SHORT}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + LAST,
}
UNUSUAL = ("dropout", "continuing_subword_prefix", "end_of_word_suffix")
OF_SPACES = {" ", r"\A +|[ ▁]+\z", " {2,}"}  # what normalizers may replace


def separable(tokenizer: Any) -> bool:
    """Say whether a tokenizer of transformers' is known to give each line the tokens it has in its text."""
    if not tokenizer.is_fast:
        return False
    return _is_separable(tokenizer.backend_tokenizer.to_str()) and _knows_newline(tokenizer)


@lru_cache(maxsize=4)  # each benchmark asks this of one tokenizer, which takes long to read
def _is_separable(content: str) -> bool:
    whole = json.loads(content)
    return (
        _merges(whole["model"], words=_splits_into_words(whole["pre_tokenizer"]))
        and not any(_reaches_out(token) for token in whole["added_tokens"])
        and _keeps_lines(whole["normalizer"])
        and _splits_at_lines(whole["pre_tokenizer"])
    )


def _merges(model: dict[str, Any], *, words: bool) -> bool:
    """Say whether a model is BPE whose tokens stay on their side; `words`: it is given one at a time."""
    if model["type"] != "BPE" or any(model.get(name) for name in UNUSUAL):
        return False
    if model.get("ignore_merges") and not words:  # a text that is one token as a whole
        return False
    return not any(REACHES_OVER.search(piece) for piece in model["vocab"])


def _splits_into_words(splitter: dict[str, Any] | None) -> bool:
    if splitter is None:
        return False
    if splitter["type"] == "Sequence":
        return any(map(_splits_into_words, splitter["pretokenizers"]))
    return splitter.get("use_regex", False) or splitter.get("pattern", {}).get("Regex") in WORDS


def _reaches_out(token: dict[str, Any]) -> bool:
    return "\n" in token["content"] or any(
        token[name] for name in ("lstrip", "rstrip", "single_word")
    )


def _keeps_lines(normalizer: dict[str, Any] | None) -> bool:
    if normalizer is None or normalizer["type"] in ("NFC", "Prepend"):
        return True
    if normalizer["type"] == "Sequence":
        return all(map(_keeps_lines, normalizer["normalizers"]))
    return normalizer["type"] == "Replace" and set(normalizer["pattern"].values()) <= OF_SPACES


def _splits_at_lines(splitter: dict[str, Any] | None) -> bool:
    kind = splitter["type"] if splitter else None
    if splitter is None or kind == "Digits":
        return True
    if kind == "Sequence":
        return all(map(_splits_at_lines, splitter["pretokenizers"]))
    if kind == "ByteLevel":
        return not splitter["add_prefix_space"]
    if kind == "Metaspace":
        return not splitter.get("split", True)
    if kind != "Split" or splitter["invert"]:
        return False
    if splitter["pattern"].get("Regex") in WORDS | CHARACTERS:
        return splitter["behavior"] == "Isolated"
    return splitter["pattern"].get("String") == " "


def _knows_newline(tokenizer: Any) -> bool:
    """Say whether a newline has tokens of its own; an unknown one may merge with its neighbours."""
    tokens = tokenizer("\n", add_special_tokens=False)["input_ids"]
    return bool(tokens) and tokenizer.unk_token_id not in tokens


class LineEncoder:
    """Encode texts without special tokens, remembering each line for as long as it lives."""

    def __init__(self, encode: Encode) -> None:
        """Take the tokens of whole texts, without special tokens, from a `separable` tokenizer."""
        self._encode = encode
        self._newline = encode(["\n"])[0]
        self._known: dict[str, Tokens] = {}

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text."""
        lines = [self._lines(text) for text in texts]
        new = [line for line in dict.fromkeys(chain(*lines)) if line not in self._known]
        self._known |= zip(new, self._encode(new), strict=True)
        return [self._joined(parts) for parts in lines]

    def _lines(self, text: str) -> list[str]:
        """Cut a text; lines behind the first get a newline before them."""
        first, *others = CUT.split(text)
        return [first, *(f"\n{line}" for line in others)]

    def _joined(self, lines: Sequence[str]) -> Tokens:
        tokens = list(self._known[lines[0]])
        for line in lines[1:]:
            tokens += self._known[line][len(self._newline) :]
        return tokens


def around(encode: Encode, encode_rest: Encode) -> tuple[Tokens, Tokens] | None:
    """Return the special tokens before and behind a text, or None where they aren't the same for any text."""
    found = []
    for text in ("a", "b c"):
        whole, inner = encode([text])[0], encode_rest([text])[0]
        places = [
            start
            for start in range(len(whole) - len(inner) + 1)
            if whole[start : start + len(inner)] == inner
        ]
        if len(places) != 1:
            return None
        found.append((whole[: places[0]], whole[places[0] + len(inner) :]))
    return found[0] if found[0] == found[1] else None
