"""Make small random models and prompts to generate from, and generate row by row as transformers does it."""

import random
from collections.abc import Collection
from typing import Any

import numpy as np
import torch

from evaluator.scoring.generation.continuous import generate
from evaluator.scoring.generation.prompts import Decoding, Generated, GenerationWork, Prompt
from evaluator.scoring.near_ties import NEAR
from evaluator.scoring.output_head import output_head
from evaluator.scoring.tree.likelihoods import Sizes
from tests.evaluator.byte_model import byte_llama, byte_tokenizer

WORDS = 259  # as many as the tokenizer of bytes has
SMALL = Sizes(budget=24, block=8)
COMMON: dict[str, Any] = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
    "initializer_range": 0.5,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def grouped_llama() -> Any:
    """Return a random Llama in which two heads share their keys."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**COMMON, num_key_value_heads=2)).eval()


def gpt2() -> Any:
    """Return a random GPT-2, whose places are learned."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4, n_positions=256, initializer_range=0.3,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return GPT2LMHeadModel(config).eval()


def capped_gemma() -> Any:
    """Return a random Gemma 2, which caps attention scores and logits."""
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    config = Gemma2Config(
        **COMMON,
        num_key_value_heads=2,
        head_dim=8,
        query_pre_attn_scalar=8,
        attn_logit_softcapping=5.0,
        final_logit_softcapping=3.0,
        sliding_window=256,
        attn_implementation="eager",
    )
    return Gemma2ForCausalLM(config).eval()


MODELS = {"llama": byte_llama, "grouped": grouped_llama, "gpt2": gpt2, "gemma2": capped_gemma}
TOKENIZER = byte_tokenizer()


def decoding(slots: int = 3, ends: Collection[int] = (), **settings: Any) -> Decoding:
    """Return how to generate with the tokenizer of bytes."""
    return Decoding(TOKENIZER.decode, ends, slots, **settings)


def prompt(tokens: list[int], limit: int, *stops: str, length: int | None = None) -> Prompt:
    """Return a prompt."""
    return Prompt(np.array(tokens, dtype=np.int32), limit, stops, length)


def random_prompts(seed: int, count: int) -> list[Prompt]:
    """Return prompts with shared beginnings, random limits and stops, the last one equal to the first."""
    draw = random.Random(seed)
    beginnings = [[draw.randrange(3, WORDS) for _ in range(40)] for _ in range(3)]
    prompts = []
    for _ in range(count):
        tokens = draw.choice(beginnings)[: draw.randrange(1, 41)]
        tokens += [draw.randrange(3, WORDS) for _ in range(draw.randrange(20))]
        stops = draw.sample(["a", "e", "Q:", "é"], draw.randrange(3))
        length = draw.choice([None, None, None, 17])
        prompts.append(prompt(tokens, draw.randrange(1, 40), *stops, length=length))
    first = prompts[0]
    return [*prompts, Prompt(first.tokens, first.limit + 5, first.stops, first.length)]


def ours(
    model: Any, prompts: list[Prompt], how: Decoding, work: GenerationWork | None = None
) -> list[Generated]:
    """Generate by our own continuous batching; return the answers in order."""
    head = output_head(model)
    assert head is not None
    found = dict(generate(model, head, prompts, how, SMALL, work or GenerationWork()))
    return [found[number] for number in range(len(prompts))]


def alone(model: Any, one: Prompt, how: Decoding) -> Generated:
    """Generate by the model's own `generate`, and end the answer by the plain rules."""
    given = model.generate(
        torch.from_numpy(one.tokens[None]).long(),
        do_sample=False,
        max_new_tokens=one.most,
        min_new_tokens=one.most,
        eos_token_id=None,
        pad_token_id=0,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = given.sequences[0, len(one.tokens) :].tolist()
    close = False
    for place, token in enumerate(tokens if one.length is None else []):
        best = given.logits[place][0].topk(2).values
        close |= bool(best[0] - best[1] < NEAR)
        if token in how.ends:
            return Generated(tokens[:place], close, token)
        if any(stop in how.decode(tokens[: place + 1]) for stop in one.stops):
            return Generated(tokens[: place + 1], close)
    gaps = [logits[0].topk(2).values for logits in given.logits]
    return Generated(tokens, any(bool(best[0] - best[1] < NEAR) for best in gaps))
