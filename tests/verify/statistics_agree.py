"""Show that each statistic agrees with another package's or a slow computation, on drawn and edge inputs."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.verify.engine_properties import run
from tests.verify.report import Context

POINT = 1
BY = {
    "test_statistics_paired": "flips, McNemar, Tango's and Student's intervals (statsmodels, scipy, by hand)",
    "test_statistics_design": "strata, clusters, shares (statsmodels)",
    "test_statistics_corpus": "BLEU, chrF++, paired bootstrap (sacreBLEU)",
    "test_statistics_ranking": "Holm, resampling, ties, fronts (statsmodels, scipy)",
    "test_statistics_correlation": "correlations (scipy, statsmodels)",
    "test_tasks_intervals": "intervals of single scores (published values)",
}


def show(context: Context) -> str:
    """Run the tests that compare with others.

    Raises:
        ShortfallError: one doesn't hold.
    """
    with _fault(active=context.broken(POINT)):
        found = {module: len(run((module,))) for module in BY}
    return "; ".join(f"{BY[module]}: {count} tests" for module, count in found.items())


@contextmanager
def _fault(*, active: bool) -> Iterator[None]:
    """Put the fault in: the test's other side is forgotten."""
    from evaluator.statistics import paired

    own = paired.mcnemar
    if active:
        paired.mcnemar = lambda found: own(found) / 2
    try:
        yield
    finally:
        paired.mcnemar = own
