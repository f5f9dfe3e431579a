"""Know what entries must agree on to share a table: each benchmark's headline, the derived ones."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from evaluator.results import UnitResult
from evaluator.suites.definitions import Benchmark, Suite, load_suite, suite_names
from evaluator.suites.derived import DERIVATIONS
from sitegen import metrics
from sitegen.entries import SiteEntry

Results = dict[tuple[str, str], list[UnitResult]]  # by a suite's label and a benchmark's name


@dataclass(frozen=True)
class Shared:
    """What some entries agree on.

    Attributes:
        headlines: the one headline of each benchmark, by the suite's label and the benchmark's name.
        derived_names: the benchmarks beyond a suite's own that have results, by its label, sorted.
        used: the labels of the suites whose own benchmarks have results.
    """

    headlines: dict[tuple[str, str], tuple[str, ...]]
    derived_names: dict[str, tuple[str, ...]]
    used: tuple[str, ...]

    @cached_property
    def _suites(self) -> dict[str, Suite]:
        return {name: self._settled(load_suite(name)) for name in suite_names()}

    def _settled(self, suite: Suite) -> Suite:
        own = [self._benchmark(suite, one) for one in suite.benchmarks]
        return suite.model_copy(update={"benchmarks": own})

    def _benchmark(self, suite: Suite, one: Benchmark) -> Benchmark:
        headline = self.headlines.get((suite.label, one.name), one.headline[:1])
        return one.model_copy(update={"headline": list(headline)})

    @cached_property
    def every_suite(self) -> list[Suite]:
        """Return all suites: ranked ones first, the embedded one last, then by name."""
        suites = self._suites.values()
        return sorted(suites, key=lambda suite: (not suite.ranked, suite.embedded, suite.name))

    @property
    def suites(self) -> list[Suite]:
        """Return the suites that have results of their current version, in the order of `every_suite`."""
        return [suite for suite in self.every_suite if suite.label in self.used]

    def suite(self, name: str) -> Suite:
        """Return a suite, each benchmark with one headline for all results."""
        return self._suites[name]

    def of_label(self, label: str) -> Suite:
        """Return the suite of a result's label, as it is now even where the label names an older version."""
        name = label.partition("@")[0]
        current = self.suite(name)
        return current if current.label == label else load_suite(name)

    def derived(self, suite: Suite, of: str | None = None) -> list[Benchmark]:
        """Return the benchmarks derived from a suite's, or from the one named, that have results, by name.

        Raises:
            InputError: a result's name says something that its benchmark can't be derived to.
        """
        bases = {of} if of else {one.name for one in suite.benchmarks} & DERIVATIONS.keys()
        names = self.derived_names.get(suite.label, ())
        made = [suite.benchmark(name) for name in names if name.partition("-")[0] in bases]
        return [self._benchmark(suite, one) for one in made]

    def benchmarks_of(self, label: str) -> list[Benchmark]:
        """Return the benchmarks that a label's results may be of: the suite's own, then derived ones."""
        suite = self.of_label(label)
        return [*suite.benchmarks, *(self.derived(suite) if suite.label == label else [])]


def shared(entries: Iterable[SiteEntry]) -> Shared:
    """Return what entries agree on, from all their current results."""
    results = _results(entries)
    labels = {load_suite(name).label: load_suite(name) for name in suite_names()}
    own = {(label, one.name) for label, suite in labels.items() for one in suite.benchmarks}
    further: defaultdict[str, set[str]] = defaultdict(set)
    for label, name in results.keys() - own:
        if label in labels:
            further[label].add(name)
    return Shared(
        headlines=_headlines(labels, results),
        derived_names={label: tuple(sorted(names)) for label, names in sorted(further.items())},
        used=tuple(sorted({label for label, _ in results.keys() & own})),
    )


def _results(entries: Iterable[SiteEntry]) -> Results:
    found: Results = {}
    for entry in entries:
        for one in entry.current:
            if one.result.kind == "benchmark" and one.result.suite:
                key = (one.result.suite, one.result.benchmark)
                found.setdefault(key, []).append(one.result)
    return found


def _headlines(
    labels: dict[str, Suite], results: Results
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the headline of each benchmark that has a choice of them and has results."""
    found = {}
    for (label, name), measured in sorted(results.items()):
        if label in labels and (one := _known(labels[label], name)) and len(one.headline) > 1:
            found[label, name] = tuple(metrics.settled(one, measured).headline)
    return found


def _known(suite: Suite, name: str) -> Benchmark | None:
    """Return a benchmark of a suite, or one derived from it; None of a name that is neither."""
    bases = {one.name for one in suite.benchmarks}
    known = name in bases or name.partition("-")[0] in bases & DERIVATIONS.keys()
    return suite.benchmark(name) if known else None
