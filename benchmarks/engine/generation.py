"""Measure generation: how many positions each side computes for answers of the same, forced lengths.

An answer's length decides what a batch costs, so each item's is drawn beforehand (`lengths.json`) and forced
on both sides: on ours by `Prompt.length`, on `HFLM` by ending each row, and no earlier, at its length. What
passes through the body is counted there, padding and finished rows included. Wanted are the distinct tokens
of the prompts' tree and the new tokens: no way of computing needs more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from transformers import LogitsProcessor

from benchmarks.engine.likelihoods import Subject
from benchmarks.engine.samples import Questions
from benchmarks.engine.watching import Timing, timed
from evaluator.scoring.budget import sizes_for
from evaluator.scoring.generation.choose import generate_fastest
from evaluator.scoring.generation.prompts import Decoding, GenerationWork, Prompt
from evaluator.scoring.output_head import output_head
from evaluator.scoring.quiet import quiet

if TYPE_CHECKING:
    pass

LENGTHS = Path(__file__).with_name("lengths.json")
BENCHMARKS = (
    "gsm8k",
    "cnn_dailymail",
)  # eight shots that all share, and articles that share nothing
ROWS = 16  # slots on our side, rows in a batch on lm-eval's


@dataclass(frozen=True)
class Generation:
    """What both sides took for the same prompts and lengths.

    Attributes:
        subject: the model's name.
        benchmark: whose prompts.
        items: prompts.
        rows: slots, and rows in a batch.
        prompt_tokens: tokens of all prompts.
        distinct: tokens of their tree.
        new: tokens wanted behind them.
        ours: our engine; its `tokens` are the positions computed.
        plain: lm-eval's `HFLM`.
        chosen: which of our ways generated, and why.
    """

    subject: str
    benchmark: str
    items: int
    rows: int
    prompt_tokens: int
    distinct: int
    new: int
    ours: Timing
    plain: Timing
    chosen: str

    @property
    def wanted(self) -> int:
        """Return the positions that can't be done without."""
        return self.distinct + self.new

    @property
    def our_share(self) -> float:
        """Return the positions that we computed over those wanted."""
        return self.ours.tokens / self.wanted

    @property
    def plain_share(self) -> float:
        """Return the positions that lm-eval computed over those wanted."""
        return self.plain.tokens / self.wanted

    @property
    def plain_share_unshared(self) -> float:
        """Return lm-eval's positions over what it would want, were each prompt forwarded alone."""
        return self.plain.tokens / (self.prompt_tokens + self.new)

    @property
    def faster(self) -> float:
        """Return how many times faster we were."""
        return self.plain.seconds / self.ours.seconds


def lengths() -> list[int]:
    """Return the recorded lengths, in new tokens."""
    found: list[int] = json.loads(LENGTHS.read_text("utf-8"))["lengths"]
    return found


def generation(subject: Subject, questions: Questions, rows: int = ROWS) -> Generation:
    """Generate on both sides, as many new tokens for each prompt as its recorded length says."""
    wanted = lengths()
    instances = list(questions.instances)[: len(wanted)]
    forced = dict(zip((one.args[0] for one in instances), wanted, strict=False))
    prompts = _prompts(subject, forced)
    work = GenerationWork()
    _, ours = timed(subject.model, lambda: _ours(subject, prompts, rows, work))
    with quiet():
        lm = ForcedLM(subject, rows, forced)
        _, plain = timed(subject.model, lambda: lm.generate_until(instances, disable_tqdm=True))
    return Generation(
        subject.name,
        questions.benchmark,
        len(prompts),
        rows,
        sum(len(prompt.tokens) for prompt in prompts),
        work.prompt,
        sum(forced.values()),
        ours,
        plain,
        work.chosen,
    )


def _prompts(subject: Subject, forced: Mapping[str, int]) -> list[Prompt]:
    longest = max(forced.values())
    room = subject.context - longest
    return [
        Prompt(
            np.array(subject.tokenizer.encode(text)[-room:], dtype=np.int32), longest, length=length
        )
        for text, length in forced.items()
    ]


def _ours(subject: Subject, prompts: Sequence[Prompt], rows: int, work: GenerationWork) -> None:
    head = output_head(subject.model)
    if head is None:
        raise ValueError("the model's head can't be told from its body")
    decoding = Decoding(
        decode=lambda tokens: str(subject.tokenizer.decode(tokens)), ends=(), slots=rows, paged=True
    )
    sizes = sizes_for(subject.model)
    for _ in generate_fastest(subject.model, head, prompts, decoding, sizes, work):
        pass


class ForcedLM(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """`HFLM` as it is, but that each row ends at a length given beforehand."""

    def __init__(self, subject: Subject, rows: int, forced: Mapping[str, int]) -> None:
        """Take the length wanted for each prompt, in new tokens."""
        super().__init__(
            pretrained=subject.model,
            tokenizer=subject.tokenizer,
            batch_size=rows,
            max_length=subject.context,
        )
        self._forced = forced
        self._batch: list[int] = []

    def tok_batch_encode(
        self, strings: Sequence[str], *arguments: Any, **settings: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode the prompts of a batch, and note how long their answers are to be."""
        self._batch = [self._forced[text] for text in strings]
        settings["left_truncate_len"] = self.max_length - max(self._forced.values())
        encoded: tuple[torch.Tensor, torch.Tensor] = super().tok_batch_encode(
            strings, *arguments, **settings
        )
        return encoded

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **settings: Any
    ) -> torch.Tensor:
        end = int(self.eot_token_id)
        ending = _EndAt(self._batch, context.shape[1], end)
        output: torch.Tensor = super()._model_generate(
            context,
            context.shape[1] + max(self._batch),
            [],  # random texts may hold a stop
            logits_processor=[ending],
            eos_token_id=end,
            **settings,
        )
        return output


class _EndAt(LogitsProcessor):  # type: ignore[misc]  # transformers ships no types
    """Make each row's last token the one that ends a sequence, and none before it."""

    def __init__(self, lengths: Sequence[int], start: int, end: int) -> None:
        self._lengths = torch.tensor(lengths)
        self._start = start
        self._end = end

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        lasts = (input_ids.shape[1] - self._start + 1 >= self._lengths).to(scores.device)
        scores[:, self._end] = torch.where(lasts, torch.inf, -torch.inf)
        return scores
