"""The keys of a grid for tables and pictures, and the layout of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """Setting that varies over a grid.

    Parameters
    ----------
    name : str
        The setting, and the column of the table.
    help : str
        Its help text.
    sizes : mapping of str to int, optional
        Number of entries of each value, for a setting whose values are lists, each a prefix of
        the next; the number then varies.
    axis : str
        Text on an axis; empty for the name.
    """

    name: str
    help: str = ""
    sizes: Mapping[str, int] | None = None
    axis: str = ""

    @property
    def says(self) -> str:
        """Text on an axis, with the unit if there is one.

        Examples
        --------
        >>> Key("digits", sizes={"3,6": 2, "3,6,1": 3}, axis="labels stored").says
        'number of labels stored'
        >>> Key("selection_seed").says
        'selection seed'
        """
        called = self.axis or self.name.replace("_", " ")
        return f"number of {called}" if self.sizes else called


@dataclass(frozen=True, slots=True)
class Look:
    """Layout of the picture of a grid; None for a default.

    Parameters
    ----------
    x : str, optional
        The key, or column that is a coordinate, on the x axis.
    y : str, optional
        The plotted column; in a map also the key on the y axis.
    by : str, optional
        Key with one line per value, or in a map one panel per value.
    rows : str, optional
        Key with one panel per value, or in a map with `by` one row of panels per value.
    map : bool
        Draw a map with contours.
    over : str, optional
        The key over which the table is averaged.
    caption : str, optional
        Description of the run in a few words.
    """

    x: str | None = None
    y: str | None = None
    by: str | None = None
    rows: str | None = None
    map: bool = False
    over: str | None = None
    caption: str | None = None
