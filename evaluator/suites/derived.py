"""Derive a benchmark from one of a suite's: other languages, another judge, divergence from the base.

A derived benchmark is named `<benchmark>-<what differs>` and is a benchmark of its own: its results stand
in a file of that name, and never in a column with those of the benchmark that it came from.
"""

from collections.abc import Callable

from evaluator.suites import divergence, judges, languages
from evaluator.suites.definitions import Benchmark

DERIVATIONS: dict[str, Callable[[Benchmark, str], Benchmark]] = {
    "followbench": judges.derive,  # followbench-local, followbench-endpoint
    "flores": languages.derive,  # flores-German-French, flores-deu_Latn-fra_Latn
    **dict.fromkeys(divergence.BENCHMARKS, divergence.derive),  # wikitext2-divergence
}
