"""Write a publication's figures as entries of source `reported`: one folder per configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from pathlib import Path

from evaluator.entries import (
    EFFICIENCY,
    RESULTS,
    SUBMISSION,
    read_submission,
    result_files,
    write_submission,
)
from evaluator.errors import InputError
from evaluator.files import write_atomically
from evaluator.policy import submission_faults
from evaluator.reported.figures import Configuration, read_figures
from evaluator.reported.publication import (
    Publication,
    ReportedMetric,
    ReportedUnit,
    read_publication,
)
from evaluator.results import (
    Metric,
    Provenance,
    Submission,
    Timing,
    UnitResult,
    canonical_json,
    derived_variant,
    family_folder,
)

BITS = "bits_per_weight_linear"
Values = Mapping[str, Decimal]


@dataclass(frozen=True)
class ReportedEntry:
    """One configuration as it is written: name, submission, and results by path inside `results/`."""

    name: str
    submission: Submission
    results: dict[str, UnitResult]


def packaged(path: Path) -> Path:
    """Return a file; where there is none, the package's own of this bare name, such as `jin-2024.csv`."""
    own = Path(str(resources.files("evaluator.reported"))) / path.name
    return own if not path.exists() and path.parent == Path() and own.is_file() else path


def import_reported(figures: Path, paper: Path, output: Path) -> list[str]:
    """Write an entry per configuration of a paper, and return their names, sorted.

    Nothing is written before everything was read. The same files give the same bytes.

    Args:
        figures: CSV of the figures, or the bare name of one in the package.
        paper: the publication file, or the bare name of one in the package.
        output: folder of submissions.

    Raises:
        InputError: a file can't be used, or an entry in the way isn't `reported`; all problems at once.
    """
    entries = reported_entries(packaged(figures), packaged(paper))
    problems = [problem for entry in entries for problem in _in_the_way(entry, output)]
    if problems:
        raise InputError("\n".join(problems))
    for entry in entries:
        write_submission(output / entry.name / SUBMISSION, entry.submission)
        for path, result in entry.results.items():
            write_atomically(output / entry.name / RESULTS / path, canonical_json(result))
    return [entry.name for entry in entries]


def reported_entries(figures: Path, paper: Path) -> list[ReportedEntry]:
    """Return the entries of a paper, sorted by name.

    Raises:
        InputError: a file can't be used, or a recipe isn't one of the contract.
    """
    publication = read_publication(paper)
    command = f"quantboard import-reported {figures.name} --paper {paper.name}"
    found = read_figures(figures, publication)
    entries = [_entry(publication, one, values, command) for one, values in found.items()]
    problems = [
        f"{paper}: {entry.name}: {sentence}"
        for entry in entries
        for severity, _, sentence in submission_faults(entry.submission)
        if severity == "error"
    ]
    if problems:
        raise InputError("\n".join(problems))
    return sorted(entries, key=lambda entry: entry.name)


def _in_the_way(entry: ReportedEntry, output: Path) -> Iterator[str]:
    """Give what forbids writing an entry: another one of its name, or results that it doesn't have."""
    folder = output / entry.name
    if not folder.exists():
        return
    if not (folder / SUBMISSION).is_file():
        yield f"{folder} holds no {SUBMISSION}; remove the folder"
    elif read_submission(folder / SUBMISSION).source != "reported":
        yield f"{folder} is an entry that was measured; nothing reported is written over it"
    else:
        own = {folder / RESULTS / path for path in entry.results}
        for file in [one for one in result_files(folder) if one not in own]:
            yield f"{file} isn't one of the paper's results; remove it"


def _entry(
    publication: Publication, one: Configuration, values: Values, command: str
) -> ReportedEntry:
    submission = _submission(publication, one)
    variant = derived_variant(submission.quantization, submission.dtype)
    name = f"{family_folder(submission.base_model)}/{variant}-{publication.key}"
    results: dict[str, UnitResult] = {}
    for benchmark, unit in publication.benchmarks.items():
        metrics, groups = _metrics(unit, values)
        results[f"{publication.suite}/{benchmark}.json"] = UnitResult(
            kind="benchmark",
            entry=name,
            suite=publication.suite,
            benchmark=benchmark,
            status="ok",
            metrics=metrics,
            groups=groups,
            provenance=_provenance(publication, benchmark, one, command),
            timing=_timing(publication),
        )
    if probe := publication.efficiency:
        path = f"{EFFICIENCY}/{probe.hardware}/{probe.probe}.json"
        results[path] = _probe(publication, name, one, values, command)
    return ReportedEntry(name, submission, results)


def _submission(publication: Publication, one: Configuration) -> Submission:
    model = publication.models[one.model]
    return Submission(
        model=model.base_model,
        base_model=model.base_model,
        quantization=publication.methods[one.method].quantization(one.bits),
        dtype=model.dtype,
        license=model.license,
        chat=model.chat,
        suite=[publication.suite.partition("@")[0]],
        source="reported",
        notes=publication.about,
        citation=publication.citation,
    )


def _probe(
    publication: Publication, name: str, one: Configuration, values: Values, command: str
) -> UnitResult:
    probe = publication.efficiency
    assert probe is not None  # noqa: S101  the caller has looked
    bits = publication.methods[one.method].effective_bits(one.bits)
    return UnitResult(
        kind="efficiency",
        entry=name,
        benchmark=probe.probe,
        hardware=probe.hardware,
        status="ok",
        metrics={**_metrics(probe, values)[0], BITS: bits},
        provenance=_provenance(publication, EFFICIENCY, one, command).model_copy(
            update={"hardware": {"accelerator": probe.accelerator}}
        ),
        timing=_timing(publication),
    )


def _metrics(
    unit: ReportedUnit, values: Values
) -> tuple[dict[str, Metric], dict[str, dict[str, Metric]]]:
    """Return the metrics of a unit, and those of its groups; nothing has an interval."""
    metrics = {name: _metric(one, unit.n, values) for name, one in unit.metrics.items()}
    groups: dict[str, dict[str, Metric]] = {}
    for name, one in unit.metrics.items():
        for group, figure in one.groups.items():
            measured = Metric(value=float(values[figure]), n=unit.n)
            groups.setdefault(group, {})[name] = measured
    return metrics, groups


def _metric(one: ReportedMetric, n: int | None, values: Values) -> Metric:
    parts = [values[figure] for figure in one.figures()]
    items = None if n is None else n * len(parts)
    return Metric(value=float(sum(parts, Decimal()) / len(parts)), n=items)


def _provenance(
    publication: Publication, benchmark: str, one: Configuration, command: str
) -> Provenance:
    unit = publication.units()[benchmark]
    notes = [note.text for note in publication.notes if note.concerns(benchmark, *one)]
    return Provenance(
        command=command,
        judge=unit.judge,
        notes=[f"{publication.short}, {unit.table}.", *notes],
    )


def _timing(publication: Publication) -> Timing:
    """Return the day of publication: when it was measured isn't known."""
    day = f"{publication.published.isoformat()}T00:00:00Z"
    return Timing(started=day, finished=day, seconds=0.0)
