"""Put lm-eval's requests to a model that is already loaded, and note what lm-eval forgets.

How they are computed is for `SharedLM` and `PlainLM` to say. This class adds one rule for chat turns, a
record of each request (was its prompt cut, how many tokens had the answer, did it hang on a near tie), and
for our own tasks a cap on new tokens and greedy decoding whatever the checkpoint says.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import TemplateError
from transformers import GenerationConfig

from evaluator import environment
from evaluator.scoring.computing import Computing
from evaluator.scoring.pair_encoding import encoder_of
from evaluator.scoring.plain_lm import Encoded
from evaluator.scoring.shared_lm import SharedLM
from evaluator.scoring.text_lines import separable
from evaluator.scoring.token_cache import tokenizer_identity, tokens_of
from evaluator.scoring.turns import knows_thinking, shortened, turn_end
from evaluator.tasks.registry import code_for_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_NEW_TOKENS = 512
DEFAULT_NEW_TOKENS = 256  # lm-eval's, for a task that says nothing
NEW_TOKENS_NAMES = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
SAMPLING_NAMES = ("do_sample", "temperature", "top_p", "top_k", "min_p", "repetition_penalty")

Message = dict[str, str]


@dataclass(frozen=True)
class Record:
    """What happened to one request. Counts are tokens."""

    continuation_tokens: int = 0
    truncated: bool = False
    failed: bool = False
    near_tie: bool = False


class Engine(SharedLM):
    """Answer lm-eval's requests with one model object, of any format transformers knows.

    `records` holds one entry per request, by task name, number of the document within the task, and number
    of the choice.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        context_length: int,
        computing: Computing,
        *,
        chat: bool,
        progress: bool,
    ) -> None:
        """Wrap a loaded model; `context_length` is in tokens, `chat` says whether prompts are turns."""
        super().__init__(
            computing,
            pretrained=model,
            tokenizer=tokenizer,
            max_length=context_length,
            enable_thinking=False if knows_thinking(tokenizer) else None,
        )
        self.chat = chat
        self.has_template = bool(getattr(tokenizer, "chat_template", None))
        if self.templated:
            self.add_bos_token = False  # a template writes its special tokens itself
        self.progress = progress
        self.records: dict[tuple[str, int, int], Record] = {}
        self.decoding: dict[str, Any] = {}
        self._asked: Sequence[Any] = ()

    @property
    def templated(self) -> bool:
        """Say whether prompts are rendered by the tokenizer's own chat template."""
        return self.chat and self.has_template

    def takes_system_role(self) -> bool:
        """Say whether the chat template renders a system line; some raise an error, some drop it."""
        if not self.templated:
            return False
        turns = [{"role": "system", "content": "SYSTEM-LINE"}, {"role": "user", "content": "x"}]
        try:
            return "SYSTEM-LINE" in str(self.tokenizer.apply_chat_template(turns, tokenize=False))
        except TemplateError:
            return False

    def apply_chat_template(
        self, chat_history: list[Message], add_generation_prompt: bool = True
    ) -> str:
        """Render turns; without a template of the tokenizer's own, as text closed by a newline each."""
        if not self.has_template:
            return "".join(f"{message['content']}\n" for message in chat_history)
        return str(super().apply_chat_template(chat_history, add_generation_prompt))

    def loglikelihood(
        self, requests: list[Any], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Score each (context, continuation); see `records` for what was cut."""
        self._asked = requests
        pairs = [request.args for request in requests]
        folder = environment.cache_folder() / "tokens" if self.computing.model else None
        encoder = encoder_of(self, by_lines=self._by_lines)
        encoded = tokens_of(pairs, encoder, self._tokenizer_identity, folder).pairs()
        return self._loglikelihood_tokens(
            [(pair, *tokens) for pair, tokens in zip(pairs, encoded, strict=True)],
            disable_tqdm=disable_tqdm,
        )

    @cached_property
    def _by_lines(self) -> bool:
        return separable(self.tokenizer)  # writing a tokenizer out to look at it takes its time

    @cached_property
    def _tokenizer_identity(self) -> dict[str, Any]:
        return tokenizer_identity(self.tokenizer)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Score whole documents, in windows of the context length."""
        self._asked = ()
        return super().loglikelihood_rolling(
            requests, disable_tqdm=disable_tqdm or not self.progress
        )

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        # lm-eval stops the run at an answer that is empty or longer than the context; here it fails alone
        possible = [
            number for number, item in enumerate(requests) if 0 < len(item[2]) <= self.max_length
        ]
        answers: list[tuple[float, bool]] = [(-math.inf, False)] * len(requests)
        if possible:
            scored = super()._loglikelihood_tokens(
                [requests[number] for number in possible],
                disable_tqdm=disable_tqdm or not self.progress,
                override_bs=override_bs,
            )
            for number, answer in zip(possible, scored, strict=True):
                answers[number] = answer
        self._note_likelihoods(requests, answers)
        return answers

    def _note_likelihoods(self, requests: list[Encoded], answers: list[tuple[float, bool]]) -> None:
        if not self._asked:
            return
        for asked, (_, context, continuation), (value, _) in zip(
            self._asked, requests, answers, strict=True
        ):
            self.records[asked.task_name, asked.doc_id, asked.idx] = Record(
                continuation_tokens=len(continuation),
                # the last token is only predicted, so one more than the context length still fits
                truncated=len(context) + len(continuation) > self.max_length + 1,
                failed=not math.isfinite(value),
            )

    def new_tokens(self, wanted: int | None, *, own: bool) -> int:
        """Return how many tokens to generate: as many as the task wants.

        This project's own tasks get 512 and a quarter of the context at most; lm-eval's get all, as long as
        the context has room for a prompt beside them.
        """
        wanted = DEFAULT_NEW_TOKENS if wanted is None else wanted
        if not own and wanted < int(self.max_length):
            return wanted
        return min(wanted, MAX_NEW_TOKENS, max(1, int(self.max_length) // 4))

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Answer each prompt from the key-value cache; see `records` for what was cut and what was close.

        This project's own tasks are decoded greedily. lm-eval's are decoded as lm-eval does it: greedily too,
        but with a repetition penalty where the checkpoint brings one.
        """
        own = all(code_for_task(request.task_name) is not None for request in requests)
        settled = [self._settled(request, own=own) for request in requests]
        self.near_ties = set()
        with greedy(self.model) if own else nullcontext():
            texts: list[str] = super().generate_until(
                settled, disable_tqdm=disable_tqdm or not self.progress
            )
        self._note_close(settled)
        return texts

    def _settled(self, request: Any, *, own: bool) -> Any:
        """Return a request with its number of new tokens, and of our own without sampling; record it."""
        prompt, settings = request.args
        wanted = next((settings[name] for name in NEW_TOKENS_NAMES if settings.get(name)), None)
        limit = self.new_tokens(wanted, own=own)
        length, room = len(self.tok_encode(prompt)), self.max_length - limit
        self.records[request.task_name, request.doc_id, request.idx] = Record(
            truncated=length > room
        )
        if self.chat and length > room:
            prompt = shortened(
                prompt, self._turn_end, room, lambda text: len(self.tok_encode(text))
            )
        dropped = {*NEW_TOKENS_NAMES, *(SAMPLING_NAMES if own else ())}
        kept = {name: value for name, value in settings.items() if name not in dropped}
        settings = {"do_sample": False, **kept, "max_gen_toks": limit}
        self.decoding = {
            "do_sample": settings["do_sample"],
            "max_new_tokens": limit,
            "max_new_tokens_wanted": wanted or DEFAULT_NEW_TOKENS,
            "until": kept.get("until", []),
            **({} if own else self._penalty()),
            **(self.chat_template_args if self.templated else {}),
        }
        return replace(request, arguments=(prompt, settings))

    @cached_property
    def _turn_end(self) -> str:
        return turn_end(self.apply_chat_template)

    def _penalty(self) -> dict[str, float]:
        penalty = getattr(self.model.generation_config, "repetition_penalty", None)
        return {} if penalty in (None, 1.0) else {"repetition_penalty": float(penalty)}

    def _note_close(self, requests: list[Any]) -> None:
        for request in requests:
            key = request.task_name, request.doc_id, request.idx
            close = request.args[0] in self.near_ties
            self.records[key] = replace(self.records[key], near_tie=close)


@contextmanager
def greedy(model: "PreTrainedModel") -> Iterator[None]:
    """Lay the checkpoint's own sampling and repetition settings aside, keeping its special tokens.

    Qwen's checkpoints, for one, carry a repetition penalty, which changes greedy decoding too.
    """
    own = model.generation_config
    model.generation_config = GenerationConfig(
        bos_token_id=own.bos_token_id, eos_token_id=own.eos_token_id, pad_token_id=own.pad_token_id
    )
    try:
        yield
    finally:
        model.generation_config = own
