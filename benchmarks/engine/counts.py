"""Count a benchmark's tokens: forwarded row by row as `HFLM` does, and distinct in the tree."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import groupby
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.engine.samples import Questions, Source
from evaluator.environment import cache_folder
from evaluator.scoring.pair_encoding import Encoder, encode_pairs
from evaluator.scoring.tree.likelihoods import Continuation, continuation
from evaluator.scoring.tree.token_tree import build

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

COUNTED_WITH = 2  # part of the cached counts' name; raise it when something below changes
LARGEST = 300  # questions
TYPICAL = 0.1  # of the whole set's token ratio that a typical subject's may differ by


@dataclass(frozen=True)
class Counts:
    """The tokens of some requests.

    Attributes:
        items: questions.
        requests: (context, continuation) pairs.
        rows: rows that `HFLM` forwards: requests that differ in their last token alone are one.
        row_tokens: tokens of these rows, padding left out.
        distinct: tokens of the tree.
        visible: tokens that the tree's tokens see, themselves included, all together.
        positions: positions of the tree that are read.
    """

    items: int = 0
    requests: int = 0
    rows: int = 0
    row_tokens: int = 0
    distinct: int = 0
    visible: int = 0
    positions: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the counts of both together."""
        mine, others = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + others[name] for name in mine})

    @property
    def ratio(self) -> float:
        """Return the token ratio: row by row to distinct."""
        return self.row_tokens / self.distinct

    @property
    def mean_prompt(self) -> int:
        """Return the mean tokens of a row."""
        return round(self.row_tokens / self.rows)

    @property
    def as_visible(self) -> int:
        """Return the length of rows in which a token sees as many others, on the mean, as in the tree."""
        return round(2 * self.visible / self.distinct) - 1


def counts(questions: Questions, tokenizer: "PreTrainedTokenizerBase", context: int) -> Counts:
    """Count the requests' tokens; those of one task are one tree."""
    found = Counts()
    for _, group in groupby(questions.instances, key=_tree):
        pairs = [instance.args for instance in group]
        found += _counted([continuation(*pair, context) for pair in _encoded(pairs, tokenizer)])
    return Counts(**{**asdict(found), "items": questions.items})


def counts_by_part(
    source: Source, name: str, tokenizer: "PreTrainedTokenizerBase", context: int
) -> dict[str, Counts]:
    """Count all that the data hold of a benchmark, subject by subject or category by category.

    The counts are kept in the cache under a hash of files and context.
    """
    recipe = json.dumps([COUNTED_WITH, source.digest, name, context])
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:32]
    file = cache_folder() / "benchmarks" / f"counts-{name}-{digest}.json"
    if not file.is_file():
        parts = {part: source.questions(name, [part]) for part in source.parts(name)}
        found = {part: asdict(counts(asked, tokenizer, context)) for part, asked in parts.items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found), encoding="utf-8")
    return {part: Counts(**one) for part, one in json.loads(file.read_text("utf-8")).items()}


def full_counts(
    source: Source, name: str, tokenizer: "PreTrainedTokenizerBase", context: int
) -> Counts:
    """Count all that the data hold of a benchmark."""
    return reduce(add, counts_by_part(source, name, tokenizer, context).values(), Counts())


def typical_parts(
    source: Source, name: str, tokenizer: "PreTrainedTokenizerBase", context: int
) -> list[str]:
    """Return the subjects or categories whose token ratio lies within a tenth of the whole set's.

    What sharing is worth follows that ratio, and a few subjects are to stand for all. Large ones, which would
    take the time of several, are left out.
    """
    by_part = counts_by_part(source, name, tokenizer, context)
    whole = reduce(add, by_part.values(), Counts()).ratio
    return [part for part, one in by_part.items() if _typical(one, whole)]


def _typical(one: Counts, whole: float) -> bool:
    return one.items <= LARGEST and abs(one.ratio / whole - 1) <= TYPICAL


def _tree(instance: Any) -> str:
    # MC1 and MC2 share their questions, and so one tree; subjects share a few words at most
    return str(instance.task_name).replace("_mc1", "_mc").replace("_mc2", "_mc")


def _encoded(
    pairs: Sequence[tuple[str, str]], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[tuple[list[int], list[int]]]:
    def encode(texts: Sequence[str]) -> list[list[int]]:
        found: list[list[int]] = tokenizer(list(texts), return_attention_mask=False)["input_ids"]
        return found

    yield from encode_pairs(pairs, Encoder(encode, encode, tokenizer.bos_token_id)).pairs()


def _counted(requests: Sequence[Continuation]) -> Counts:
    tree = build(
        [request.tokens for request in requests], [len(request.targets) for request in requests]
    )
    rows = {request.tokens.tobytes(): len(request.tokens) for request in requests}
    return Counts(
        requests=len(requests),
        rows=len(rows),
        row_tokens=sum(rows.values()),
        distinct=len(tree),
        visible=int(tree.depths.sum()) + len(tree),
        positions=len(np.unique(np.concatenate(tree.tails))),
    )
