"""Put the same real items to this project's engine and to lm-eval's `HFLM`, and compare answer by answer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.engine.scores import Agreement
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.loading import load_views
from evaluator.scoring.quiet import quiet
from evaluator.scoring.run import choose
from evaluator.suites.definitions import load_suite
from tests.verify.report import ShortfallError


@dataclass(frozen=True)
class Subject:
    """A loaded model, with the batch size by which both sides are called."""

    name: str
    model: Any
    tokenizer: Any
    context: int
    batch_size: int = 16


@dataclass(frozen=True)
class Texts:
    """How many generated texts are the same, of how many, and how many tokens those have."""

    texts: int = 0
    same: int = 0
    tokens: int = 0

    @property
    def share(self) -> float:
        """Return the share of texts that are the same."""
        return self.same / self.texts

    def __add__(self, other: "Texts") -> "Texts":
        """Return both comparisons as one."""
        return Texts(self.texts + other.texts, self.same + other.same, self.tokens + other.tokens)


# Asking -----------------------------------------------------------------------------------------


@cache  # reading a benchmark's tasks takes seconds
def asked(name: str, datasets: Path, limit: int) -> list[Any]:
    """Return lm-eval's requests for so many items of a benchmark, as suite `harness` asks them."""
    benchmark = load_suite("harness").benchmark(name)
    with quiet():
        views = load_views(benchmark, datasets)
        rows = choose(views, limit)
        found = []
        for tasks in views.values():
            for task_name, task in tasks.items():
                if task_name in rows:
                    task.build_all_requests(samples=rows[task_name], rank=0, world_size=1)
                    found += task.instances
    return found


def ours(subject: Subject, requests: Sequence[Any]) -> tuple[list[Any], str]:
    """Answer requests by this project's engine; return the answers, and by which way they came."""
    with quiet():
        engine = Engine(
            subject.model,
            subject.tokenizer,
            subject.context,
            Computing(batch_size=subject.batch_size),
            chat=False,
            progress=False,
        )
        answers = _put(engine, requests)
    return answers, "; ".join(engine.ways.values())


def lm_evals(
    subject: Subject, requests: Sequence[Any], *, batch_size: int | None = None
) -> list[Any]:
    """Answer requests by lm-eval's own `HFLM` alone."""
    from lm_eval.models.huggingface import HFLM

    with quiet():
        alone = HFLM(
            pretrained=subject.model,
            tokenizer=subject.tokenizer,
            max_length=subject.context,
            batch_size=batch_size or subject.batch_size,
        )
        return _put(alone, requests)


def _put(lm: Any, requests: Sequence[Any]) -> list[Any]:
    """Ask by the kind of the requests, which are all of one; a side that leaves some out is at fault."""
    answers = getattr(lm, requests[0].request_type)(list(requests), disable_tqdm=True)
    if len(answers) != len(requests):
        raise ShortfallError(f"{len(requests)} requests had {len(answers)} answers")
    return list(answers)


# Comparing --------------------------------------------------------------------------------------


def texts(subject: Subject, first: Sequence[str], second: Sequence[str]) -> Texts:
    """Compare two sides' generated texts as tokens, one by one."""
    encode = subject.tokenizer.encode
    pairs = [
        (encode(one, add_special_tokens=False), encode(other, add_special_tokens=False))
        for one, other in zip(first, second, strict=True)
    ]
    return Texts(
        texts=len(pairs),
        same=sum(one == other for one, other in zip(first, second, strict=True)),
        tokens=sum(len(one) for one, _ in pairs),
    )


def finite(found: Mapping[str, Agreement]) -> None:
    """Refuse a comparison in which something isn't a number.

    Raises:
        ShortfallError: a difference is infinite or not a number.
    """
    for name, comparison in found.items():
        if not math.isfinite(comparison.largest):
            raise ShortfallError(f"{name}: a log-likelihood is no finite number on one side only")
