"""Compute requests group by group, keeping what came, and leaving out what was kept before."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from evaluator import environment
from evaluator.files import sha256_text
from evaluator.scoring.computing import Computing
from evaluator.scoring.outcome_identity import Asked, Kind, identity
from evaluator.scoring.outcome_store import OutcomeStore

Value = TypeVar("Value")
Groups = Sequence[Sequence[int]]
AT_ONCE = 16  # values to a line of the store


@contextmanager
def store_for(
    computing: Computing,
    kind: Kind,
    keys: Sequence[str],
    way: Mapping[str, Any],
    decoding: Mapping[str, Any] | None = None,
) -> Iterator[OutcomeStore | None]:
    """Open the store of one model's outcomes on one set of requests, or none where nothing is kept.

    `way` is all about how they are computed that could change a digit.
    """
    if computing.model is None:
        yield None
        return
    asked = Asked(
        kind=kind,
        way={**way, "requests": sha256_text(*keys)},
        decoding=decoding or {},
        measurement=computing.measurement,
    )
    known = identity(computing.model, computing.method, asked)
    with OutcomeStore.open(environment.cache_folder() / "outcomes", known) as store:
        yield store


def one_by_one(
    store: OutcomeStore | None,
    keys: Sequence[str],
    compute: Callable[[Sequence[int]], Iterable[tuple[int, Value]]],
) -> list[Value]:
    """Return each request's value: kept ones, and those that `compute` gives, by number, in any order."""
    known = {} if store is None else store.known(keys)
    values: dict[int, Any] = {n: known[key] for n, key in enumerate(keys) if key in known}
    unsaved: list[int] = []

    def save() -> None:
        if store is not None:
            store.add([keys[number] for number in unsaved], [values[number] for number in unsaved])
        unsaved.clear()

    try:
        for number, value in compute([one for one in range(len(keys)) if one not in values]):
            values[number] = value
            unsaved.append(number)
            if len(unsaved) >= AT_ONCE:
                save()
    finally:
        save()
    return [values[number] for number in range(len(keys))]


def through(
    store: OutcomeStore | None,
    keys: Sequence[str],
    groups: Groups,
    compute: Callable[[Sequence[int]], Sequence[Value]],
    skipped: Callable[[int], object],
) -> list[Value]:
    """Return each request's value: kept ones of groups that are known whole, computed ones of all others.

    `skipped` is told the number of each group that is left out.
    """
    known = {} if store is None else store.known(keys)
    values: dict[int, Any] = {}
    for place, group in enumerate(groups):
        own = [keys[number] for number in group]
        if all(key in known for key in own):
            found: Sequence[Any] = [known[key] for key in own]
            skipped(place)
        else:
            found = compute(group)
            if store is not None:
                store.add(own, found)
        values |= zip(group, found, strict=True)
    return [values[number] for number in range(len(keys))]
