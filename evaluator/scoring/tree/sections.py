"""Divide requests into sections, each a tree of its own: what is lost when a run is killed, and no more.

Sections are cut between neighbours in depth-first order, where it costs little to compute again the prefix
that both sides share. They depend on the requests and the budget alone, so that a run which was killed, and
one which ran out of memory, go on with the very packs that they would have had.
"""

from collections.abc import Iterator

from evaluator.scoring.tree.token_tree import Sequences, order, shared

PACKS = 8  # in a section, at least
AGAIN = 0.02  # tokens that a section may compute again, as a share of its own


def sections(sequences: Sequences, budget: int) -> list[list[int]]:
    """Return the numbers of the sequences in each section, those with the longest sequences first."""
    found = list(_cut(sequences, budget))
    return sorted(found, key=lambda numbers: -max(len(sequences[number]) for number in numbers))


def _cut(sequences: Sequences, budget: int) -> Iterator[list[int]]:
    section: list[int] = []
    tokens, previous = 0, None
    for number in order(sequences):
        common = 0 if previous is None else shared(sequences[previous], sequences[number])
        same = previous is not None and common == len(sequences[previous])
        if tokens >= PACKS * budget and common <= AGAIN * tokens and not same:
            yield section
            section, tokens, common = [], 0, 0
        section.append(number)
        tokens += len(sequences[number]) - common
        previous = number
    if section:
        yield section
