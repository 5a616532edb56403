"""A cell: one run of a grid, from what it is asked to do to what is kept of it.

Everything here can be sent from one process to another.
"""

from __future__ import annotations

import functools
import hashlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue, experiments, streams
from hopcli._version import __version__
from hopcli.errors import HopcliError, ResultError
from hopcli.results import key
from hopcli.results.provenance import code_digest
from hopcli.results.tables import blocks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.config import Config
    from hopcli.experiments import Plan, Progress
    from hopcli.experiments.stock import Stock
    from hopcli.tables import Columns

__all__ = ["Made", "Rows", "Task", "code_version", "given", "make", "make_all", "named"]

_CHANGED = "the data, or a file that the cell reads, has changed meanwhile"


class Rows(NamedTuple):
    """A table as it is kept.

    Attributes
    ----------
    columns : tuple of str
        What it holds, ``"accuracy: number"`` a column; names may repeat.
    rows : list of tuple
        Its rows, of numbers, texts, truths, and None where there is no number.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def checksum(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps([self.columns, self.rows]).encode()).hexdigest()


class Task(NamedTuple):
    """A cell that is to be made.

    Attributes
    ----------
    cell : str
        Its name, a hash of all that decides its numbers but the code.
    command : str
        What it runs.
    config : dict
        Its given configuration, JSON-ready.
    keep : tuple of str
        Tables that are kept besides, such as ``trials``.
    """

    cell: str
    command: str
    config: dict[str, Any]
    keep: tuple[str, ...] = ()


class Made(NamedTuple):
    """What became of a cell.

    Attributes
    ----------
    cell : str
        Its name.
    settings, inputs : dict
        Its resolved configuration, and the hashes of what it read; none if it failed.
    version : str
        The code that made it, of :func:`code_version`.
    host, started : str
        Where, and when (UTC).
    seconds : float
        How long it took.
    tables : dict of str to Rows
        What it found; none if it failed.
    notes : dict
        What is to be known of it, JSON-ready; its `warnings` above all.
    error : str, optional
        Why it failed.
    """

    cell: str
    settings: dict[str, Any]
    inputs: dict[str, str]
    version: str
    host: str
    started: str
    seconds: float
    tables: dict[str, Rows]
    notes: dict[str, Any]
    error: str | None = None


@functools.cache
def code_version() -> str:
    """What computes here: version, random streams, and a digest of the code."""
    return f"{__version__}, streams {streams.VERSION}, code {code_digest()[:12]}"


def named(plan: Plan) -> str:
    """The name of the cell that is planned."""
    return key(plan.config.command, plan.config.to_dict(), plan.inputs)


def make(task: Task, stock: Stock, progress: Progress = experiments.no_progress) -> Made:
    """Plan and run a cell, on this thread.

    Parameters
    ----------
    task : Task
        The cell.
    stock : Stock
        What cells share.
    progress : callable
        Told how far it is; what it raises ends the cell.

    Returns
    -------
    Made
        What it found, or why it failed.
    """
    began, started = time.perf_counter(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    settings, inputs, tables, notes, error = {}, {}, {}, {}, None
    try:
        entry = catalogue.entry(task.command)
        asked = {"threads": 1, "figures": False, "keep": task.keep or None}
        known = entry.execution.settings()
        execution = entry.execution(**{k: v for k, v in asked.items() if k in known})
        plan = experiments.plan(entry.config.from_values(task.config), stock)
        if named(plan) != task.cell:
            raise ResultError(_CHANGED)
        settings, inputs = plan.config.to_dict(), dict(plan.inputs)
        result = plan.run(execution, progress)
        tables = {name: _rows(result.columns, name) for name in result.columns}
        notes = result.notes
    except HopcliError as failed:
        error = str(failed)
    except MemoryError:
        error = "does not fit into memory"
    except Exception as defect:  # which must not cost the other cells
        error = f"{type(defect).__name__}: {defect}; hopcli {task.command} would show where"
    seconds = round(time.perf_counter() - began, 6)
    host = socket.gethostname()
    version = code_version()
    return Made(task.cell, settings, inputs, version, host, started, seconds, tables, notes, error)


@functools.cache
def _own_stock() -> Stock:
    """What the cells of this process share, where nobody else keeps it."""
    from hopcli.experiments.stock import Stock

    return Stock()


def make_all(tasks: Sequence[Task]) -> list[Made]:
    """Make cells one after the other, in a process that was sent them.

    It may have been sent others long ago, of files that have changed since.
    """
    made = [make(task, _own_stock()) for task in tasks]
    if any(one.error == _CHANGED for one in made):
        _own_stock.cache_clear()
        made = [make(task, _own_stock()) for task in tasks]
    return made


def _rows(tables: Mapping[str, Columns], name: str) -> Rows:
    """A table as it is kept, whether it comes at once or in blocks."""
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for block in blocks_of(tables, name):
        columns = columns or tuple(block.heads)
        rows += (tuple(None if value != value else value for value in row) for row in block.rows())
    return Rows(columns, rows)


def given(config: Config) -> dict[str, Any]:
    """A configuration as a task has it: what is not as by default, JSON-ready."""
    plain = config.to_dict()
    return {name: value for name, value in plain.items() if value is not None}
