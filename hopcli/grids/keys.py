"""What is to be known of the keys of a grid to lay out its picture, and how it is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Key", "Look"]


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A setting that varies over a grid.

    Parameters
    ----------
    name : str
        The setting.
    help : str
        What it is, as the help text says.
    sizes : mapping of str to int, optional
        Where its values are lists, each the beginning of the next (digits 3,6 and 3,6,1):
        the length of each by its text, to be drawn as a number.
    """

    name: str
    help: str
    sizes: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How the picture of a grid is laid out; what is None is decided by what there is.

    Parameters
    ----------
    x, by, rows : str or None
        Key along the axis, of the lines (of the panels, in a map), and of the rows of panels.
    y : str or None
        Column of the table that is drawn.
    map : bool
        Draw a map of two keys instead of lines.
    over : str or None
        Key that is averaged over.
    """

    x: str | None = None
    y: str | None = None
    by: str | None = None
    rows: str | None = None
    map: bool = False
    over: str | None = None
