"""Find out in a few seconds what a token costs a model on this machine, by the very code that a run uses.

Real requests are timed, the longest of a benchmark, and more of them until a measurement lasts long enough to
be trusted. What is measured once holds for every benchmark whose requests are of that kind and go that way.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from evaluator.efficiency import probe
from evaluator.efficiency.memory import watch_peak
from evaluator.models.footprint import kv_bytes_per_token_formula, kv_bytes_per_token_measured
from evaluator.scoring import perplexity
from evaluator.scoring.budget import sizes_for
from evaluator.scoring.computing import Computing
from evaluator.scoring.counting import LIKELIHOODS, TEXTS, Part, tree_work
from evaluator.scoring.engine import greedy
from evaluator.scoring.plain_lm import Encoded
from evaluator.scoring.quiet import quiet
from evaluator.scoring.shared_lm import SharedLM
from evaluator.scoring.tree.likelihoods import continuation
from evaluator.scoring.tree.sections import sections

if TYPE_CHECKING:
    from evaluator.models import Loaded

ENOUGH = 1.0  # seconds that a measurement should last
REPEATS = 5
NEW_TOKENS = 24  # of each row, beyond the first
PROBED_TOKENS = 16

Request = TypeVar("Request")


@dataclass(frozen=True)
class Rates:
    """What one kind of request costs.

    Attributes:
        token: seconds for each token that passes through the model.
        read: seconds for each position that passes through the output head, where that is counted apart.
        new: seconds for each new token, with as many rows as a run has.
        peak: bytes in memory at the most while it was measured; None where the system doesn't tell.
        held: tokens whose keys and values that includes.
    """

    token: float
    read: float = 0.0
    new: float = 0.0
    peak: int | None = None
    held: int = 0


def measure(loaded: "Loaded", part: Part, computing: Computing) -> Rates:
    """Time a part's sample; nothing is kept of the answers."""
    with quiet():
        if part.kind == LIKELIHOODS:
            return _likelihoods(loaded, part, _engine(loaded, computing))
        if part.kind == TEXTS:
            return _texts(loaded, part, _engine(loaded, computing))
        return _windows(loaded, part)


def _engine(loaded: "Loaded", computing: Computing) -> SharedLM:
    return SharedLM(
        replace(computing, model=None),
        pretrained=loaded.model,
        tokenizer=loaded.tokenizer,
        max_length=loaded.context_length,
    )


def cache_bytes_per_token(loaded: "Loaded") -> float:
    """Return the bytes of a token's keys and values."""
    model = loaded.model
    formula = kv_bytes_per_token_formula(model.config, loaded.description.dtype)
    return formula if formula is not None else kv_bytes_per_token_measured(model)


# Likelihoods ------------------------------------------------------------------------------------


def _likelihoods(loaded: "Loaded", part: Part, engine: SharedLM) -> Rates:
    """Time the sample with each request's last token looked up, and with all: so the head shows apart."""

    def score(requests: Sequence[Encoded]) -> None:
        engine._loglikelihood_tokens(list(requests), disable_tqdm=True)

    length = int(engine.max_length)
    few, seconds = _enough([_looked_up(one, 1, length) for one in part.sample], score)
    every = [_looked_up(one, length, length) for one in few]
    before = engine.tokens["prompt"]
    peak, more = _peak(loaded, lambda: score(every))
    tokens = engine.tokens["prompt"] - before
    if not part.shared:
        return Rates(token=seconds / tokens, peak=peak)
    read, all_read = _read(engine, few), _read(engine, every)
    per_read = max(0.0, more - seconds) / max(1, all_read - read)
    body = max(0.0, seconds - per_read * read)
    held = max(len(context) for _, context, _ in few) + sizes_for(engine.model).block
    return Rates(token=body / tokens, read=per_read, peak=peak, held=held)


def _looked_up(request: Encoded, count: int, length: int) -> Encoded:
    """Return a request, cut to the context, of which so many of the last tokens at most are looked up."""
    texts, context, ends = request
    tokens = [*context, *ends][-(length + 1) :]
    start = max(1, len(tokens) - count)
    return texts, tokens[:start], tokens[start:]


def _read(engine: SharedLM, requests: Sequence[Encoded]) -> int:
    """Return the positions that are read of the requests' trees."""
    length, budget = int(engine.max_length), sizes_for(engine.model).budget
    asked = [continuation(context, ends, length) for _, context, ends in requests]
    return tree_work(asked, sections([one.tokens for one in asked], budget))[1]


# Texts ------------------------------------------------------------------------------------------


def _texts(loaded: "Loaded", part: Part, engine: SharedLM) -> Rates:
    """Time the prompts with one new token each, then with more; the difference is what new ones cost."""
    rows, limit = part.sample[: part.rows], NEW_TOKENS + 1
    tokens = engine.tokens

    def answer(limit: int) -> None:
        engine.generate_until([_limited(row, limit) for row in rows], disable_tqdm=True)

    with greedy(loaded.model):
        first_seconds = _timed(answer, 1)  # warms up, too
        prompts, first = tokens["prompt"], tokens["generated"]
        peak, seconds = _peak(loaded, lambda: answer(limit))
        new = tokens["generated"] - 2 * first
        if first_seconds < ENOUGH:
            times = [(_timed(answer, 1), _timed(answer, limit)) for _ in range(3)]
            first_seconds, seconds = (median(kind) for kind in zip(*times, strict=True))
    held = max(len(engine.tok_encode(row.args[0])) for row in rows) + limit
    return Rates(
        token=first_seconds / prompts,
        new=max(0.0, seconds - first_seconds) / max(1, new),
        peak=peak,
        held=len(rows) * min(held, int(engine.max_length)),
    )


def _limited(request: Any, limit: int) -> Any:
    """Return a request that ends at so many new tokens, and at no text."""
    prompt, settings = request.args
    return replace(request, arguments=(prompt, {**settings, "until": [], "max_gen_toks": limit}))


# Windows and the probe --------------------------------------------------------------------------


def _windows(loaded: "Loaded", part: Part) -> Rates:
    def read(windows: Any) -> None:
        perplexity.window_losses(loaded.model, windows, batch_size=part.rows, progress=False)

    windows, seconds = _enough(part.sample, read)
    peak, _ = _peak(loaded, lambda: read(windows))
    return Rates(token=seconds / windows.numel(), peak=peak)


def measure_probe(loaded: "Loaded", tokens: tuple[int, int]) -> Rates:
    """Time the beginning of one generation of the efficiency probe, of so many tokens in and out."""
    new = min(PROBED_TOKENS, tokens[1])
    probe.generate(loaded.model, tokens[0], new)
    timed = probe.generate(loaded.model, tokens[0], new)
    peak, _ = _peak(loaded, lambda: probe.generate(loaded.model, tokens[0], new))
    return Rates(
        token=timed.time_to_first_token / tokens[0],
        new=1 / timed.decode_tokens_per_second,
        peak=peak,
        held=tokens[0] + new,
    )


# Measuring --------------------------------------------------------------------------------------


def _timed(work: Callable[[Any], object], what: Any) -> float:
    started = time.perf_counter()
    work(what)
    return time.perf_counter() - started


def _enough(requests: Sequence[Request], work: Callable[[Any], object]) -> tuple[Any, float]:
    """Take more and more requests until they keep the model busy; return them with their seconds."""
    taken = 1
    work(requests[:taken])  # warms up
    seconds = _timed(work, requests[:taken])
    while seconds < ENOUGH and taken < len(requests):
        taken = min(len(requests), 2 * taken)
        seconds = _timed(work, requests[:taken])
    again = [seconds]
    while sum(again) < ENOUGH and len(again) < REPEATS:
        again.append(_timed(work, requests[:taken]))
    return requests[:taken], median(again)


def _peak(loaded: "Loaded", work: Callable[[], object]) -> tuple[int | None, float]:
    """Return the most bytes in memory while some work is done, the weights included, and its seconds."""
    on_cuda = "cuda" in loaded.description.device
    with watch_peak(loaded.footprint.weight_bytes, on_cuda=on_cuda) as peak:
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started
    return peak.bytes, seconds
