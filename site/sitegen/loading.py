"""Say whether an entry's checkpoint was quantized while it was loaded, so that its file stays wide."""

from sitegen import efficiency
from sitegen.entries import SiteEntry

ON_THE_FLY = ("llm.int8", "nf4")  # can quantize an unquantized checkpoint while it is loaded
WIDER = 1.2  # times the weights in memory; a file of what is loaded is about as large as these


def quantized_while_loading(entry: SiteEntry) -> bool:
    """Say whether an unquantized checkpoint was loaded: its base's own, or a file far wider than its weights.

    By the probe also where a mirror of the base has another name; without a probe by the name alone.
    """
    given = entry.submission
    if given.quantization.method not in ON_THE_FLY:
        return False
    return given.model == given.base_model or any(
        disk > WIDER * weights for disk, weights in _sizes(entry)
    )


def _sizes(entry: SiteEntry) -> list[tuple[float, float]]:
    """Return bytes on disk and in memory from each probe that has both."""
    found = []
    for one in entry.probes():
        named = (one.result.metrics.get(name) for name in (efficiency.DISK, efficiency.WEIGHTS))
        disk, weights = (metric.value if metric else None for metric in named)
        if disk is not None and weights is not None:
            found.append((disk, weights))
    return found
