"""The keys of a grid as a table or picture needs them, and how a picture is laid out."""

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
        The setting, and the column of the table.
    help : str
        What its help says of it.
    sizes : mapping of str to int, optional
        How many entries each value has, for a setting whose values are lists each of which
        begins with the one before; then the number is what varies.
    axis : str
        Text on an axis; empty for the name.
    """

    name: str
    help: str = ""
    sizes: Mapping[str, int] | None = None
    axis: str = ""

    @property
    def says(self) -> str:
        """What it is called on an axis, with its unit if it has one.

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
    """How the picture of a grid is laid out; what is None is chosen to fit.

    Parameters
    ----------
    x : str, optional
        The key, or column that is a coordinate, along the axis.
    y : str, optional
        The column that is drawn; in a map also the key along the other axis.
    by : str, optional
        What has a line for each value, or in a map a panel.
    rows : str, optional
        What has a panel for each value, or in a map with `by` a row of panels.
    map : bool
        Whether to draw a map with contours.
    over : str, optional
        The key that the table is averaged over.
    caption : str, optional
        What was run, in a few words.
    """

    x: str | None = None
    y: str | None = None
    by: str | None = None
    rows: str | None = None
    map: bool = False
    over: str | None = None
    caption: str | None = None
