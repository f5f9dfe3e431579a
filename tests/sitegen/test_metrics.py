"""Figures and scores."""

import pytest
from sitegen import metrics
from sitegen.metrics import Figure

from evaluator.results import Metric
from evaluator.suites.definitions import MetricDefinition, load_suite
from tests.sitegen.examples import RECIPES, benchmark_result

MINI = load_suite("mini")
BASE = RECIPES[0]


def results(recipe_place: int) -> metrics.Results:
    """Return a made-up result of every benchmark."""
    recipe = RECIPES[recipe_place]
    return {one.name: benchmark_result("a--b/c", recipe, one) for one in MINI.benchmarks}


def test_percent_is_shown_times_100() -> None:
    """A metric of display percent becomes percent, its interval with it."""
    definition = MetricDefinition(title="Accuracy", direction="higher")
    shown = metrics.figure(Metric(value=0.5, ci95=(0.4, 0.6), n=10), definition)
    assert shown == Figure(50.0, 40.0, 60.0, 10)


def test_null_has_no_figure() -> None:
    """A metric without a value gives nothing, never 0."""
    definition = MetricDefinition(title="Accuracy", direction="higher")
    assert metrics.figure(Metric(value=None, reason="no items"), definition) is None


@pytest.mark.parametrize(("value", "share"), [(25.0, 0.0), (100.0, 100.0), (62.5, 50.0)])
def test_share_runs_from_chance_to_best(value: float, share: float) -> None:
    """Chance is 0 % and the best value 100 %."""
    definition = MetricDefinition(title="Accuracy", direction="higher", chance=0.25)
    found = metrics.share_of_best(definition, Figure(value))
    assert found is not None
    assert found.value == pytest.approx(share)


@pytest.mark.parametrize("bias", [-10.0, 10.0])
def test_bias_counts_by_its_distance_from_zero(bias: float) -> None:
    """A bias of 10 % in either direction is a share of 90 %."""
    definition = MetricDefinition(title="Bias", direction="zero", lowest=-1.0)
    found = metrics.share_of_best(definition, Figure(bias))
    assert found is not None
    assert found.value == pytest.approx(90.0)


def test_perplexity_has_no_share() -> None:
    """What has no worst value can't be a share of best."""
    definition = MetricDefinition(
        title="Perplexity", direction="lower", lowest=1.0, highest=None, display="number"
    )
    assert metrics.share_of_best(definition, Figure(12.0)) is None


def test_missing_benchmark_leaves_the_dimension_empty() -> None:
    """A mean over fewer benchmarks would flatter, so there is none."""
    measured = dict(results(0))
    del measured["mmlu"]
    assert metrics.score(MINI, measured, ("knowledge",)) is None
    assert metrics.score(MINI, measured, ("alignment",)) is not None


def test_failed_benchmark_leaves_the_score_empty() -> None:
    """A failed unit counts as missing."""
    failed = benchmark_result("a--b/c", BASE, MINI.benchmarks[0], reason="out of memory")
    assert metrics.score(MINI, {**results(0), failed.benchmark: failed}) is None


def test_mean_shrinks_the_interval() -> None:
    """Four independent figures have half the error of one."""
    one = Figure(10.0, 8.0, 12.0)
    found = metrics.mean([one, one, one, one])
    assert found is not None
    assert found.error == pytest.approx((one.error or 0) / 2)
