"""Cut requests into runs of whole batches, in the order in which lm-eval's `HFLM` would batch them all.

So a run that keeps its outcomes after every few batches has the very batches of one that doesn't.
"""

from collections.abc import Sequence
from typing import Any

Tokens = tuple[int, ...]


def likelihood_runs(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]], batch_size: int, batches: int
) -> list[list[int]]:
    """Return the numbers of the (context, continuation) pairs in each run of `batches` batches.

    lm-eval passes requests that differ in their last token only once, the one with the longest continuation
    for all, and takes the longest first.
    """
    groups: dict[Tokens, list[int]] = {}
    for number, (context, targets) in enumerate(pairs):
        groups.setdefault((*context, *targets[:-1]), []).append(number)

    def longest_first(numbers: list[int]) -> tuple[int, Tokens]:
        context, targets = pairs[max(numbers, key=lambda number: len(pairs[number][1]))]
        return -len(context) - len(targets), (*context, *targets)

    ordered = sorted(groups.values(), key=longest_first)
    step = batch_size * batches
    return [
        [number for group in ordered[start : start + step] for number in group]
        for start in range(0, len(ordered), step)
    ]


def generation_runs(
    prompts: Sequence[tuple[str, dict[str, Any]]],
    lengths: Sequence[int],
    batch_size: int,
    batches: int,
) -> list[list[int]]:
    """Return the numbers of the (prompt, settings) in each run; `lengths` are the prompts' tokens."""
    groups: dict[str, list[int]] = {}
    for number, (_, settings) in enumerate(prompts):
        groups.setdefault(repr(sorted(settings.items())), []).append(number)
    step = batch_size * batches
    runs = []
    for numbers in groups.values():
        ordered = sorted(numbers, key=lambda number: (-lengths[number], prompts[number][0]))
        runs += [ordered[start : start + step] for start in range(0, len(ordered), step)]
    return runs
