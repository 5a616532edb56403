"""Several tables: by name, each made when it is first used; or one below the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hopcli.records import NDArray
from hopcli.tables.table import Columns, Table

Form = TypeVar("Form")

_AT_ONCE = 10_000  # rows
_PIECES = 8  # arrays of a column that are joined
_LARGEST = np.iinfo(np.int64).max


class Tables(Mapping[str, Form]):
    """Tables by name, each made when it is first used.

    Parameters
    ----------
    names : iterable of str
        Their names.
    make : callable
        Takes a name, returns the table.
    blocks : mapping of str to iterable of Columns
        Tables that are stored in blocks of rows.
    """

    def __init__(
        self,
        names: Iterable[str],
        make: Callable[[str], Form],
        blocks: Mapping[str, Iterable[Columns]] | None = None,
    ) -> None:
        self._names, self._make = list(names), make
        self._made: dict[str, Form] = {}
        self.blocks = blocks or {}

    def __getitem__(self, name: str) -> Form:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without making it

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        tables: Iterable[tuple[str, Any]] = self.items()
        lines = [f"{name}: {len(table):,} rows of {', '.join(table)}" for name, table in tables]
        return "\n".join(lines)


DataFrames = Tables[Any]
"""Tables as DataFrames."""


class Part(NamedTuple):
    """A table as plain values, ready for JSON.

    Attributes
    ----------
    heads : list of str
        Names and kinds of its columns, ``"accuracy: number"`` each; names may repeat.
    values : list of list
        The values of each column: numbers, texts, booleans, and None for missing numbers.
    counts : list of str
        Counts of its open intervals, as of :class:`Columns`.
    """

    heads: list[str]
    values: list[list[Any]]
    counts: list[str]

    @classmethod
    def of(cls, table: Columns) -> Part:
        """Convert a table."""
        values = [array.tolist() for array in table.arrays]
        for place, array in enumerate(table.arrays):
            if array.dtype.kind == "f" and np.isnan(array).any():
                values[place] = [None if value != value else value for value in values[place]]
        return cls(table.heads, values, table.counts)


def join(parts: Iterable[Part], declared: Table | None = None) -> tuple[Columns, list[int]]:
    """Join tables below each other; columns that one does not have are empty there.

    Parameters
    ----------
    parts : iterable of Part
        The tables.
    declared : Table, optional
        Declaration of the joined table.

    Returns
    -------
    table : Columns
        All rows, perhaps with open intervals.
    lengths : list of int
        Number of rows of each table.
    """
    places: dict[tuple[str, int], int] = {}  # a name and its number among equal ones
    kinds: list[str] = []
    columns: list[list[Any]] = []  # the last rows
    arrays: list[list[NDArray[Any]]] = []  # those before; they take less memory
    lengths: list[int] = []
    counts: list[str] = []
    heads: list[str] | None = None
    where: list[int] = []
    n_rows = 0
    for part in parts:
        if part.heads != heads:
            heads, where = part.heads, _places(part.heads, places, kinds)
            columns += [[None] * n_rows for _ in range(len(places) - len(columns))]
            arrays += [[] for _ in range(len(places) - len(arrays))]
        n = len(part.values[0]) if part.values else 0
        for place, values in zip(where, part.values, strict=True):
            columns[place] += values
        if len(where) < len(columns):
            for place in set(range(len(columns))) - set(where):
                columns[place] += [None] * n
        counts += map(sys.intern, part.counts or [""] * n)
        lengths.append(n)
        n_rows += n
        if n_rows // _AT_ONCE > (n_rows - n) // _AT_ONCE:
            _move(columns, kinds, arrays)
    _move(columns, kinds, arrays)
    whole: list[NDArray[Any]] = []
    for each in arrays:
        whole.append(each[0] if len(each) == 1 else np.concatenate(each))
        each.clear()
    names = [name for name, _ in places]
    return Columns(names, whole, declared, counts if any(counts) else None), lengths


def _move(
    columns: list[list[Any]], kinds: Sequence[str], arrays: Sequence[list[NDArray[Any]]]
) -> None:
    """Convert the values of columns to arrays, and clear the columns."""
    for values, kind, converted in zip(columns, kinds, arrays, strict=True):
        if values or not converted:
            converted.append(typed_column(values, kind))
            values.clear()
        if len(converted) > _PIECES and len({array.dtype for array in converted}) == 1:
            converted[:] = [np.concatenate(converted)]  # many small arrays would waste memory


def with_keys(
    keys: Mapping[str, NDArray[Any]], table: Columns, lengths: Sequence[int], command: str
) -> Columns:
    """Put keys before the columns of joined tables.

    Parameters
    ----------
    keys : mapping of str to ndarray
        The value of each key for each of the tables.
    table : Columns
        The joined tables.
    lengths : sequence of int
        Number of rows of each.
    command : str
        A column with the name of a key is called ``<command>_<name>``.
    """
    arrays = [np.repeat(values, lengths) for values in keys.values()]
    names = [f"{command}_{name}" if name in keys else name for name in table.names]
    return Columns([*keys, *names], [*arrays, *table.arrays], table.declared)


def _places(heads: list[str], known: dict[tuple[str, int], int], kinds: list[str]) -> list[int]:
    """Find the places of columns among the known ones, and add new ones."""
    seen: dict[str, int] = {}
    places = []
    for head in heads:
        name, _, kind = head.rpartition(": ")
        seen[name] = seen.get(name, 0) + 1
        which = (name, seen[name])
        if which not in known:
            known[which] = len(known)
            kinds.append(kind)
        places.append(known[which])
    return places


def key_column(values: Sequence[Any]) -> NDArray[Any]:
    """Convert a key: to numbers or booleans if all of its values are such, otherwise to text."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float} or kinds == {bool}:
        return _numbers(values)
    return np.array([str(value) for value in values], dtype=object)


def typed_column(values: Sequence[Any], kind: str) -> NDArray[Any]:
    """Convert a column of a kind; None is missing."""
    if kind == "number" or (kind == "integer" and None in values):
        return np.array(values, dtype=np.float64)  # None becomes NaN
    if kind == "text" or None in values:
        same = {value: value for value in values}  # equal texts are one object
        return np.array(["" if v is None else same[v] for v in values], dtype=object)
    return _numbers(values)


def _numbers(values: Sequence[Any]) -> NDArray[Any]:
    """Convert numbers to an array; whole numbers beyond int64 stay Python integers."""
    is_large = {*map(type, values)} == {int} and max(max(values), -min(values)) > _LARGEST
    return np.array(values, dtype=object if is_large or not len(values) else None)
