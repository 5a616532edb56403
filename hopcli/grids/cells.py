"""A cell of a grid: its run, and the tables that are kept of it.

A cell is planned once. Where another process makes it, it is sent as a :class:`Task` and
planned there.
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
from hopcli.experiments import CHANGED
from hopcli.results import key
from hopcli.results.provenance import code_digest
from hopcli.results.tables import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hopcli.experiments import Plan, Progress
    from hopcli.experiments.stock import Stock
    from hopcli.tables import Columns

__all__ = ["Made", "Rows", "Task", "code_version", "make", "make_all", "named"]


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
    """A cell that another process is to plan and make.

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


def make(
    cell: str,
    command: str,
    plan: Callable[[], Plan],
    keep: tuple[str, ...] = (),
    progress: Progress = experiments.no_progress,
) -> Made:
    """Run a cell, on this thread.

    Parameters
    ----------
    cell, command : str
        Its name and its command.
    plan : callable
        Returns its plan.
    keep : tuple of str
        Tables that are kept besides, such as ``trials``.
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
        execution_class = catalogue.entry(command).execution
        asked = {"threads": 1, "figures": False, "keep": keep or None}
        known = execution_class.settings()
        execution = execution_class(**{k: v for k, v in asked.items() if k in known})
        planned = plan()
        settings, inputs = planned.config.to_dict(), dict(planned.inputs)
        result = planned.run(execution, progress)
        tables = {name: _rows(result.columns, name) for name in result.columns}
        notes = result.notes
    except HopcliError as failed:
        error = str(failed)
    except MemoryError:
        error = "does not fit into memory"
    except Exception as defect:  # which must not cost the other cells
        error = f"{type(defect).__name__}: {defect}; hopcli {command} would show where"
    seconds = round(time.perf_counter() - began, 6)
    host = socket.gethostname()
    version = code_version()
    return Made(cell, settings, inputs, version, host, started, seconds, tables, notes, error)


@functools.cache
def _own_stock() -> Stock:
    """What the cells of this process share, where nobody else keeps it."""
    from hopcli.experiments.stock import Stock

    return Stock()


def make_all(tasks: Sequence[Task]) -> list[Made]:
    """Make cells one after the other, in a process that was sent them.

    It may have been sent others long ago, of files that have changed since.
    """
    made = [_make_task(task) for task in tasks]
    if any(one.error == CHANGED for one in made):
        _own_stock.cache_clear()
        made = [_make_task(task) for task in tasks]
    return made


def _make_task(task: Task) -> Made:
    def plan() -> Plan:
        config = catalogue.entry(task.command).config.from_values(task.config)
        planned = experiments.plan(config, _own_stock())
        if named(planned) != task.cell:
            raise ResultError(CHANGED)
        return planned

    return make(task.cell, task.command, plan, task.keep)


def _rows(tables: Mapping[str, Columns], name: str) -> Rows:
    """A table as it is kept, whether it comes at once or in blocks."""
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for block in blocks_of(tables, name):
        columns = columns or tuple(block.heads)
        rows += (tuple(None if value != value else value for value in row) for row in block.rows())
    return Rows(columns, rows)
