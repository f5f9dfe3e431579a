"""Draw random trees of token sequences, and compute plainly what the engine's tree computes cleverly.

The checks raise AssertionError. They are undecorated, so that the tests with a fault put in can run the very
same ones and see them fail.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import torch
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from transformers import LlamaConfig, LlamaForCausalLM

from evaluator.scoring.output_head import OutputHead, output_head
from evaluator.scoring.tree import likelihoods, packs, sections, token_tree
from evaluator.scoring.tree.likelihoods import Continuation, Sizes, Work

SAME = 1e-4  # nats, in float32
NEAR = 1e-3  # a token that leads by less may come second in another pass
VOCABULARIES = (2, 7, 61)

Prefix = tuple[int, ...]
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Case:
    """Requests as tokens to read, with how many positions of each are read at its end, and the sizes."""

    vocabulary: int
    sequences: tuple[Prefix, ...]
    wanted: tuple[int, ...]
    budget: int
    block: int

    @property
    def arrays(self) -> list[Any]:
        """Return the sequences as the engine takes them."""
        return [np.array(sequence, dtype=np.int32) for sequence in self.sequences]

    @property
    def tree(self) -> token_tree.TokenTree:
        """Return the tree under test."""
        return token_tree.build(self.arrays, self.wanted)


def deterministic(examples: int) -> settings:
    """Return settings under which every run draws the same cases, and keeps nothing on disk.

    `QUANTBOARD_TIMES` asks for so many times as many, and to stop at the first that fails, looking for no
    smaller one; `make verify-engine` sets it.
    """
    times = os.environ.get("QUANTBOARD_TIMES")
    return settings(
        max_examples=examples * int(times or 1),
        phases=[Phase.generate] if times else list(Phase),
        derandomize=True,
        deadline=None,
        database=None,
    )


# Drawing ----------------------------------------------------------------------------------------


@st.composite
def cases(draw: st.DrawFn, *, sequences: int = 9, longest: int = 14) -> Case:
    """Draw up to so many sequences; each continues any prefix of an earlier one, empty and whole included.

    So prefixes are shared at every depth, and there are duplicates, prefixes of others and single tokens.
    """
    vocabulary = draw(st.sampled_from(VOCABULARIES))
    token = st.integers(0, vocabulary - 1)
    drawn: list[Prefix] = []
    for _ in range(draw(st.integers(1, sequences))):
        root = draw(st.sampled_from(drawn)) if drawn else ()
        root = root[: draw(st.integers(0, len(root)))]
        least, most = (0 if root else 1), longest - len(root)
        drawn.append((*root, *draw(st.lists(token, min_size=least, max_size=most))))
    wanted = tuple(draw(st.integers(1, len(sequence))) for sequence in drawn)
    block = draw(st.integers(1, 9))
    budget = draw(st.sampled_from((1, 2, 3, 5, 8, 13, 40, 1000)))
    return Case(vocabulary, tuple(drawn), wanted, max(budget, block), block)


@st.composite
def large_cases(draw: st.DrawFn) -> Case:
    """Draw hundreds of tokens, from a seed, with a budget small enough for many sections."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    depth = int(random.integers(2, 30))
    roots = [
        tuple(root) for root in random.integers(0, 7, (int(random.integers(1, 5)), depth)).tolist()
    ]
    sequences = []
    for _ in range(int(random.integers(20, 120))):
        root = roots[int(random.integers(len(roots)))][: int(random.integers(0, depth + 1))]
        sequences.append((*root, *random.integers(0, 7, int(random.integers(1, 9))).tolist()))
    budget = int(random.integers(1, 9))
    return Case(7, tuple(sequences), (1,) * len(sequences), budget, budget)


# Trees ------------------------------------------------------------------------------------------


def trie(sequences: tuple[Prefix, ...]) -> list[Prefix]:
    """Return the nodes of a plain trie, each as its whole path, children in the order of their tokens."""
    root: dict[int, Any] = {}
    for sequence in sequences:
        node = root
        for token in sequence:
            node = node.setdefault(token, {})
    found: list[Prefix] = []

    def visit(node: dict[int, Any], path: Prefix) -> None:
        for token in sorted(node):
            found.append((*path, token))
            visit(node[token], (*path, token))

    visit(root, ())
    return found


def check_tree(case: Case) -> None:
    """Hold tokens, depths, ends, tails and the number of nodes to the plain trie's."""
    nodes, tree = trie(case.sequences), case.tree
    number = {path: place for place, path in enumerate(nodes)}
    assert len(tree) == token_tree.distinct(case.arrays) == len(nodes)
    assert tree.tokens.tolist() == [path[-1] for path in nodes]
    assert tree.depths.tolist() == [len(path) - 1 for path in nodes]
    assert tree.longest == max(map(len, nodes))
    for place, path in enumerate(nodes):
        below = [other for other in nodes if other[: len(path)] == path]
        assert tree.ends[place] == place + len(below)
    for sequence, wanted, tail in zip(case.sequences, case.wanted, tree.tails, strict=True):
        lengths = range(len(sequence) - wanted + 1, len(sequence) + 1)
        assert tail.tolist() == [number[sequence[:length]] for length in lengths]


def check_packs(case: Case) -> None:
    """Hold the packs to the trie: each node once, and each token seeing just its own path in the buffer."""
    nodes, tree = trie(case.sequences), case.tree
    buffer: list[Prefix | None] = [None] * (tree.longest + case.block)
    at = 0
    for pack in packs.packs(tree, case.budget, case.block):
        assert pack.start == at
        assert 0 < pack.stop - pack.start <= case.budget
        own = nodes[pack.start : pack.stop]
        assert pack.tokens.tolist() == [path[-1] for path in own]
        assert pack.positions.tolist() == [len(path) - 1 for path in own]
        bounds = [block.start for block in pack.blocks] + [pack.stop - pack.start]
        assert bounds[0] == 0
        for block, (start, stop) in zip(pack.blocks, pairwise(bounds), strict=True):
            assert (block.start, block.stop) == (start, stop)
            assert 0 < stop - start <= case.block
            _check_block(block, own[start:stop], buffer)
        at = pack.stop
    assert at == len(nodes)


def _check_block(block: packs.Block, own: list[Prefix], buffer: list[Prefix | None]) -> None:
    """Put a block's keys where the engine puts them, and compare what each token sees with its path."""
    last = block.prefix + len(own)
    buffer[block.prefix : last] = own
    mask = block.mask()
    assert mask.shape == (len(own), last)
    for path, row in zip(own, mask, strict=True):
        seen = [buffer[place] for place in np.flatnonzero(row)]
        ancestors = [path[:length] for length in range(1, len(path) + 1)]
        assert sorted(seen, key=lambda key: key or ()) == ancestors
    moved = [buffer[place] for place in block.moved_from]
    for place, key in zip(block.moved_to, moved, strict=True):
        buffer[place] = key


def check_sections(case: Case, permutation: list[int]) -> None:
    """Hold sections to their promise: each request once, the same in any order, little computed again."""
    found = sections.sections(case.arrays, case.budget)
    every = [number for numbers in found for number in numbers]
    assert sorted(every) == list(range(len(case.sequences)))
    shuffled = [case.arrays[number] for number in permutation]
    again = sections.sections(shuffled, case.budget)
    asked = [[case.sequences[number] for number in numbers] for numbers in found]
    assert asked == [
        [case.sequences[permutation[number]] for number in numbers] for numbers in again
    ]
    assert [max(map(len, some)) for some in asked] == sorted(
        (max(map(len, some)) for some in asked), reverse=True
    )
    tokens = [len(trie(tuple(some))) for some in asked]
    least = sections.PACKS * case.budget
    assert sum(size < least for size in tokens) <= 1  # the last one cut takes what is left
    assert sum(tokens) - len(case.tree) <= sections.AGAIN * sum(tokens)


# Scores -----------------------------------------------------------------------------------------


@cache
def llama(vocabulary: int) -> tuple[LlamaForCausalLM, OutputHead]:
    """Return a small Llama whose weights are large enough that each token and each place tells."""
    torch.manual_seed(vocabulary)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = LlamaForCausalLM(config).eval()
    head = output_head(model)
    assert head is not None
    return model, head


def requests(case: Case, seed: int = 0) -> list[Continuation]:
    """Return the case's requests, with targets drawn at random."""
    random = np.random.default_rng(seed)
    return [
        Continuation(array, random.integers(0, case.vocabulary, wanted))
        for array, wanted in zip(case.arrays, case.wanted, strict=True)
    ]


@dataclass(frozen=True)
class Direct:
    """What one request gives when it alone passes through the whole model."""

    value: float
    greedy: bool
    near: bool


def one_by_one(case: Case, asked: list[Continuation]) -> list[Direct]:
    """Compute every request by itself, with the model's own forward pass and attention."""
    model, _ = llama(case.vocabulary)
    found = []
    for request in asked:
        with torch.no_grad():
            logits = model(torch.from_numpy(request.tokens).long()[None], use_cache=False).logits[0]
        scores = logits[-len(request.targets) :].double().log_softmax(dim=-1)
        targets = torch.from_numpy(request.targets)
        value = float(scores.gather(1, targets[:, None]).sum())
        best = scores.topk(2, dim=-1).values
        greedy = bool((scores.argmax(dim=-1) == targets).all())
        found.append(Direct(value, greedy, bool((best[:, 0] - best[:, 1] < NEAR).any())))
    return found


def packed(case: Case, asked: list[Continuation], work: Work | None = None) -> list[Any]:
    """Compute all requests over the tree, and return the answers in the requests' order."""
    model, head = llama(case.vocabulary)
    sizes = Sizes(case.budget, case.block)
    answers: dict[int, Any] = {}
    for numbers, scored in likelihoods.score(model, head, asked, sizes, work or Work()):
        assert not answers.keys() & set(numbers)
        answers |= dict(zip(numbers, scored, strict=True))
    return [answers[number] for number in range(len(asked))]


def check_scores(case: Case) -> None:
    """Hold the packed scores to the ones computed one row at a time."""
    asked = requests(case)
    for (value, greedy), direct in zip(packed(case, asked), one_by_one(case, asked), strict=True):
        assert abs(value - direct.value) <= SAME, (value, direct.value)
        assert greedy == direct.greedy or direct.near


def reading_everywhere(case: Case) -> Case:
    """Return the case with every position of every request read."""
    return replace(case, wanted=tuple(map(len, case.sequences)))


# Faults -----------------------------------------------------------------------------------------


def finds_fault(
    check: Callable[[Drawn], None], drawn: st.SearchStrategy[Drawn], *, examples: int = 60
) -> bool:
    """Say whether a check fails on any drawn case."""

    def fails(case: Drawn) -> bool:
        try:
            check(case)
        except AssertionError:
            return True
        return False

    once = settings(deterministic(examples), phases=[Phase.generate])
    try:
        find(drawn, fails, settings=once)
    except NoSuchExample:
        return False
    return True
