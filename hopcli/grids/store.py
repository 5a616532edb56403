"""The store of a grid: one SQLite file with a row per cell, and each table of the cells.

A cell is named after everything that determines its numbers. So it is stored once even if
several points of the grid share it, and stays when the grid changes. Each cell is written in
one transaction, with checksums that reading verifies. Only the process that has locked the
folder writes.

===========  ===========================================================================
``points``   the grid: ``place``, ``cell``, and a column for each of its keys, as given
``cells``    a row per cell: ``cell``, ``state`` (finished or failed), ``version``, ``host``,
             ``started``, ``seconds``, ``error``, ``inputs``, ``notes`` (its warnings),
             ``config``, ``checksum``, and a column for each setting, resolved
``tables``   the tables of each cell: ``cell``, ``name``, ``columns``, ``checksum``
``meta``     ``format`` of the file, the ``grid`` as JSON, ``points``: a checksum of both
others       the tables of the experiment, ``accuracy`` and so on: ``cell``, ``row``, and
             their own columns
===========  ===========================================================================
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import Made, Rows
from hopcli.grids.database import Database, quoted
from hopcli.grids.grid import read_grid
from hopcli.results.files import is_file
from hopcli.results.manifest import STORE
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.grids.grid import Grid

FILE = STORE
"""Name of the store in the folder of a grid."""

OWN_TABLES = ("meta", "points", "cells", "tables")
"""Names that a table of an experiment must not have."""

_FORMAT = "1"
_OWN = (
    *("cell", "state", "version", "host", "started", "seconds", "error"),
    *("inputs", "notes", "config"),
)
_SCHEMA = (
    "meta (name TEXT PRIMARY KEY, value TEXT)",
    "points (place INTEGER PRIMARY KEY, cell TEXT NOT NULL)",
    f"cells ({', '.join(_OWN)}, checksum, PRIMARY KEY (cell))",
    "tables (cell TEXT, name TEXT, columns TEXT, checksum TEXT, PRIMARY KEY (cell, name))",
)
_MOST_COLUMNS = 1900  # SQLite allows 2000
_END = 2**63  # bound of SQLite's whole numbers


class Standing(NamedTuple):
    """Short state of a cell in the store."""

    state: str
    version: str
    seconds: float
    error: str | None
    warnings: tuple[str, ...]
    topics: tuple[str, ...] = ()


class Place(NamedTuple):
    """Point of the grid: its number, its cell, and its value for each key."""

    place: int
    cell: str
    values: tuple[Any, ...]


def is_grid(folder: Path) -> bool:
    """Return whether a folder contains the store of a grid."""
    return is_file(folder / FILE, links=True)


class Store(Database):
    """Cells of a grid in a folder, opened by ``with``.

    Parameters
    ----------
    folder : Path
        The folder.
    writes : bool
        Open for writing; the store is made if it does not exist. The caller has the lock.

    Raises
    ------
    ResultError
        If there is no store, it is damaged or foreign, or it cannot be written.
    """

    def __init__(self, folder: Path, *, writes: bool = False) -> None:
        super().__init__(folder / FILE, writes=writes)
        if not writes and not is_grid(folder):
            raise ResultError(f"{folder}: must contain a grid, there is no {FILE}")

    def _set_up(self, table: str) -> None:
        with self._transaction():
            for one in _SCHEMA:
                self._sql.execute(f"CREATE {table} {one}")
            self._sql.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))

    def _check(self, tables: set[str]) -> None:
        if not tables.issuperset(OWN_TABLES):
            raise ResultError(f"{self.path}: must be the store of a grid, is of another program")
        known = self._one("SELECT value FROM meta WHERE name = 'format'")
        if known != _FORMAT:
            raise ResultError(
                f"{self.path}: must be a grid of format {_FORMAT}, found {known!r:.80}"
            )

    # --- the grid ----------------------------------------------------------------------------

    def describe(self, grid: Grid, places: Sequence[Place]) -> None:
        """Record the current grid.

        Parameters
        ----------
        grid : Grid
            The grid.
        places : sequence of Place
            Its points, each with its cell.
        """
        columns = ", ".join(["place INTEGER PRIMARY KEY", "cell TEXT", *map(quoted, grid.names)])
        rows, said = _rows_of(grid, places), json.dumps(grid.to_dict())
        with self._told(), self._transaction():
            self._sql.execute("DROP TABLE points")
            self._sql.execute(f"CREATE TABLE points ({columns})")
            self._insert("points", ["place", "cell", *grid.names], rows)
            for name, value in (("grid", said), ("points", _digest([said, rows]))):
                self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def describes(self, grid: Grid, places: Sequence[Place]) -> bool:
        """Return whether the store contains this grid, as it was written."""
        try:
            self.places()
        except ResultError:
            return False
        with self._told():
            written = self._one("SELECT value FROM meta WHERE name = 'points'")
        return bool(written == _digest([json.dumps(grid.to_dict()), _rows_of(grid, places)]))

    def is_described(self) -> bool:
        """Return whether the store already contains a grid."""
        with self._told():
            return self._one("SELECT value FROM meta WHERE name = 'grid'") is not None

    def grid(self) -> Grid:
        """Return the grid that was last run here.

        Raises
        ------
        ResultError
            If there is none yet, or another version wrote it.
        """
        with self._told():
            said = json.loads(self._said())
            try:
                return read_grid(dict(said))
            except SettingError as error:
                raise ResultError(
                    f"{self.path}: cannot be read: another version of hopcli wrote it ({error})"
                ) from None

    def _said(self) -> str:
        """Return the grid as JSON."""
        said = self._one("SELECT value FROM meta WHERE name = 'grid'")
        if said is None:
            raise ResultError(f"{self.path}: no grid has been run here yet")
        return str(said)

    def places(self) -> dict[int, str]:
        """Return the cell of every point of the grid, by the number of the point, in order.

        Raises
        ------
        ResultError
            If the points or the grid are damaged.
        """
        with self._told():
            said = self._said()
            rows = self._sql.execute("SELECT * FROM points ORDER BY place").fetchall()
            if _digest([said, rows]) != self._one("SELECT value FROM meta WHERE name = 'points'"):
                raise ResultError(
                    f"{self.path}: is damaged: its grid, or its points are not as written"
                )
            return {place: cell for place, cell, *_ in rows}

    # --- the cells ---------------------------------------------------------------------------

    def standings(self) -> dict[str, Standing]:
        """Return the state of each cell, by name."""
        query = "SELECT cell, state, version, seconds, error, notes FROM cells"
        with self._told():
            return {
                cell: Standing(str(state), str(version), float(seconds), error, *_warnings(notes))
                for cell, state, version, seconds, error, notes in self._sql.execute(query)
            }

    def write(self, made: Made) -> None:
        """Replace the stored state of a cell by a new result, all or nothing.

        Raises
        ------
        ResultError
            If the cell cannot be written, or the file has been removed.
        """
        self._check_there()
        own = (
            *(made.cell, "finished" if made.error is None else "failed", made.version, made.host),
            *(made.started, made.seconds, made.error),
            *map(json.dumps, (made.inputs, made.notes, made.settings)),
        )
        held = {name: table.checksum for name, table in made.tables.items()}
        names = [*_OWN, "checksum", *made.settings]
        row = (*own, _digest([own, held]), *map(_setting, made.settings.values()))
        with self._told(), self._transaction():
            self._forget(made.cell)
            self._insert("cells", names, [row])
            for name, table in made.tables.items():
                self._write_table(made.cell, name, table)

    def _forget(self, cell: str) -> None:
        query = "SELECT name FROM tables WHERE cell = ?"
        names = [name for (name,) in self._sql.execute(query, (cell,))]
        for table in (*names, "tables", "cells"):
            self._sql.execute(f"DELETE FROM {quoted(table)} WHERE cell = ?", (cell,))

    def _write_table(self, cell: str, name: str, table: Rows) -> None:
        if len(table.columns) > _MOST_COLUMNS:
            rule = f"may have {_MOST_COLUMNS:,} columns in a grid, has {len(table.columns):,}"
            raise ResultError(f"{self.path}: table {name} {rule}")
        said = json.dumps(table.columns)
        self._insert(
            "tables", ["cell", "name", "columns", "checksum"], [(cell, name, said, table.checksum)]
        )
        rows = [(cell, number, *row) for number, row in enumerate(table.rows)]
        self._insert(name, ["cell", "row", *_sql_names(table.columns)], rows)

    def tables(self) -> list[str]:
        """Return the names of all tables of cells of the grid, in its order."""
        query = "SELECT name FROM points JOIN tables USING (cell) ORDER BY place, tables.rowid"
        with self._told():
            return list(dict.fromkeys(name for (name,) in self._sql.execute(query)))

    def checksums(self) -> dict[str, dict[str, str]]:
        """Return the checksums of the tables of each cell, by cell and table."""
        found: dict[str, dict[str, str]] = {}
        with self._told():
            for cell, name, checksum in self._sql.execute(
                "SELECT cell, name, checksum FROM tables"
            ):
                found.setdefault(cell, {})[name] = checksum
        return found

    def read(self, cell: str, name: str) -> Rows | None:
        """Read a table of a cell; None if it has no table of that name.

        Raises
        ------
        ResultError
            If the table is damaged.
        """
        with self._told():
            query = "SELECT columns, checksum FROM tables WHERE cell = ? AND name = ?"
            found = self._sql.execute(query, (cell, name)).fetchone()
            if found is None:
                return None
            columns = tuple(map(str, json.loads(found[0])))
            said = ", ".join(map(quoted, _sql_names(columns)))
            query = f"SELECT {said} FROM {quoted(name)} WHERE cell = ? ORDER BY row"
            truths = {place for place, text in enumerate(columns) if text.endswith(": boolean")}
            rows = self._sql.execute(query, (cell,)).fetchall()
            if truths:
                rows = [
                    tuple(bool(v) if place in truths else v for place, v in enumerate(row))
                    for row in rows
                ]
            table = Rows(columns, rows)
            if table.checksum != found[1]:
                what = f"table {name} of cell {cell[:12]}"
                raise ResultError(f"{self.path}: is damaged: {what} is not as written")
            return table

    def made(self, cell: str) -> Made:
        """Read the complete result of a cell.

        Raises
        ------
        ResultError
            If the cell is damaged.
        """
        with self._told():
            cursor = self._sql.execute("SELECT * FROM cells WHERE cell = ?", (cell,))
            names = [column[0] for column in cursor.description]
            row = dict(zip(names, cursor.fetchone(), strict=True))
            own = [row[name] for name in _OWN]
            query = "SELECT name, checksum FROM tables WHERE cell = ? ORDER BY rowid"
            held = dict(self._sql.execute(query, (cell,)).fetchall())
            shown = {name: _setting(value) for name, value in json.loads(row["config"]).items()}
            if _digest([own, held]) != row["checksum"] or not shown.items() <= row.items():
                raise ResultError(f"{self.path}: is damaged: cell {cell[:12]} is not as written")
        tables = {name: rows for name in held if (rows := self.read(cell, name)) is not None}
        _, _, version, host, started, seconds, error, inputs, notes, settings = own
        return Made(
            *(cell, json.loads(settings), json.loads(inputs), version, host, started, seconds),
            *(tables, json.loads(notes), error),
        )

    def damaged(self) -> dict[str, str]:
        """Return the damaged cells, with the damage."""
        found = {}
        for cell in self.standings():
            try:
                self.made(cell)
            except ResultError as error:
                found[cell] = str(error)
        return found


def _warnings(notes: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the warnings in the notes of a cell, and their topics."""
    read = json.loads(notes)
    warnings, topics = (tuple(map(str, read.get(name, ()))) for name in ("warnings", "topics"))
    return warnings, topics


def _sql_names(columns: Sequence[str]) -> list[str]:
    """Make the names of columns different for SQL, to which "a" and "A" are the same."""
    names: list[str] = []
    taken = {"cell", "row"}
    for column in columns:
        name = free = column.rpartition(": ")[0]
        number = 1
        while free.lower() in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free.lower())
        names.append(free)
    return names


def _rows_of(grid: Grid, places: Sequence[Place]) -> list[tuple[Any, ...]]:
    """Convert the points of a grid for SQL."""
    return [(place, cell, *map(_setting, grid.shown(values))) for place, cell, values in places]


def _setting(value: Any) -> Any:
    """Convert a value of a setting for SQL."""
    if isinstance(value, list | tuple):
        return show(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -_END <= value < _END:
        return str(value)
    return value


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
