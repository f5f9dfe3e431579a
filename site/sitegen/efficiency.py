"""Know the figures of an efficiency probe, and write bytes so that they read well.

What each figure is stands once, in `evaluator/efficiency/metrics.yaml`. It is read as a file, since its
package may load what a site build must not.
"""

from functools import cache
from importlib import resources

from evaluator.files import read_yaml
from evaluator.results import Contract, Direction, Metric
from sitegen.metrics import Figure, plain_figure

SPEED = "decode_tokens_per_second"
CALL_SPEED = "generated_tokens_per_second"
DISK = "disk_bytes"
PEAK = "peak_memory_bytes"
WEIGHTS = "weight_bytes"
BITS = "bits_per_weight_linear"
MILLISECOND = 1e-3  # seconds
DIGITS = {"bytes": 2, "bytes/token": 2, "bits": 2, "s": 1, "tokens": 0}


class Kind(Contract):
    """What one efficiency metric is."""

    title: str
    unit: str
    direction: Direction
    timed: bool = False
    description: str = ""

    @property
    def digits(self) -> int:
        """Return the digits after the point that its unit is shown with."""
        return DIGITS.get(self.unit, 1)


@cache
def kinds() -> dict[str, Kind]:
    """Return every metric of the probe by name, in the order they are shown."""
    rows = read_yaml(resources.files("evaluator") / "efficiency" / "metrics.yaml")
    return {name: Kind.model_validate(row) for name, row in rows.items()}


def kind_of(name: str) -> Kind:
    """Return what a metric is; of one that the list no longer has, its bare name."""
    bare = Kind(title=name.replace("_", " ").capitalize(), unit="", direction="zero")
    return kinds().get(name, bare)


def byte_unit(largest: float) -> tuple[str, float]:
    """Return the decimal unit in which a number of bytes reads well, and how many bytes it is."""
    for name, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if largest >= size:
            return name, size
    return "bytes", 1.0


def scaled(shown: Figure, factor: float) -> Figure:
    """Return a figure and its interval divided by a unit's size."""
    low = None if shown.low is None else shown.low / factor
    high = None if shown.high is None else shown.high / factor
    return Figure(shown.value / factor, low, high, shown.n, shown.note)


def readable(name: str, metric: Metric) -> tuple[Figure | None, str, int]:
    """Return a metric as figure, unit and digits, bytes and short times in the unit that reads well."""
    kind = kind_of(name)
    shown = plain_figure(metric)
    if shown and _short(name, metric):
        return scaled(shown, MILLISECOND), "ms", 1
    if shown is None or kind.unit not in ("bytes", "bytes/token"):
        return shown, kind.unit, kind.digits
    unit, size = byte_unit(shown.value)
    per = "/token" if kind.unit == "bytes/token" else ""
    return scaled(shown, size), unit + per, 0 if size == 1 else kind.digits


def raw_text(name: str, metric: Metric) -> str:
    """Return every repetition with its unit, times in that of the figure; nothing without any."""
    found, unit = metric.raw or [], kind_of(name).unit
    if _short(name, metric):
        texts, unit = [f"{value / MILLISECOND:.1f}" for value in found], "ms"
    else:
        texts = [f"{value:.6g}" for value in found]
    return f"{', '.join(texts)} {unit}" if texts else ""


def _short(name: str, metric: Metric) -> bool:
    """Say whether a metric is a time below 1 s, which reads better in milliseconds."""
    return kind_of(name).unit == "s" and metric.value is not None and metric.value < 1
