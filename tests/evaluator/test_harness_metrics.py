"""Test that lm-eval's numbers become metrics as they are, on small results written by hand."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.scoring.answers import Answered
from evaluator.scoring.harness_items import Source, View, item_columns
from evaluator.scoring.harness_metrics import groups, jackknife_stderr, metrics
from evaluator.statistics.intervals import mean_stderr, wilson
from evaluator.suites.definitions import Benchmark, load_suite

MMLU, BBQ = load_suite("harness").benchmark("mmlu"), load_suite("harness").benchmark("bbq")


def mean(values: Sequence[Any]) -> float:
    """Return the mean of numbers, or of the first parts of values with parts."""
    return sum(value[0] if isinstance(value, tuple) else value for value in values) / len(values)


def answered(task: str, key: str, value: Any, category: str = "") -> Answered:
    """Return an item with nothing but lm-eval's value of one metric."""
    return Answered(task, 0, {"category": category}, [("",)], [(0.0, True)], [], {key: value}, {})


def subjects(**errors: Any) -> Source:
    """Return accuracy on three items of two subjects of a group; `errors` are lm-eval's, by task."""
    values = {"mmlu_law": [1.0, 0.0], "mmlu_art": [1.0]}
    answers = [
        answered(task, "acc,none", value) for task, found in values.items() for value in found
    ]
    reported = {
        name: {"acc,none": value, "acc_stderr,none": errors.get(name, "N/A")}
        for name, value in (("mmlu", 0.6666666666666667), ("mmlu_law", 0.5), ("mmlu_art", 1.0))
    }
    members = {
        "mmlu_law": ["mmlu_law"],
        "mmlu_art": ["mmlu_art"],
        "mmlu": ["mmlu_law", "mmlu_art"],
    }
    return Source("accuracy", "acc,none", View("mmlu", answers, {"acc": mean}, reported, members))


def bias(reported: float, benchmark: Benchmark = BBQ) -> Source:
    """Return a bias over two categories, of which lm-eval reports one by itself."""
    answers = [
        answered("bbq", "amb_bias_score,none", (value, 1.0), category)
        for value, category in ((1.0, "Age"), (0.0, "Age"), (1.0, "SES"))
    ]
    for answer in answers:
        answer.metrics["amb_bias_score_Age,none"] = answer.metrics["amb_bias_score,none"]
    results = {"bbq": {"amb_bias_score,none": reported, "amb_bias_score_Age,none": 0.25}}
    ways = {"amb_bias_score": mean, "amb_bias_score_Age": mean}
    view = View("bbq", answers, ways, results, {})
    return Source("bias_ambiguous", "amb_bias_score,none", view)


def test_value_and_error_are_lm_evals() -> None:
    """The last digit is lm-eval's, and the error the one it pooled; Wilson's interval is ours."""
    metric = metrics(MMLU, [subjects(mmlu=0.321)])["accuracy"]
    assert (metric.value, metric.stderr, metric.n) == (0.6666666666666667, 0.321, 3)
    assert metric.ci95 == wilson(2, 3)


def test_errors_that_lm_eval_lacks_are_ours() -> None:
    """Where a subject has one item lm-eval pools no error; ours is that of the mean over all items."""
    metric = metrics(MMLU, [subjects()])["accuracy"]
    assert metric.stderr == mean_stderr([1.0, 0.0, 1.0])


def test_subjects_have_their_own_numbers() -> None:
    """Each subject is named without its group, and has lm-eval's value; the group itself isn't repeated."""
    found = groups(MMLU, [subjects(mmlu_law=0.5)])
    assert list(found) == ["art", "law"]
    assert (found["law"]["accuracy"].value, found["law"]["accuracy"].stderr) == (0.5, 0.5)
    assert (found["law"]["accuracy"].n, found["art"]["accuracy"].n) == (2, 1)


def test_a_value_that_is_no_number_is_null() -> None:
    """NaN, as of a bias where nothing was asked, becomes null with the reason."""
    metric = metrics(BBQ, [bias(math.nan)])["bias_ambiguous"]
    assert metric.value is None
    assert metric.stderr is None
    assert "no item of the kind" in (metric.reason or "")


def test_no_bias_stays_lm_evals_zero() -> None:
    """Where no answer is biased lm-eval says 0.0, and so does the result."""
    assert metrics(BBQ, [bias(0.0)])["bias_ambiguous"].value == 0.0


def test_categories_take_lm_evals_number_where_it_has_one() -> None:
    """Age has a bias of its own in lm-eval's results; for another category its formula is applied."""
    found = groups(BBQ, [bias(0.5)])
    assert found["Age"]["bias_ambiguous"].value == 0.25
    assert found["SES"]["bias_ambiguous"].value == 1.0


@pytest.mark.parametrize(
    ("value", "columns"), [((1.0, 2.0), ["first_0", "first_1"]), (1.0, ["first", "second"])]
)
def test_metrics_of_the_same_parts_share_columns(value: Any, columns: list[str]) -> None:
    """Parts are the same by the metrics' making; plain values may be so by chance, and are kept."""
    item = answered("made", "one,none", value)
    item.metrics["two,none"] = item.metrics["one,none"]
    seen = View("made", [item], {"one": mean, "two": mean}, {}, {})
    found = item_columns(
        [Source("first", "one,none", seen), Source("second", "two,none", seen)], None
    )
    assert [name for name in found if name.startswith(("first", "second"))] == columns


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """With one item to a group both are s/sqrt(n)."""
    values = [0.0, 1.0, 0.5, 0.25]
    assert jackknife_stderr(mean, values) == pytest.approx(mean_stderr(values))


def test_the_jackknife_says_nothing_where_nothing_varies() -> None:
    """Equal values have no scatter to judge by, and not an error of zero."""
    assert jackknife_stderr(mean, [1.0, 1.0, 1.0]) is None
