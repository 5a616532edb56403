"""A cell of a grid: its run, and the stored tables.

A cell is planned once. If another process makes it, that process receives a :class:`Task` and
plans the cell itself.
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


class Rows(NamedTuple):
    """A stored table.

    Attributes
    ----------
    columns : tuple of str
        Its columns, ``"accuracy: number"`` each; names may repeat.
    rows : list of tuple
        Its rows, of numbers, texts, booleans, and None for missing numbers.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the whole table."""
        return hashlib.sha256(json.dumps([self.columns, self.rows]).encode()).hexdigest()


class Task(NamedTuple):
    """A cell that another process plans and makes.

    Attributes
    ----------
    cell : str
        Its name, a hash of everything that determines its numbers except the code.
    command : str
        Its command.
    config : dict
        Its given configuration, JSON-ready.
    keep : tuple of str
        Further tables to keep, such as ``trials``.
    """

    cell: str
    command: str
    config: dict[str, Any]
    keep: tuple[str, ...] = ()


class Made(NamedTuple):
    """Result of a cell.

    Attributes
    ----------
    cell : str
        Its name.
    settings, inputs : dict
        Its resolved configuration, and the hashes of its inputs; empty if it failed.
    version : str
        Version of the code that made it, of :func:`code_version`.
    host, started : str
        Machine, and time of the start (UTC).
    seconds : float
        Duration.
    tables : dict of str to Rows
        Its tables; empty if it failed.
    notes : dict
        Further facts, JSON-ready, above all its `warnings`.
    error : str, optional
        Reason of the failure.
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
    """Return the version of the code: release, random streams, and a digest of the files."""
    return f"{__version__}, streams {streams.VERSION}, code {code_digest()[:12]}"


def named(plan: Plan) -> str:
    """Return the name of a planned cell."""
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
        Further tables to keep, such as ``trials``.
    progress : callable
        Receives the progress; an exception in it ends the cell.

    Returns
    -------
    Made
        Its tables, or the reason of its failure.
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
    except Exception as defect:  # it must not stop the other cells
        error = f"{type(defect).__name__}: {defect}; hopcli {command} would show where"
    seconds = round(time.perf_counter() - began, 6)
    host = socket.gethostname()
    version = code_version()
    return Made(cell, settings, inputs, version, host, started, seconds, tables, notes, error)


@functools.cache
def _own_stock() -> Stock:
    """Return the shared data of the cells of this process, if nothing else keeps them."""
    from hopcli.experiments.stock import Stock

    return Stock()


def make_all(tasks: Sequence[Task]) -> list[Made]:
    """Make cells one after the other, in a process that received them.

    The process may be old, and files may have changed since its earlier cells.
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
    """Convert a table, whole or in blocks, to its stored form."""
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for block in blocks_of(tables, name):
        columns = columns or tuple(block.heads)
        rows += (tuple(None if value != value else value for value in row) for row in block.rows())
    return Rows(columns, rows)
