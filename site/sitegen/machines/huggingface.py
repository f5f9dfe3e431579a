"""Export an entry's headline figures as the Hub reads them from a model's repository.

The form is that of `.eval_results/*.yaml` (https://huggingface.co/docs/hub/eval-results): a list of records
with `dataset` {`id`, `task_id`, `revision`}, `value`, `date`, `source` {`url`, `name`} and `notes`. The Hub
shows a record where the data set is registered as a benchmark, and `task_id` is one that its `eval.yaml`
names; `default` stands for the only one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluator.results import DatasetUsed, UnitResult
from evaluator.suites.definitions import Benchmark, Suite
from sitegen import words
from sitegen.entries import Measured, SiteEntry
from sitegen.machines.addresses import absolute, entry_page
from sitegen.machines.entry_files import short
from sitegen.machines.standings import Standing
from sitegen.metrics import Figure, headline

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
HEAD = (
    "# Put this file into the model's repository on the Hugging Face Hub, as .eval_results/quantboard.yaml.\n"
    "# Records of data sets that the Hub doesn't know as benchmarks aren't shown there; where a benchmark's\n"
    "# eval.yaml names tasks, write the one that was asked instead of `default`.\n"
)


def path(name: str) -> str:
    """Return where an entry's export stands, from the site's root."""
    return f"entries/{name}/eval_results.yaml"


def eval_results(entry: SiteEntry, standings: Sequence[Standing], url: str | None) -> str | None:
    """Return an entry's export; None where no figure of it was measured on data that the Hub has.

    What papers report is left out: the Hub asks for results of the repository's own checkpoint.
    """
    records = "".join(map(_yaml, _records(entry, standings, url)))
    return HEAD + records if records else None


def has_export(entry: SiteEntry, standings: Sequence[Standing]) -> bool:
    """Say whether an entry has an export."""
    return any(True for _ in _records(entry, standings, None))


def _records(
    entry: SiteEntry, standings: Sequence[Standing], url: str | None
) -> Iterator[dict[str, Any]]:
    if entry.paper is not None or entry.submission.model.startswith("local/"):
        return
    for standing in standings:
        suite = standing.table.suite
        found = {} if suite.embedded else entry.own(suite)
        for name, one in found.items():
            record = _record(entry, suite, name, one, url)
            if record:
                yield record


def _yaml(record: Mapping[str, Any], indent: str = "- ") -> str:
    """Return a record as YAML; its texts are in quotes, whose escapes are JSON's.

    PyYAML takes ten times as long, and an entry has a file.
    """
    written = ""
    for name, value in record.items():
        if isinstance(value, Mapping):
            written += f"{indent}{name}:\n{_yaml(value, '    ')}"
        else:
            written += f"{indent}{name}: {json.dumps(value)}\n"
        indent = " " * len(indent)
    return written


def _record(
    entry: SiteEntry, suite: Suite, name: str, one: Measured, url: str | None
) -> dict[str, Any] | None:
    benchmark = suite.benchmark(name)
    found, used = headline(benchmark, one.result), _dataset(one.result)
    if found is None or used is None:
        return None
    metric, figure = found
    dataset = {"id": used.path, "task_id": "default"}
    if _COMMIT.fullmatch(used.revision or ""):
        dataset["revision"] = str(used.revision)
    record: dict[str, Any] = {
        "dataset": dataset,
        "value": short(figure.value),
        "date": one.result.timing.finished,
        "notes": _notes(suite, benchmark, metric, figure, one),
    }
    if url:
        address = absolute(url, entry_page(entry.name))
        record["source"] = {"url": address, "name": "quantboard"}
    return record


def _dataset(result: UnitResult) -> DatasetUsed | None:
    """Return the one data set of a result, where it is the Hub's."""
    used = result.provenance.datasets
    return used[0] if len(used) == 1 and _HUB_ID.fullmatch(used[0].path) else None


def _notes(suite: Suite, benchmark: Benchmark, metric: str, figure: Figure, one: Measured) -> str:
    definition = benchmark.definition(metric)
    unit = words.UNITS[definition.display]
    interval = words.interval(figure, words.DIGITS[definition.display])
    parts = [
        f"quantboard {suite.label}, {benchmark.title}, {definition.title}",
        f"in {unit}" if unit else "",
        f"95 % interval {interval}" if interval else "",
        f"{figure.n} items" if figure.n else "",
        one.source,
    ]
    return ", ".join(filter(None, parts))
