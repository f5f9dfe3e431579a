"""Compute lm-eval's requests in lm-eval's own way, row by row in its own batches.

The batches are the very ones of `HFLM`, but they come in runs, after each of which what was computed is kept.
Likelihoods are read in float32, and generation notes which answers hung on a near tie.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from lm_eval.models.huggingface import HFLM
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.scoring.computing import Computing
from evaluator.scoring.kept import store_for, through
from evaluator.scoring.near_ties import CloseCalls
from evaluator.scoring.outcome_store import generation_key, likelihood_key
from evaluator.scoring.plain_order import generation_runs, likelihood_runs

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Encoded = tuple[tuple[str, str], list[int], list[int]]
Scored = tuple[float, bool]
BATCHES_AT_ONCE = 32  # between two times that outcomes are kept


class PlainLM(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """Let `HFLM` do the work, in runs of whole batches.

    `tokens` counts what passed through the model, padding left out: `prompt` with the continuations that were
    scored (requests that share one forward pass count once), and `generated`. `near_ties` holds the prompts
    whose answers hung on one, `reused` counts the requests that an earlier run had answered.
    """

    def __init__(self, computing: Computing, **settings: Any) -> None:
        """Wrap a loaded model; `settings` are those of `HFLM`."""
        super().__init__(
            batch_size=computing.rows,
            # bfloat16 keeps three digits of a log-likelihood: ties where there are none
            softmax_dtype=torch.float32,
            **settings,
        )
        self.computing = computing
        self.tokens = {"prompt": 0, "generated": 0}
        self.near_ties: set[str] = set()
        self.reused = 0
        self._prompts: list[str] = []  # of the batch that is being generated

    @contextmanager
    def rows(self, rows: int) -> Iterator[None]:
        """Take this many rows at a time for as long as the context lasts."""
        before = int(self.batch_size)
        self.batch_size_per_gpu = rows
        try:
            yield
        finally:
            self.batch_size_per_gpu = before

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Scored]:
        score_all = super()._loglikelihood_tokens
        pairs = [(context, ends) for _, context, ends in requests]
        passes = {tuple((*context, *ends)[-(self.max_length + 1) : -1]) for context, ends in pairs}
        self.tokens["prompt"] += sum(len(tokens) for tokens in passes)
        if override_bs is not None:  # one batch of windows of whole documents
            return _scored(score_all(requests, disable_tqdm=True, override_bs=override_bs))
        keys = [likelihood_key(*pair) for pair in pairs]
        way = {"rows": int(self.batch_size), "length": int(self.max_length)}
        groups = [list(range(len(requests)))]
        if self.computing.model is not None:
            groups = likelihood_runs(pairs, int(self.batch_size), BATCHES_AT_ONCE)
        with (
            tqdm(total=len(requests), desc="Scoring, rows", disable=disable_tqdm) as bar,
            store_for(self.computing, "likelihood", keys, way) as store,
        ):

            def score(numbers: Sequence[int]) -> list[Scored]:
                found = score_all([requests[number] for number in numbers], disable_tqdm=True)
                bar.update(len(numbers))
                return _scored(found)

            values = through(store, keys, groups, score, self._reusing(bar, groups))
        return _scored(values)

    def _reusing(
        self, bar: Any, groups: Sequence[Sequence[int]], sizes: Sequence[int] | None = None
    ) -> Callable[[int], None]:
        """Return what to do for a group that is known: count it, and move the bar on by its size."""

        def reuse(place: int) -> None:
            self.reused += len(groups[place])
            bar.update(len(groups[place]) if sizes is None else sizes[place])

        return reuse

    def _model_call(
        self, inps: torch.Tensor, attn_mask: Any = None, labels: Any = None
    ) -> torch.Tensor:
        with torch.no_grad():  # a key-value cache would only cost memory here
            logits: torch.Tensor = self.model(inps, use_cache=False).logits
            return logits

    # Texts --------------------------------------------------------------------------------------

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Answer each prompt, in static batches."""
        generate_all = super().generate_until
        asked = [request.args for request in requests]
        encoded = [self.tok_encode(prompt) for prompt, _ in asked]
        self.tokens["prompt"] += sum(
            min(len(tokens), int(self.max_length) - int(settings["max_gen_toks"]))
            for tokens, (_, settings) in zip(encoded, asked, strict=True)
        )
        keys = [
            generation_key(tokens, 0, [repr(sorted(settings.items()))])
            for tokens, (_, settings) in zip(encoded, asked, strict=True)
        ]
        way = {"rows": int(self.batch_size), "length": int(self.max_length)}
        groups = [list(range(len(requests)))]
        if self.computing.model is not None:
            lengths = [len(tokens) for tokens in encoded]
            groups = generation_runs(asked, lengths, int(self.batch_size), BATCHES_AT_ONCE)
        with (
            tqdm(total=len(requests), desc="Generating, rows", disable=disable_tqdm) as bar,
            store_for(self.computing, "generation", keys, way) as store,
        ):

            def generate(numbers: Sequence[int]) -> list[tuple[str, bool, int]]:
                before = self.tokens["generated"]
                chosen = [replace(requests[number]) for number in numbers]
                texts = generate_all(chosen, disable_tqdm=True)
                new = self.tokens["generated"] - before
                self.tokens["generated"] = before
                bar.update(len(numbers))
                close = [asked[number][0] in self.near_ties for number in numbers]
                # the run's new tokens are booked with its first text
                return list(zip(texts, close, [new] + [0] * (len(texts) - 1), strict=True))

            values = through(store, keys, groups, generate, self._reusing(bar, groups))
        self.tokens["generated"] += sum(new for _, _, new in values)
        self.near_ties |= {asked[number][0] for number, value in enumerate(values) if value[1]}
        return [text for text, _, _ in values]

    def tok_batch_encode(
        self, strings: Sequence[str], *arguments: Any, **settings: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode the prompts of a batch, and remember whose answers come next."""
        self._prompts = list(strings)
        encoded: tuple[torch.Tensor, torch.Tensor] = super().tok_batch_encode(
            strings, *arguments, **settings
        )
        return encoded

    def _model_generate(
        self, context: torch.Tensor, max_length: int, stop: list[str], **settings: Any
    ) -> torch.Tensor:
        calls = CloseCalls()
        output: torch.Tensor = super()._model_generate(
            context, max_length, stop, logits_processor=[calls], **settings
        )
        new = output[:, context.shape[1] :]
        ended = torch.isin(new, torch.tensor(end_tokens(self.model), device=new.device))
        before_end = (ended.cumsum(dim=1) - ended.int()) == 0
        self.tokens["generated"] += int(before_end.sum())
        close = calls.rows(new, before_end, lambda tokens: self._stopped(tokens, stop))
        self.near_ties |= {self._prompts[row] for row in close}
        return output

    def _stopped(self, tokens: list[int], stop: list[str]) -> bool:
        text = self.tok_decode(tokens)
        return any(word in text for word in stop)


def end_tokens(model: "PreTrainedModel") -> list[int]:
    """Return the token ids at which the model's generation ends."""
    ends = getattr(model.generation_config, "eos_token_id", None)
    return [] if ends is None else ends if isinstance(ends, list) else [ends]


def _scored(values: Sequence[Sequence[Any]]) -> list[Scored]:
    """Return answers as lm-eval has them; a store gives lists back."""
    return [(float(value), bool(greedy)) for value, greedy in values]
