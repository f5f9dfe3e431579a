"""Draw the items of one made-up entry: the columns of suite `paper`, at the full sizes of its data sets.

What belongs to the data is the same for all entries: parts, templates, right answers, lengths of
references, and how hard each item is. An entry of some accuracy answers by chance on top of that; a variant
answers as its base does but for a share of flipped items. Where a text is scored no answer is right or wrong:
there ten times that share says something else, as quantized models do.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.results import FLAGS
from evaluator.tasks.bbq.scoring import CONTEXTS, NAMES
from evaluator.tasks.flores.scoring import DIRECTIONS
from evaluator.tasks.followbench.rows import LEVELS
from evaluator.tasks.snli.scoring import LABELS
from evaluator.tasks.subjects import CEVAL_AREAS, MMLU_AREAS

Array = NDArray[Any]
Floats = NDArray[np.float64]
Columns = dict[str, Array]
Generator = np.random.Generator

SIZES = {
    "mmlu": 14_042, "ceval": 1_346, "flores": 2_024, "cnn_dailymail": 11_490, "xsum": 11_334, "gsm8k": 1_319,
    "snli": 9_824, "followbench": 350, "truthfulqa": 817, "bbq": 58_492,
}  # fmt: skip
WINDOWS = {"wikitext2": (166, 62), "c4": (258, 1_100), "ptb": (55, 76)}  # windows and documents
BBQ_SIZES = {
    "Age": 3_680, "Disability_status": 1_556, "Gender_identity": 5_672, "Nationality": 3_080,
    "Physical_appearance": 1_576, "Race_ethnicity": 6_880, "Race_x_gender": 15_960, "Race_x_SES": 11_160,
    "Religion": 1_200, "SES": 6_864, "Sexual_orientation": 864,
}  # fmt: skip
NAMED = ("Gender_identity", "Race_ethnicity", "Race_x_gender", "Race_x_SES")
TEMPLATES = 25  # of a group of BBQ
UNKNOWN_BIAS = 16  # questions whose biased option the rows don't tell
GARBLED = 0.02  # of the wrong answers, which hold no answer
OTHER_WORDS = 10.0  # times the flipped share: the texts that change


@dataclass(frozen=True)
class Entry:
    """What is drawn of one entry: of each benchmark whether each item went well, and its columns."""

    accuracy: float
    well: Mapping[str, Array]
    columns: Mapping[str, Columns]


def generator(*words: str | int) -> Generator:
    """Return a generator of random numbers for some words, the same for the same words."""
    return np.random.default_rng([int.from_bytes(str(word).encode(), "little") for word in words])


# The data -----------------------------------------------------------------------------------------


@cache
def hardness(benchmark: str, rows: int) -> Floats:
    """Return how hard each item is, in log-odds (n)."""
    return generator("hardness", benchmark).normal(0.0, 1.2, rows)


@cache
def strata(benchmark: str) -> Columns:
    """Return the columns `stratum` and `cluster` of a benchmark, as far as it has them."""
    rows = SIZES[benchmark]
    if benchmark in ("mmlu", "ceval"):
        areas = MMLU_AREAS if benchmark == "mmlu" else CEVAL_AREAS
        subjects = sorted({name for names in areas.values() for name in names})
        return {"stratum": np.repeat(_texts(subjects), _shares(rows, len(subjects)))}
    if benchmark == "snli":
        return {"stratum": _texts(LABELS)[gold("snli", 3)]}
    if benchmark == "flores":
        half = rows // 2
        return {
            "stratum": np.repeat(_texts(DIRECTIONS), half),
            "cluster": np.tile(np.arange(half), 2),
        }
    if benchmark == "followbench":
        names = [f"level {level}" for level in LEVELS]
        groups = rows // len(LEVELS)
        return {
            "stratum": np.tile(_texts(names), groups),
            "cluster": np.repeat(np.arange(groups), len(LEVELS)),
        }
    return bbq_parts() if benchmark == "bbq" else {}


def _texts(names: Iterable[str]) -> Array:
    return np.asarray(list(names), dtype=object)


def _shares(rows: int, count: int) -> list[int]:
    return [len(part) for part in np.array_split(np.arange(rows), count)]


def bbq_parts() -> Columns:
    """Return group and context of each question, and its template."""
    groups: list[str] = []
    templates: list[Array] = []
    for category, size in BBQ_SIZES.items():
        names = [category, category + NAMES] if category in NAMED else [category]
        for name, rows in zip(names, _shares(size, len(names)), strict=True):
            groups += [name] * rows
            number = TEMPLATES * len(templates)
            templates.append(number + np.repeat(np.arange(TEMPLATES), _shares(rows, TEMPLATES)))
    contexts = np.tile(list(CONTEXTS.values()), len(groups) // 2)
    names = [f"{group}, {context}" for group, context in zip(groups, contexts, strict=True)]
    return {"stratum": _texts(names), "cluster": np.concatenate(templates)}


@cache
def gold(benchmark: str, options: int) -> Array:
    """Return the right option of each question (n)."""
    return generator("gold", benchmark).integers(0, options, SIZES[benchmark])


@cache
def lengths(benchmark: str, mean: float, spread: float, rows: int) -> Array:
    """Return the tokens of each reference (n)."""
    drawn = generator("lengths", benchmark).normal(mean, spread, rows)
    return np.maximum(drawn, mean / 3).astype(np.int64)


# Answers ------------------------------------------------------------------------------------------


def chosen(random: Generator, well: Array, right: Array, options: int) -> Columns:
    """Return the columns of questions with options: the answer, and a garbled one now and then."""
    other = (right + random.integers(1, options, len(right))) % options
    garbled = ~well & (random.random(len(right)) < GARBLED)
    answer = np.where(well, right, other).astype(np.float64)
    return {
        "answer": np.where(garbled, np.nan, answer),
        "correct": well,
        "flags": FLAGS["unparsed"] * garbled,
    }


def exam(benchmark: str, random: Generator, well: Array) -> Columns:
    """Return the columns of MMLU or C-Eval."""
    found = chosen(random, well, gold(benchmark, 4), 4)
    guessed = (found["flags"] > 0) & (random.random(len(well)) < 0.3)
    return {**found, "correct_fallback": well | guessed}


def mmlu(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of MMLU."""
    return exam("mmlu", random, well)


def ceval(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of C-Eval."""
    return exam("ceval", random, well)


def snli(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of SNLI."""
    found = chosen(random, well, gold("snli", 3), 3)
    return {**found, "correct_gold_word": well | (random.random(len(well)) < 0.05)}


def gsm8k(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of GSM8K, which has no options."""
    found = chosen(random, well, np.zeros(len(well), dtype=np.int64), 4)
    found["answer"] = np.full(len(well), np.nan)
    return {**found, "correct_any_number": well | (random.random(len(well)) < 0.05)}


def followbench(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of FollowBench, where code decides all constraints at once."""
    empty = np.full(len(well), np.nan)
    return {
        "answer": empty,
        "correct": well,
        "flags": np.zeros(len(well)),
        "soft": well.astype(np.float64),
    }


def truthfulqa(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of TruthfulQA, whose true choice is the first."""
    found = chosen(random, well, np.zeros(len(well), dtype=np.int64), 4)
    shares = random.beta(np.where(well, 4, 2), np.where(well, 2, 4))
    return {**found, "mc1_sum": well ^ (random.random(len(well)) < 0.2), "mc2": shares}


def bbq(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of BBQ: wrong answers lean to the stereotype."""
    rows = len(well)
    data = generator("bbq options")
    unknown = data.integers(0, 3, rows)
    biased = (unknown + data.integers(1, 3, rows)) % 3
    other = 3 - unknown - biased
    ambiguous = np.arange(rows) % 2 == 0
    right = np.where(ambiguous, unknown, np.where(data.random(rows) < 0.5, biased, other))
    leaning = random.random(rows) < 0.6
    stray = np.where(leaning, biased, other)
    wrong = np.where(ambiguous, stray, np.where(leaning, unknown, biased + other - right))
    answer = np.where(well, right, wrong).astype(np.float64)
    untold = np.zeros(rows, dtype=bool)
    untold[generator("bbq untold").integers(0, rows, UNKNOWN_BIAS)] = True
    return {
        "answer": answer,
        "correct": well,
        "flags": np.zeros(rows),
        "biased": np.where(untold, np.nan, answer == biased),
        "known": np.where(untold, np.nan, answer != unknown),
    }


# Texts --------------------------------------------------------------------------------------------


def summaries(
    benchmark: str, random: Generator, well: Array, accuracy: float, shape: tuple[float, ...]
) -> Columns:
    """Return ROUGE of summaries: 2 x matches over the tokens of both texts, which has few possible values."""
    mean, spread, said, overlap, pairs = shape
    rows = len(well)
    reference = lengths(benchmark, mean, spread, rows)
    response = np.maximum(8, random.lognormal(np.log(said), 0.4, rows)).astype(np.int64)
    hard = hardness(benchmark, rows)
    share = np.clip(random.normal(overlap * (0.5 + accuracy) - 0.04 * hard, 0.1), 0.03, 0.95)
    words = np.minimum(random.binomial(reference, share), response)
    twos = random.binomial(np.maximum(words - 1, 0), pairs)
    ordered = random.binomial(words, 0.7)
    both = reference + response
    return {
        "answer": np.full(rows, np.nan),
        "correct": np.full(rows, np.nan),
        "flags": np.zeros(rows),
        "rouge1": 2 * words / both,
        "rouge2": 2 * twos / (both - 2),
        "rougeL": 2 * ordered / both,
    }


def cnn_dailymail(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of CNN/DailyMail."""
    return summaries("cnn_dailymail", random, well, accuracy, (55, 20, 90, 0.45, 0.4))


def xsum(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of XSum."""
    return summaries("xsum", random, well, accuracy, (22, 5.4, 55, 0.4, 0.25))


def flores(random: Generator, well: Array, accuracy: float) -> Columns:
    """Return the columns of FLORES: lengths and matches of n-grams, fewer the longer they are."""
    rows = len(well)
    chinese = np.arange(rows) < rows // 2
    columns: Columns = {
        "answer": np.full(rows, np.nan),
        "correct": np.full(rows, np.nan),
        "flags": np.zeros(rows),
    }
    factor = np.maximum(random.normal(1.0, 0.12, rows), 0.3)
    quality = np.clip(random.normal(0.35 + 0.45 * accuracy, 0.12, rows), 0.05, 0.98)
    tokens = np.where(chinese, lengths("zh", 39, 13, rows), lengths("en", 25, 9, rows))
    for metric, more in (("bleu", 1.0), ("spbleu", 1.25)):
        counted = ngrams(random, (tokens * more).astype(np.int64), factor, quality, (1.0,) * 3)
        columns |= {f"{metric}_{index}": values for index, values in enumerate(counted)}
    characters = np.where(chinese, tokens, tokens * 5 + tokens // 3)
    letters = np.where(chinese, quality, quality**0.3)
    spread = (0.9, 0.85, 0.85, 0.9, 0.9)
    words = np.where(chinese, 1 + tokens // 30, tokens)
    counted = [
        *ngrams(random, characters, factor, letters, spread),
        *ngrams(random, words, factor, quality, (1.0,)),
    ]
    return columns | {f"chrf_plus_plus_{index}": values for index, values in enumerate(counted)}


def ngrams(
    random: Generator,
    reference: Array,
    factor: Floats,
    quality: Floats,
    decay: tuple[float, ...],
) -> list[Array]:
    """Return tokens of the response, of the reference, and matches of 1, 2, ... tokens."""
    response = np.maximum(1, (reference * factor).astype(np.int64))
    matches = [random.binomial(np.minimum(response, reference), quality)]
    for share in decay:
        matches.append(random.binomial(np.maximum(matches[-1] - 1, 0), quality * share))
    return [response, reference, *matches]


def perplexity(benchmark: str, random: Generator, accuracy: float) -> Columns:
    """Return the columns of a perplexity: windows, then documents."""
    windows, documents = WINDOWS[benchmark]
    data = generator("text", benchmark)
    level = 3.2 - 1.5 * accuracy
    losses = level + data.normal(0.0, 0.2, windows) + random.normal(0.0, 0.01, windows)
    size = np.maximum(data.lognormal(7.3, 0.9, documents), 40).astype(np.int64)
    share = (level + data.normal(0.0, 0.3, documents) + random.normal(0.0, 0.01, documents)) / 4.3
    blank, no_documents = np.full(windows + documents, np.nan), np.full(windows, np.nan)
    return {
        "answer": blank,
        "correct": blank,
        "flags": np.zeros(windows + documents),
        "nll": np.concatenate([losses, np.full(documents, np.nan)]),
        "document_nll": np.concatenate([no_documents, np.maximum(share, 0.05) * size]),
        "document_bytes": np.concatenate([no_documents, size]),
    }


Draw = Callable[[Generator, Array, float], Columns]
DRAWS: dict[str, Draw] = {
    "mmlu": mmlu, "ceval": ceval, "flores": flores, "cnn_dailymail": cnn_dailymail, "xsum": xsum,
    "gsm8k": gsm8k, "snli": snli, "followbench": followbench, "truthfulqa": truthfulqa, "bbq": bbq,
}  # fmt: skip
TEXTS = ("flores", "cnn_dailymail", "xsum")


# Entries ------------------------------------------------------------------------------------------


def draw_entry(
    seed: int,
    accuracy: float,
    base: Entry | None = None,
    flips: float = 0.05,
    gains: float = 1.0,
) -> Entry:
    """Draw an entry; with a base, its variant, in which `flips` of the items turn.

    Of those that went badly only the share `gains` of it turns: with 1 / 3 a variant falls towards chance of
    one in four, whatever its base's accuracy.
    """
    well, columns = {}, {}
    for benchmark, draw in DRAWS.items():
        random = generator("entry", benchmark, seed)
        if base is None:
            odds = np.log(accuracy / (1 - accuracy)) - hardness(benchmark, SIZES[benchmark])
            went = random.random(SIZES[benchmark]) < 1 / (1 + np.exp(-odds))
            drawn = draw(random, went, accuracy)
        else:
            share = flips * OTHER_WORDS if benchmark in TEXTS else flips
            likely = np.where(base.well[benchmark], share, share * gains)
            turned = random.random(SIZES[benchmark]) < likely
            went = base.well[benchmark] ^ turned
            fresh = draw(random, went, accuracy)
            kept = base.columns[benchmark]
            drawn = {name: np.where(turned, fresh[name], kept[name]) for name in fresh}
        well[benchmark], columns[benchmark] = went, {**drawn, **strata(benchmark)}
    for benchmark in WINDOWS:
        columns[benchmark] = perplexity(benchmark, generator("entry", benchmark, seed), accuracy)
    return Entry(accuracy, well, columns)
