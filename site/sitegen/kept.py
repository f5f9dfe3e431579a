"""Write a family's statistics as bytes, and read them again."""

import io

import numpy as np
from pydantic import TypeAdapter

from sitegen.comparisons import Compared
from sitegen.family_statistics import Drawn, FamilyStatistics

Written = tuple[dict[str, Compared], dict[str, dict[str, float]]]
_FORM = TypeAdapter(Written)


def written(found: FamilyStatistics) -> tuple[bytes, bytes]:
    """Return the figures as JSON, and the drawn scores of all suites, below each other, as NumPy's npy."""
    scores = {label: one.scores for label, one in found.drawn.items()}
    stream = io.BytesIO()
    drawn = [one.drawn for one in found.drawn.values()] or [Drawn().drawn]
    np.save(stream, np.concatenate(drawn), allow_pickle=False)
    return _FORM.dump_json((found.compared, scores)), stream.getvalue()


def read(figures: bytes, drawn: bytes) -> FamilyStatistics:
    """Return what `written` made bytes of."""
    compared, scores = _FORM.validate_json(figures)
    rows = np.load(io.BytesIO(drawn), allow_pickle=False)
    ends = np.cumsum([len(one) for one in scores.values()])
    parts = np.split(rows, ends[:-1])  # without suites one empty part
    drawn_again = {
        label: Drawn(one, part) for (label, one), part in zip(scores.items(), parts, strict=False)
    }
    return FamilyStatistics(compared, drawn_again)
