"""Hold fast encoding to lm-eval's own, text by text, and the cache of tokens to its key."""

import os
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from evaluator.scoring import text_lines, token_cache
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.pair_encoding import Encoder, Pair, encode_pairs, encoder_of
from evaluator.scoring.text_lines import CHARACTERS, CUT, WORDS, separable
from evaluator.scoring.token_cache import tokenizer_identity, tokens_of
from tests.evaluator.byte_model import TEMPLATE, byte_llama, byte_tokenizer

ROOT = Path(__file__).resolve().parents[2]
SHARED = os.environ.get("QUANTBOARD_SHARED")
needs_shared = pytest.mark.skipif(
    SHARED is None, reason="QUANTBOARD_SHARED doesn't name the folder with real models and data"
)
LETTERS = [
    "A",
    "b",
    "1",
    ".",
    "'s",
    "。",
    "中",
    "é",
    "e\u0301",
    "<s>",
    "\u00a0",
    " ",
    "\n",
    "\n",
    "\r",
]
MADE = ["sentences", "gpt2", *sorted(WORDS | CHARACTERS)]
EDGES = [
    ("", " one"),
    ("", "<s>"),
    (" ", "two"),
    ("\n\n", " three"),
    ("Question:\nAnswer: \n", "four"),
    ("Question:\nAnswer:  ", " five"),
    ("<s>Question:\nAnswer:", " six"),
    ("Question:\nAnswer:", ""),
    ("Question:\nAnswer:\u3000", "\nSeven"),
]


class Recording(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """lm-eval's own encoding: give back the tokens instead of scoring them."""

    def _loglikelihood_tokens(self, requests: Any, **_: Any) -> Any:
        return [(context, continuation) for _, context, continuation in requests]


def by_lm_eval(engine: Any, pairs: list[Pair]) -> Any:
    """Return what lm-eval makes of requests."""
    asked = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    return engine.loglikelihood(asked, disable_tqdm=True)


def random_texts(count: int, seed: int) -> list[str]:
    """Return texts of few letters and many lines, from a seed."""
    drawn = random.Random(seed)
    return ["".join(drawn.choices(LETTERS, k=drawn.randint(1, 30))) for _ in range(count)]


def random_pairs() -> list[Pair]:
    """Return requests between which contexts repeat, and some that are hard."""
    contexts, rests = random_texts(60, 0), random_texts(240, 1)
    return [*EDGES, *((contexts[i % 60], rest) for i, rest in enumerate(rests))]


@cache
def trained(kind: str) -> Any:
    """Return a tokenizer of 600 tokens, trained on random texts, of one of several makes."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, trainers
    from tokenizers import pre_tokenizers as splitters
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>"]
    made = Tokenizer(models.BPE(byte_fallback=kind == "sentences", unk_token="<unk>"))  # noqa: S106
    if kind == "sentences":  # as Llama 2
        made.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        special += [f"<0x{byte:02X}>" for byte in range(256)]
        texts = [text.replace("\n", "") for text in random_texts(400, 2)]
    else:
        plain = kind == "gpt2"
        parts = [] if plain else [splitters.Split(Regex(kind), "isolated")]
        level = splitters.ByteLevel(add_prefix_space=False, use_regex=kind not in WORDS)
        made.pre_tokenizer = splitters.Sequence([*parts, level])
        made.normalizer = normalizers.NFC()
        made.decoder = decoders.ByteLevel()
        texts = random_texts(400, 2)
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=600,
            special_tokens=[AddedToken(one, special=True) for one in special],
            initial_alphabet=[] if kind == "sentences" else splitters.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", made.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
    )


def own_encoder(engine: Engine) -> Encoder:
    """Return how an engine takes text."""
    return encoder_of(engine, by_lines=separable(engine.tokenizer))


def engine_of(tokenizer: Any, *, bos: bool | None = None) -> Any:
    """Return lm-eval's backend with a tokenizer, and any model."""
    return Recording(pretrained=byte_llama(64), tokenizer=tokenizer, add_bos_token=bos)


@pytest.mark.parametrize("bos", [None, True, False], ids=["own", "bos", "no bos"])
@pytest.mark.parametrize("kind", MADE)
def test_tokens_equal_lm_evals(kind: str, *, bos: bool | None) -> None:
    """Hard random texts: with BOS and without, each token of each request is lm-eval's."""
    engine, pairs = engine_of(trained(kind), bos=bos), random_pairs()
    assert separable(trained(kind))
    assert sum(len(CUT.split(context + rest)) > 1 for context, rest in pairs) > 30
    encoded = encode_pairs(pairs, own_encoder(engine))
    assert encoded.pairs() == by_lm_eval(engine, pairs)


def real_rows(file: str, count: int) -> list[Any]:
    """Return the first rows of a real data set."""
    import pandas as pd

    return pd.read_parquet(Path(str(SHARED)) / "hub" / file).head(count).to_dict("records")


def real_pairs() -> Iterator[Pair]:
    """Yield requests of three benchmarks, put together as lm-eval does, of real rows."""
    head = "The following are multiple choice questions (with answers) about anatomy.\n\n"
    for row in real_rows("cais/mmlu/anatomy/dev-00000-of-00001.parquet", 5):
        head += f"{question(row)} {'ABCD'[row['answer']]}\n\n"
    for row in real_rows("cais/mmlu/anatomy/test-00000-of-00001.parquet", 12):
        yield from ((head + question(row), f" {letter}") for letter in "ABCD")
    file = "truthfulqa/truthful_qa/multiple_choice/validation-00000-of-00001.parquet"
    for row in real_rows(file, 20):
        for answer in row["mc2_targets"]["choices"]:
            yield f"Q: What is one?\nA: It is one.\n\nQ: {row['question']}\nA:", f" {answer}"
    for row in real_rows("oskarvanderwal/bbq/data/Age.parquet", 20):
        for answer in ("ans0", "ans1", "ans2"):
            yield f"{row['context']}\n\nQ: {row['question']}\nA:", f" {row[answer]}"


def question(row: Any) -> str:
    """Return one of MMLU's questions as lm-eval asks it."""
    choices = [f"{letter}. {text}" for letter, text in zip("ABCD", row["choices"], strict=True)]
    return "\n".join([row["question"].strip(), *choices, "Answer:"])


@needs_shared
@pytest.mark.parametrize("name", ["stories260K", "mini"])
def test_real_requests_equal_lm_evals(name: str) -> None:
    """MMLU 5-shot, TruthfulQA and BBQ become the tokens that lm-eval makes of them."""
    from transformers import AutoTokenizer

    stories = Path(str(SHARED)) / "models" / name
    folder = stories if stories.is_dir() else ROOT / "evaluator" / "mini" / "model"
    engine, pairs = engine_of(AutoTokenizer.from_pretrained(folder)), list(real_pairs())
    assert separable(engine.tokenizer)
    assert encode_pairs(pairs, own_encoder(engine)).pairs() == by_lm_eval(engine, pairs)


def test_chat_turns_keep_their_newline() -> None:
    """A rendered turn's last newline stays with it, and an answer has its own tokens only."""
    engine = Engine(
        byte_llama(64), byte_tokenizer(TEMPLATE), 64, Computing(), chat=True, progress=False
    )
    pairs = [(f"<user>{text}\n", rest) for text, rest in random_pairs()]
    found = encode_pairs(pairs, own_encoder(engine)).pairs()
    assert [context for context, _ in found] == [engine.tok_encode(context) for context, _ in pairs]
    assert [rest for _, rest in found] == [
        engine.tok_encode(rest, add_special_tokens=False) for _, rest in pairs
    ]


def test_a_tokenizer_written_in_python_is_asked_text_by_text() -> None:
    """Where there is no fast tokenizer, requests still become lm-eval's tokens."""
    from transformers import ByT5Tokenizer

    tokenizer = ByT5Tokenizer(bos_token="</s>")  # noqa: S106
    engine, pairs = engine_of(tokenizer), random_pairs()
    assert not separable(tokenizer)
    assert encode_pairs(pairs, own_encoder(engine)).pairs() == by_lm_eval(engine, pairs)


def whole_texts(made: Any) -> None:
    """Let a tokenizer look up texts as they are before it merges anything."""
    from tokenizers.pre_tokenizers import Digits

    made.pre_tokenizer = Digits()
    made.model.ignore_merges = True


def changed(change: str) -> Any:
    """Return the tokenizer like GPT-2's with one thing changed."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers
    from tokenizers import pre_tokenizers as splitters
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer.from_str(trained("gpt2").backend_tokenizer.to_str())
    changes: dict[str, Callable[[], Any]] = {
        "nothing": lambda: None,
        "normalizer": lambda: setattr(made, "normalizer", normalizers.NFKC()),
        "space before": lambda: setattr(made, "pre_tokenizer", splitters.ByteLevel()),
        "expression": lambda: setattr(
            made, "pre_tokenizer", splitters.Split(Regex(r"\n."), "isolated")
        ),
        "token with a newline": lambda: made.add_tokens(["a\n"]),
        "token that takes space": lambda: made.add_tokens([AddedToken("a", lstrip=True)]),
        "whole words": lambda: made.add_tokens([AddedToken("a", single_word=True)]),
        "dropout": lambda: setattr(made.model, "dropout", 0.1),
        "over the newline": lambda: setattr(
            made, "model", models.BPE({"Ċ": 0, "A": 1, "ĊA": 2}, [("Ċ", "A")])
        ),
        "unknown newline": lambda: setattr(
            made,
            "model",
            models.BPE({"A": 0, "<unk>": 1}, [], unk_token="<unk>"),  # noqa: S106
        ),
        "whole texts": lambda: whole_texts(made),
        "unigram": lambda: setattr(made, "model", models.Unigram([("Ċ", -1.0), ("A", -1.0)])),
    }
    changes[change]()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>")  # noqa: S106


@pytest.mark.parametrize(
    "change",
    [
        "normalizer",
        "space before",
        "expression",
        "token with a newline",
        "token that takes space",
        "whole words",
        "dropout",
        "over the newline",
        "unknown newline",
        "whole texts",
        "unigram",
    ],
)
def test_unknown_tokenizers_are_not_cut(change: str) -> None:
    """A part of which nobody knows that it keeps lines apart sends all texts through whole."""
    assert separable(changed("nothing"))
    assert not separable(changed(change))


@pytest.mark.parametrize("fault", [r"(?<=\n)(?=[A-Za-z])", r"(?=\n)"])
def test_a_wrong_cut_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut behind two newlines, or before one, the random texts get other tokens than lm-eval's."""
    monkeypatch.setattr(text_lines, "CUT", re.compile(fault))
    engine, pairs = engine_of(trained("gpt2")), random_pairs()
    assert encode_pairs(pairs, own_encoder(engine)).pairs() != by_lm_eval(engine, pairs)


# The cache --------------------------------------------------------------------------------------


class Counting:
    """Count the texts that a tokenizer is asked for."""

    def __init__(self, engine: Any) -> None:
        """Watch an engine's encoder."""
        self.texts = 0
        own = own_encoder(engine)

        def encode(texts: Any) -> Any:
            self.texts += len(texts)
            return own.encode(texts)

        self.encoder = Encoder(encode, own.encode_rest, own.prefix)


@pytest.fixture
def counting() -> Counting:
    """Return a tokenizer that counts."""
    return Counting(engine_of(trained("gpt2")))


def kept(counting: Counting, folder: Path, pairs: list[Pair], *, of: str = "gpt2") -> int:
    """Ask for the tokens of requests; return how many texts the tokenizer saw, probes left out."""
    before = counting.texts
    known = encode_pairs(pairs, counting.encoder).pairs()
    alone = counting.texts - before
    identity = tokenizer_identity(trained(of))
    found = tokens_of(pairs, counting.encoder, identity, folder)
    assert found.pairs() == known
    return counting.texts - before - alone - len(token_cache.PROBES)


def test_a_second_variant_reads_the_tokens(counting: Counting, tmp_path: Path) -> None:
    """The first asks the tokenizer, the second reads what the first kept."""
    pairs = random_pairs()
    assert kept(counting, tmp_path, pairs) > 200
    assert kept(counting, tmp_path, pairs) == 0


def test_other_texts_and_tokenizers_share_nothing(counting: Counting, tmp_path: Path) -> None:
    """Other requests, another order, another tokenizer: each is encoded anew."""
    pairs = random_pairs()
    kept(counting, tmp_path, pairs)
    assert kept(counting, tmp_path, pairs[:-1]) > 0
    assert kept(counting, tmp_path, pairs[::-1]) > 0
    assert kept(counting, tmp_path, pairs, of="sentences") > 0


def test_a_last_call_does_not_change_the_identity() -> None:
    """Truncation and padding, which a tokenizer remembers from its last call, are no part of it."""
    before = tokenizer_identity(trained("gpt2"))
    trained("gpt2")(["a", "a b"], padding=True, truncation=True, max_length=2)
    assert tokenizer_identity(trained("gpt2")) == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "of another"])
def test_a_spoilt_file_is_made_again(counting: Counting, tmp_path: Path, damage: str) -> None:
    """A file that is damaged, or another one's, is not read but replaced."""
    pairs = random_pairs()
    kept(counting, tmp_path, pairs)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    else:
        kept(counting, tmp_path / "two", pairs[:-1])
        content = bytearray(next((tmp_path / "two").iterdir()).read_bytes())
    file.write_bytes(content)
    assert kept(counting, tmp_path, pairs) > 200
    assert kept(counting, tmp_path, pairs) == 0


def test_files_hold_no_pickled_objects(counting: Counting, tmp_path: Path) -> None:
    """The archive is read without running anything: four arrays of numbers, and the identity."""
    import numpy as np

    kept(counting, tmp_path, random_pairs())
    (file,) = tmp_path.iterdir()
    with np.load(file, allow_pickle=False) as archive:
        assert set(archive.files) == {"identity", *token_cache.FIELDS}
        assert archive["tokens"].dtype == np.int32
