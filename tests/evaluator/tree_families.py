"""Build tiny models of many families from their configs, with weights large enough that attention matters."""

from typing import Any

from tests.evaluator.tiny_model import WORDS

LARGER = 4.0  # times the usual random weights

SIZES: dict[str, Any] = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
LATENT = {
    "num_key_value_heads": 4,
    "head_dim": 8,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 12,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
}

# what the families that share need beyond the sizes; each stands for a trait
SHARED: dict[str, dict[str, Any]] = {
    "llama": {},  # grouped queries
    "mistral": {"sliding_window": 64},
    "qwen3": {},  # norms of queries and keys
    "gemma2": {"query_pre_attn_scalar": 8, "attn_logit_softcapping": 2.0},  # capped attention
    "gemma3_text": {"query_pre_attn_scalar": 8, "sliding_window": 64},
    "phi": {"num_key_value_heads": 4},  # partly rotary, parallel blocks
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},  # learned positions
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},  # a decoder within the body
    "cohere": {"logit_scale": 0.5},
    "deepseek_v3": LATENT,  # latent attention: values of another size
    "mixtral": EXPERTS,
    "gpt_oss": {**EXPERTS, "sliding_window": 64},  # attention sinks
    "olmo2": {},
    "gpt_bigcode": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},  # multi-query
    "diffllama": {},  # attends twice in each layer
}

# families that don't share: what they need, and what they are told
PLAIN: dict[str, tuple[dict[str, Any], str]] = {
    "gemma3_text": (
        {
            "query_pre_attn_scalar": 8,
            "sliding_window": 16,
            "layer_types": ["sliding_attention"] * 2,
        },
        "sliding windows of 16 tokens are shorter than the longest prompt (48)",
    ),
    "llama4_text": (
        {"attention_chunk_size": 16, "layer_types": ["chunked_attention"] * 2, **EXPERTS},
        "chunks of attention of 16 tokens are shorter than the longest prompt (48)",
    ),
    "bloom": ({}, "its attention is biased by distances (ALiBi)"),
    "mpt": (
        {"d_model": 32, "n_layers": 2, "n_heads": 4},
        "its attention is biased by distances (ALiBi)",
    ),
    "falcon": ({}, "its layers don't all attend through transformers' interface"),
    "codegen": (
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4},
        "its layers don't all attend through transformers' interface",
    ),
    "mamba": ({}, "layers of linear_attention are no plain attention"),
    "rwkv": ({}, "its layers carry a state along the row"),
    "jamba": (
        {"num_experts": 2, "attn_layer_offset": 0, "attn_layer_period": 2},
        "layers of linear_attention are no plain attention",
    ),
    "recurrent_gemma": (
        {"block_types": ["recurrent", "attention"], "lru_width": 32},
        "layers of linear_attention are no plain attention",
    ),
}


def family(name: str, **settings: Any) -> Any:
    """Build a model of a family, seed 0, float32; of the sizes and settings, what its config knows."""
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    kind = CONFIG_MAPPING[name]
    wanted = {**SIZES, **settings}
    default = kind()
    known = {*default.to_dict(), *default.attribute_map}
    config = kind(**{key: value for key, value in wanted.items() if key in known})
    return _random(lambda: AutoModelForCausalLM.from_config(config))


def t5() -> Any:
    """Build a model with an encoder."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=WORDS, d_model=32, d_ff=48, d_kv=8, num_heads=4, num_layers=1, pad_token_id=0
    )
    return _random(lambda: T5ForConditionalGeneration(config))


def _random(build: Any) -> Any:
    import torch

    torch.manual_seed(0)
    model = build().eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(LARGER)
    return model
