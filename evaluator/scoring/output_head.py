"""Run a model's body and its output head apart, so that logits exist only where they are read.

Some families scale or cap what their head gives (Gemma 2, Cohere, Granite), so the head is the model's own
forward pass with the body left out of it, whatever comes after it included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPast

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROBE_TOKENS = 16
# what a forward pass raises that a model wasn't written for; a lack of memory is none of these
UNFIT = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
# elements of float32 logits that exist at the same time: 32 MiB, on a card 512 MiB
ELEMENTS, ELEMENTS_ON_A_CARD = 2**23, 2**27


class OutputHead:
    """Turn hidden states into logits, a few positions at a time."""

    def __init__(self, model: "PreTrainedModel", vocabulary: int) -> None:
        """Take a model whose forward pass is its body, then its head; `output_head` finds out."""
        self._model = model
        self.vocabulary = vocabulary

    @property
    def rows(self) -> int:
        """Return how many positions to read at once."""
        on_cpu = input_device(self._model).type == "cpu"
        return max(1, (ELEMENTS if on_cpu else ELEMENTS_ON_A_CARD) // self.vocabulary)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return float32 logits (N x vocabulary) of hidden states (N x size)."""
        tokens = torch.zeros((1, len(states)), dtype=torch.long, device=states.device)
        with _body_gives(self._model, states[None]):
            logits: torch.Tensor = self._model(tokens, use_cache=False).logits
        return logits[0].float()


class _States(BaseModelOutputWithPast):  # type: ignore[misc]  # transformers ships no types
    """Hidden states, and None for all else that a head asks of its body: router logits, caches, ..."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


class _Given(nn.Module):
    """Stand where a body stood, and give hidden states that are known already."""

    def __init__(self, states: torch.Tensor, body: nn.Module) -> None:
        super().__init__()
        self.states = states
        self.__dict__["body"] = body  # not as a part: its weights are not this module's

    def __getattr__(self, name: str) -> Any:
        """Return the body's own attribute, but itself for a decoder that a head calls (OPT)."""
        return self if name == "decoder" else getattr(self.__dict__["body"], name)

    def forward(self, *_: object, **__: object) -> _States:
        return _States(last_hidden_state=self.states)


@contextmanager
def _body_gives(model: "PreTrainedModel", states: torch.Tensor) -> Iterator[None]:
    body = model.base_model
    setattr(model, model.base_model_prefix, _Given(states, body))
    try:
        yield
    finally:
        setattr(model, model.base_model_prefix, body)


def input_device(model: "PreTrainedModel") -> torch.device:
    """Return where a model takes its tokens: where its embedding computes, if it is spread over cards."""
    embedding = model.get_input_embeddings()
    device: torch.device = embedding.weight.device
    if (
        device.type == "meta"
    ):  # its weights lie on the CPU or on disk, and come when they are needed
        return torch.device(embedding._hf_hook.execution_device)
    return device


def hidden_states(
    model: "PreTrainedModel", tokens: torch.Tensor, **settings: object
) -> torch.Tensor:
    """Return the body's last hidden states (B x T x size) of some tokens (B x T)."""
    states: torch.Tensor = model.base_model(tokens, use_cache=False, **settings)[0]
    return states


def output_head(model: "PreTrainedModel") -> OutputHead | None:
    """Return a model's output head, or None where body and head can't be told apart.

    It is tried on a few tokens: what the head makes of the body's states must be the model's own logits.
    """
    body = model.base_model
    if body is model or model.config.is_encoder_decoder:
        return None
    device = input_device(model)
    tokens = (
        torch.arange(PROBE_TOKENS, device=device)[None] % model.config.get_text_config().vocab_size
    )
    with torch.no_grad():
        whole = model(tokens, use_cache=False).logits[0].float()
        head = OutputHead(model, whole.shape[-1])
        try:
            parts = head(hidden_states(model, tokens)[0])
        except torch.OutOfMemoryError:
            raise
        except UNFIT:  # a body or a head that wants more than tokens and hidden states
            return None
    same = whole.shape == parts.shape and torch.allclose(whole, parts.to(whole.device), atol=1e-3)
    return head if same else None
