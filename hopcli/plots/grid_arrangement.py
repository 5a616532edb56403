"""Arrangement of a grid's numbers in its picture: along axes, in lines, in panels."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.grids.grid import Key, Look
from hopcli.grids.over import interval_over
from hopcli.plots import kit
from hopcli.plots.page import rounded
from hopcli.records import Bools, Floats, np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hopcli.tables import Columns, Estimate

_DECADES = 1.5  # smallest spread of values for a logarithmic axis
_NAMES = "seed"  # a number used as a name: the last choice for an axis
_MOST = 100  # lines or panels; a key with more values is the first choice for an axis


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A key of the grid or a coordinate of the experiment, used in the layout of a picture.

    Parameters
    ----------
    name : str
        Its column.
    says : str
        Its name on an axis.
    values : tuple
        Its different values: numbers in increasing order, others in the order of the grid.
    numbers : ndarray of float64, shape (values,)
        Their places along an axis.
    is_number : bool
        Whether these are the values themselves; otherwise they count from 0.
    """

    name: str
    says: str
    values: tuple[Any, ...]
    numbers: Floats
    is_number: bool

    @functools.cached_property
    def places(self) -> dict[Any, int]:
        """Place of each value."""
        return {value: place for place, value in enumerate(self.values)}

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as text."""
        if self.is_number:
            return tuple(kit.number(float(value)) for value in self.numbers)
        return tuple(map(str, self.values))

    @property
    def is_log(self) -> bool:
        """True if the values span decades and are spaced more evenly in logarithms."""
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
        Meaning of the bars, as a sentence; empty where there are none.
    bare : ndarray of bool, shape (rows, by, up, x)
        Places of cells without a number; all False if cells have no place along the axes.
    fixed : mapping of str to object
        The keys with a single value.
    n_averaged : tuple of int
        Least and greatest number of values in an average; empty without one.
    n_cells, n_bare : int
        Number of cells, and of those without a number.
    is_mean : bool
        Whether a place had several rows, whose mean is drawn.
    """

    headline: Estimate
    x: Coordinate
    up: Coordinate | None
    by: Coordinate | None
    rows: Coordinate | None
    numbers: Floats
    bars: str
    bare: Bools
    fixed: Mapping[str, Any]
    n_averaged: tuple[int, ...]
    n_cells: int
    n_bare: int
    is_mean: bool


def short(says: str) -> str:
    """Return the name on an axis without its unit or the meaning of its symbol.

    Examples
    --------
    >>> short("accuracy (fraction of trials recalled)")
    'accuracy'
    """
    return says.partition(" (")[0].strip()


def arrange(
    table: Columns,
    keys: Sequence[Key],
    headline: Estimate,
    look: Look,
    points: Columns | None = None,
) -> Arrangement:
    """Arrange the numbers of a picture, rounded to ten digits.

    Parameters
    ----------
    table, keys, headline, look, points
        See :func:`hopcli.plots.grid.figure`.

    Raises
    ------
    SettingError
        If the look names an unknown column, or more keys vary than can be drawn.
    """
    known = {key.name: key for key in keys if key.name in table}
    names = [*known, *(name for name in headline.within if name in table and name not in known)]
    wanted = _checked(look, names)
    of = headline.of(None if "y" in wanted else look.y)
    numeric = [name for name in table if name not in names and table[name].dtype.kind in "iufb"]
    if of.value not in numeric:
        raise SettingError("y", f"must be one of {', '.join(numeric)}", of.value)
    chosen = {name: v for name, v in headline.where.items() if name not in wanted.values()}
    rows = rounded(table.matching(chosen))
    every = rounded((table if points is None else points).only(known))
    cells = list(dict.fromkeys(_rows(every, known)))[: None if known else 1]
    own = _rows(rows, known)
    has_number = ~np.isnan(rows[of.value].astype(np.float64))
    known_cells = {row for row, has in zip(own, has_number, strict=True) if has}
    bare = [cell for cell in cells if cell not in known_cells]
    choice = _Choice(rows, every, known, of)
    coordinates = {
        slot: choice.coordinate(name)
        for slot, name in choice.slots(wanted, names, is_map=look.map).items()
    }
    slots = [coordinates.get(slot) for slot in ("rows", "by", "y", "x")]
    numbers, bars, is_mean = _placed(rows, slots, of, look.over)
    crosses = np.zeros(numbers.shape[1:], dtype=bool)
    if all(coordinates[slot].name in known for slot in ("x", "y") if slot in coordinates):
        for cell in bare:
            crosses[_place(slots, dict(zip(known, cell, strict=True)))] = True
    values = {name: dict.fromkeys(_values(rows, name)) for name in known}
    placed = {slot.name for slot in slots if slot is not None}
    n_averaged = rows[f"n_{look.over}"] if f"n_{look.over}" in rows else np.empty(0)
    return Arrangement(
        headline=of,
        x=coordinates["x"],
        up=coordinates.get("y"),
        by=coordinates.get("by"),
        rows=coordinates.get("rows"),
        numbers=numbers,
        bars=bars,
        bare=crosses,
        fixed={k: next(iter(v)) for k, v in values.items() if len(v) == 1 and k not in placed},
        n_averaged=(int(n_averaged.min()), int(n_averaged.max())) if len(n_averaged) else (),
        n_cells=len(cells),
        n_bare=len(bare),
        is_mean=is_mean,
    )


def _values(table: Columns, name: str) -> list[Any]:
    """Return a column as Python values, None where a number is missing."""
    return [None if value != value else value for value in table[name].tolist()]


def _rows(table: Columns, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return some columns row by row."""
    wanted = [_values(table, name) for name in names]
    return list(zip(*wanted, strict=True)) if wanted else [()] * len(table)


def _place(slots: Sequence[Coordinate | None], row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the index of a row in each slot; all indices in a slot that it lacks."""
    places = {
        slot.name: slot.places[row[slot.name]] if slot.name in row else slice(None)
        for slot in slots
        if slot is not None
    }
    return tuple(0 if slot is None else places[slot.name] for slot in slots)


def _placed(
    rows: Columns, slots: Sequence[Coordinate | None], headline: Estimate, over: str | None
) -> tuple[Floats, str, bool]:
    """Put numbers, bars and SD of the rows into their places.

    Several rows at one place, such as patterns of one label, become their mean without bars.
    """
    found, bars = _numbers(rows, headline, over)
    shape = [1 if slot is None else len(slot.values) for slot in slots]
    places = np.zeros(len(rows), dtype=np.int64)
    for slot, n_values in zip(slots, shape, strict=True):
        places *= n_values
        if slot is not None:
            places += [slot.places[value] for value in _values(rows, slot.name)]
    numbers = np.full((4, math.prod(shape)), np.nan)
    is_mean = len(np.unique(places)) < len(rows)
    if is_mean:
        known, bars = ~np.isnan(found[0]), ""
        n_rows = np.bincount(places[known], minlength=numbers.shape[1])
        sums = np.bincount(places[known], found[0][known], numbers.shape[1])
        np.divide(sums, n_rows, out=numbers[0], where=n_rows > 0)
    else:
        numbers[:, places] = found
    return numbers.reshape(4, *shape), bars, is_mean


def _numbers(table: Columns, headline: Estimate, over: str | None) -> tuple[Floats, str]:
    """Return number, ends of its bar and SD of each row, and the meaning of the bars."""
    none = np.full(len(table), np.nan)

    def column(name: str) -> Floats:
        return table[name].astype(np.float64) if name in table else none

    value, low, high = column(headline.value), column(headline.low), column(headline.high)
    if np.isnan(low).all():
        sem = column(headline.sem)
        bars = "" if np.isnan(sem).all() else "Bars: SEM."
        return np.stack([value, value - sem, value + sem, none]), bars
    if over is None:
        return np.stack([value, low, high, none]), f"Bars: {headline.column.interval}."
    thin = interval_over(headline)
    bars = f"Thick bars: their SD. Thin bars: {thin}."
    return np.stack([value, low, high, column(f"{headline.value}_sd")]), bars


def _checked(look: Look, names: list[str]) -> dict[str, str]:
    """Return the columns that the look names, by slot."""
    requested = {"x": look.x, "by": look.by, "rows": look.rows}
    if look.map and look.y in names:
        requested["y"] = look.y
    wanted: dict[str, str] = {}
    for slot, name in requested.items():
        if name is None:
            continue
        if name not in names:
            raise SettingError(slot, f"must be one of {', '.join(names)}", name)
        if name in wanted.values():
            other = next(other for other, used in wanted.items() if used == name)
            raise SettingError(slot, f"must be another than {other}", name)
        wanted[slot] = name
    return wanted


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The keys and coordinates, and which of them vary."""

    table: Columns
    cells: Columns
    keys: dict[str, Key]
    headline: Estimate

    def slots(self, wanted: dict[str, str], names: list[str], *, is_map: bool) -> dict[str, str]:
        """Fill each slot with the requested key, then with other varying keys."""
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
                raise SettingError(slot, "leaves no varying key for x; choose another", name)
            placed["x"] = left[0]
        if is_map and "y" not in placed:
            raise SettingError("map", "needs two varying keys, besides by and rows")
        left = self._varying(names, placed.values())
        if left:
            rule = f"leaves {' and '.join(left)} open: fix with --set or average with --over"
            values = [wanted["by"]] if "by" in wanted else []
            raise SettingError("by", rule, *values)
        for slot in ("by", "rows"):
            if slot in placed and self._n_values(placed[slot]) > _MOST:
                rule = f"must have at most {_MOST} values: use --over, or another key"
                raise SettingError(slot, rule, placed[slot])
        return placed

    def coordinate(self, name: str) -> Coordinate:
        """Return the values of a key or coordinate in their order, with their places."""
        key = self.keys.get(name, Key(name, axis=self.headline.table.column(name).axis))
        values = [*dict.fromkeys(_values(self._source(name), name))]
        if not self._is_number(name):
            places = np.arange(len(values), dtype=np.float64)
            return Coordinate(name, key.says, tuple(values), places, False)
        sizes = {value: float(key.sizes[value] if key.sizes else value) for value in values}
        values.sort(key=sizes.__getitem__)
        numbers = np.array([sizes[value] for value in values], dtype=np.float64)
        return Coordinate(name, key.says, tuple(values), numbers, True)

    def _source(self, *names: str) -> Columns:
        """Return the cells if they have these columns, otherwise the drawn rows."""
        return self.cells if set(names) <= set(self.cells) else self.table

    def _is_number(self, name: str) -> bool:
        if name in self.keys and self.keys[name].sizes:
            return True
        return self._source(name)[name].dtype.kind in "iuf"

    def _n_values(self, name: str) -> int:
        return len({*_values(self._source(name), name)} - {None})

    def _varying(self, names: Iterable[str], placed: Iterable[str]) -> list[str]:
        """Return the names that vary and are not determined by those placed already."""
        used, varying = list(placed), []
        for name in (name for name in names if name not in used):
            source = self._source(name, *used)
            n_values, n_placed = (len({*_rows(source, own)}) for own in ([*used, name], used))
            varying += [name] * (n_values > max(1, n_placed))
        return varying

    def _merit(self, name: str) -> tuple[float, ...]:
        """Rank for an axis: numbers, of the experiment first, then with the most values."""
        is_number, own, n = (
            self._is_number(name),
            name in self.headline.within,
            self._n_values(name),
        )
        return (n > _MOST, is_number, not name.endswith(_NAMES), is_number and own, n)
