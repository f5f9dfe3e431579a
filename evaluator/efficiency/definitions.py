"""Read what each efficiency metric is; imports nothing heavy."""

from functools import cache
from importlib import resources

from pydantic import Field

from evaluator.files import read_yaml
from evaluator.results import Contract, Direction


class EfficiencyMetric(Contract):
    """What one efficiency metric is: a row that tables, charts and tooltips read."""

    title: str = Field(description="Short label, as in a column head.")
    unit: str = Field(description="Unit of the value.")
    direction: Direction = Field(description="Which way is better; `zero` for neither.")
    timed: bool = Field(default=False, description="Whether it differs from run to run.")
    description: str = Field(description="What it measures, in one sentence.")


@cache
def efficiency_metrics() -> dict[str, EfficiencyMetric]:
    """Return every metric of the efficiency probe by name, in the order they are shown."""
    rows = read_yaml(resources.files("evaluator.efficiency") / "metrics.yaml")
    return {name: EfficiencyMetric.model_validate(row) for name, row in rows.items()}
