"""One SQLite file: opened, written in transactions, with refusals in one line.

Reading does not change the file, and writes nothing beside it. Files that a killed process
has left half-written are repaired in a copy.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hopcli.errors import ResultError
from hopcli.results.files import is_own, open_regular
from hopcli.results.folder import is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 2**36  # of a store
_MOST_COPIED = 2**33  # bytes
_LOGGED = b"\2"  # byte 18 of a file whose changes are in a log beside it
_OF_SEVERAL = bytes.fromhex("d9d505f920a163d7")
"""End of a journal that names another file, which SQLite would remove; hopcli's name none."""

_COMPUTED = re.compile(r"\b(virtual|check|as|default)\b", re.IGNORECASE)
"""Words of a table with values that SQLite computes, outside quoted names."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class Database:
    """SQLite file, opened by ``with``.

    Parameters
    ----------
    path : Path
        The file.
    writes : bool
        Open for writing; the file is made if it does not exist.

    Raises
    ------
    ResultError
        On opening, if the file is damaged, or cannot be read or written.
    """

    def __init__(self, path: Path, *, writes: bool = False) -> None:
        self.path = path
        self.writes = writes

    def __enter__(self) -> Self:
        with self._sql_errors(), contextlib.ExitStack() as stack:
            if self.writes:
                self._check_files()
            self._sql = _connect(self.path, "rwc") if self.writes else self._reader(stack)
            stack.callback(self._sql.close)
            self._open()
            self._ending = stack.pop_all()
        return self

    def _reader(self, stack: contextlib.ExitStack) -> sqlite3.Connection:
        """Open a connection that writes nothing beside the file."""
        path = self.path.resolve()  # side files are beside the target of a link
        journal, wal = (_side(path, suffix) for suffix in ("-journal", "-wal"))
        if journal is None and (wal is None or is_locked(path.parent)):
            with open_regular(path, _MOST_BYTES) as file:
                unlocked = wal is None and file.read(20)[18:19] == _LOGGED
            # SQLite would create a missing log.
            return _connect(path, "ro&immutable=1" if unlocked else "ro")
        n_bytes = sum(file.stat().st_size for file in (path, journal, wal) if file is not None)
        if n_bytes > min(_MOST_COPIED, shutil.disk_usage(tempfile.gettempdir()).free // 2):
            rule = f"was left half-written, and its {n_bytes:,} bytes are too many to copy"
            raise ResultError(f"{path}: {rule}: run its grid again, which repairs it")
        copies = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hopcli-grid-")))
        for source in filter(None, (path, journal, wal)):
            with open_regular(source, _MOST_BYTES) as file, (copies / source.name).open("wb") as to:
                shutil.copyfileobj(file, to)
        return _connect(copies / path.name, "rw")

    def _check_files(self) -> None:
        """Refuse to write through a link, or to undo a foreign journal."""
        for suffix in ("", "-journal", "-wal", "-shm"):
            file = self.path.with_name(self.path.name + suffix)
            if not is_own(file):
                rule = "must be a regular file or not exist: remove it"
                raise ResultError(f"{file}: {rule}")
        _side(self.path, "-journal")

    def _open(self) -> None:
        found = self._one("PRAGMA integrity_check")
        if found != "ok":
            raise sqlite3.DatabaseError(str(found))
        parts = self._sql.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
        for name, kind, sql in parts:
            if kind not in ("table", "index") or _COMPUTED.search(_QUOTED.sub("", sql or "")):
                raise sqlite3.DatabaseError(f"{kind} {name!r:.80} is not of a grid")
        tables = {name for name, _, _ in parts}
        if tables:
            self._check(tables)  # before anything is written into a foreign file
        if self.writes:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = NORMAL")
            self._inode = self.path.stat().st_ino
        if not tables:
            self._set_up("TABLE" if self.writes else "TEMP TABLE")

    def _check(self, tables: set[str]) -> None:
        """Refuse a foreign file, by its tables."""

    def _set_up(self, table: str) -> None:
        """Make the tables of an empty file; for reading they are temporary."""

    def __exit__(self, *_: object) -> None:
        with self._ending:
            if self.writes:
                # One file again, which can be read in folders without write permission.
                with contextlib.suppress(sqlite3.Error):
                    self._sql.execute("PRAGMA journal_mode = DELETE")

    @contextlib.contextmanager
    def _sql_errors(self) -> Iterator[None]:
        """Turn errors of SQLite into one line."""
        try:
            yield
        except ResultError:
            raise
        except (sqlite3.OperationalError, OSError) as error:
            what, reason = "written" if self.writes else "read", getattr(error, "strerror", error)
            raise ResultError(f"{self.path}: cannot be {what}: {reason}") from None
        except (sqlite3.Error, ValueError, TypeError, LookupError, RecursionError) as error:
            raise ResultError(
                f"{self.path}: is damaged, or no grid: {error}; remove it to start again"
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
        """Check that the file still exists: SQLite would write on, to nowhere."""
        try:
            is_same = self.path.stat().st_ino == self._inode
        except OSError:
            is_same = False
        if not is_same:
            raise ResultError(f"{self.path}: was removed while it was written to")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)


def _side(path: Path, suffix: str) -> Path | None:
    """Find a side file with changes of a store; None if there is none.

    Raises
    ------
    ResultError
        If it is a journal of several files, or no regular file.
    """
    side = path.with_name(path.name + suffix)
    try:
        with open_regular(side, _MOST_BYTES) as file:
            n_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(0, n_bytes - len(_OF_SEVERAL)))
            if suffix == "-journal" and file.read() == _OF_SEVERAL:
                raise ResultError(f"{side}: must be a journal of hopcli, is none: remove it")
    except FileNotFoundError:
        return None
    return side if n_bytes else None


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'
