"""Texts in a row that must not overlap, each as near as can be to what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["side_by_side"]


def side_by_side(
    centres: Sequence[float], widths: Sequence[float], low: float, high: float
) -> list[float]:
    """Centres of texts moved, as little as it takes, to be in a row and not overlap.

    Parameters
    ----------
    centres, widths : sequence of float
        Where each text would best be, rising, and how wide it is.
    low, high : float
        Ends of the row; too many texts overlap at its left end.

    Returns
    -------
    list of float
        Where each text is to be, rising.

    Examples
    --------
    >>> side_by_side([1.0, 1.1, 5.0], [1.0, 1.0, 1.0], 0.0, 5.0)
    [1.0, 2.0, 4.5]
    """
    placed: list[float] = []
    free = low
    for centre, width in zip(centres, widths, strict=True):
        placed.append(max(centre, free + width / 2))
        free = placed[-1] + width / 2
    free = high
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], free - widths[k] / 2)
        free = placed[k] - widths[k] / 2
    return placed
