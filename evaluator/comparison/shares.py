"""Put metrics on one scale: how far a value stands between chance (0) and the best possible value (1).

Bias counts as 1 - |bias| over its widest. A metric without a best value, such as perplexity, has no share.
"""

from evaluator.suites.definitions import MetricDefinition


def share(definition: MetricDefinition, value: float) -> float | None:
    """Return the share of best of a value in the metric's own unit; None where it has none."""
    steep = slope(definition)
    if steep is None:
        return None
    if definition.direction == "zero":
        return 1 + abs(value) * steep
    return (value - chance(definition)) * steep


def slope(definition: MetricDefinition) -> float | None:
    """Return what a share of best gains per unit of the value, of bias per unit of its distance from 0."""
    if definition.direction == "zero":
        widest = max(abs(definition.lowest), abs(definition.highest or 0.0))
        return -1 / widest if widest else None
    best = definition.highest if definition.direction == "higher" else definition.lowest
    if best is None or definition.highest is None or best == chance(definition):
        return None
    return 1 / (best - chance(definition))


def chance(definition: MetricDefinition) -> float:
    """Return the value of a model that knows nothing: its worst where nothing else is said."""
    if definition.chance is not None:
        return definition.chance
    return definition.lowest if definition.direction == "higher" else definition.highest or 0.0
