"""Make the models that are timed: random weights, and a 32,000-token vocabulary of the data's own texts.

What a model says plays no part in how long it takes, so weights are random, from a seed. The vocabulary does:
it decides how many tokens a prompt has, and how much the output head costs.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.environment import cache_folder

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

VOCABULARY = 32_000
CONTEXT = 4096  # tokens: the longest prompt of MMLU 5-shot is whole
TRAINED_WITH = 1  # part of the cached tokenizer's name; raise it when the training below changes
PADDING, END, TEXT = SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|text|>")


@dataclass(frozen=True)
class Shape:
    """The numbers that make a Llama: sizes in units of one number, heads of `head` numbers each."""

    name: str
    hidden: int
    layers: int
    heads: int
    key_heads: int
    intermediate: int
    vocabulary: int = VOCABULARY
    context: int = CONTEXT

    @property
    def parameters(self) -> int:
        """Return how many weights the model has, embedding and head apart."""
        head = self.hidden // self.heads
        attention = self.hidden * head * 2 * (self.heads + self.key_heads)
        layer = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden
        return self.layers * layer + self.hidden + 2 * self.vocabulary * self.hidden


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("tiny", hidden=64, layers=2, heads=2, key_heads=1, intermediate=128),
        Shape("256x8", hidden=256, layers=8, heads=4, key_heads=2, intermediate=1024),
        Shape("512x16", hidden=512, layers=16, heads=8, key_heads=4, intermediate=2048),
        # as Llama 3.2 1B and Llama 3.1 8B; only the vocabulary is the data's own
        Shape("1b", hidden=2048, layers=16, heads=32, key_heads=8, intermediate=8192),
        Shape("8b", hidden=4096, layers=32, heads=32, key_heads=8, intermediate=14336),
    )
}


def random_model(
    shape: Shape, *, seed: int = 0, dtype: "torch.dtype | None" = None, device: str = "cpu"
) -> "PreTrainedModel":
    """Return a Llama of a shape with random weights, in float32 unless said otherwise."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        max_position_embeddings=shape.context,
        pad_token_id=SPECIAL_TOKENS.index(PADDING),
        eos_token_id=SPECIAL_TOKENS.index(END),
        bos_token_id=SPECIAL_TOKENS.index(TEXT),
        tie_word_embeddings=False,
    )
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype or torch.float32)
    try:
        with torch.device(device):
            model = LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(before)
    model.generation_config.eos_token_id = None
    return model


def tokenizer(name: str, texts: Callable[[], Sequence[str]]) -> "PreTrainedTokenizerBase":
    """Return a byte-level BPE of 32,000 tokens, trained on some texts if the cache has none of that name.

    `name` has to determine the texts: a hash of the files that they come from.
    """
    file = tokenizer_file(name)
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}")
        _train(texts()).save(str(partial))
        partial.replace(file)
    return tokenizer_from(file)


def tokenizer_from(file: Path) -> "PreTrainedTokenizerBase":
    """Return the tokenizer in a file."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_file=str(file),
        pad_token=PADDING,
        eos_token=END,
        bos_token=TEXT,
        model_max_length=CONTEXT,
    )


def tokenizer_file(name: str) -> Path:
    """Return where the tokenizer of a name is kept."""
    recipe = {
        "texts": name,
        "vocabulary": VOCABULARY,
        "special": SPECIAL_TOKENS,
        "training": TRAINED_WITH,
    }
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "benchmarks" / f"tokenizer-{digest[:32]}.json"


def _train(texts: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def strings(rows: Iterable[Any]) -> Iterator[str]:
    """Go through every text in some rows, however deep it lies."""
    for row in rows:
        if isinstance(row, str):
            yield row
        elif isinstance(row, dict):
            yield from strings(row.values())
        elif isinstance(row, list | tuple):
            yield from strings(row)


def described(shape: Shape) -> dict[str, Any]:
    """Return a shape's numbers for a record."""
    return {**asdict(shape), "parameters": shape.parameters}
