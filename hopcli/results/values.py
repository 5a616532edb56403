"""Differences between the values of two tables or of two files of arrays.

Rows of tables are matched by their first columns, as many as make the rows unique; if that
matches no rows, they are matched by their order.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.results.tables import read_arrays
from hopcli.tables import Columns
from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray


class Values(NamedTuple):
    """Comparison of a column or an array that exists in both runs.

    Attributes
    ----------
    name : str
        Its name.
    n : int
        Number of compared values.
    n_differ : int
        Number of values that differ.
    where : str
        Row, or index in the array, of the largest difference; without numbers, of the
        first difference.
    pair : tuple
        Values of the two runs there.
    largest : float or None
        Absolute value of that difference.
    n_bounded : int
        Number of differing values with an interval in both runs.
    n_beyond : int
        Number of these that differ by more than their 95 % intervals allow for.
    """

    name: str
    n: int
    n_differ: int
    where: str
    pair: tuple[Any, Any]
    largest: float | None
    n_bounded: int = 0
    n_beyond: int = 0


Found = tuple[tuple[str, ...], tuple[Values, ...]]
"""Descriptions of parts that only one of the two contains, and the values that differ."""


def compare_arrays(a: Path, b: Path) -> Found:
    """Compare two files of arrays.

    Parameters
    ----------
    a, b : Path
        The .npz files.

    Raises
    ------
    ResultError
        If one cannot be read.
    """
    ours, theirs = read_arrays(a), read_arrays(b)
    lacks = _lacking("array", list(ours), list(theirs))
    values = []
    for name in (name for name in ours if name in theirs):
        x, y = np.asarray(ours[name]), np.asarray(theirs[name])
        if x.shape != y.shape:
            lacks.append(f"{name} has the shape {x.shape} in A, {y.shape} in B")
            continue
        shape = x.shape

        def where(place: int, shape: tuple[int, ...] = shape) -> str:
            return f"[{','.join(map(str, np.unravel_index(place, shape)))}]" if shape else ""

        values += _compare(name, x.ravel(), y.ravel(), where)
    return tuple(lacks), tuple(values)


def compare_tables(a: Columns, b: Columns) -> Found:
    """Compare two tables of one declaration.

    Parameters
    ----------
    a, b : Columns
        The tables.
    """
    ours, theirs = _numbered(a), _numbered(b)
    lacks = _lacking("column", ours.names, theirs.names)
    shared = [name for name in ours if name in theirs]
    ours, theirs, keys = _matched(ours, theirs, _keys(ours.only(shared), theirs.only(shared)))
    for side, n in (("A", len(a)), ("B", len(b))):
        if n > len(ours):
            lacks.append(f"{n - len(ours):,} of {n:,} rows only in {side}")

    def where(place: int) -> str:
        if not keys:
            return f"row {place + 1}"
        found = ours.only(keys).row(place)
        return ", ".join(f"{name} = {value}" for name, value in found.items() if value != "")

    values: list[Values] = []
    for name in shared:
        found = _compare(name, *_comparable(ours[name], theirs[name]), where)
        values += (_bounded(one, ours, theirs) for one in found)
    return tuple(lacks), tuple(values)


def _lacking(what: str, a: list[str], b: list[str]) -> list[str]:
    """Describe the names that only one of two contains."""
    return [
        f"{what} {name!r:.80} only in {side}"
        for side, one, other in (("A", a, b), ("B", b, a))
        for name in one
        if name not in other
    ]


# --- rows ----------------------------------------------------------------------------------


def _numbered(table: Columns) -> Columns:
    """Return the table with a number after each repeated name."""
    seen: Counter[str] = Counter()
    names = []
    for name in table:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return Columns(names, table.arrays, table.declared)


def _keys(a: Columns, b: Columns) -> list[str]:
    """Return the fewest first columns that make the rows of both tables unique, or none."""
    for n in range(1, len(a.names) + 1):
        if all(len(set(_row_keys(table.arrays[:n]))) == len(table) for table in (a, b)):
            return a.names[:n]
    return []


def _row_keys(arrays: Iterable[NDArray[Any]]) -> list[tuple[Any, ...]]:
    """Return the rows of some columns; missing numbers count as equal."""
    columns = ([None if v != v else v for v in array.tolist()] for array in arrays)
    return [*zip(*columns, strict=True)]


def _matched(a: Columns, b: Columns, keys: list[str]) -> tuple[Columns, Columns, list[str]]:
    """Return the matched rows in order, and the columns used for the match."""
    least = slice(min(len(a), len(b)))
    if not keys:
        return a.take(least), b.take(least), []
    sides = zip(*(_comparable(a[name], b[name]) for name in keys), strict=True)
    left, right = map(_row_keys, sides)
    if left == right:
        return a, b, keys
    places = {key: place for place, key in enumerate(right)}
    of_a = [place for place, key in enumerate(left) if key in places]
    if not of_a and len(a) == len(b):
        return a.take(least), b.take(least), []
    of_b = [places[left[place]] for place in of_a]
    return a.take(np.array(of_a, dtype=int)), b.take(np.array(of_b, dtype=int)), keys


# --- values --------------------------------------------------------------------------------


def _comparable(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return two columns as arrays of numbers or booleans, otherwise as texts."""
    kinds = {a.dtype.kind, b.dtype.kind}
    if kinds <= set("iuf") or kinds == {"b"}:
        return a, b
    return a.astype(str).astype(object), b.astype(str).astype(object)


def _differing(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """Return the indices at which two arrays differ; NaN in both counts as equal."""
    differs = a != b
    if a.dtype.kind == b.dtype.kind == "f":
        differs &= ~(np.isnan(a) & np.isnan(b))
    return np.flatnonzero(differs)


def _compare(
    name: str, a: NDArray[Any], b: NDArray[Any], where: Callable[[int], str]
) -> list[Values]:
    """Return the differences between two arrays with one axis, or None."""
    places = _differing(a, b)
    if not places.size:
        return []
    place, largest = int(places[0]), None
    if {a.dtype.kind, b.dtype.kind} <= set("iuf"):
        sizes = np.abs(a[places].astype(np.float64) - b[places].astype(np.float64))
        if not np.isnan(sizes).all():
            place = int(places[np.nanargmax(sizes)])
            largest = float(np.nanmax(sizes))
    pair = bare(a[place]), bare(b[place])
    return [Values(name, a.size, places.size, where(place), pair, largest)]


# --- intervals -----------------------------------------------------------------------------


def _bounded(found: Values, a: Columns, b: Columns) -> Values:
    """Count the values that differ by more than their intervals allow for.

    The interval of the difference of two independent estimates combines the intervals of each,
    like Newcombe's for proportions.
    """
    of_a, of_b = a.interval(found.name), b.interval(found.name)
    if of_a is None or of_b is None:
        return found
    (low_a, high_a), (low_b, high_b) = of_a, of_b
    x, y = (table[found.name].astype(np.float64) for table in (a, b))
    reach = np.where(x > y, np.hypot(x - low_a, high_b - y), np.hypot(high_a - x, y - low_b))
    known = (x != y) & ~np.isnan(reach) & ~np.isnan(x - y)
    beyond = known & (np.abs(x - y) > reach)
    return found._replace(n_bounded=int(known.sum()), n_beyond=int(beyond.sum()))
