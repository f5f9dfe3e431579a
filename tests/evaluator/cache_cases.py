"""Draw two runs that differ in one thing, and look whether one can read what the other kept."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from evaluator.results import LoadedModel
from evaluator.scoring import outcome_store
from evaluator.scoring.computing import Computing
from evaluator.scoring.kept import store_for, through

Request = tuple[tuple[int, ...], tuple[int, ...]]

MODEL = LoadedModel(
    id="local/one", files={"model.safetensors": "0" * 64}, dtype="float32", device="cpu"
)


@dataclass(frozen=True)
class Run:
    """All that a kept outcome hangs on: what is loaded, how it is asked, and one request's tokens."""

    model: LoadedModel = MODEL
    method: str = "none"
    measurement: int = 1
    budget: int = 1024
    request: Request = ((1, 2, 3), (4,))


def _with_model(**update: object) -> Callable[[Run], Run]:
    return lambda run: replace(run, model=run.model.model_copy(update=update))


CHANGES: dict[str, Callable[[Run], Run]] = {
    "weights": _with_model(files={"model.safetensors": "1" * 64}),
    "a file more": _with_model(files={**MODEL.files, "model-2.safetensors": "0" * 64}),
    "dtype": _with_model(dtype="bfloat16"),
    "device": _with_model(device="cuda:0"),
    "kernels": _with_model(kernels={"Linear4bit": 7}),
    "revision": _with_model(revision="0" * 40),
    "context length": _with_model(context_length=512),
    "method": lambda run: replace(run, method="nf4"),
    "measurement": lambda run: replace(run, measurement=run.measurement + 1),
    "budget": lambda run: replace(run, budget=2 * run.budget),
}


def _moved(request: Request) -> Request:
    """Return a request whose tokens in a row are the same, with one more of them asked for."""
    context, targets = request
    return context[:-1], (context[-1], *targets)


def _changed(request: Request) -> Request:
    context, targets = request
    return (context[0] + 1, *context[1:]), targets


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Run, Run]:
    """Draw two runs with one difference: in what is loaded, how it is asked, or in the request."""
    token = st.integers(0, 300)
    context = tuple(draw(st.lists(token, min_size=2, max_size=6)))
    run = Run(request=(context, tuple(draw(st.lists(token, min_size=1, max_size=4)))))
    kind = draw(st.sampled_from((*CHANGES, "token", "where the answer begins")))
    if kind in CHANGES:
        return run, CHANGES[kind](run)
    change = _changed if kind == "token" else _moved
    return run, replace(run, request=change(run.request))


@contextmanager
def empty_cache() -> Iterator[None]:
    """Let a cache begin empty."""
    before = os.environ.get("QUANTBOARD_CACHE")
    with tempfile.TemporaryDirectory(prefix="quantboard-") as folder:
        os.environ["QUANTBOARD_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("QUANTBOARD_CACHE")
            if before is not None:
                os.environ["QUANTBOARD_CACHE"] = before


def asked(run: Run) -> bool:
    """Go through the engine's store with a run's request; say whether its model was really asked."""
    computing = Computing(model=run.model, method=run.method, measurement=run.measurement)
    keys = [outcome_store.likelihood_key(*run.request)]
    passes: list[int] = []

    def compute(numbers: Sequence[int]) -> list[list[object]]:
        passes.extend(numbers)
        return [[-1.0, True] for _ in numbers]

    with store_for(computing, "likelihood", keys, {"budget": run.budget}) as store:
        through(store, keys, [[0]], compute, lambda place: None)
    return bool(passes)


def check_kept_apart(pair: tuple[Run, Run]) -> None:
    """Hold the store to its promise: a run finds its own outcomes, and never another's."""
    first, second = pair
    with empty_cache():
        assert asked(first)
        assert not asked(first)
        assert asked(second), "another run's outcome was read"
        assert not asked(first)
