"""Make a family's file of the API from its entries and their rows."""

from collections.abc import Sequence

from evaluator.results import Metric
from sitegen import efficiency, metrics
from sitegen.entries import SiteEntry
from sitegen.machines.addresses import absolute, entry_page, family_page
from sitegen.machines.entry_files import short, suite_record
from sitegen.machines.schema import VERSION, FamilyEntry, FamilyFile
from sitegen.machines.standings import Standings


def family_file(entries: Sequence[SiteEntry], standings: Standings, url: str | None) -> FamilyFile:
    """Return one base model with all its variants, of which there is at least one."""
    first = entries[0]
    return FamilyFile(
        schema_version=VERSION,
        family=first.family,
        base_model=first.submission.base_model,
        page=absolute(url, family_page(first.family)),
        entries=[_entry(entry, standings, url) for entry in entries],
    )


def entry_path(name: str) -> str:
    """Return an entry's file below `api/v1/`."""
    return f"entries/{name}.json"


def family_path(family: str) -> str:
    """Return a family's file below `api/v1/`."""
    return f"families/{family}.json"


def _entry(entry: SiteEntry, standings: Standings, url: str | None) -> FamilyEntry:
    said, rows = entry.submission, standings.get(entry.name, ())
    shown = {one.table.suite.label: one.row for one in rows}
    return FamilyEntry(
        entry=entry.name,
        variant=entry.variant,
        model=said.model,
        method=said.quantization.method,
        bits=said.quantization.bits,
        page=absolute(url, entry_page(entry.name)),
        file=entry_path(entry.name),
        disk_bytes=_static(entry, efficiency.DISK),
        bits_per_weight=_static(entry, efficiency.BITS),
        suites=[suite_record(label, shown.get(label)) for label in entry.labels],
    )


def _static(entry: SiteEntry, name: str) -> float | None:
    """Return a figure that no hardware changes, from the first probe that has it."""
    measured: list[Metric] = [
        one.result.metrics[name] for one in entry.probes() if name in one.result.metrics
    ]
    shown = (metrics.plain_figure(one) for one in measured)
    return next((short(one.value) for one in shown if one), None)
