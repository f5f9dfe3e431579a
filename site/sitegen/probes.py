"""Know what an entry's probes say of one suite's protocol, and which of them may be compared.

Speed and memory compare only on the same hardware, driver and engine (architecture: efficiency).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from evaluator.results import UnitResult
from evaluator.suites.definitions import Suite
from sitegen import efficiency, metrics, plain
from sitegen.entries import DRIVER, ENGINE, Measured, SiteEntry
from sitegen.metrics import Figure

Probes = Mapping[str, Measured]  # by hardware
Setting = tuple[tuple[str, str], ...]  # driver and engine with their versions, as far as recorded


def probe_name(suite: Suite) -> str:
    """Return the name of the efficiency probe that follows a suite's protocol."""
    protocol = suite.efficiency
    return f"decode-{protocol.input_tokens}-{protocol.output_tokens}"


def succeeded(entry: SiteEntry, suite: Suite) -> dict[str, Measured]:
    """Return an entry's probes that have figures."""
    return {
        one.result.hardware or "": one for one in _of(entry, suite) if one.result.status == "ok"
    }


def failures(entry: SiteEntry, suite: Suite) -> dict[str, str]:
    """Say why probes failed, by hardware."""
    return {
        one.result.hardware or "": plain.reason(one.result.reason)
        for one in _of(entry, suite)
        if one.result.status == "failed"
    }


def _of(entry: SiteEntry, suite: Suite) -> list[Measured]:
    return [one for one in entry.probes() if one.result.benchmark == probe_name(suite)]


def hardware(probes: Sequence[Probes]) -> list[str]:
    """Return the hardware that was measured, most entries first."""
    names = [name for found in probes for name in found]
    return sorted(set(names), key=lambda name: (-names.count(name), name))


def on(probes: Sequence[Probes], name: str) -> list[UnitResult]:
    """Return all results on some hardware."""
    return [found[name].result for found in probes if name in found]


def peak_unit(results: Sequence[UnitResult]) -> tuple[str, float]:
    """Return the unit of memory that suits the largest peak, and its bytes."""
    peaks = [metrics.plain_figure(one.metrics.get(efficiency.PEAK)) for one in results]
    return efficiency.byte_unit(max((one.value for one in peaks if one), default=1e9))


def speed_metric(results: Sequence[UnitResult]) -> str:
    """Return the speed that a column shows: of decoding, or where no entry has that, of whole calls."""
    shared = (
        name
        for name in (efficiency.SPEED, efficiency.CALL_SPEED)
        if any(metrics.plain_figure(one.metrics.get(name)) for one in results)
    )
    return next(shared, efficiency.SPEED)


def static(found: Probes, name: str) -> Figure | None:
    """Return a figure that no hardware changes, from the first probe that has it."""
    for place in sorted(found):
        shown = metrics.plain_figure(found[place].result.metrics.get(name))
        if shown:
            return shown
    return None


def setting(result: UnitResult) -> Setting:
    """Return driver and engine of a probe, each with its version."""
    record = result.provenance
    told = [(name, record.hardware.get(name)) for name in DRIVER]
    told += [(name, record.packages.get(name)) for name in ENGINE]
    return tuple((name, str(version)) for name, version in told if version)


def most_common(settings: Sequence[Setting]) -> Setting:
    """Return the setting of most probes; of several, the last by name and version."""
    counts = Counter(settings)
    return max(counts, key=lambda one: (counts[one], one), default=())


def difference(own: Setting, other: Setting) -> str:
    """Say what of a setting isn't as in the other, such as `driver 535.54`; nothing where they agree."""
    apart = [f"{name} {version}" for name, version in own if (name, version) not in other]
    missing = [name for name, _ in other if name not in dict(own)]
    return ", ".join(apart + [f"{name} not recorded" for name in missing])
