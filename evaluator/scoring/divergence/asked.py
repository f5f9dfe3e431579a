"""Say at which positions two models are compared: those that a benchmark reads of every model.

Of a text these are all predicted positions of its windows, of a benchmark scored by likelihoods those that
predict the tokens of its answers. Prompts begin alike, and each beginning counts once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.files import sha256_text
from evaluator.results import DatasetUsed
from evaluator.scoring.answers import Answered
from evaluator.scoring.engine import Engine
from evaluator.scoring.loading import load_views
from evaluator.scoring.perplexity_unit import Pieces, pieces, window_notes
from evaluator.scoring.plain_lm import Encoded, Scored
from evaluator.scoring.run import Question, ask, choose, prompt_hash
from evaluator.scoring.tree.likelihoods import continuation
from evaluator.scoring.tree.token_tree import Integers, build
from evaluator.tasks import data

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, eq=False)
class Passage:
    """Tokens to read, cut to the context; behind each of the last `read` of them distributions are compared.

    `item` is the number of its window or question.
    """

    tokens: NDArray[np.int32]
    read: int
    item: int


@dataclass(frozen=True, eq=False)
class Asked:
    """Everything that is read for one benchmark.

    Attributes:
        passages: what passes through the model.
        places: numbers of the positions that each passage reads, from 0 to N - 1.
        clusters: number of the item that each of the N positions belongs to: the first that reads it.
        items: how many items there are.
        branching: whether passages begin alike, so that a tree pays.
        texts: hash of all texts; `tokens` is one of their tokens and of what is read.
        used: the data set.
        facts: further provenance, by field.
    """

    passages: list[Passage]
    places: list[Integers]
    clusters: Integers
    items: int
    branching: bool
    texts: str
    used: DatasetUsed
    facts: dict[str, Any]

    @property
    def tokens(self) -> str:
        """Return a hash of what is read, token by token."""
        digest = sha256()
        for passage in self.passages:
            digest.update(np.array([len(passage.tokens), passage.read], "<i8").tobytes())
            digest.update(passage.tokens.astype("<i4").tobytes())
        return digest.hexdigest()


def asked(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    context_length: int,
    question: Question,
) -> Asked:
    """Build what a benchmark reads, as its own run does; `context_length` is in tokens.

    Raises:
        DatasetError: the data set is missing, or has another shape than the benchmark needs.
        InputError: lm-eval has no such task.
    """
    if not question.benchmark.tasks:
        return _windows(pieces(tokenizer, context_length, question), question)
    engine = CollectingEngine(
        model,
        tokenizer,
        context_length,
        replace(question.computing, model=None),
        chat=question.suite.chat_template,
        progress=False,
    )
    return _answers(engine, question)


def _windows(read: Pieces, question: Question) -> Asked:
    windows: NDArray[np.int32] = read.windows.numpy().astype(np.int32)
    count, length = windows.shape[0], windows.shape[1] - 1
    numbers = np.arange(count * length).reshape(count, length)
    return Asked(
        passages=[Passage(window[:-1], length, number) for number, window in enumerate(windows)],
        places=list(numbers),
        clusters=np.repeat(np.arange(count), length),
        items=count,
        branching=False,
        texts=sha256_text(str(length + 1), read.joined),
        used=data.used(question.benchmark.dataset, question.folder, read.rows),
        facts={
            "shots": 0,
            "chat_template_applied": False,
            "decoding": {"window_tokens": length + 1},
            "notes": window_notes(question.benchmark, length + 1),
        },
    )


class CollectingEngine(Engine):
    """An engine that computes nothing: it keeps what lm-eval asks, by task, and answers anything."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Take what `Engine` takes."""
        super().__init__(*arguments, **settings)
        self.found: list[tuple[str, Passage]] = []
        self.cut = 0

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Scored]:
        length = int(self.max_length)
        for instance, (_, context, targets) in zip(self._asked, requests, strict=True):
            self.cut += len(context) + len(targets) > length + 1
            if 0 < len(targets) <= length:  # others fail in the benchmark's own run too
                whole = continuation(context, targets, length)
                passage = Passage(whole.tokens, len(targets), instance.doc_id)
                self.found.append((instance.task_name, passage))
        return [(0.0, False)] * len(requests)


def _answers(engine: CollectingEngine, question: Question) -> Asked:
    """Collect the passages of every answer, each but once."""
    benchmark = question.benchmark
    views = load_views(benchmark, question.folder)
    system = question.suite.system if engine.takes_system_role() else None
    answers, logged = ask(engine, views, choose(views, question.limit), system=system)
    rows = [answer.row for answer in answers[benchmark.tasks[0]]]
    firsts = {task: first for view in answers.values() for task, first in _firsts(view).items()}
    passages = distinct([replace(one, item=firsts[task] + one.item) for task, one in engine.found])
    places, clusters = numbered(passages)
    return Asked(
        passages=passages,
        places=places,
        clusters=clusters,
        items=len(rows),
        branching=True,
        texts=prompt_hash([answer for view in answers.values() for answer in view]),
        used=data.used(benchmark.dataset, question.folder, rows),
        facts={
            "task_versions": {name: str(one) for name, one in sorted(logged["versions"].items())},
            "shots": max(logged["n-shot"][name] for name in logged["samples"]),
            "truncated_prompts": engine.cut,
            "chat_template_applied": engine.templated,
        },
    )


def _firsts(view: Sequence[Answered]) -> dict[str, int]:
    """Return at which number the items of each task of a view begin; views ask the same items."""
    sizes = Counter(answer.task for answer in view)
    stops = np.cumsum([0, *sizes.values()])
    return dict(zip(sizes, stops[:-1].tolist(), strict=True))


def distinct(passages: list[Passage]) -> list[Passage]:
    """Leave out passages that were there before: answers of one token share all that is read."""
    return list({(one.tokens.tobytes(), one.read): one for one in reversed(passages)}.values())[
        ::-1
    ]


def numbered(passages: list[Passage]) -> tuple[list[Integers], Integers]:
    """Return the numbers of the distinct beginnings that each passage reads, and each one's first item."""
    tree = build([one.tokens for one in passages], [one.read for one in passages])
    nodes = np.concatenate([np.zeros(0, np.int64), *tree.tails])
    owners = np.repeat([one.item for one in passages], [one.read for one in passages])
    _, first, numbers = np.unique(nodes, return_index=True, return_inverse=True)
    stops = np.cumsum([one.read for one in passages])
    return np.split(numbers, stops[:-1]), owners[first]
