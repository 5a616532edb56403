"""Tables and arrays as files, written and read back without a change."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, ResultError
from hopcli.printing import csv as csv_text
from hopcli.printing import uncsv
from hopcli.records import Ints, NDArray, np
from hopcli.results.manifest import Manifest, understood
from hopcli.tables import Columns, Table, kind_of
from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path


_CARRIAGE_RETURN = "\udc0d"  # in place of \r, which ends a row for the csv module


def blocks_of(tables: Mapping[str, Columns], name: str) -> Iterable[Columns]:
    """Return the rows of a table in order, block by block if it is stored in blocks."""
    in_blocks: Mapping[str, Iterable[Columns]] = getattr(tables, "blocks", {})
    return in_blocks[name] if name in in_blocks else (tables[name],)


def write_table(blocks: Iterable[Columns], path: Path) -> list[str]:
    """Write a table as CSV, numbers to ten digits; return names and kinds of its columns."""
    heads: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        for block in blocks:
            file.write(as_csv(block, with_heads=not heads))
            heads = heads or block.heads
    return heads


def as_csv(table: Columns, *, with_heads: bool = True) -> str:
    """Return a table as the text of a CSV file, numbers to ten digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_heads:
        writer.writerow([csv_text(name) for name in table.names])
    writer.writerows(zip(*map(_cells, table.arrays), strict=True))
    return text.getvalue()


def _cells(array: NDArray[Any]) -> list[Any]:
    """Return the values of a column as texts of a CSV file."""
    values: list[Any] = array.tolist()
    kind = kind_of(array)
    if kind == "number":
        return ["" if value != value else f"{value:.10g}" for value in values]
    return _changed(values, csv_text) if kind == "text" else values


def _changed(values: list[Any], change: Callable[[str], str]) -> list[Any]:
    """Change texts; most columns have few different ones."""
    new = {text: change(text) for text in {value for value in values if isinstance(value, str)}}
    return [new.get(value, value) for value in values]


def write_arrays(arrays: Mapping[str, Any], path: Path) -> None:
    """Write arrays into a compressed .npz file."""
    with path.open("wb") as file:  # to a path without .npz NumPy would add it
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_table(manifest: Manifest, name: str) -> Columns:
    """Read a table.

    Parameters
    ----------
    manifest : Manifest
        Manifest of a run or grid, with names, columns and hashes of its tables.
    name : str
        The table.

    Raises
    ------
    ResultError
        If the file differs from what the manifest says.
    """
    path, declared = manifest.check(f"{name}.csv"), None
    if name == "grid":  # the table that it draws
        declared = catalogue.entry(manifest["config"]["command"]).headline.table
    elif manifest.command in catalogue.CATALOGUE:
        declared = catalogue.entry(manifest.command).table(name)
    with understood(path):
        return _read(path, manifest["tables"][name], declared)


def _read(path: Path, heads: list[str], declared: Table | None) -> Columns:
    text = path.read_bytes().decode("utf-8").replace("\r", _CARRIAGE_RETURN)
    try:
        first, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ResultError(f"{path}: must be a CSV file ({error})") from None
    names, kinds = zip(*(head.rsplit(": ", 1) for head in heads), strict=True)
    if [_text(name) for name in first] != list(names):
        raise ResultError(f"{path}: must have the columns {', '.join(names)}")
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [_typed(list(each), kind) for each, kind in zip(values, kinds, strict=True)]
    return Columns(names, arrays, declared)


def _typed(values: list[str], kind: str) -> NDArray[Any]:
    """Return a column of texts as its kind."""
    if kind == "number":
        return np.array([value or "nan" for value in values], dtype=np.float64)
    if kind == "integer":
        return np.array(list(map(int, values)), dtype=np.int64)
    if kind == "boolean":
        return np.array(values, dtype=object) == "True"
    return np.array(_changed(values, _text), dtype=object)


def _text(cell: str) -> str:
    return uncsv(cell.replace(_CARRIAGE_RETURN, "\r"))


def read_arrays(path: Path) -> dict[str, Any]:
    """Read an array file."""
    try:
        with Archive(path) as archive:
            return {name: archive.read(name) for name in archive.names}
    except DataError as error:
        raise ResultError(str(error)) from None


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


def _differing(a: NDArray[Any], b: NDArray[Any]) -> Ints:
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
