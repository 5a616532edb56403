"""A grid: varying settings with their values, and the configuration of each point.

A configuration file with a table ``[grid]`` describes it. This module does not use data or
results.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue
from hopcli.errors import SettingError
from hopcli.kinds import checked
from hopcli.values import RefusedError, as_column, nearest, spread

if TYPE_CHECKING:
    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution, Setting

MOST_POINTS = 100_000
"""Most points; planning more would take hours before the first one runs."""

_LONGEST = 200  # characters of a caption


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


_LOOKS = {item.name for item in dataclasses.fields(Look)}


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Settings that vary together, and their values.

    Parameters
    ----------
    names : tuple of str
        The settings, one or more.
    values : tuple of tuple
        The values, each with one per setting, as in a file.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]


class Point(NamedTuple):
    """One point of a grid.

    Attributes
    ----------
    place : int
        Its number in the order of the grid, from 0.
    values : tuple
        Its value for each key of the grid, as in a file.
    """

    place: int
    values: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """The product of its axes; the last one varies fastest.

    Parameters
    ----------
    command : str
        Command of each cell.
    fixed : dict
        Settings of all cells, as in a file.
    axes : tuple of Axis
        Varying settings.
    look : Look
        Layout of the picture.
    """

    command: str
    fixed: dict[str, Any]
    axes: tuple[Axis, ...]
    look: Look = field(default_factory=Look)

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @functools.cached_property
    def entry(self) -> Entry:
        """The command."""
        return catalogue.entry(self.command)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Keys of the grid: varying settings, in order."""
        return tuple(name for axis in self.axes for name in axis.names)

    def points(self) -> Iterator[Point]:
        """Return every point, in order."""
        return map(self.point, range(len(self)))

    def point(self, place: int) -> Point:
        """Return the point of a place."""
        values: tuple[Any, ...] = ()
        left = place
        for axis in reversed(self.axes):
            left, number = divmod(left, len(axis.values))
            values = axis.values[number] + values
        return Point(place, values)

    @functools.cached_property
    def _fixed(self) -> tuple[Config, Execution]:
        """The configuration without the varying settings, and the execution of every cell."""
        how = self.entry.execution.settings()
        given = {name: value for name, value in self.fixed.items() if name not in how}
        of_all = {name: value for name, value in self.fixed.items() if name in how}
        return self.entry.config.from_values(given), self.entry.execution(**of_all)

    def read(self, point: Point) -> tuple[Config, Execution]:
        """Return the configuration and the execution of a point.

        Raises
        ------
        SettingError
            If its values conflict.
        """
        config, execution = self._fixed
        config = config.with_values(**dict(zip(self.names, point.values, strict=True)))
        execution.check_with(config)
        return config, execution

    def keys(self) -> tuple[Key, ...]:
        """Return the facts of each key for tables and pictures."""
        known = self.entry.settings
        return tuple(
            Key(name, known[name].help, _sizes(known[name], self.column(name)), known[name].axis)
            for name in self.names
        )

    def shown(self, name: str, value: Any) -> Any:
        """Format a value of a key as in a table."""
        is_list = isinstance(value, list | tuple)
        return as_column(value, self.entry.settings[name].kind.between if is_list else ",")

    def column(self, name: str) -> list[Any]:
        """Return the different values of a key, in order."""
        found = {
            repr(value[place]): value[place]
            for axis in self.axes
            for place, of_axis in enumerate(axis.names)
            if of_axis == name
            for value in axis.values
        }
        return list(found.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the content of a file for this grid, JSON-ready."""
        return {
            "command": self.command,
            **self.fixed,
            "grid": {", ".join(axis.names): [*map(_bare, axis.values)] for axis in self.axes},
            "plot": {k: v for k, v in dataclasses.asdict(self.look).items() if v},
        }


def _sizes(setting: Setting, values: Sequence[Any]) -> dict[str, int] | None:
    """Return the lengths of list values, each a prefix of the next; None for others."""
    checked = [setting.kind.check(value) for value in values]
    if not all(isinstance(value, tuple) for value in checked):
        return None
    by_length = sorted(checked, key=len)
    if any(b[: len(a)] != a or len(a) == len(b) for a, b in itertools.pairwise(by_length)):
        return None
    return {str(as_column(v)): len(c) for v, c in zip(values, checked, strict=True)}


def read_grid(values: Mapping[str, Any]) -> Grid:
    """Read a configuration file with a table ``[grid]``.

    Parameters
    ----------
    values : mapping of str to object
        Its keys and values.

    Raises
    ------
    SettingError
        If the file is impossible for any data; the setting has its name in the file,
        ``grid.temperature``.
    """
    rest = dict(values)
    table, look = rest.pop("grid", {}), rest.pop("plot", {})
    entry = catalogue.entry(rest.pop("command", None))
    for name, found in (("grid", table), ("plot", look)):
        if not isinstance(found, Mapping):
            raise SettingError(name, "must be a table", found)
    for name in rest:
        if name not in entry.settings:
            close = nearest(name, entry.settings)
            raise SettingError(name, f"is not a setting of {entry.command!r}{close}")
        _checked(entry.settings[name], rest[name], name)
    axes = tuple(_axis(entry, written, listed) for written, listed in table.items())
    if not axes:
        raise SettingError(
            "grid", "must vary a setting: temperature=0.1,0.2; or, for lists, digits=36;104"
        )
    names = [name for axis in axes for name in axis.names]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"grid.{name}", "must not be listed twice")
        if name in rest:
            raise SettingError(f"grid.{name}", "cannot be given outside [grid] too", rest[name])
    grid = Grid(entry.command, rest, axes, _look(look))
    if len(grid) > MOST_POINTS:
        raise SettingError("grid", f"must have at most {MOST_POINTS:,} cells", len(grid))
    return grid


def _look(values: Mapping[str, Any]) -> Look:
    """Read the table ``[plot]``."""
    for name, value in values.items():
        if name not in _LOOKS:
            raise SettingError(f"plot.{name:.80}", f"is none of {', '.join(sorted(_LOOKS))}")
        if type(value) is not (bool if name == "map" else str):
            rule = "must be true or false" if name == "map" else "must be a text"
            raise SettingError(f"plot.{name}", rule, value)
        if isinstance(value, str) and not (value.isprintable() and len(value) <= _LONGEST):
            rule = f"must be a line of at most {_LONGEST} characters"
            raise SettingError(f"plot.{name}", rule, value)
    return Look(**values)


def _axis(entry: Entry, written: str, listed: Any) -> Axis:
    """Read one entry of the table: one or more settings, and a list of values or a range."""
    where = f"grid.{written:.80}"
    names = tuple(name.strip() for name in written.split(","))
    for name in names:
        _check_name(entry, name, where)
    if isinstance(listed, str):
        listed = numbers(listed, where)
    if not isinstance(listed, list) or not listed:
        rule = "must list one or more values, or be FIRST:LAST:STEP"
        raise SettingError(where, rule, listed)
    if len(listed) > MOST_POINTS:
        raise SettingError(where, f"must list at most {MOST_POINTS:,} values", len(listed))
    if len(names) == 1:
        rows = [(value,) for value in listed]
    else:
        for value in listed:
            if not isinstance(value, list) or len(value) != len(names):
                rule = f"must list {len(names)} values each time, one per setting"
                raise SettingError(where, rule, value)
        rows = [tuple(value) for value in listed]
    known = entry.settings
    checked = [
        tuple(_checked(known[n], v, where) for n, v in zip(names, row, strict=True)) for row in rows
    ]
    seen: set[str] = set()
    for row, plain in zip(rows, checked, strict=True):
        same = repr(plain)  # 1 and 1.0 differ, and lists too can be compared
        if same in seen:
            raise SettingError(where, "must not list a value twice", _bare(row))
        seen.add(same)
    # A text or a list stays as written, as the table shows it.
    return Axis(names, tuple(map(_as_written, rows, checked)))


def _bare(row: tuple[Any, ...]) -> Any:
    return row[0] if len(row) == 1 else list(row)


def _as_written(row: tuple[Any, ...], plain: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return texts and lists of a row as written, numbers in the setting's type."""
    return tuple(v if isinstance(v, str | list) else p for v, p in zip(row, plain, strict=True))


def _check_name(entry: Entry, name: str, where: str) -> None:
    known = entry.config.settings()
    if name in known:
        return
    if name in entry.settings:
        raise SettingError(where, f"cannot vary {name}, which changes no number")
    raise SettingError(where, f"is not a setting of {entry.command!r}{nearest(name, known)}")


def _checked(setting: Setting, value: Any, where: str) -> Any:
    """Check a value and convert it for JSON."""
    return setting.kind.plain(checked(setting.kind, where, value))


def numbers(text: str, where: str) -> list[Any]:
    """Expand FIRST:LAST:STEP; the numbers are whole if all three are.

    Raises
    ------
    SettingError
        If the text is no such range; the message names `where`.
    """
    try:
        return spread(text)
    except RefusedError as error:
        raise SettingError(where, str(error), text) from None
    except (ArithmeticError, ValueError):
        rule = "must list one or more values, or be FIRST:LAST:STEP"
        raise SettingError(where, rule, text) from None
