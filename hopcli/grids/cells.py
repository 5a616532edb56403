"""A cell of a grid: its run, and the stored tables.

A cell is planned once, unless its grid has very many cells. Another process that makes it
receives a :class:`Task` and plans it itself.
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
from hopcli.experiments import CHANGED, Plan, Progress
from hopcli.results import key
from hopcli.results.provenance import code_digest
from hopcli.results.tables import blocks_of
from hopcli.tables import Columns
from hopcli.tables.several import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.config import Config, Execution
    from hopcli.experiments.stock import Stock


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
    """Result of a cell, as the store keeps it.

    Attributes
    ----------
    cell : str
        Its name.
    version : str
        Version of the code that made it, of :func:`code_version`.
    host, started : str
        Machine, and time of the start (UTC).
    seconds : float
        Duration.
    error : str or None
        Reason of the failure.
    inputs, notes, config : str
        Hashes of its inputs; further facts, above all its `warnings`; its resolved
        configuration: JSON. Those of a failed cell are empty.
    tables : dict of str to str
        Its tables, JSON of :class:`hopcli.tables.several.Part`; empty if it failed.
    """

    cell: str
    version: str
    host: str
    started: str
    seconds: float
    error: str | None
    inputs: str
    notes: str
    config: str
    tables: dict[str, str]

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the facts, then one of each table."""
        of_tables = [
            checksum_of(self.cell, self.version, self.config, name, text)
            for name, text in self.tables.items()
        ]
        return " ".join([_hash(json.dumps(self[:6]), *self[6:9]), *of_tables])


def checksum_of(cell: str, version: str, config: str, name: str, text: str) -> str:
    """Return a table's part of the checksum of its cell."""
    return f"{name}:{_hash(cell, version, config, text)}"


def _hash(*texts: str) -> str:
    joined = "".join([f"{len(text)}:{text}" for text in texts])
    return hashlib.sha256(joined.encode()).hexdigest()


@functools.cache
def code_version() -> str:
    """Return the version of the code: release, random streams, and a digest of the files."""
    return f"{__version__}, streams {streams.VERSION}, code {code_digest()[:12]}"


def named(plan: Plan) -> str:
    """Return the name of a planned cell."""
    return key(plan.config.command, plan.config.to_dict(), plan.inputs)


def plan_cell(cell: str, config: Config, stock: Stock) -> Plan:
    """Plan a cell that has its name.

    Raises
    ------
    ResultError
        If it has another name now, as its data have changed.
    """
    planned = experiments.plan(config, stock)
    if named(planned) != cell:
        raise ResultError(CHANGED)
    return planned


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
    settings, inputs, notes, tables, error = {}, {}, {}, {}, None
    try:
        planned = plan()
        settings, inputs = planned.config.to_dict(), planned.inputs
        result = planned.run(_execution(command, keep), progress, only_counts=True)
        for name in result.columns:
            part = Part.of(Columns.joined(blocks_of(result.columns, name)))
            tables[name] = json.dumps(part._asdict())
        notes = result.notes
    except HopcliError as failed:
        error = str(failed)
    except MemoryError:
        error = "does not fit into memory"
    except Exception as defect:  # it must not stop the other cells
        error = f"{type(defect).__name__}: {defect}; hopcli {command} would show where"
    seconds = round(time.perf_counter() - began, 6)
    documents = (json.dumps(inputs), json.dumps(notes), json.dumps(settings))
    return Made(cell, code_version(), _host(), started, seconds, error, *documents, tables)


_host = functools.cache(socket.gethostname)


@functools.cache
def _execution(command: str, keep: tuple[str, ...]) -> Execution:
    """Return the execution of a cell."""
    execution_class = catalogue.entry(command).execution
    wanted = {"threads": 1, "figures": False, "keep": keep or None}
    known = execution_class.settings()
    execution: Execution = execution_class(**{k: v for k, v in wanted.items() if k in known})
    return execution


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
        return plan_cell(task.cell, config, _own_stock())

    return make(task.cell, task.command, plan, task.keep)
