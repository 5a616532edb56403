"""Where runs start: a small language of first states, and the states themselves.

A start is a base (an image, a pattern, random spins, ...) and changes made to it in
order. Every trial has a random stream of its own, so its start does not depend on how
many others there are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["BASES", "CHANGES", "SIDES", "Start", "change", "parse_start", "trial_rng"]

BASES = ("image", "pattern", "random", "majority", "blend", "text")
CHANGES = ("flip", "flip-rows", "occlude", "inverse")
SIDES = ("top", "bottom", "left", "right")

RULE = (
    "must be image, pattern, random[:P_UP], majority, blend:A:B[:fill] or text:FILE, then any of "
    "flip:FRACTION, flip-rows:COUNT, occlude:top|bottom|left|right:FRACTION and inverse, joined "
    "by commas"
)


@dataclass(frozen=True, slots=True)
class Start:
    """A parsed start.

    Parameters
    ----------
    base : str
        One of :data:`BASES`.
    arguments : tuple of str
        What the base needs: ``(A, B)`` or ``(A, B, "fill")``, ``(P_UP,)``, ``(FILE,)``.
    changes : tuple of tuple of str
        Each change with its arguments, in order.
    """

    base: str
    arguments: tuple[str, ...]
    changes: tuple[tuple[str, ...], ...]

    @property
    def uses_images(self) -> bool:
        """Whether the images of the data set are what runs start from."""
        return self.base == "image"

    @property
    def leaves_zeros(self) -> bool:
        """Whether sites may be 0: where two blended patterns differ, unless filled."""
        return self.base == "blend" and self.arguments[2:] != ("fill",)


def parse_start(text: str) -> Start:
    """Read a start as the user writes it.

    Parameters
    ----------
    text : str
        For example ``"image"``, ``"flip:0.25"`` or ``"blend:boat:house,flip:0.1"``. With
        changes alone the base is ``pattern``.

    Raises
    ------
    ValueError
        With the rule, if it is none.
    """
    parts = [tuple(part.strip().split(":")) for part in text.split(",")]
    if parts[0][0] in CHANGES:
        parts.insert(0, ("pattern",))
    (base, *arguments), *changes = parts
    if not _base_is_whole(base, arguments) or not all(map(_change_is_whole, changes)):
        raise ValueError(RULE)
    if base == "text":  # a path may hold colons
        arguments = [":".join(arguments)]
    return Start(base, tuple(arguments), tuple(changes))


def _base_is_whole(base: str, arguments: Sequence[str]) -> bool:
    if base == "blend":
        return len(arguments) in (2, 3) and all(arguments) and arguments[2:] in ([], ["fill"])
    if base == "text":
        return bool(arguments) and bool(arguments[0])
    if base == "random":
        return not arguments or (len(arguments) == 1 and _is_fraction(arguments[0]))
    return base in BASES and not arguments


def _change_is_whole(change: tuple[str, ...]) -> bool:
    match change:
        case ("flip", fraction):
            return _is_fraction(fraction)
        case ("flip-rows", count):
            return re.fullmatch("[0-9]{1,6}", count) is not None
        case ("occlude", side, fraction):
            return side in SIDES and _is_fraction(fraction)
        case ("inverse",):
            return True
    return False


def _is_fraction(text: str) -> bool:
    return re.fullmatch(r"[0-9.eE+-]{1,30}", text) is not None and 0 <= _number(text) <= 1


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def trial_rng(seed: int, trial: int) -> np.random.Generator:
    """Random stream of one trial, the same whatever other trials there are.

    Parameters
    ----------
    seed : int
        64-bit seed of the starts of a run.
    trial : int
        Number of the trial, >= 0.
    """
    return np.random.Generator(np.random.Philox(key=[seed, trial]))


def first_state(
    start: Start,
    own: NDArray[np.int8] | None,
    xi: NDArray[np.int8],
    pair: tuple[int, int] | None,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """The base state of a trial, before any change.

    Parameters
    ----------
    start : Start
        What to start from.
    own : ndarray of int8, shape (N,), or None
        The image, pattern or given state, where the base is one.
    xi : ndarray of int8, shape (p, N)
        The stored patterns.
    pair : tuple of int or None
        Which two patterns to blend.
    rng : numpy.random.Generator
        The stream of the trial.

    Returns
    -------
    ndarray of int8, shape (N,)
        Values -1 or +1, and 0 where two blended patterns differ unless filled.
    """
    n_sites = xi.shape[1]
    if own is not None:
        return own.copy()
    if start.base == "random":
        up = float(start.arguments[0]) if start.arguments else 0.5
        return np.where(rng.random(n_sites) < up, 1, -1).astype(np.int8)
    chosen = xi if pair is None else xi[list(pair)]
    state = np.sign(chosen.sum(axis=0, dtype=np.int64)).astype(np.int8)
    if start.base == "majority" or start.arguments[2:] == ("fill",):
        empty = np.flatnonzero(state == 0)
        state[empty] = np.where(rng.random(len(empty)) < 0.5, 1, -1)
    return state


def change(
    state: NDArray[np.int8],
    changes: tuple[tuple[str, ...], ...],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Apply changes to a state, in order.

    Parameters
    ----------
    state : ndarray of int8, shape (N,)
        The state; changed in place.
    changes : tuple of tuple of str
        From :class:`Start`: flip a fraction of distinct sites, or so many in each row;
        make one side of the picture -1 up to a fraction of its height or width; or turn
        every site over.
    shape : tuple of int
        Height and width of the picture.
    rng : numpy.random.Generator
        The stream of the trial.

    Returns
    -------
    ndarray of int8, shape (N,)
        The same array.
    """
    picture = state.reshape(shape)
    for kind, *arguments in changes:
        if kind == "flip":
            count = math.floor(float(arguments[0]) * len(state) + 0.5)
            state[rng.choice(len(state), count, replace=False)] *= -1
        elif kind == "flip-rows":
            count = min(int(arguments[0]), shape[1])
            chosen = rng.permuted(np.tile(np.arange(shape[1]), (shape[0], 1)), axis=1)[:, :count]
            picture[np.arange(shape[0])[:, None], chosen] *= -1
        elif kind == "inverse":
            state *= -1
        else:
            side, fraction = arguments
            vertical = side in ("top", "bottom")
            extent = shape[0] if vertical else shape[1]
            depth = math.floor(float(fraction) * extent + 0.5)
            first = side in ("top", "left")
            part = slice(0, depth) if first else slice(extent - depth, extent)
            picture[(part, slice(None)) if vertical else (slice(None), part)] = -1
    return state
