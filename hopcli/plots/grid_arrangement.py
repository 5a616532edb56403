"""Where the numbers of a grid go in its picture: along axes, in lines, in panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.errors import SettingError
from hopcli.grids.keys import Key
from hopcli.grids.over import interval_over
from hopcli.plots.captions import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hopcli.grids.keys import Look
    from hopcli.tables import Estimate

__all__ = ["Arrangement", "Coordinate", "arrange", "short"]

_DECADES = 1.5  # spread of values from which on an axis may be logarithmic
_NAMES = "seed"  # numbers that are names: the last to be put along an axis


@dataclass(frozen=True, slots=True, eq=False)
class Coordinate:
    """A key of the grid, or a coordinate of the experiment, that a picture is laid out by.

    Parameters
    ----------
    name : str
        Its column.
    says : str
        Its name on an axis.
    values : tuple
        Its different values, numbers in increasing order, all else in the order of the grid.
    numbers : ndarray of float64, shape (values,)
        Their places along an axis.
    is_number : bool
        Whether these are the values themselves; else they count from 0.
    """

    name: str
    says: str
    values: tuple[Any, ...]
    numbers: NDArray[np.float64]
    is_number: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as text."""
        if self.is_number:
            return tuple(number(float(value)) for value in self.numbers)
        return tuple(map(str, self.values))

    @property
    def is_log(self) -> bool:
        """Whether the values are spread over decades, and more evenly so in logarithms."""
        x = self.numbers
        if not self.is_number or len(x) < 3 or x[0] <= 0 or x[-1] / x[0] <= 10**_DECADES:
            return False
        gaps, ratios = np.diff(x), np.diff(np.log(x))
        return bool(ratios.max() / ratios.min() < gaps.max() / gaps.min())


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The numbers of a picture by the places where they are drawn.

    Parameters
    ----------
    table : DataFrame
        The rows that are drawn, one a place.
    headline : Estimate
        The number that is drawn.
    x : Coordinate
        Along the axis.
    up : Coordinate or None
        Along the other axis, of a map.
    by, rows : Coordinate or None
        Of lines and panels; in a map of panels and their rows.
    numbers : ndarray of float64, shape (4, rows, by, up, x)
        The number, the ends of its bar, and its SD over the values averaged over; NaN where
        there is none. A coordinate that is None has length 1.
    bars : str
        What the bars are, as a sentence; empty where there are none.
    bare : ndarray of bool, shape (rows, by, up, x)
        Places of cells without a number; all False if cells have no place along the axes.
    n_cells, n_missing, n_empty : int
        Number of cells, of those that were not run, and of those without a number.
    is_mean : bool
        Whether a place had several rows, which are averaged.
    """

    table: pd.DataFrame
    headline: Estimate
    x: Coordinate
    up: Coordinate | None
    by: Coordinate | None
    rows: Coordinate | None
    numbers: NDArray[np.float64]
    bars: str
    bare: NDArray[np.bool_]
    n_cells: int
    n_missing: int
    n_empty: int
    is_mean: bool

    @property
    def shown(self) -> tuple[Coordinate, ...]:
        """The coordinates that it is laid out by, in the order of panels, lines and axes."""
        slots = (self.rows, self.by, self.x, self.up)
        return tuple(coordinate for coordinate in slots if coordinate is not None)


def short(says: str) -> str:
    """Return the name on an axis without its unit or the meaning of its symbol.

    Examples
    --------
    >>> short("accuracy (fraction of trials recalled)")
    'accuracy'
    """
    return says.partition(" (")[0].strip()


def arrange(
    table: pd.DataFrame,
    keys: Sequence[Key],
    headline: Estimate,
    look: Look,
    points: pd.DataFrame | None = None,
) -> Arrangement:
    """Decide what goes where.

    Parameters
    ----------
    table, keys, headline, look, points
        As of :func:`hopcli.plots.grid.figure`.

    Raises
    ------
    SettingError
        If the look names what is not there, or more varies than can be drawn.
    """
    known = {key.name: key for key in keys if key.name in table.columns}
    within = [name for name in headline.within if name in table.columns and name not in known]
    names = [*known, *within]
    wanted = _checked(look, names)
    of = headline.of(None if "y" in wanted else look.y)
    _check_number(table, of.value, names)
    cells = (table if points is None else points)[[*known]].drop_duplicates()
    cells = cells if known else cells[:1]
    rows = table
    for name, value in headline.where.items():
        if name in table.columns and name not in wanted.values():
            rows = rows[rows[name] == value]
    choice = _Choice(rows, cells, known, of)
    coordinates = {
        slot: choice.coordinate(name)
        for slot, name in choice.slots(wanted, names, is_map=look.map).items()
    }
    slots = [coordinates.get(slot) for slot in ("rows", "by", "y", "x")]
    placed = [coordinate.name for coordinate in slots if coordinate is not None]
    bare = _without(cells, rows[rows[of.value].notna()])
    is_mean = bool(rows.duplicated(placed).any())
    if is_mean:  # such as of several patterns of one label
        means = rows.groupby(placed, sort=False, dropna=False)[of.value].mean()
        rows = means.reset_index()
    shape = [1 if coordinate is None else len(coordinate.values) for coordinate in slots]
    numbers, crosses = np.full((4, *shape), np.nan), np.zeros(shape, dtype=bool)
    found, bars = _numbers(rows, of, look.over)
    numbers[:, *_places(slots, rows)] = found
    axes = {coordinates[slot].name for slot in ("x", "y") if slot in coordinates}
    if len(bare) and axes <= set(bare.columns):
        crosses[*_places(slots, bare)] = True
    n_missing = len(_without(cells, table))
    return Arrangement(
        table=rows,
        headline=of,
        x=coordinates["x"],
        up=coordinates.get("y"),
        by=coordinates.get("by"),
        rows=coordinates.get("rows"),
        numbers=numbers,
        bars=bars,
        bare=crosses,
        n_cells=len(cells),
        n_missing=n_missing,
        n_empty=len(bare) - n_missing,
        is_mean=is_mean,
    )


def _numbers(
    table: pd.DataFrame, headline: Estimate, over: str | None
) -> tuple[NDArray[np.float64], str]:
    """Return number, ends of its bar and SD of each row, and what the bars are."""

    def column(name: str) -> NDArray[np.float64]:
        found = table.get(name)
        return np.full(len(table), np.nan) if found is None else found.to_numpy(dtype=np.float64)

    name = headline.value
    value, sd = column(name), column(f"{name}_sd" if over else "")
    low = column(headline.low)
    high = column(headline.high)
    bars = f"Bars: {headline.interval}."
    if np.isnan(low).all():
        sem = column(headline.sem)
        low, high, sd = value - sem, value + sem, np.full(len(table), np.nan)
        bars = "" if np.isnan(sem).all() else "Bars: SEM."
    elif over is not None:
        thin = interval_over(over, headline)
        bars = f"Thick bars: SD over the values of {over}. Thin bars: {thin}."
    return np.stack([value, low, high, sd]), bars


def _places(slots: Sequence[Coordinate | None], table: pd.DataFrame) -> tuple[Any, ...]:
    """Return the place of each row in each slot; all places of a slot that it lacks."""
    return tuple(
        0
        if coordinate is None
        else slice(None)
        if coordinate.name not in table.columns
        else pd.Index(coordinate.values).get_indexer(pd.Index(table[coordinate.name]))
        for coordinate in slots
    )


def _checked(look: Look, names: list[str]) -> dict[str, str]:
    """Return the wishes of the look by the slot that each is for."""
    asked = {"x": look.x, "by": look.by, "rows": look.rows}
    if look.map and look.y in names:
        asked["y"] = look.y
    wanted: dict[str, str] = {}
    for slot, name in asked.items():
        if name is None:
            continue
        if name not in names:
            raise SettingError(slot, f"must be one of {', '.join(names)}", name)
        if name in wanted.values():
            other = next(other for other, used in wanted.items() if used == name)
            raise SettingError(slot, f"must be another than {other}", name)
        wanted[slot] = name
    return wanted


def _check_number(table: pd.DataFrame, column: str, names: list[str]) -> None:
    numeric = [c for c in table.select_dtypes(["number", "bool"]).columns if c not in names]
    if column not in numeric:
        raise SettingError("y", f"must be one of {', '.join(map(str, numeric))}", column)


def _determined(table: pd.DataFrame, by: Iterable[str], name: str) -> bool:
    """Test whether some columns determine the value of another in all rows."""
    others = list(by)
    if not others:
        return table[name].nunique(dropna=False) <= 1
    both = table[[*others, name]].drop_duplicates()
    return len(both) == len(both[others].drop_duplicates())


def _without(cells: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that have no row in a table."""
    if cells.shape[1] == 0:
        return cells[:0] if len(table) else cells
    there = pd.MultiIndex.from_frame(table[list(cells.columns)])
    return cells[~pd.MultiIndex.from_frame(cells).isin(there)]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The keys and coordinates, and which of them vary."""

    table: pd.DataFrame
    cells: pd.DataFrame
    keys: dict[str, Key]
    headline: Estimate

    def slots(self, wanted: dict[str, str], names: list[str], *, is_map: bool) -> dict[str, str]:
        """Fill each slot with what is wanted, then with what else varies."""
        placed = dict(wanted)
        for slot in ("x", "y", "by", "rows") if is_map else ("x", "by", "rows"):
            varying = self._varying(names, placed.values())
            if slot not in placed and varying:
                most, least = max(varying, key=self._merit), min(varying, key=self._n_values)
                placed[slot] = most if slot in ("x", "y") else least
        if "x" not in placed:  # nothing varies besides
            left = [name for name in names if name not in placed.values()]
            if not left:
                slot, name = next(iter(wanted.items()))
                raise SettingError(slot, "must leave a key for x", name)
            placed["x"] = left[0]
        if is_map and "y" not in placed:
            raise SettingError("map", "must have two keys that vary, besides by and rows")
        left = self._varying(names, placed.values())
        if left:
            rule = f"must leave nothing open: fix or average over {' and '.join(left)}"
            asked = [wanted["by"]] if "by" in wanted else []
            raise SettingError("by", rule, *asked)
        return placed

    def coordinate(self, name: str) -> Coordinate:
        """Return the values of a key or coordinate in their order, with their places."""
        key = self.keys.get(name, Key(name, axis=self.headline.table.column(name).axis))
        values = [*self._column(name).drop_duplicates()]
        if not self._is_number(name):
            places = np.arange(len(values), dtype=np.float64)
            return Coordinate(name, key.says, tuple(values), places, False)
        sizes = {value: float(key.sizes[value] if key.sizes else value) for value in values}
        values.sort(key=sizes.__getitem__)
        numbers = np.array([sizes[value] for value in values], dtype=np.float64)
        return Coordinate(name, key.says, tuple(values), numbers, True)

    def _column(self, name: str) -> pd.Series[Any]:
        return self.cells[name] if name in self.cells.columns else self.table[name]

    def _is_number(self, name: str) -> bool:
        if name in self.keys and self.keys[name].sizes:
            return True
        return self._column(name).dtype.kind in "iuf"

    def _n_values(self, name: str) -> int:
        return int(self._column(name).nunique())

    def _varying(self, names: Iterable[str], placed: Iterable[str]) -> list[str]:
        """Return the names that vary and are not determined by those placed already."""
        used = list(placed)
        return [
            name
            for name in names
            if name not in used
            and not _determined(
                self.cells if {name, *used} <= set(self.cells.columns) else self.table, used, name
            )
        ]

    def _merit(self, name: str) -> tuple[bool, bool, bool, float]:
        """Rank for an axis: numbers, of the experiment first, then with the most values."""
        is_number, own = self._is_number(name), name in self.headline.within
        return (is_number, not name.endswith(_NAMES), is_number and own, self._n_values(name))
