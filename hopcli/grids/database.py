"""One SQLite file: opened, written in transactions, what it refuses told in one line."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Self

from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Database", "quoted"]


class Database:
    """A file of SQLite; to be opened by ``with``.

    Parameters
    ----------
    path : Path
        The file.
    writes : bool
        Whether to write; it is made if it is not there.

    Raises
    ------
    ResultError
        When it is opened, if it is damaged, or cannot be read or written.
    """

    def __init__(self, path: Path, *, writes: bool = False) -> None:
        self.path = path
        self.writes = writes

    def __enter__(self) -> Self:
        with self._told():
            if not self.writes:
                self._undo()
            self._sql = self._connect("rwc" if self.writes else "ro")
            try:
                self._open()
            except BaseException:
                self._sql.close()
                raise
        return self

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)

    def _undo(self) -> None:
        """Undo what a killed process has left half-written, which one that only reads may not."""
        if self.path.with_name(f"{self.path.name}-journal").exists():
            with contextlib.closing(self._connect("rw")) as sql:
                sql.execute("PRAGMA schema_version")

    def _open(self) -> None:
        found = self._one("PRAGMA integrity_check")
        if found != "ok":
            raise sqlite3.DatabaseError(str(found))
        tables = {name for (name,) in self._sql.execute("SELECT name FROM sqlite_master")}
        if tables:
            self._check(tables)  # before anything is written into what may be another's
        if self.writes:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = NORMAL")
            self._inode = self.path.stat().st_ino
        if not tables:
            self._set_up("TABLE" if self.writes else "TEMP TABLE")

    def _check(self, tables: set[str]) -> None:
        """Refuse a file that is another's, by its tables."""

    def _set_up(self, table: str) -> None:
        """Make the tables of a file that has none; to read it they are temporary."""

    def __exit__(self, *_: object) -> None:
        if self.writes:
            # One file again, which can be read where nothing can be written.
            with contextlib.suppress(sqlite3.Error):
                self._sql.execute("PRAGMA journal_mode = DELETE")
        self._sql.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite refuses is told in one line."""
        try:
            yield
        except ResultError:
            raise
        except sqlite3.OperationalError as error:
            what = "written" if self.writes else "read"
            raise ResultError(f"{self.path}: cannot be {what}: {error}") from None
        except (
            sqlite3.Error,
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            RecursionError,
        ) as error:
            raise ResultError(
                f"{self.path}: is damaged, or no grid: {error}; remove it to begin anew"
            ) from None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._sql.execute("ROLLBACK")
            raise

    def _one(self, query: str, *values: Any) -> Any:
        row = self._sql.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _check_there(self) -> None:
        """Notice that the file is gone: SQLite would write on, to nowhere."""
        try:
            there = self.path.stat().st_ino == self._inode
        except OSError:
            there = False
        if not there:
            raise ResultError(f"{self.path}: was removed while it was written to")

    def _insert(self, table: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        """Insert rows into a table, which is given the columns that it lacks."""
        found = self._sql.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        known = {row[1].lower() for row in found}
        if not known:
            own = "cell TEXT, row INTEGER, PRIMARY KEY (cell, row)"
            self._sql.execute(f"CREATE TABLE {quoted(table)} ({own})")
            known = {"cell", "row"}
        for name in names:
            if name.lower() not in known:
                self._sql.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)}")
        said, marks = ", ".join(map(quoted, names)), ", ".join("?" * len(names))
        self._sql.executemany(f"INSERT INTO {quoted(table)} ({said}) VALUES ({marks})", rows)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
