"""Recompute paired comparisons of right and wrong the slow way: by maximizing the likelihood numerically."""

import math

from scipy.optimize import minimize_scalar


def standard_errors_away(n: float, lost: float, gained: float, delta: float) -> float:
    """Return how many standard errors the observed difference lies from `delta`.

    The variance is that of the likeliest table whose difference is `delta` (Tango 1998).
    """
    variance = (2 * _likeliest_lost(n, lost, gained, delta) + delta - delta * delta) / n
    return ((gained - lost) / n - delta) / math.sqrt(variance)


def _likeliest_lost(n: float, lost: float, gained: float, delta: float) -> float:
    def negative(share: float) -> float:  # of lost items; gained are share + delta
        terms = [(lost, share), (gained, share + delta), (n - lost - gained, 1 - 2 * share - delta)]
        return -sum(count * math.log(max(value, 1e-300)) for count, value in terms if count)

    bounds = (max(0.0, -delta), (1 - delta) / 2)
    found = minimize_scalar(negative, bounds=bounds, method="bounded", options={"xatol": 1e-12})
    return float(found.x)
