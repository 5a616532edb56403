"""The store of a grid: one SQLite file with a row per cell.

A cell is named after everything that determines its numbers. So it is stored once even if
several points of the grid share it, and stays when the grid changes. Each cell is written in
one transaction, with a checksum that reading verifies. Only the process that has locked the
folder writes.

==========  ============================================================================
``points``  the grid: ``place``, ``cell``
``cells``   a row per cell: ``cell``, ``version``, ``host``, ``started``, ``seconds``,
            ``error``, ``inputs``, ``notes`` (its warnings), ``config``, ``checksum``, and
            each table of the experiment, ``accuracy`` and so on, as JSON
``meta``    ``format`` of the file, the ``grid`` as JSON, ``points``: a checksum of both
==========  ============================================================================
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import Made, checksum_of
from hopcli.grids.database import Database, quoted
from hopcli.grids.grid import Grid, read_grid
from hopcli.results.checking import Checked, Checker, Finding, check_manifest
from hopcli.results.files import is_file
from hopcli.results.listing import MANIFESTS
from hopcli.results.manifest import STORE
from hopcli.tables.several import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


FILE = STORE
"""Name of the store in the folder of a grid."""

OWN_COLUMNS = (*Made._fields[:-1], "checksum")
"""Names that a table of an experiment must not have."""

_FORMAT = "3"
_AT_ONCE = 1000  # points
_SCHEMA = (
    "meta (name TEXT PRIMARY KEY, value TEXT)",
    "points (place INTEGER PRIMARY KEY, cell TEXT NOT NULL)",
    f"cells ({', '.join(OWN_COLUMNS)}, PRIMARY KEY (cell))",
)


class Standing(NamedTuple):
    """Short state of a cell in the store."""

    version: str
    seconds: float
    error: str | None
    warnings: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Word for the state."""
        return "finished" if self.error is None else "failed"


def is_grid(folder: Path) -> bool:
    """Return whether a folder contains the store of a grid."""
    return is_file(folder / FILE, links=True)


class Finished(NamedTuple):
    """A table of a finished cell, at a point of the grid."""

    place: int
    cell: str
    version: str
    config: str
    part: Part


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
        self._columns: list[str] = []
        if not writes and not is_grid(folder):
            raise ResultError(f"{folder}: must contain a grid, there is no {FILE}")

    def _set_up(self, table: str) -> None:
        with self._transaction():
            for one in _SCHEMA:
                self._sql.execute(f"CREATE {table} {one}")
            self._sql.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))

    def _check(self, tables: set[str]) -> None:
        if not tables >= {"meta", "points", "cells"}:
            raise ResultError(f"{self.path}: must be the store of a grid, is of another program")
        known = self._one("SELECT value FROM meta WHERE name = 'format'")
        if known in ("1", "2"):
            rule = "was written by an earlier hopcli, in a form that this one does not read"
            raise ResultError(f"{self.path}: {rule}: remove it, or give --out another folder")
        if known != _FORMAT:
            raise ResultError(
                f"{self.path}: must be a grid of format {_FORMAT}, found {known!r:.80}"
            )

    # --- the grid ----------------------------------------------------------------------------

    def describe(self, grid: Grid, points: Iterable[tuple[int, str]]) -> None:
        """Record the current grid, and the cell of each of its points."""
        grid_json = json.dumps(grid.to_dict())
        with self._sql_errors(), self._transaction():
            self._sql.execute("DELETE FROM points")
            self._sql.executemany("INSERT INTO points VALUES (?, ?)", points)
            for name, value in (
                ("grid", grid_json),
                ("points", _digest(grid_json, self._points())),
            ):
                self._sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def describes(self, grid: Grid, points: Iterable[tuple[int, str]]) -> bool:
        """Return whether the store contains this grid, as it was written."""
        grid_json = json.dumps(grid.to_dict())
        try:
            return self.description() == (grid_json, _digest(grid_json, points))
        except ResultError:
            return False

    def is_described(self) -> bool:
        """Return whether the store already contains a grid."""
        with self._sql_errors():
            return self._one("SELECT value FROM meta WHERE name = 'grid'") is not None

    def grid(self) -> Grid:
        """Return the grid that was last run here.

        Raises
        ------
        ResultError
            If there is none yet, or another version wrote it.
        """
        with self._sql_errors():
            values = json.loads(self._grid_json())
            try:
                return read_grid(dict(values))
            except SettingError as error:
                raise ResultError(
                    f"{self.path}: cannot be read: another version of hopcli wrote it ({error})"
                ) from None

    def _grid_json(self) -> str:
        """Return the grid as JSON."""
        grid_json = self._one("SELECT value FROM meta WHERE name = 'grid'")
        if grid_json is None:
            raise ResultError(f"{self.path}: no grid has been run here yet")
        return str(grid_json)

    def points(self) -> Iterator[tuple[int, str]]:
        """Return the place and the cell of every point of the grid, in order.

        Raises
        ------
        ResultError
            If the points or the grid are damaged.
        """
        self.description()
        return self._points()

    def description(self) -> tuple[str, str]:
        """Return the grid as JSON, and the checksum of it and its points.

        Raises
        ------
        ResultError
            If the points or the grid are damaged.
        """
        with self._sql_errors():
            grid_json, query = self._grid_json(), "SELECT value FROM meta WHERE name = 'points'"
            digest = _digest(grid_json, self._points())
            if digest != self._one(query):
                raise ResultError(
                    f"{self.path}: is damaged: its grid, or its points are not as written"
                )
            return grid_json, digest

    def _points(self) -> Iterator[tuple[int, str]]:
        return iter(self._sql.execute("SELECT place, cell FROM points ORDER BY place"))

    # --- the cells ---------------------------------------------------------------------------

    def standings(self) -> dict[str, Standing]:
        """Return the state of each cell, by name."""
        query = "SELECT cell, version, seconds, error, notes FROM cells"
        with self._sql_errors():
            return {cell: _standing(*row) for cell, *row in self._sql.execute(query)}

    def states(self) -> Iterator[tuple[int, str, Standing | None]]:
        """Iterate over the points of the grid: place, cell, and its state if it is stored.

        Raises
        ------
        ResultError
            If the points, the grid or the cells are damaged.
        """
        self.points()
        query = "SELECT place, cell, version, seconds, error, notes "
        query += "FROM points LEFT JOIN cells USING (cell) ORDER BY place"
        with self._sql_errors():
            for place, cell, version, *row in self._sql.execute(query):
                yield place, cell, None if version is None else _standing(version, *row)

    def __len__(self) -> int:
        """Return the number of cells, also of other grids."""
        with self._sql_errors():
            return int(self._one("SELECT count(*) FROM cells"))

    def write(self, *made: Made) -> None:
        """Replace the stored states of cells by new results, all or nothing.

        Raises
        ------
        ResultError
            If the cells cannot be written, or the file has been removed.
        """
        self._check_there()
        with self._sql_errors(), self._transaction():
            columns = self._columns or self._names()
            for one in made:
                new = [name for name in one.tables if name not in columns]
                for name in new:
                    self._sql.execute(f"ALTER TABLE cells ADD COLUMN {quoted(name)}")
                columns = [*columns, *new]
                names = [*OWN_COLUMNS, *one.tables]
                column_list, marks = ", ".join(map(quoted, names)), ", ".join("?" * len(names))
                query = f"INSERT OR REPLACE INTO cells ({column_list}) VALUES ({marks})"
                self._sql.execute(query, (*one[:-1], one.checksum, *one.tables.values()))
        self._columns = columns  # as nobody else writes

    def _names(self) -> list[str]:
        """Return the names of the columns of the cells."""
        return [row[1] for row in self._sql.execute("PRAGMA table_info(cells)")]

    def tables(self, grid: Grid) -> list[str]:
        """Return the names of all tables of cells of its grid, in the order of their command."""
        with self._sql_errors():
            names = [name for name in self._names() if name not in OWN_COLUMNS]
            query = "SELECT 1 FROM points JOIN cells USING (cell) WHERE {} IS NOT NULL LIMIT 1"
            found = [name for name in names if self._one(query.format(quoted(name)))]
        known = [table.name for table in grid.entry.tables]
        return sorted(found, key=lambda name: known.index(name) if name in known else len(known))

    def cells(self) -> Iterator[tuple[Made, bool]]:
        """Iterate over all cells; True is for a cell that is as it was written."""
        for _, made, is_whole in self._read("cells"):
            yield made, is_whole

    def finished(self, name: str) -> Iterator[Finished]:
        """Iterate over the points of the grid whose cells have a table, in order.

        Only this table is read and verified.

        Raises
        ------
        ResultError
            If the table of a cell is damaged.
        """
        query = f"SELECT place, cell, version, config, {quoted(name)}, checksum "
        query += "FROM points JOIN cells USING (cell) "
        query += f"WHERE error IS NULL AND {quoted(name)} IS NOT NULL ORDER BY place"
        with self._sql_errors():
            for place, cell, version, config, text, checksum in self._sql.execute(query):
                own = _checksum(cell, version, config, name, text)
                self._check_whole(cell, is_whole=f" {own} " in f" {checksum} ")
                yield Finished(place, cell, version, config, Part(**json.loads(text)))

    def _read(
        self, source: str, place: str = "rowid", *values: str
    ) -> Iterator[tuple[int, Made, bool]]:
        """Iterate over the cells of a part of a query, by the number of their places."""
        with self._sql_errors():
            names = [name for name in self._names() if name not in OWN_COLUMNS]
            column_list, end = ", ".join(map(quoted, (*OWN_COLUMNS, *names))), len(OWN_COLUMNS)
            query = f"SELECT {place}, {column_list} FROM {source} ORDER BY {place}"
            for number, *row in self._sql.execute(query, values):
                pairs = zip(names, row[end:], strict=True)
                tables = {name: text for name, text in pairs if text}
                made = Made._make((*row[: end - 1], tables))
                yield number, made, _is_whole(made, row[end - 1])

    def made(self, cell: str) -> Made:
        """Read the complete result of a cell.

        Raises
        ------
        ResultError
            If the cell is damaged, or does not exist.
        """
        for _, made, is_whole in self._read("cells WHERE cell = ?", "rowid", cell):
            self._check_whole(made.cell, is_whole=is_whole)
            return made
        raise ResultError(f"{self.path}: is damaged: there is no cell {cell[:12]}")

    def _check_whole(self, cell: str, *, is_whole: bool) -> None:
        if not is_whole:
            raise ResultError(f"{self.path}: is damaged: cell {cell[:12]} is not as written")

    def damaged(self) -> list[str]:
        """Return the names of the damaged cells."""
        return [made.cell for made, is_whole in self.cells() if not is_whole]


def _checksum(*values: Any) -> str:
    """Return the checksum of a table; one that none has if damage has changed a type."""
    try:
        return checksum_of(*values)
    except (TypeError, ValueError):
        return "?"


def _is_whole(made: Made, checksum: object) -> bool:
    """Return whether a cell is as it was written; damage can also change types."""
    try:
        return made.checksum == checksum
    except (TypeError, ValueError):
        return False


def _standing(version: object, seconds: Any, error: str | None, notes: str) -> Standing:
    return Standing(sys.intern(str(version)), float(seconds), error, *_warnings(notes))


@functools.lru_cache(maxsize=1000)  # many cells have the same
def _warnings(notes: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the warnings in the notes of a cell, and their topics."""
    read = json.loads(notes)
    warnings, topics = (tuple(map(str, read.get(name, ()))) for name in ("warnings", "topics"))
    return warnings, topics


def _digest(grid_json: str, points: Iterable[tuple[int, str]]) -> str:
    """Return the SHA-256 of the JSON of a grid and of the list of its points."""
    left, digest = iter(points), hashlib.sha256(f"[{json.dumps(grid_json)}, [".encode())
    comma = ""
    while some := list(itertools.islice(left, _AT_ONCE)):
        digest.update(f"{comma}{json.dumps(some)[1:-1]}".encode())
        comma = ", "
    digest.update(b"]]")
    return digest.hexdigest()


# --- verification --------------------------------------------------------------------------


def check_store(path: Path) -> Checked:
    """Verify the cells of a grid, each of which is a run, against their checksums.

    Parameters
    ----------
    path : Path
        The store.
    """
    n_cells, differences = 0, list[str]()
    try:
        with Store(path.parent) as store:
            n_cells = len(store)
            differences = [
                f"{path}: is damaged: cell {cell[:12]} is not as written"
                for cell in store.damaged()
            ]
            store.points()
    except ResultError as error:
        differences.append(str(error))
    return Checked(n_cells, 1, tuple(Finding(path, line) for line in differences), frozenset())


EVERY_CHECKER: Mapping[str, Checker] = {
    **dict.fromkeys((*MANIFESTS, "reproduce.json"), check_manifest),
    "grid.sqlite": check_store,
}
"""Functions that verify a file of runs, verdicts and grids, by its name."""
