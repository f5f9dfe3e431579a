"""Lay out tables of text."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], text_columns: int = 2) -> list[str]:
    """Return rows of cells as lines of equal columns: the first, of text, begin left, the others end right.

    Short rows are filled up.
    """
    longest = max(map(len, rows), default=0)
    filled = [[*row, *[""] * (longest - len(row))] for row in rows]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < text_columns else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in filled
    ]
