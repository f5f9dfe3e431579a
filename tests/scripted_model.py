"""Answer lm-eval's requests from a script instead of a model, so that theory says what must come out.

A script is a function from an item and its prompt to a text. Where text is asked for, that text is the
answer; where choices are scored, a choice that equals it gets all the probability, and where none does, all
choices are equally likely. Whole documents all have the same likelihood.
"""

from collections.abc import Callable, Mapping
from typing import Any

from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine, Message, Record

Row = Mapping[str, Any]
Script = Callable[[Row, str], str]

SAID, UNSAID = 0.0, -700.0  # nats; e to the second vanishes beside 1, and is still no zero
NATS_PER_DOCUMENT = 1000.0


class ScriptedEngine(Engine):
    """Stand where an engine stands; there is no model behind it, and prompts are plain text.

    `asked` keeps the arguments of each request, in the order in which they came.
    """

    def __init__(self, script: Script, *, chat: bool) -> None:
        """Take a script; `chat` says whether prompts are turns."""
        self.script = script
        self.chat = chat
        self.has_template = False
        self.computing = Computing()
        self.ways = {}
        self.near_ties = set()
        self.reused = 0
        self.records = {}
        self.tokens = {"prompt": 0, "generated": 0}
        self.decoding: dict[str, Any] = {}
        self.asked: list[tuple[Any, ...]] = []
        self._rank, self._world_size = 0, 1

    @property
    def tokenizer_name(self) -> str:
        """Return a name, which lm-eval would put into a cache's key."""
        return "scripted"

    def apply_chat_template(
        self, chat_history: list[Message], add_generation_prompt: bool = True
    ) -> str:
        """Render turns as text closed by a newline each, as for a tokenizer without a template."""
        return "".join(f"{message['content']}\n" for message in chat_history)

    def loglikelihood(
        self, requests: list[Any], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Give the choices that the script says all the probability."""
        return [self._likelihood(request) for request in requests]

    def _likelihood(self, request: Any) -> tuple[float, bool]:
        context, continuation = request.args
        self.asked.append(request.args)
        said = continuation.strip() == self.script(request.doc, context.rstrip("\n")).strip()
        # one token each, so that a mean over tokens is the sum
        self.records[request.task_name, request.doc_id, request.idx] = Record(1)
        return (SAID if said else UNSAID), said

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Give every document the same likelihood."""
        self.asked += [request.args for request in requests]
        return [-NATS_PER_DOCUMENT] * len(requests)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Say what the script says."""
        return [self._text(request) for request in requests]

    def _text(self, request: Any) -> str:
        prompt, settings = request.args
        self.asked.append(request.args)
        self.decoding = {"until": settings.get("until", [])}
        self.records[request.task_name, request.doc_id, request.idx] = Record()
        return self.script(request.doc, prompt.rstrip("\n"))
