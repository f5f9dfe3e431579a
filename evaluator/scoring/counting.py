"""Count what a benchmark asks of a model, and ask nothing: requests are built exactly as a run builds them.

lm-eval builds, cuts and hands over the requests as ever, and the engine chooses the way of each; only what
would compute them is exchanged for code that counts. The answers that lm-eval gets mean nothing, and its
scores of them are thrown away.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluator.scoring.budget import sizes_for
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.generation.prompts import Prompt
from evaluator.scoring.loading import load_views
from evaluator.scoring.output_head import output_head
from evaluator.scoring.perplexity_unit import pieces
from evaluator.scoring.plain_lm import Encoded, PlainLM, Scored
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import Question, ask, choose, seed
from evaluator.scoring.shared_lm import way_of
from evaluator.scoring.tree.likelihoods import Continuation, continuation
from evaluator.scoring.tree.sections import sections
from evaluator.scoring.tree.token_tree import build, distinct

if TYPE_CHECKING:
    from evaluator.models import Loaded

LIKELIHOODS, TEXTS, WINDOWS = "likelihoods", "texts", "windows"
SAMPLE_TOKENS = 2**15  # of the requests that are kept to be timed
SAMPLE_ROWS = 64
IN_BATCHES = "in batches: windows share nothing"


@dataclass(frozen=True, eq=False)
class Part:
    """The requests of one kind that a benchmark puts to a model, all of which go the same way.

    Attributes:
        kind: LIKELIHOODS, TEXTS or WINDOWS.
        shared: whether prefixes pass through the model once.
        rows: how many requests are computed at a time; 1 over a tree, whose passes know no rows.
        requests: how many there are.
        plain: tokens that lm-eval forwards row by row, padding left out; requests that differ in the last
            token alone are one row to it.
        computed: tokens that this engine forwards, new ones left out.
        read: positions that pass through the output head.
        new: tokens that are generated at most.
        longest: tokens of the longest path, new ones included.
        sample: the longest requests, in the form in which they are computed.
    """

    kind: str
    shared: bool
    rows: int
    requests: int
    plain: int
    computed: int
    read: int
    new: int
    longest: int
    sample: Any


@dataclass(frozen=True, eq=False)
class Count:
    """What a benchmark asks: its items and requests, which ways they go, and the seconds that this took."""

    items: int
    parts: tuple[Part, ...]
    ways: tuple[str, ...]
    seconds: float = 0.0


def count(loaded: "Loaded", question: Question) -> Count:
    """Build a benchmark's requests as a run does, and count them.

    Raises:
        DatasetError: the data set is missing, or has another shape than the benchmark needs.
        InputError: lm-eval has no such task.
    """
    started = time.perf_counter()
    with quiet():
        seed()
        found = (_count_tasks if question.benchmark.tasks else _count_text)(loaded, question)
    return replace(found, seconds=time.perf_counter() - started)


def _count_tasks(loaded: "Loaded", question: Question) -> Count:
    suite, benchmark = question.suite, question.benchmark
    engine = CountingEngine(
        loaded.model,
        loaded.tokenizer,
        loaded.context_length,
        replace(question.computing, model=None),
        chat=suite.chat_template,
        progress=False,
    )
    views = load_views(benchmark, question.folder)
    system = suite.system if engine.takes_system_role() else None
    answers, _ = ask(engine, views, choose(views, question.limit), system=system)
    ways = tuple(dict.fromkeys(engine.ways.values()))
    return Count(len(answers[benchmark.tasks[0]]), merged(engine.parts), ways)


class RowCounter(PlainLM):
    """Stand where `PlainLM` stands below an engine: note what would pass row by row, and answer anything."""

    def __init__(self, computing: Computing, **settings: Any) -> None:
        """Take what `PlainLM` takes."""
        super().__init__(computing, **settings)
        self.parts: list[Part] = []

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Scored]:
        asked = _cut(requests, int(self.max_length))
        tokens = row_tokens(asked)
        ordered = sorted(requests, key=lambda one: -len(one[1]) - len(one[2]))
        part = _likelihoods(asked, tokens, int(self.batch_size), ordered)
        self.parts.append(replace(part, computed=tokens, read=tokens))
        return [(0.0, False)] * len(requests)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Note the prompts, as they are cut, and say nothing to each."""
        limits = [int(request.args[1]["max_gen_toks"]) for request in requests]
        lengths = [
            min(len(self.tok_encode(request.args[0])), int(self.max_length) - limit)
            for request, limit in zip(requests, limits, strict=True)
        ]
        self.parts.append(_texts(requests, lengths, limits, int(self.batch_size)))
        return [""] * len(requests)


class CountingEngine(Engine, RowCounter):
    """An engine that computes nothing: what it cuts, and which way it goes, is what a run cuts and goes."""

    def _over_tree(self, requests: list[Encoded], *, show: bool) -> list[Scored]:
        asked = _cut(requests, int(self.max_length))
        groups = sections([one.tokens for one in asked], sizes_for(self.model).budget)
        ordered = [requests[number] for group in groups for number in group]
        part = _likelihoods(asked, row_tokens(asked), 1, ordered)
        computed, read = tree_work(asked, groups)
        self.parts.append(replace(part, shared=True, computed=computed, read=read))
        return [(0.0, False)] * len(requests)

    def _continuously(self, requests: list[Any], prompts: list[Prompt], *, show: bool) -> list[str]:
        lengths = [len(prompt.tokens) for prompt in prompts]
        limits = [prompt.limit for prompt in prompts]
        part = _texts(requests, lengths, limits, int(self.batch_size))
        computed = distinct([prompt.tokens for prompt in prompts])
        self.parts.append(replace(part, shared=True, computed=computed))
        return [""] * len(requests)


def _cut(requests: Sequence[Encoded], length: int) -> list[Continuation]:
    return [continuation(context, targets, length) for _, context, targets in requests]


def row_tokens(asked: Sequence[Continuation]) -> int:
    """Return the tokens that lm-eval forwards: equal rows, whose targets differ, pass once."""
    return sum({one.tokens.tobytes(): len(one.tokens) for one in asked}.values())


def tree_work(asked: Sequence[Continuation], groups: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Return the tokens of the sections' trees, and how many of them are read."""
    tokens, read = 0, 0
    for group in groups:
        chosen = [asked[number] for number in group]
        tree = build([one.tokens for one in chosen], [len(one.targets) for one in chosen])
        tokens += len(tree)
        read += len(np.unique(np.concatenate(tree.tails)))
    return tokens, read


def _likelihoods(
    asked: Sequence[Continuation], tokens: int, rows: int, ordered: Sequence[Encoded]
) -> Part:
    """Return a part, given the requests in the order in which they are computed."""
    sizes = np.cumsum([len(context) + len(targets) for _, context, targets in ordered])
    return Part(
        LIKELIHOODS,
        shared=False,
        rows=rows,
        requests=len(asked),
        plain=tokens,
        computed=0,
        read=0,
        new=0,
        longest=max(len(one.tokens) for one in asked),
        sample=list(ordered[: max(1, int(np.searchsorted(sizes, SAMPLE_TOKENS)))]),
    )


def _texts(
    requests: Sequence[Any], lengths: Sequence[int], limits: Sequence[int], rows: int
) -> Part:
    """Return a part, given the tokens of each prompt and the new ones at most."""
    ordered = sorted(range(len(requests)), key=lambda number: -lengths[number])
    return Part(
        TEXTS,
        shared=False,
        rows=rows,
        requests=len(requests),
        plain=sum(lengths),
        computed=sum(lengths),
        read=len(requests),
        new=sum(limits),
        longest=max(length + limit for length, limit in zip(lengths, limits, strict=True)),
        sample=[requests[number] for number in ordered[: max(rows, SAMPLE_ROWS)]],
    )


def merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Put the parts of one kind that go the same way together."""
    found: dict[tuple[str, bool, int], Part] = {}
    for part in parts:
        name = part.kind, part.shared, part.rows
        found[name] = _both(found[name], part) if name in found else part
    return tuple(found.values())


def _both(one: Part, other: Part) -> Part:
    sums = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("requests", "plain", "computed", "read", "new")
    }
    return replace(max(one, other, key=lambda part: part.longest), **sums)


# Perplexity -------------------------------------------------------------------------------------


def _count_text(loaded: "Loaded", question: Question) -> Count:
    """Count windows and documents; see `perplexity_unit.run_perplexity`."""
    cut = pieces(loaded.tokenizer, loaded.context_length, question)
    documents = cut.documents
    head = output_head(loaded.model)
    way = way_of(loaded.model, head, loaded.context_length, question.computing)
    part = Part(
        WINDOWS,
        shared=False,
        rows=1 if way.alone else question.computing.rows,
        requests=len(cut.windows) + (len(documents.windows) if documents else 0),
        plain=cut.tokens,
        computed=cut.tokens,
        read=cut.tokens,
        new=0,
        longest=int(cut.windows.shape[1]),
        sample=cut.windows[:SAMPLE_ROWS],
    )
    items = len(cut.windows) + (len(documents.sizes) if documents else 0)
    return Count(items, (part,), (way.reason if way.alone else IN_BATCHES,))
