"""Tables: the declaration of each, and the numbers of a run as arrays in its columns."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from hopcli.records import ArrayLike, NDArray
from hopcli.statistics import Z95

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name in the file. A name with ``*`` declares a column per stored pattern.
    kind : {"number", "integer", "boolean", "text"}
        Kind of its values; a missing number is NaN.
    unit : str
        Unit; empty for a dimensionless quantity.
    percent : bool
        True for a rate from 0 to 1 that is printed in percent.
    axis : str
        Text on an axis; by default the name and the unit.
    key : bool
        True for a coordinate: a grid draws a line for each value.
    bounds : tuple of float, optional
        Least and greatest possible value.
    counts : tuple of str, optional
        Columns of the successes and trials of a rate.
    printed : bool
        False for a column that a printed table leaves out.
    interval : str
        Meaning of its interval, in a few words.
    interval_of : str
        Name of the estimate whose error this column contains.
    end : {"low", "high", "sem", "sd"}
        Which error: an end of the 95 % interval, standard error, standard deviation.
    """

    name: str
    kind: str = "number"
    unit: str = ""
    percent: bool = False
    axis: str = ""
    key: bool = False
    bounds: tuple[float, float] | None = None
    counts: tuple[str, str] | None = None
    printed: bool = True
    interval: str = "95 % interval"
    interval_of: str = ""
    end: str = ""

    @property
    def says(self) -> str:
        """Text on an axis, with the unit if there is one."""
        unit = f" ({self.unit})" if self.unit else ""
        return self.axis or self.name.replace("_", " ") + unit


_PART = re.compile(
    r"(?P<name>[^:%\[±]+?)(: (?P<kind>\w+))?(?P<percent> %)?"
    r"( \[(?P<unit>[^]]+)\])?( ± (?P<ends>.+))?"
)
_ENDS = {
    "sd": (("sd", "_sd"),),
    "sem": (("sem", "_sem"),),
    "ci": (("low", "_ci_low"), ("high", "_ci_high")),
}


def columns(
    text: str, *, key: str = "", rates: str = "", hidden: str = "", **about: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Declare columns in one line of text.

    Each is a name, then its kind as in a manifest (without one it is a number), ``%`` if it is
    printed in percent, its unit in brackets, and the errors beside it, of ``sd``, ``sem`` and
    ``ci``. An interval ``.ci`` has columns without the name of its estimate.

    Parameters
    ----------
    text : str
        Such as ``"label: text, n: integer, accuracy % ± sd ci"``.
    key, rates, hidden : str
        Names of the coordinates, of the numbers from 0 to 1, and of the columns that a printed
        table leaves out, separated by spaces.
    **about
        Further parameters of the :class:`Column` of a name.

    Examples
    --------
    >>> [(column.name, column.kind) for column in columns("label: text, energy [k_B = 1] ± sem")]
    [('label', 'text'), ('energy', 'number'), ('energy_sem', 'number')]
    >>> [column.name for column in columns("accuracy % ± sd .ci")]
    ['accuracy', 'accuracy_sd', 'ci_low', 'ci_high']
    """
    found: list[Column] = []
    for part in text.split(", "):
        declared = _PART.fullmatch(part)
        if declared is None:
            raise ValueError(f"no column is declared by {part!r}")
        name, ends = declared["name"], (declared["ends"] or "").split()
        shared: dict[str, Any] = {
            "kind": declared["kind"] or "number",
            "percent": declared["percent"] is not None,
            "unit": declared["unit"] or "",
        }
        more: dict[str, Any] = {"key": name in key.split(), "printed": name not in hidden.split()}
        if name in rates.split():
            more["bounds"] = (0, 1)
        found.append(Column(name, **{**shared, **more, **about.get(name, {})}))
        for each in ends:
            found += ends_of(name, each.lstrip("."), alone=each[0] == ".", **shared)
    return tuple(found)


def ends_of(name: str, *ends: str, alone: bool = False, **about: Any) -> tuple[Column, ...]:
    """Declare the columns of the errors of an estimate.

    Parameters
    ----------
    name : str
        Column of the estimate.
    *ends : {"sd", "sem", "ci"}
        Which errors, in the order of the columns; an interval has two.
    alone : bool
        Leave the name of the estimate out of the names of the columns.
    **about
        Further parameters of :class:`Column`.

    Examples
    --------
    >>> [column.name for column in ends_of("m", "sem", "ci")]
    ['m_sem', 'm_ci_low', 'm_ci_high']
    """
    start = "" if alone else name
    return tuple(
        Column(f"{start}{suffix}".lstrip("_"), interval_of=name, end=end, **about)
        for which in ends
        for end, suffix in _ENDS[which]
    )


Form = TypeVar("Form")

_KINDS = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
_DTYPES: dict[str, Any] = {"number": np.float64, "integer": np.int64, "boolean": np.bool_}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table of an experiment.

    Parameters
    ----------
    name : str
        Name; the file is ``<name>.csv``.
    columns : tuple of Column
        The columns in order. A run may lack those that do not apply to it.
    headline : str
        Column of the experiment's headline number; empty in all tables but one.
    where : mapping of str to object
        Value of a column in the rows that the headline refers to.
    """

    name: str
    columns: tuple[Column, ...]
    headline: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        return any(fnmatchcase(str(name), column.name) for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Declared names of the columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the declaration of a column; a plain one if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        matching = (column for column in self.columns if fnmatchcase(name, column.name))
        return next(matching, Column(name))

    def end(self, name: str, end: str) -> str:
        """Return the column of an error of an estimate; empty if there is none."""
        return next((c.name for c in self.columns if (c.interval_of, c.end) == (name, end)), "")

    def estimate(self, name: str | None = None) -> Estimate:
        """Return the estimate in a column, by default in the headline's."""
        return Estimate(self, self.column(name or self.headline))

    def of(self, values: Mapping[str, ArrayLike], counts: list[str] | None = None) -> Columns:
        """Make columns of the declared kinds; a single value is repeated."""
        arrays = [_array(each, self.column(name).kind) for name, each in values.items()]
        n_rows = max((len(array) for array in arrays if array.ndim), default=1)
        full = [array if array.ndim else np.repeat(array, n_rows) for array in arrays]
        return Columns([*values], full, self, counts)

    def rows(self, rows: Iterable[Sequence[Any]], names: Sequence[str] | None = None) -> Columns:
        """Make columns of rows.

        Parameters
        ----------
        rows : iterable of sequence
            The rows, in the order of the columns.
        names : sequence of str, optional
            The columns; by default all that are declared.
        """
        names = self.names if names is None else names
        filled = [*zip(*rows, strict=True)] or [()] * len(names)
        return self.of(dict(zip(names, filled, strict=True)))


def _array(values: ArrayLike, kind: str) -> NDArray[Any]:
    if kind != "text":
        return np.asarray(values, dtype=_DTYPES[kind])
    if isinstance(values, np.ndarray) and values.dtype.kind in "UO":
        return values
    return np.array(values, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A number of a table with its errors, as a grid averages and draws it.

    Parameters
    ----------
    table : Table
        Declaration of the table.
    column : Column
        Declaration of the column.
    """

    table: Table
    column: Column

    @property
    def value(self) -> str:
        """Name of the column."""
        return self.column.name

    @property
    def says(self) -> str:
        """Text on an axis."""
        return self.column.says

    @property
    def low(self) -> str:
        """Column of the lower end of its interval; if there is none, that of an average."""
        return self.table.end(self.value, "low") or f"{self.value}_ci_low"

    @property
    def high(self) -> str:
        """Column of the upper end."""
        return self.table.end(self.value, "high") or f"{self.value}_ci_high"

    @property
    def sem(self) -> str:
        """Column of its standard error; if there is none, that of an average."""
        return self.table.end(self.value, "sem") or f"{self.value}_sem"

    @property
    def where(self) -> Mapping[str, Any]:
        """Value of a column in the rows that count, unless that column is drawn."""
        return self.table.where

    @property
    def within(self) -> tuple[str, ...]:
        """Columns that are coordinates."""
        return tuple(column.name for column in self.table.columns if column.key)

    def of(self, column: str | None) -> Estimate:
        """Return the estimate in another column of the table; None for the same one."""
        return self if column is None else self.table.estimate(column)

    def averaged(self) -> Table:
        """Declare the columns of an average over a key of a grid."""
        own, name = self.column, self.value
        names = {"sd": f"{name}_sd", "sem": f"{name}_sem", "low": self.low, "high": self.high}
        about: dict[str, Any] = {"percent": own.percent, "interval_of": name}
        errors = [Column(each, end=end, **about) for end, each in names.items()]
        kept = [c for c in self.table.columns if c.key or c.name in self.where]
        columns = (*kept, Column("n_*", "integer"), own, *errors)
        return dataclasses.replace(self.table, name="over", columns=columns)


class Columns:
    """A table as named arrays of equal length.

    Parameters
    ----------
    names : sequence of str
        Names of the columns; those read from a file may repeat.
    arrays : sequence of ndarray
        A column each: float64, int64, bool, or texts (object or str).
    declared : Table, optional
        Declaration of the table.
    counts : list of str
        For each row the counts of its rate, if the intervals are still open; see
        :mod:`hopcli.tables.rates`.
    """

    __slots__ = ("arrays", "counts", "declared", "names")

    def __init__(
        self,
        names: Sequence[str],
        arrays: Sequence[NDArray[Any]],
        declared: Table | None = None,
        counts: list[str] | None = None,
    ) -> None:
        self.names, self.arrays = list(names), list(arrays)
        self.declared = Table("", ()) if declared is None else declared
        self.counts = counts or []

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.names:
            raise KeyError(name)
        return self.arrays[self.names.index(name)]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.arrays[0]) if self.arrays else 0

    @property
    def heads(self) -> list[str]:
        """Names and kinds of the columns as in a manifest, ``"accuracy: number"``."""
        kinds = map(kind_of, self.arrays)
        return [f"{name}: {kind}" for name, kind in zip(self.names, kinds, strict=True)]

    @property
    def percent(self) -> list[str]:
        """Columns that are printed in percent."""
        return [name for name in self.names if self.declared.column(name).percent]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows as Python values."""
        return zip(*(array.tolist() for array in self.arrays), strict=True)

    def row(self, place: int) -> dict[str, Any]:
        """Return a row as Python values by name."""
        return dict(zip(self.names, next(self.take([place]).rows()), strict=True))

    def take(self, rows: Any) -> Columns:
        """Return some rows, by a slice, indices, or booleans."""
        return Columns(self.names, [array[rows] for array in self.arrays], self.declared)

    def where(self, **values: Any) -> Columns:
        """Return the rows in which columns have these values."""
        chosen = np.ones(len(self), dtype=np.bool_)
        for name, value in values.items():
            chosen &= self[name] == value
        return self.take(chosen)

    def matching(self, where: Mapping[str, Any]) -> Columns:
        """Return the rows with these values, compared as text, of the columns that exist."""
        chosen = np.ones(len(self), dtype=np.bool_)
        for name, value in where.items():
            if name in self:
                chosen &= [str(each) == str(value) for each in self[name].tolist()]
        return self.take(chosen)

    def only(self, names: Iterable[str]) -> Columns:
        """Return some columns, in this order."""
        wanted = list(names)
        return Columns(wanted, [self[name] for name in wanted], self.declared)

    def beside(self, name: str, texts: Sequence[str]) -> Columns:
        """Return the table with a further column of texts."""
        declared = dataclasses.replace(
            self.declared, columns=(*self.declared.columns, Column(name, "text"))
        )
        return Columns([*self, name], [*self.arrays, _array(texts, "text")], declared)

    def interval(self, name: str, sem: str = "") -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Return both ends of the 95 % interval of an estimate.

        Parameters
        ----------
        name : str
            Column of the estimate.
        sem : str
            Column of the standard error to use instead of an interval.

        Returns
        -------
        tuple of ndarray of float64, shape (rows,), or None
            None without an interval and without a standard error. The normal interval of the
            standard error stands in for a missing one.
        """
        low, high = (self.declared.end(name, end) for end in ("low", "high"))
        if not sem and low in self and high in self:
            return self[low].astype(np.float64), self[high].astype(np.float64)
        error = sem or self.declared.end(name, "sem")
        if error not in self:
            return None
        half = Z95 * self[error]
        return self[name] - half, self[name] + half

    def frame(self) -> pd.DataFrame:
        """Return a DataFrame."""
        import pandas as pd

        arrays = (
            array if array.dtype.kind != "U" else array.astype(object) for array in self.arrays
        )
        frame = pd.DataFrame(dict(enumerate(arrays)))
        frame.columns = pd.Index(self.names)
        return frame

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, declared: Table | None = None) -> Columns:
        """Make columns of a DataFrame."""
        arrays = [frame.iloc[:, place].to_numpy() for place in range(frame.shape[1])]
        return cls([str(name) for name in frame.columns], arrays, declared)

    @classmethod
    def joined(cls, tables: Iterable[Columns]) -> Columns:
        """Join tables of the same columns below each other."""
        several = list(tables)
        if len(several) == 1:
            return several[0]
        pairs = zip(*(table.arrays for table in several), strict=True)
        arrays = [np.concatenate(parts) for parts in pairs]
        counts = [text for table in several for text in table.counts]
        return cls(several[0].names, arrays, several[0].declared, counts)


def kind_of(array: NDArray[Any]) -> str:
    """Return the kind of a column of this dtype."""
    return _KINDS.get(array.dtype.kind, "text")
