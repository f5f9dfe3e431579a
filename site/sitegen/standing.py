"""Say whether an entry is ranked, and if not, what stands against it and which command would help.

An entry is ranked where it has every benchmark of both quality dimensions and its base has them too;
otherwise its row stays, and says what is missing or what failed.
"""

from typing import Literal

from evaluator.results import UnitResult
from evaluator.suites.definitions import QUALITY, Suite
from sitegen import metrics, plain
from sitegen.entries import SiteEntry
from sitegen.family_statistics import missing_base, other_bases
from sitegen.load import Data
from sitegen.metrics import Figure

Status = Literal["ranked", "unranked", "failed", "reported"]


def standing(
    data: Data, suite: Suite, entry: SiteEntry, figures: dict[str, Figure]
) -> tuple[Status, list[str], str | None]:
    """Return whether an entry is ranked, what stands against it, and the command that would help."""
    results = entry.results(suite)
    failures = _failures(suite, results)
    if failures:
        return "failed", failures, None
    if entry.paper is not None:
        return "reported", [], None
    if "score" not in figures:
        missing = [
            one.title
            for one in suite.benchmarks
            if one.dimension in QUALITY and one.name not in figures
        ]
        command = f"quantboard run {entry.name} --suite {suite.name}"
        return "unranked", [f"No result yet of {', '.join(missing)}."], command
    return _beside_base(data, suite, entry)


def _failures(suite: Suite, results: dict[str, UnitResult]) -> list[str]:
    """Return each reason once and shortened, with the benchmarks that failed for it."""
    titles: dict[str, list[str]] = {}
    for benchmark in suite.benchmarks:
        result = results.get(benchmark.name)
        if result and result.status == "failed":
            reason = plain.reason(result.reason)
            titles.setdefault(reason, []).append(benchmark.title)
    total = len(suite.benchmarks)
    return [
        f"{'Every benchmark' if len(names) == total else ', '.join(names)} failed: {reason}"
        for reason, names in titles.items()
    ]


def _beside_base(
    data: Data, suite: Suite, entry: SiteEntry
) -> tuple[Status, list[str], str | None]:
    if entry.is_base:
        return "ranked", [], None
    base = data.base_of(entry)
    if base is None:
        return _without_base(data, suite, entry)
    base_results = base.results(suite)
    if metrics.score(suite, base_results) is None:
        command = f"quantboard run {base.name} --suite {suite.name}"
        return "unranked", [f"Its base {base.variant} lacks results of this suite."], command
    refusal = _refusal(data, suite, entry)
    if refusal:
        command = (
            f"quantboard run {entry.name} --suite {suite.name} --rerun 'compare with the base'"
        )
        return "unranked", [f"Not comparable with its base. {refusal}."], command
    return "ranked", [], None


def _without_base(
    data: Data, suite: Suite, entry: SiteEntry
) -> tuple[Status, list[str], str | None]:
    family = data.families[entry.family]
    problem, others = missing_base(entry, family), other_bases(entry, family)
    if not others:
        command = f"quantboard run {entry.submission.base_model} --suite {suite.name}"
        return "unranked", [problem], command
    wanted = f"{entry.family}/{others[0].variant}-{str(entry.submission.base_revision)[:7]}"
    step = f"Add the base at that revision as submissions/{wanted} and measure it."
    return "unranked", [f"{problem} {step}"], f"quantboard run {wanted} --suite {suite.name}"


def _refusal(data: Data, suite: Suite, entry: SiteEntry) -> str:
    """Return the first benchmark of the score that may not be compared with the base's, and why."""
    compared = data.compared(entry).suites.get(suite.label, {})
    for benchmark in suite.benchmarks:
        found = compared.get(benchmark.name)
        if benchmark.dimension in QUALITY and found and found.refusals:
            return f"{benchmark.title}: {'; '.join(found.refusals)}"
    return ""
