"""Changes of a starting state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hopcli.later import later
from hopcli.starts.words import Arguments, Change, fraction, one_count, one_fraction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = later("numpy")

SIDES = ("top", "bottom", "left", "right")


def _side_and_fraction(texts: list[str]) -> Arguments:
    side, extent = texts
    if side not in SIDES:
        raise ValueError(side)
    return side, fraction(extent)


def _flip(picture: NDArray[np.int8], arguments: Arguments, rng: np.random.Generator) -> None:
    count = math.floor(arguments[0] * picture.size + 0.5)
    picture.flat[rng.choice(picture.size, count, replace=False)] *= -1


def _flip_rows(picture: NDArray[np.int8], arguments: Arguments, rng: np.random.Generator) -> None:
    height, width = picture.shape
    columns = rng.permuted(np.tile(np.arange(width), (height, 1)), axis=1)
    picture[np.arange(height)[:, None], columns[:, : arguments[0]]] *= -1


def _at_most_a_row(arguments: Arguments, shape: tuple[int, int]) -> str:
    _, width = shape
    return f"must flip at most the {width} sites of a row" if arguments[0] > width else ""


def _occlude(picture: NDArray[np.int8], arguments: Arguments, _: np.random.Generator) -> None:
    side, extent = arguments
    lines = picture if side in ("top", "bottom") else picture.T
    depth = math.floor(extent * len(lines) + 0.5)
    first = side in ("top", "left")
    lines[slice(0, depth) if first else slice(len(lines) - depth, None)] = -1


def _inverse(picture: NDArray[np.int8], _: Arguments, __: np.random.Generator) -> None:
    picture *= -1


CHANGES: dict[str, Change] = {
    change.name: change
    for change in (
        Change("flip", ":FRACTION", "a fraction of the sites flipped", _flip, one_fraction),
        Change(
            "flip-rows", ":COUNT", "COUNT flipped per row", _flip_rows, one_count, _at_most_a_row
        ),
        Change(
            "occlude",
            f":{'|'.join(SIDES)}:FRACTION",
            "one side set to -1, up to a fraction of the height or width",
            _occlude,
            _side_and_fraction,
        ),
        Change("inverse", "", "every site flipped", _inverse),
    )
}
"""Changes of a starting state, by name."""
