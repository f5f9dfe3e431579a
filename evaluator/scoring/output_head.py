"""Run a model's body and its output head apart, so that logits exist only where they are read.

Some families scale or cap what their head gives (Gemma 2, Cohere, Granite), so the head is the model's own
forward pass with the body left out of it, whatever comes after it included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional
from transformers.modeling_outputs import BaseModelOutputWithPast

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROBE_TOKENS = 16
LOUD = 200.0  # a logit beyond every cap in use (30 to 50)
# what a forward pass raises that a model wasn't written for; a lack of memory is none of these
UNFIT = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
# elements of float32 logits that exist at the same time: 32 MiB, on a card 512 MiB
ELEMENTS, ELEMENTS_ON_A_CARD = 2**23, 2**27
# tokens of the vocabulary, and positions, whose logits a CPU computes at a time: 4 MiB, which its cache holds
COLUMNS, ROWS = 1024, 1024


class OutputHead:
    """Turn hidden states into logits, a few positions at a time."""

    def __init__(
        self, model: "PreTrainedModel", vocabulary: int, product: nn.Linear | None = None
    ) -> None:
        """Take a model whose forward pass is its body, then its head; `output_head` finds out.

        `product` is what the head is, where it is nothing but one matrix product on a CPU.
        """
        self._model = model
        self._product = product
        self.vocabulary = vocabulary

    @property
    def rows_in_parts(self) -> int:
        """Return of how many positions to ask for `parts` at once."""
        return self.rows if self._product is None else ROWS

    @property
    def rows(self) -> int:
        """Return of how many positions to ask for all logits at once."""
        on_cpu = input_device(self._model).type == "cpu"
        return max(1, (ELEMENTS if on_cpu else ELEMENTS_ON_A_CARD) // self.vocabulary)

    def parts(self, states: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield float32 logits (N x tokens) of hidden states, with the number of the first of those tokens.

        Whoever asks may write into them. A head that is one product gives a part of the vocabulary at a time.
        """
        if self._product is None:
            yield 0, self(states)
            return
        weight, bias = self._product.weight, self._product.bias
        for start in range(0, self.vocabulary, COLUMNS):
            inside = slice(start, start + COLUMNS)
            some = functional.linear(states, weight[inside], None if bias is None else bias[inside])
            yield start, some.float()

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
            states = hidden_states(model, tokens)[0]
            parts = head(states)
        except torch.OutOfMemoryError:
            raise
        except UNFIT:  # a body or a head that wants more than tokens and hidden states
            return None
        if whole.shape != parts.shape or not torch.allclose(
            whole, parts.to(whole.device), atol=1e-3
        ):
            return None
        return OutputHead(model, whole.shape[-1], _only_product(model, head, states))


def _only_product(
    model: "PreTrainedModel", head: OutputHead, states: torch.Tensor
) -> nn.Linear | None:
    """Return a head's matrix product, if its weights lie plainly on the CPU and give the head's logits.

    States are made so large that a head which caps its logits shows it.
    """
    product = model.get_output_embeddings()
    if type(product) is not nn.Linear or hasattr(product, "_hf_hook"):
        return None
    if product.weight.device.type != "cpu" or product.weight.dtype != states.dtype:
        return None
    loud = states * (LOUD / product(states).abs().max())
    whole, own = head(loud), product(loud).float()
    same = own.shape == whole.shape and torch.allclose(own, whole, rtol=1e-5)
    return product if same else None
