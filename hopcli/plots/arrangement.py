"""What of a grid goes where in its picture: along the axes, in lines, in panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.errors import SettingError
from hopcli.grids.keys import Key
from hopcli.plots.captions import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from hopcli.grids.keys import Look
    from hopcli.tables import Estimate

__all__ = ["Arrangement", "Coordinate", "arrange", "short"]

_DECADES = 1.5  # spread of values from which on an axis may be logarithmic
_NOT_X = "seed"  # numbers that are names: the last to be put along an axis


@dataclass(frozen=True, slots=True, eq=False)
class Coordinate:
    """A key of the grid, or a coordinate of the experiment, that a picture is laid out by.

    Parameters
    ----------
    name : str
        Its column.
    says : str
        What it is called.
    values : tuple
        Its different values, numbers in increasing order, all else in the order of the grid.
    numbers : ndarray of float64, shape (values,)
        Where they are along an axis.
    is_number : bool
        Whether these are numbers of its own, and not those of the places in a list.
    """

    name: str
    says: str
    values: tuple[Any, ...]
    numbers: NDArray[np.float64]
    is_number: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as they are written."""
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
    """What is drawn where.

    Parameters
    ----------
    table : DataFrame
        The rows that are drawn, one a place.
    headline : Estimate
        Which number is drawn, and its interval.
    x : Coordinate
        Along the axis.
    up : Coordinate or None
        Along the other axis, of a map.
    by, rows : Coordinate or None
        Of lines and panels; in a map of panels and their rows.
    bare : DataFrame
        The keys of the cells that have no number.
    n_cells, n_missing : int
        How many cells there are, and how many of them are not there at all.
    is_mean : bool
        Whether a place had several rows, which are averaged.
    """

    table: pd.DataFrame
    headline: Estimate
    x: Coordinate
    up: Coordinate | None
    by: Coordinate | None
    rows: Coordinate | None
    bare: pd.DataFrame
    n_cells: int
    n_missing: int
    is_mean: bool

    @property
    def shown(self) -> tuple[Coordinate, ...]:
        """The coordinates that it is laid out by, in the order of panels, lines and axes."""
        slots = (self.rows, self.by, self.x, self.up)
        return tuple(coordinate for coordinate in slots if coordinate is not None)

    @property
    def has_crosses(self) -> bool:
        """Whether cells without a number have a place along the axes."""
        return {c.name for c in (self.x, self.up) if c is not None} <= set(self.bare.columns)

    def where(self, table: pd.DataFrame, values: Mapping[str, Any]) -> NDArray[np.intp]:
        """Which rows of a table have these values; a column it lacks may have any."""
        kept = np.ones(len(table), dtype=bool)
        for name, value in values.items():
            if name in table.columns:
                kept &= (table[name] == value).to_numpy()
        return np.flatnonzero(kept)

    def places(
        self, table: pd.DataFrame, rows: NDArray[np.intp], coordinate: Coordinate
    ) -> NDArray[np.intp]:
        """Which value of a coordinate some rows of a table have."""
        return pd.Index(coordinate.values).get_indexer(pd.Index(table[coordinate.name].iloc[rows]))


def short(says: str) -> str:
    """What something is called, without its unit or symbol's meaning.

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
    known = [key for key in keys if key.name in table.columns]
    names = list(dict.fromkeys([*(key.name for key in known), *_within(table, headline)]))
    wanted = _checked(look, names)
    column = None if look.map and look.y in names else look.y
    of = headline.of(column)
    _check_number(table, of.value, names)
    all_cells = _cells(table, [key.name for key in known], points)
    drawn = _where(table, headline, set(wanted.values()))
    axes = _Axes(drawn, all_cells, known, headline)
    placed = axes.place(wanted, names, is_map=look.map)
    coordinates = {slot: axes.coordinate(name) for slot, name in placed.items()}
    bare = _without(all_cells, drawn[drawn[of.value].notna()])
    drawn, is_mean = _one_a_place(drawn, list(placed.values()), of)
    return Arrangement(
        table=drawn,
        headline=of,
        x=coordinates["x"],
        up=coordinates.get("y"),
        by=coordinates.get("by"),
        rows=coordinates.get("rows"),
        bare=bare,
        n_cells=len(all_cells),
        n_missing=len(_without(all_cells, table)),
        is_mean=is_mean,
    )


def _within(table: pd.DataFrame, headline: Estimate) -> list[str]:
    return [name for name in headline.within if name in table.columns]


def _checked(look: Look, names: list[str]) -> dict[str, str]:
    """What the look asks for, by the slot that it is for."""
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


def _where(table: pd.DataFrame, headline: Estimate, asked: set[str]) -> pd.DataFrame:
    """The rows that count."""
    for name, value in headline.where.items():
        if name in table.columns and name not in asked:
            table = table[table[name] == value]
    return table


def _cells(table: pd.DataFrame, names: list[str], points: pd.DataFrame | None) -> pd.DataFrame:
    """The keys of every cell that there should be."""
    if points is not None:
        return points[[name for name in names if name in points.columns]].drop_duplicates()
    if not names:
        return pd.DataFrame(index=[0])
    there = table[names].drop_duplicates()
    free: list[str] = []
    for name in sorted(names, key=lambda name: -there[name].nunique()):
        if not any(_told(there, [other], name) for other in free):
            free.append(name)
    every = [there[name].drop_duplicates() for name in names if name in free]
    product = pd.MultiIndex.from_product(every, names=[n for n in names if n in free])
    return product.to_frame(index=False)


def _told(table: pd.DataFrame, by: Iterable[str], name: str) -> bool:
    """Whether some columns tell the value of another in all rows."""
    others = list(by)
    if not others:
        return table[name].nunique(dropna=False) <= 1
    both = table[[*others, name]].drop_duplicates()
    return len(both) == len(both[others].drop_duplicates())


def _without(cells: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The cells that have no row in a table."""
    if cells.shape[1] == 0:
        return cells[:0] if len(table) else cells
    there = pd.MultiIndex.from_frame(table[list(cells.columns)])
    return cells[~pd.MultiIndex.from_frame(cells).isin(there)]


def _one_a_place(
    table: pd.DataFrame, placed: list[str], headline: Estimate
) -> tuple[pd.DataFrame, bool]:
    """A row a place; where there are several, such as patterns of one label, their mean."""
    if not table.duplicated(placed).any():
        return table, False
    means = table.groupby(placed, sort=False, dropna=False)[headline.value].mean()
    return means.reset_index(), True


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """The keys and coordinates, and which of them vary."""

    table: pd.DataFrame
    cells: pd.DataFrame
    keys: Sequence[Key]
    headline: Estimate

    def place(self, wanted: dict[str, str], names: list[str], *, is_map: bool) -> dict[str, str]:
        """What each slot holds: what is wanted, and what else varies."""
        placed = dict(wanted)
        for slot in ("x", "y", "by", "rows") if is_map else ("x", "by", "rows"):
            open_ = [*self._open(names, placed.values())]
            if slot in placed or not open_:
                continue
            along = slot in ("x", "y")
            placed[slot] = self._longest(open_) if along else min(open_, key=self._n_values)
        if "x" not in placed:  # nothing varies besides
            left = [name for name in names if name not in placed.values()]
            if not left:
                slot, name = next(iter(wanted.items()))
                raise SettingError(slot, "must leave a key for x", name)
            placed["x"] = left[0]
        if is_map and "y" not in placed:
            raise SettingError("map", "must have two keys that vary, besides by and rows")
        left = [*self._open(names, placed.values())]
        if left:
            rule = f"must leave nothing open: fix or average over {' and '.join(left)}"
            asked = [wanted["by"]] if "by" in wanted else []
            raise SettingError("by", rule, *asked)
        return placed

    def coordinate(self, name: str) -> Coordinate:
        """All that is to be known of one to draw it."""
        key = next((key for key in self.keys if key.name == name), None)
        says = Key(name).says if key is None else key.says
        values = [*self._column(name).drop_duplicates()]
        sizes = None if key is None else key.sizes
        is_number = sizes is not None or self._is_number(name)
        if not is_number:
            return Coordinate(
                name, says, tuple(values), np.arange(len(values), dtype=np.float64), False
            )
        numbers = {value: float(value if sizes is None else sizes[value]) for value in values}
        values.sort(key=lambda value: numbers[value])
        along = np.array([numbers[value] for value in values], dtype=np.float64)
        return Coordinate(name, says, tuple(values), along, True)

    def _column(self, name: str) -> pd.Series[Any]:
        return self.cells[name] if name in self.cells.columns else self.table[name]

    def _is_number(self, name: str) -> bool:
        column = self._column(name)
        return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)

    def _n_values(self, name: str) -> int:
        return int(self._column(name).nunique())

    def _open(self, names: Iterable[str], placed: Iterable[str]) -> Iterator[str]:
        """What varies and is not told by what is placed."""
        used = list(placed)
        for name in names:
            if name in used:
                continue
            of_cells = {name, *used} <= set(self.cells.columns)
            if not _told(self.cells if of_cells else self.table, used, name):
                yield name

    def _longest(self, names: list[str]) -> str:
        """What is best along an axis: numbers, of the experiment first, then with most values."""

        def merit(name: str) -> tuple[bool, bool, bool, float]:
            key = next((key for key in self.keys if key.name == name), None)
            is_number = self._is_number(name) or bool(key and key.sizes)
            mine = name in self.headline.within
            return (is_number, not name.endswith(_NOT_X), is_number and mine, self._n_values(name))

        return max(names, key=merit)
