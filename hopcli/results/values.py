"""Values of two tables or of two files of arrays: how many differ, and by how much.

Rows of tables are matched by their first columns, as many as it takes to tell the rows
apart; in their order where that matches none. Tables of a million rows are compared as
columns of numbers.
"""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.printing import uncsv
from hopcli.results.tables import read_arrays
from hopcli.statistics import Z95
from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Values", "compare_arrays", "compare_tables"]

_DTYPES = {"number": np.float64, "integer": np.int64, "boolean": np.bool_, "text": "category"}


class Values(NamedTuple):
    """A column or an array of two runs, as far as both have it.

    Attributes
    ----------
    name : str
        Its name.
    n : int
        Number of values that were compared.
    n_differ : int
        How many of them differ.
    where : str
        The row, or the place in the array, of the largest difference; of the first if it
        holds no numbers.
    pair : tuple
        What the two runs have there.
    largest : float or None
        That difference, absolute.
    n_bounded : int
        How many of those that differ have an interval in both runs.
    n_beyond : int
        How many of these differ by more than their 95 % intervals allow for.
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
"""What only one of the two has, in words; and the values that differ."""


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


def compare_tables(a: tuple[Path, list[str]], b: tuple[Path, list[str]]) -> Found:
    """Compare two tables.

    Parameters
    ----------
    a, b : tuple of Path and list of str
        Each a CSV file, and what its columns hold, as the manifest says.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a file does not hold that.
    """
    ours, theirs = _read(*a), _read(*b)
    names = _names(ours)
    lacks = _lacking("column", names, _names(theirs))
    shared = [name for name in names if name in theirs]
    n_rows = (len(ours), len(theirs))
    ours, theirs, keys = _matched(ours, theirs, _keys(ours[shared], theirs[shared]))
    for side, n in zip("AB", n_rows, strict=True):
        if n > len(ours):
            lacks.append(f"{n - len(ours):,} of {n:,} rows only in {side}")

    def where(place: int) -> str:
        if not keys:
            return f"row {place + 1}"
        found = {name: bare(ours[name].iloc[place]) for name in keys}
        return ", ".join(f"{name} = {value}" for name, value in found.items() if value != "")

    values: list[Values] = []
    for name in shared:
        found = _compare(name, *_comparable(ours[name], theirs[name]), where)
        values += (_bounded(one, ours, theirs) for one in found)
    return tuple(lacks), tuple(values)


def _lacking(what: str, a: list[str], b: list[str]) -> list[str]:
    """Names that only one of two has."""
    return [
        f"{what} {name!r:.80} only in {side}"
        for side, one, other in (("A", a, b), ("B", b, a))
        for name in one
        if name not in other
    ]


# --- rows ----------------------------------------------------------------------------------


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read a table, its texts as categories; a name that repeats is numbered."""
    import pandas as pd

    seen: Counter[str] = Counter()
    dtypes: dict[str, Any] = {}
    for column in columns:
        name, kind = column.rsplit(": ", 1)
        seen[name] += 1
        dtypes[name if seen[name] == 1 else f"{name} ({seen[name]})"] = _DTYPES[kind]
    with path.open(encoding="utf-8", newline="") as file:
        heads = [uncsv(head) for head in next(csv.reader(file), [])]
    if heads != [column.rsplit(": ", 1)[0] for column in columns]:
        raise ValueError(f"the columns are {', '.join(heads):.80}")
    table: pd.DataFrame = pd.read_csv(
        path,
        header=0,
        names=list(dtypes),
        dtype=dtypes,
        keep_default_na=False,
        na_values={name: [""] for name, dtype in dtypes.items() if dtype is np.float64},
        encoding="utf-8",
        lineterminator="\n",
    )
    return table


def _names(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns]


def _keys(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """The first columns that tell the rows of both tables apart; none if they do not."""
    names = _names(a)
    for n in range(1, len(names) + 1):
        if not a.duplicated(names[:n]).any() and not b.duplicated(names[:n]).any():
            return names[:n]
    return []


def _matched(
    a: pd.DataFrame, b: pd.DataFrame, keys: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The rows that belong together, one below the other, and what they were matched by."""
    import pandas as pd

    least = min(len(a), len(b))
    in_order: tuple[pd.DataFrame, pd.DataFrame, list[str]] = a.iloc[:least], b.iloc[:least], []
    if not keys:
        return in_order
    if len(a) == len(b) and all(_are_equal(a[name], b[name]) for name in keys):
        return a, b, keys
    pairs = [_comparable(a[name], b[name]) for name in keys]
    left, right = (pd.DataFrame(dict(enumerate(side))) for side in zip(*pairs, strict=True))
    both = left.assign(a=range(len(a))).merge(right.assign(b=range(len(b))), on=[*left])
    if both.empty and len(a) == len(b):
        return in_order
    return a.iloc[both["a"]], b.iloc[both["b"]], keys


# --- values --------------------------------------------------------------------------------


def _comparable(a: pd.Series[Any], b: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two columns as arrays of numbers or truths, else as texts."""
    kinds = {a.dtype.kind, b.dtype.kind}
    if kinds <= set("iuf") or kinds == {"b"}:
        return a.to_numpy(), b.to_numpy()
    return a.astype(str).to_numpy(), b.astype(str).to_numpy()


def _are_equal(a: pd.Series[Any], b: pd.Series[Any]) -> bool:
    return not _differing(*_comparable(a, b)).size


def _differing(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """The places at which two arrays differ; what is no number in both does not."""
    differs = a != b
    if a.dtype.kind == b.dtype.kind == "f":
        differs &= ~(np.isnan(a) & np.isnan(b))
    return np.flatnonzero(differs)


def _compare(
    name: str, a: NDArray[Any], b: NDArray[Any], where: Callable[[int], str]
) -> list[Values]:
    """What differs between two arrays with one axis, if anything does."""
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


def _bounded(found: Values, a: pd.DataFrame, b: pd.DataFrame) -> Values:
    """Say how many of the values that differ do so by more than their intervals allow for.

    The interval of the difference of two independent estimates is made from the interval of
    each, as Newcombe does for proportions.
    """
    of_a, of_b = (_interval(table, found.name) for table in (a, b))
    if of_a is None or of_b is None:
        return found
    (low_a, high_a), (low_b, high_b) = of_a, of_b
    x, y = (table[found.name].to_numpy(np.float64) for table in (a, b))
    reach = np.where(x > y, np.hypot(x - low_a, high_b - y), np.hypot(high_a - x, y - low_b))
    known = (x != y) & ~np.isnan(reach) & ~np.isnan(x - y)
    beyond = known & (np.abs(x - y) > reach)
    return found._replace(n_bounded=int(known.sum()), n_beyond=int(beyond.sum()))


def _interval(
    table: pd.DataFrame, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The 95 % interval of each value of a column, if the table has them."""
    start = "" if name == _owner(_names(table)) else f"{name}_"
    low, high = f"{start}ci_low", f"{start}ci_high"
    if low in table and high in table:
        return table[low].to_numpy(np.float64), table[high].to_numpy(np.float64)
    if f"{name}_sem" in table:
        value, sem = (table[part].to_numpy(np.float64) for part in (name, f"{name}_sem"))
        return value - Z95 * sem, value + Z95 * sem
    return None


def _owner(names: list[str]) -> str | None:
    """The column that ``ci_low`` and ``ci_high`` belong to: the last before them, spreads aside."""
    before = names[: names.index("ci_low")] if "ci_low" in names else []
    return next((n for n in reversed(before) if not n.startswith(("sd_", "sem_"))), None)
