"""Compute lm-eval's requests faster than lm-eval does, where that gives the same answers.

Likelihoods come from a token tree and texts from continuous batching; a model for which that isn't sound goes
lm-eval's own way (`plain_lm`), and the record says which way was gone, and why. What has been computed is
kept as it comes, so that a run which was killed goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from lm_eval.models.utils import (
    handle_stop_sequences,
    has_bos_prefix,
    postprocess_generated_text,
)
from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.scoring.budget import sizes_for
from evaluator.scoring.computing import Computing
from evaluator.scoring.generation.choose import generate_fastest
from evaluator.scoring.generation.prompts import Decoding, GenerationWork, Prompt
from evaluator.scoring.kept import one_by_one, store_for, through
from evaluator.scoring.outcome_store import generation_key, likelihood_key
from evaluator.scoring.output_head import OutputHead, output_head
from evaluator.scoring.plain_lm import Encoded, PlainLM, Scored, end_tokens
from evaluator.scoring.suitability import Way, choose_way
from evaluator.scoring.tree.likelihoods import Work, continuation, score_with_less
from evaluator.scoring.tree.sections import sections
from evaluator.scoring.tree.token_tree import distinct

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ALL = 2**31
GREEDY = {
    "do_sample",
    "temperature",
    "until",
    "max_gen_toks",
}  # settings that continuous batching knows
UNTOUCHED = {  # settings of a checkpoint that would change the best token
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "num_beams": 1,
    "min_length": 0,
}
PLAIN = Way(shared=False, alone=False, reason="plain: nothing shared, as asked")
TOGETHER = "in batches, as asked, although it changes scores; otherwise it would be "


def way_of(
    model: "PreTrainedModel", head: OutputHead | None, longest: int, computing: Computing
) -> Way:
    """Choose how requests of up to `longest` tokens are computed."""
    chosen = choose_way(model, head, longest, exact=computing.exact)
    if chosen.alone and computing.together and not computing.exact:
        return replace(chosen, alone=False, reason=TOGETHER + chosen.reason)
    return chosen


class SharedLM(PlainLM):
    """Answer lm-eval's requests by the fastest way that is sound for the model.

    `ways` says of each kind of request how it was computed, and why so.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Wrap a loaded model, as `PlainLM` does."""
        super().__init__(*arguments, **settings)
        self.ways: dict[str, str] = {}

    @cached_property
    def head(self) -> OutputHead | None:
        """Return the model's output head, where it can be told from its body."""
        return output_head(self.model)

    def way(self, kind: str, longest: int) -> Way:
        """Choose how requests of up to `longest` tokens are computed, and note it."""
        chosen = PLAIN  # trying the model out is a pass that lm-eval doesn't make
        if self.computing.shared:
            chosen = way_of(self.model, self.head, longest, self.computing)
        self.ways[kind] = chosen.reason
        return chosen

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Score whole documents, in windows of the context length."""
        way = self.way("likelihoods", int(self.max_length))
        # over a tree all windows at once: it makes its own passes of them
        with self.rows(ALL if way.shared else 1 if way.alone else int(self.batch_size)):
            values: list[float] = super().loglikelihood_rolling(requests, disable_tqdm=disable_tqdm)
        return values

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Scored]:
        longest = max(len(context) + len(targets) - 1 for _, context, targets in requests)
        way = self.way("likelihoods", min(longest, int(self.max_length)))
        if way.shared:
            return self._over_tree(requests, show=not disable_tqdm)
        with self.rows(1 if way.alone else int(self.batch_size)):
            return super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Answer each prompt."""
        asked = [self._prompt(*request.args) for request in requests]
        way = self.way("texts", max((len(one.tokens) + one.limit for one in asked), default=0))
        if way.shared and not all(self._is_greedy(request.args[1]) for request in requests):
            way = replace(
                PLAIN, reason="plain: the task or the checkpoint asks for more than greedy decoding"
            )
            self.ways["texts"] = way.reason
        if way.shared:
            return self._continuously(requests, asked, show=not disable_tqdm)
        with self.rows(1 if way.alone else int(self.batch_size)):
            return super().generate_until(requests, disable_tqdm)

    def _is_greedy(self, settings: dict[str, Any]) -> bool:
        """Say whether the next token is always the one with the highest logit."""
        own = self.model.generation_config
        untouched = all(
            getattr(own, name, None) in (None, same) for name, same in UNTOUCHED.items()
        )
        return untouched and not settings.get("do_sample") and settings.keys() <= GREEDY

    def _prompt(self, text: str, settings: dict[str, Any]) -> Prompt:
        """Encode a prompt as lm-eval encodes one that it generates from, cut from the left."""
        special = {} if self.add_bos_token is None else {"add_special_tokens": self.add_bos_token}
        if has_bos_prefix(text, getattr(self.tokenizer, "bos_token", None)):
            special = {"add_special_tokens": False}
        tokens = self.tokenizer(text, **special)["input_ids"]
        limit = int(settings["max_gen_toks"])
        kept = tokens[-(int(self.max_length) - limit) :]
        until = settings.get("until") or []
        until = [until] if isinstance(until, str) else [*until]
        stops = handle_stop_sequences(until, eos=self._end_text)
        return Prompt(np.array(kept, dtype=np.int32), limit, tuple(stops))

    @cached_property
    def _end_text(self) -> str:
        return str(self.tok_decode(self.eot_token_id, skip_special_tokens=False))

    def _continuously(self, requests: list[Any], prompts: list[Prompt], *, show: bool) -> list[str]:
        head, sizes = self.needed_head, sizes_for(self.model)
        self.tokens["prompt"] += distinct([prompt.tokens for prompt in prompts])
        keys = [generation_key(one.tokens, one.limit, one.stops) for one in prompts]
        decoding = Decoding(
            decode=lambda tokens: str(self.tok_decode(tokens, skip_special_tokens=False)),
            ends=end_tokens(self.model),
            slots=int(self.batch_size),
            paged=True,  # whatever shares prefixes soundly has nothing that pages would break
        )
        way = {"slots": decoding.slots, "tree": asdict(sizes)}
        with (
            tqdm(total=len(prompts), desc="Generating, texts", disable=not show) as bar,
            store_for(self.computing, "generation", keys, way) as store,
        ):

            def compute(numbers: Sequence[int]) -> Iterator[tuple[int, Any]]:
                self.reused += len(prompts) - len(numbers)
                bar.update(len(prompts) - len(numbers))
                chosen = [prompts[number] for number in numbers]
                work = GenerationWork()
                for place, found in generate_fastest(
                    self.model, head, chosen, decoding, sizes, work
                ):
                    bar.update(1)
                    yield numbers[place], (found.tokens, found.end, found.near_tie)
                self._note_choice(work)

            values = one_by_one(store, keys, compute)
        return [self._said(*pair) for pair in zip(requests, prompts, values, strict=True)]

    def _note_choice(self, work: GenerationWork) -> None:
        """Note which of two ways to generate was taken, where both were tried, and what isn't known then."""
        if work.chosen:
            self.ways["texts"] = f"{self.ways['texts']}; {work.chosen}"
        if work.unknown_ties:
            self.ways["texts"] += f"; near ties are not known of {work.unknown_ties} texts"

    def _said(self, request: Any, prompt: Prompt, value: tuple[list[int], int | None, bool]) -> str:
        """Return an answer as lm-eval cuts it, and note what it took."""
        tokens, end, near_tie = value
        whole = tokens if end is None else [*tokens, end]
        self.tokens["generated"] += len(whole)
        if near_tie:
            self.near_ties.add(request.args[0])
        return postprocess_generated_text(self.tok_decode(whole), list(prompt.stops), None)

    @property
    def needed_head(self) -> OutputHead:
        """Return the output head, which a model that shares has."""
        if self.head is None:
            raise ValueError("a model whose head can't be told from its body shares nothing")
        return self.head

    def _over_tree(self, requests: list[Encoded], *, show: bool) -> list[Scored]:
        head, sizes, length = self.needed_head, sizes_for(self.model), int(self.max_length)
        asked = [continuation(context, targets, length) for _, context, targets in requests]
        groups = sections([one.tokens for one in asked], sizes.budget)
        counts = [distinct([asked[number].tokens for number in group]) for group in groups]
        self.tokens["prompt"] += sum(counts)
        keys = [likelihood_key(context, targets) for _, context, targets in requests]
        way = {"tree": asdict(sizes), "length": length}
        with (
            tqdm(total=sum(counts), desc="Scoring, tokens", disable=not show) as bar,
            store_for(self.computing, "likelihood", keys, way) as store,
        ):
            work = Work(advance=bar.update)

            def score(numbers: Sequence[int]) -> list[Scored]:
                chosen = [asked[number] for number in numbers]
                return score_with_less(self.model, head, chosen, sizes, work)

            values = through(store, keys, groups, score, self._reusing(bar, groups, counts))
        return [(float(value), bool(greedy)) for value, greedy in values]
