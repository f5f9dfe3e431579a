"""Hold where an answer ends to the plain rule: a stop appears in its text."""

import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.scoring.generation.stops import Ending, judged
from tests.evaluator.byte_model import byte_tokenizer
from tests.evaluator.generation_examples import alone, decoding, grouped_llama, ours, prompt

MINI = Path(__file__).parents[2] / "evaluator" / "mini" / "model"
TEXTS = (
    "Es war né\n\nQuestion: 中文。 Und dann?",
    "  a  b </s> c\nQ:\nA: 🙂. The end",
)


def tokenizers() -> list[Any]:
    """Return one with a token per byte, the mini model's, and one of pieces that falls back to bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    names = [f"<0x{byte:02X}>" for byte in range(256)]
    names += ["</s>", "▁", "e", "n", "r", "▁U", "nd", "▁d", "ann", "?", ":", "Question", "."]
    pieces = models.Unigram([(name, -1.0) for name in names], unk_id=0, byte_fallback=True)
    whole = Tokenizer(pieces)
    whole.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    whole.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    falling_back = PreTrainedTokenizerFast(tokenizer_object=whole)
    falling_back.add_special_tokens({"eos_token": "</s>"})
    return [byte_tokenizer(), AutoTokenizer.from_pretrained(MINI), falling_back]


STOPS = ("\n", "\n\n", "Question:", "é", "中文", "。", " ", "</s>", "🙂", "d", "b ", "e\n", ". ")


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("text", TEXTS)
def test_an_answer_ends_at_the_token_that_completes_a_stop(number: int, text: str) -> None:
    """Across tokens, within characters of several bytes, and in a special token's name."""
    tokenizer = tokenizers()[number]
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    for stop in STOPS:
        ending = Ending(tokenizer.decode, (stop, "never in it"))
        plain = [stop in tokenizer.decode(tokens[:end]) for end in range(1, len(tokens) + 1)]
        found = [ending.stopped(tokens[:end]) for end in range(1, len(tokens) + 1)]
        first = plain.index(True) if True in plain else len(tokens)
        assert found[: first + 1] == plain[: first + 1], stop


@pytest.mark.parametrize("number", range(3))
def test_random_tokens_end_where_the_plain_rule_ends_them(number: int) -> None:
    """Bytes in no order, half characters and special tokens among them."""
    tokenizer, draw = tokenizers()[number], random.Random(number)
    for _ in range(20):
        tokens = [draw.randrange(len(tokenizer)) for _ in range(40)]
        stop = tokenizer.decode(tokens[20:22])
        ending = Ending(tokenizer.decode, (stop,))
        texts = [tokenizer.decode(tokens[:end]) for end in range(1, 41)]
        first = next((place for place, text in enumerate(texts) if stop in text), 40)
        assert not any(ending.stopped(tokens[:end]) for end in range(1, first + 1))
        assert first == 40 or ending.stopped(tokens[: first + 1])


def test_the_text_is_decoded_only_where_a_stop_can_end() -> None:
    """Tokens without a stop's last character cost one look at each kind of token."""
    seen: list[int] = []

    def decode(tokens: list[int]) -> str:
        seen.append(len(tokens))
        return "".join(map(chr, tokens))

    ending = Ending(decode, ("Q:",))
    assert not any(ending.stopped([97, 98] * turn) for turn in range(1, 50))
    assert seen == [1]
    assert not ending.stopped([97, ord(":")])
    assert ending.stopped([97, ord("Q"), ord(":")])
    assert seen == [1, 1, 2, 3]


def test_an_empty_stop_ends_an_answer_after_one_token() -> None:
    """In lm-eval too an empty text is in every text."""
    model = grouped_llama()
    (answer,) = ours(model, [prompt([5, 6], 9, "")], decoding())
    assert answer == alone(model, prompt([5, 6], 9, ""), decoding())
    assert len(answer.tokens) == 1


def test_a_forced_length_heeds_neither_ends_nor_stops() -> None:
    """Benchmarks draw lengths beforehand."""
    forced = prompt([5], 2, "a", length=4)
    ending = Ending(decoding().decode, forced.stops)
    how, tokens = decoding(ends={7}), [7, *byte_tokenizer()("aaa")["input_ids"]]
    answers = [judged(forced, ending, how, tokens[:end], close=False) for end in range(1, 5)]
    assert answers[:3] == [None] * 3
    assert answers[3] is not None and answers[3].tokens == tokens
