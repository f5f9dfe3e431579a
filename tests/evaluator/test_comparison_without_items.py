"""Comparisons of results that have no items, and scores of items that can't be drawn anew."""

import math
from pathlib import Path

import numpy as np
import pytest

from evaluator.comparison.boards import resampled_scores
from evaluator.comparison.entries import Line, compared_by
from evaluator.comparison.shares import slope
from evaluator.items import write_items
from evaluator.results import Metric, Provenance, Timing, UnitResult
from evaluator.statistics.intervals import Z95
from evaluator.submissions import StoredResult
from evaluator.suites.definitions import load_suite

MINI = load_suite("mini")
TIMING = Timing(started="2026-01-01T00:00:00Z", finished="2026-01-01T00:01:00Z", seconds=60)


def stored(
    folder: Path, benchmark: str, metric: str, value: float, stderr: float | None
) -> StoredResult:
    """Return a result with one metric and no items."""
    result = UnitResult(
        kind="benchmark",
        entry="a--b/c",
        suite=MINI.label,
        benchmark=benchmark,
        status="ok",
        metrics={metric: Metric(value=value, stderr=stderr, n=100)},
        provenance=Provenance(command="quantboard run"),
        timing=TIMING,
    )
    return StoredResult(folder / f"{benchmark}.json", result)


def line(benchmark: str, metric: str, *values: tuple[float, float | None]) -> Line:
    """Return the comparison of two values with their errors."""
    base, variant = (stored(Path(), benchmark, metric, *one) for one in values)
    return compared_by(Line(MINI.label, MINI.benchmark(benchmark), metric), base, variant)


def test_errors_add_as_independent() -> None:
    """The interval is that of two scores of different items, and the line says so."""
    made = line("gsm8k", "accuracy", (0.5, 0.03), (0.4, 0.04))
    found = made.comparison
    assert found is not None and found.retention is not None and found.flips is None
    assert not made.paired
    assert found.difference.value == pytest.approx(-0.1)
    assert found.difference.high - found.difference.value == pytest.approx(Z95 * 0.05)
    assert found.retention.value == pytest.approx(0.8)


def test_bias_differs_by_its_distance_from_zero() -> None:
    """From -0.3 to 0.1 is 0.2 nearer to 0; a ratio of biases would say nothing."""
    found = line("bbq", "bias_ambiguous", (-0.3, 0.01), (0.1, 0.01)).comparison
    assert found is not None
    assert found.difference.value == pytest.approx(-0.2)
    assert found.retention is None


def test_perplexity_keeps_base_over_variant() -> None:
    """A perplexity that doubles keeps half."""
    found = line("wikitext2", "perplexity", (8.0, 0.1), (16.0, 0.1)).comparison
    assert found is not None and found.retention is not None
    assert found.retention.value == pytest.approx(0.5)
    assert found.retention.low < 0.5 < found.retention.high


def test_a_rate_of_faults_has_no_retention() -> None:
    """Fewer answers without a letter isn't more of anything kept."""
    found = line("gsm8k", "unparsed_rate", (0.1, 0.01), (0.2, 0.01)).comparison
    assert found is not None
    assert found.retention is None


def test_a_share_of_0_is_not_certain() -> None:
    """Where the standard error is 0 and the interval isn't, the difference has an interval, too."""
    plain = stored(Path(), "gsm8k", "unparsed_rate", 0.0, 0.0)
    metric = Metric(value=0.0, stderr=0.0, ci95=(0.0, 0.02), n=190)
    result = plain.result.model_copy(update={"metrics": {"unparsed_rate": metric}})
    side = StoredResult(plain.path, result)
    opened = Line(MINI.label, MINI.benchmark("gsm8k"), "unparsed_rate")
    found = compared_by(opened, side, side).comparison
    assert found is not None
    assert found.difference.high == pytest.approx(math.hypot(0.02, 0.02))
    assert found.p == 1


def test_unknown_error_gives_no_bounds() -> None:
    """Without a standard error nothing is claimed."""
    found = line("gsm8k", "accuracy", (0.5, None), (0.4, 0.04)).comparison
    assert found is not None
    assert math.isinf(found.difference.low)
    assert found.p == 1


def test_one_item_alone_is_drawn_from_its_error(tmp_path: Path) -> None:
    """Items that can't be drawn anew don't stop a board: the standard error serves."""
    results = {
        one.name: stored(tmp_path, one.name, one.headline[0], 0.5, 0.1)
        for one in MINI.benchmarks
        if one.dimension == "knowledge"
    }
    alone = results["gsm8k"]
    digest = write_items({"correct": np.asarray([1])}, tmp_path / "gsm8k.parquet")
    held = alone.result.model_copy(update={"items": "gsm8k.parquet", "items_sha256": digest})
    results["gsm8k"] = StoredResult(alone.path, held)

    found = resampled_scores(MINI, [results], ["knowledge"])

    steep = [
        slope(MINI.benchmark(name).definition(MINI.benchmark(name).headline[0])) for name in results
    ]
    independent = math.sqrt(sum((0.1 * (one or 0.0)) ** 2 for one in steep)) / len(steep)
    assert float(found.drawn.std()) == pytest.approx(independent, rel=0.1)
