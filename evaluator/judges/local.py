"""Let a model judge that is loaded like any other: greedily, and without a system line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.api.instance import Instance

from evaluator import models
from evaluator.files import sha256_text
from evaluator.judges.records import MAX_NEW_TOKENS, Keep, Reply, recorded_name
from evaluator.models.checkpoint import commit_of
from evaluator.results import JudgeUsed, LoadedModel
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine, greedy
from evaluator.scoring.quiet import quiet

if TYPE_CHECKING:
    from evaluator.models import Loaded

DTYPE = "bfloat16"
CHUNK = 4  # batches between two answers that are kept


class JudgeEngine(Engine):
    """An engine whose answers may be longer: a verdict explains itself before it says YES or NO."""

    def new_tokens(self, wanted: int | None, **_: Any) -> int:
        """Return how many tokens to generate: 1024, up to a quarter of the context."""
        return min(wanted or MAX_NEW_TOKENS, max(1, int(self.max_length) // 4))


@dataclass
class LocalJudge:
    """A judge on this machine; it is loaded when it is first asked something.

    `name` is what the record calls it, `files` are the SHA-256 of its files.
    """

    name: str
    folder: Path
    revision: str | None
    files: dict[str, str]
    device: str
    batch_size: int
    _loaded: "Loaded | None" = None

    @property
    def description(self) -> JudgeUsed:
        """Return mode, model, revision, hash and settings."""
        return JudgeUsed(
            mode="local",
            model=self.name,
            revision=self.revision,
            files_hash=sha256_text(*(f"{name} {self.files[name]}" for name in sorted(self.files))),
            settings={"do_sample": False, "max_tokens": MAX_NEW_TOKENS, "dtype": DTYPE},
        )

    def is_same(self, evaluated: LoadedModel) -> bool:
        """Say whether this is the checkpoint of the model that is evaluated."""
        weights = {name: digest for name, digest in self.files.items() if "safetensors" in name}
        return bool(weights) and weights.items() <= evaluated.files.items()

    def ask(self, questions: Sequence[str], keep: Keep) -> None:
        """Answer each question greedily.

        Raises:
            ModelError: the judge can't be loaded.
        """
        engine = self._engine()
        step = CHUNK * self.batch_size
        for start in range(0, len(questions), step):
            for number, reply in enumerate(self._replies(engine, questions[start : start + step])):
                keep(start + number, reply)

    def _engine(self) -> JudgeEngine:
        if self._loaded is None:
            self._loaded = models.load(
                self.folder,
                identifier=self.name,
                revision=self.revision,
                dtype=DTYPE,
                device=self.device,
            )
        loaded = self._loaded
        return JudgeEngine(
            loaded.model,
            loaded.tokenizer,
            loaded.context_length,
            Computing(batch_size=self.batch_size),
            chat=True,
            progress=False,
        )

    def _replies(self, engine: JudgeEngine, questions: Sequence[str]) -> list[Reply]:
        requests = [
            Instance(
                request_type="generate_until",
                doc={},
                arguments=(
                    engine.apply_chat_template([{"role": "user", "content": question}]),
                    {"until": [], "do_sample": False, "max_gen_toks": MAX_NEW_TOKENS},
                ),
                idx=0,
                metadata=("judge", number, 1),
            )
            for number, question in enumerate(questions)
        ]
        with quiet(), greedy(engine.model):
            texts = engine.generate_until(requests, disable_tqdm=True)
        return [
            Reply(
                text,
                prompt_tokens=len(engine.tok_encode(request.args[0])),
                answer_tokens=len(engine.tok_encode(text)),
                cut=engine.records["judge", number, 0].truncated,
            )
            for number, (text, request) in enumerate(zip(texts, requests, strict=True))
        ]


def find(model: str, *, device: str, batch_size: int) -> LocalJudge:
    """Return the judge that a user named: a folder, a Hub id, or `<Hub id>@<commit>`.

    Raises:
        InputError: it is none of these.
        ModelError: it can't be had, or can't be loaded safely.
    """
    named = re.fullmatch(r"(.+)@([0-9a-f]{40})", model)
    identifier, revision = named.groups() if named else (model, None)
    folder = models.resolve(identifier, revision)
    facts = models.inspect_folder(folder)
    here = Path(identifier).expanduser().is_dir()
    return LocalJudge(
        name=recorded_name("local", identifier),
        folder=folder,
        revision=None if here else revision or commit_of(folder),
        files=facts.sha256(),
        device=device,
        batch_size=batch_size,
    )
