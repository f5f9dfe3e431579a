"""Ask C-Eval zero-shot and score the letter of the response.

Huang et al. 2023, https://huggingface.co/datasets/ceval/ceval-exam, CC-BY-NC-SA-4.0. 1,346 Chinese
questions of 52 subjects, four options each. As in the paper, accuracy is the mean of the subjects'
accuracies.

Jin et al. ask the same prompt, greedily too, of the 12,342 questions of `test`, whose labels aren't
public: their answers were scored by the authors of C-Eval. Here `val` is asked, whose labels are. A
response without a letter is unparsed and wrong; the score with the paper's last resort, the option
whose text looks most like the response, is `accuracy_fallback`. The rules that find a letter are theirs
but for a few misreadings (`evaluator.tasks.answers`), and their prompt ends with a newline after the
last option, which this one doesn't.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluator.results import Metric
from evaluator.statistics import intervals
from evaluator.statistics.design import Design
from evaluator.tasks import prompts
from evaluator.tasks.answers import chinese_letter, closest_choice
from evaluator.tasks.measures import (
    NO_ITEMS,
    Groups,
    Item,
    Metrics,
    accuracy_and,
    by_group,
    choice_item,
    column,
    proportion,
)
from evaluator.tasks.parts import numbered
from evaluator.tasks.subjects import CEVAL_AREAS, members

Row = Mapping[str, Any]


def build_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the questions as they stand."""
    return [dict(row) for row in rows]


def prompt(row: Row) -> str:
    """Return the paper's prompt."""
    return prompts.ceval(row)


def target(row: Row) -> str:
    """Return the right letter."""
    return str(row["answer"])


def stratum(row: Row) -> str:
    """Return the subject."""
    return str(row["subject"])


def score_item(row: Row, response: str) -> dict[str, float | None]:
    """Return `answer`, `correct`, `unparsed`, and `correct_fallback`: of the letter or else a guess."""
    choices = [row[letter] for letter in prompts.LETTERS]
    gold = prompts.LETTERS.index(row["answer"])
    answer = chinese_letter(response, choices, row["question"])
    guess = closest_choice(response, choices) if answer is None else answer
    return {**choice_item(answer, gold), "correct_fallback": float(guess == gold)}


def macro_accuracy(correct: Sequence[float], subjects: Sequence[str]) -> Metric:
    """Return the mean of the subjects' accuracies, each subject weighing the same.

    The interval is Wilson's, over as many plain questions as would scatter like these.
    """
    if not correct:
        return NO_ITEMS
    design = Design(len(correct), strata=np.asarray(numbered(subjects)))
    found = design.share(np.asarray(correct, dtype=np.float64))
    stderr = intervals.stratified_stderr(correct, subjects)
    return Metric(value=found.value, stderr=stderr, ci95=(found.low, found.high), n=len(correct))


def measure(items: Sequence[Item], subjects: Sequence[str]) -> Metrics:
    """Return both accuracies, averaged over subjects, and `unparsed_rate`, over all questions."""
    return {
        "accuracy": macro_accuracy(column(items, "correct"), subjects),
        "unparsed_rate": proportion(column(items, "unparsed")),
        "accuracy_fallback": macro_accuracy(column(items, "correct_fallback"), subjects),
    }


def aggregate(items: Sequence[Item], rows: Sequence[Row]) -> tuple[Metrics, Groups]:
    """Return accuracy averaged over subjects, by subject, and by area (`Hard` among them)."""
    subjects = [stratum(row) for row in rows]
    areas = {
        area: measure([items[i] for i in indices], [subjects[i] for i in indices])
        for area, indices in members(CEVAL_AREAS, subjects).items()
    }
    one_subject = accuracy_and(accuracy_fallback="correct_fallback")
    return measure(items, subjects), {**by_group(items, subjects, one_subject), **areas}
