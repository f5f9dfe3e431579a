"""Say how requests are computed: nothing here changes what is asked, or what the answers mean."""

from dataclasses import dataclass

from evaluator.results import LoadedModel


@dataclass(frozen=True)
class Computing:
    """How requests pass through a model.

    Attributes:
        batch_size: rows at a time, in generation and wherever nothing is shared.
        exact: one row at a time, and nothing shared, whatever the model.
        together: put rows into one batch although the model's kernels let them change each other, as lm-eval
            does. Many times faster than one row at a time, and exact for no row.
        shared: share prefixes where that is sound for the model; False is lm-eval's own way.
        model: what was loaded; outcomes are kept under it while they are computed. None keeps nothing.
        method: how the model's weights are quantized in memory.
        measurement: 1, and one more each time that a unit is measured again; see `outcome_identity.Asked`.
    """

    batch_size: int = 16
    exact: bool = False
    together: bool = False
    shared: bool = True
    model: LoadedModel | None = None
    method: str = "none"
    measurement: int = 1

    @property
    def rows(self) -> int:
        """Return the rows at a time of the plain way."""
        return 1 if self.exact else self.batch_size
