"""The other side: lm-eval's `HFLM` as it is, and the same with its output head only where it is read.

The second shows what sharing is worth by itself. It has the same rows as `HFLM`, sorted, padded and batched
alike, through the same body; but no logit that nobody reads is computed.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import Collator
from torch.nn import functional

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Encoded = tuple[tuple[str, str], list[int], list[int]]
Answer = tuple[float, bool]

LARGEST_BATCH = 64  # lm-eval's own, for batch sizes that it finds itself
WORSE = 1.1  # a batch that takes so many times the best one's time ends the search


def plain_lm(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: int,
    context: int,
    *,
    restricted: bool,
) -> Any:
    """Return `HFLM` on a loaded model, with so many rows in a batch, for prompts of so many tokens."""
    kind = RestrictedLM if restricted else HFLM
    return kind(pretrained=model, tokenizer=tokenizer, batch_size=rows, max_length=context)


class RestrictedLM(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """Score as `HFLM` scores, but for the output head, which runs where something is read."""

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Answer]:
        order = Collator(
            requests,
            sort_fn=lambda asked: (-len(asked[1]) - len(asked[2]), (*asked[1], *asked[2])),
            group_by="contexts",
            group_fn=lambda asked: asked[1] + asked[2][:-1],
        )
        answers: list[Answer] = []
        for batch in order.get_batched(n=int(self.batch_size)):
            for (text, context, targets), values in zip(batch, self._values(batch), strict=True):
                for _, asked, given in order.get_cache(text, context, targets, values[None]):
                    answers.append(_answer(given[0], asked))
        found: list[Answer] = order.get_original(answers)
        return found

    def _values(self, batch: Sequence[Encoded]) -> Sequence[torch.Tensor]:
        """Return the log-probabilities behind each row's last positions, targets x vocabulary."""
        rows = [torch.tensor((one[1] + one[2])[-self.max_length - 1 : -1]) for one in batch]
        lengths = [len(targets) for _, _, targets in batch]
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self.device)
        with torch.no_grad():
            states = self.model.model(padded)[0]
            read = [
                states[row, len(tokens) - length : len(tokens)]
                for row, (tokens, length) in enumerate(zip(rows, lengths, strict=True))
            ]
            logits = self.model.lm_head(torch.cat(read))
            values = functional.log_softmax(logits, dim=-1, dtype=self.softmax_dtype)
            return values.split(lengths)  # type: ignore[no-untyped-call]


def _answer(values: torch.Tensor, targets: list[int]) -> Answer:
    # as lm-eval's cache of one-token continuations: the last positions, however many there are
    values, wanted = values[-len(targets) :], torch.tensor(targets, device=values.device)
    greedy = bool((values.argmax(dim=-1) == wanted).all())
    return float(values.gather(1, wanted[:, None]).sum()), greedy


def best_batch(run: Callable[[int], object], most: int) -> tuple[int, dict[int, float]]:
    """Search the rows in a batch, 1, 2, 4, ..., with which `run` is fastest; return it, and all seconds.

    `most` is how many rows `run` has: a larger batch would be the same one.
    """
    seconds: dict[int, float] = {}
    rows = 1
    while rows <= min(LARGEST_BATCH, most):
        started = time.perf_counter()
        try:
            run(rows)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            break
        seconds[rows] = time.perf_counter() - started
        if seconds[rows] > WORSE * min(seconds.values()):
            break
        rows *= 2
    return min(seconds, key=lambda one: seconds[one]), seconds
