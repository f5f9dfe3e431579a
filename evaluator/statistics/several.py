"""Judge several comparisons at once: one in twenty would look different by chance alone."""

from collections.abc import Sequence

import numpy as np

LEVEL = 0.05


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that one false alarm among all of them is as rare as each p says.

    max_{j <= i} (m - j + 1) p_(j), cut to 1; Holm 1979, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6.

    Raises:
        ValueError: a p-value is no number between 0 and 1.
    """
    given = np.asarray(p_values, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("p-values are numbers between 0 and 1")
    order = np.argsort(given, kind="stable")
    factors = np.arange(given.size, 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * given[order]))
    return [float(value) for value in adjusted]
