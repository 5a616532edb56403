"""Running of cells: given to an executor a few at a time, returned when they are finished.

The executor has the standard library's interface: threads of this process, or the workers of
a cluster. Only the caller writes.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.dynamics.jobs import MOST_THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hopcli.grids.cells import Made, Task
    from hopcli.grids.planning import Planned

_SECONDS_AT_ONCE = 2.0  # of work sent to a worker, if sending is slow
_MOST_AT_ONCE = 256  # cells
_POLL = 0.5  # seconds between two checks of the workers


@dataclass(frozen=True, eq=False)
class Engine:
    """Executor of cells.

    Parameters
    ----------
    executor : Executor
        Runs the work.
    work : callable
        Makes some cells in turn; the executor calls it.
    n_workers : int
        Number of workers.
    chunks : bool
        Send several short cells at once.
    check : callable
        Called while no cell finishes; raises if the workers are gone.
    form : callable
        Converts a cell to the form for `work`, when it is sent.
    """

    executor: Executor
    work: Callable[[tuple[Any, ...]], list[Made]]
    n_workers: int
    chunks: bool = False
    check: Callable[[], None] = lambda: None
    form: Callable[[Any], Any] = lambda cell: cell


@contextlib.contextmanager
def local_engine(n_threads: int) -> Iterator[Engine]:
    """Provide threads of this process, with one cell each; the compiled loops run in parallel.

    On an exception, running cells end soon without effect.

    Parameters
    ----------
    n_threads : int
        Number of threads.
    """
    stopped = threading.Event()
    progress = until(stopped)

    def work(cells: tuple[Planned, ...]) -> list[Made]:
        return [cell.make(progress) for cell in cells]

    n_threads = min(n_threads, MOST_THREADS)
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="cell")
    try:
        yield Engine(pool, work, n_threads)
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


class _StoppedError(BaseException):
    """Runs have been stopped; this is no failure of one."""


def until(stopped: threading.Event) -> Callable[..., None]:
    """Return a progress function that ends its run when an event is set."""

    def progress(*_: int) -> None:
        if stopped.is_set():
            raise _StoppedError

    return progress


def run_cells(cells: Iterable[Planned | Task], engine: Engine) -> Iterator[list[Made]]:
    """Make cells and yield those that finish together, in any order.

    Only enough cells to keep the workers busy are in progress. Yielded results are not kept.

    Parameters
    ----------
    cells : iterable of Planned or Task
        The cells, each taken when it is sent.
    engine : Engine
        The engine.
    """
    left = iter(cells)
    under_way: set[Future[list[Made]]] = set()
    seconds = finished = 0.0
    while True:
        at_once = 1
        if engine.chunks and finished:
            at_once = math.ceil(_SECONDS_AT_ONCE * finished / max(seconds, 1e-9))
            at_once = max(1, min(at_once, _MOST_AT_ONCE))
        while len(under_way) < 2 * engine.n_workers:
            chunk = tuple(map(engine.form, itertools.islice(left, at_once)))
            if not chunk:
                break
            under_way.add(engine.executor.submit(engine.work, chunk))
        if not under_way:
            return
        done, under_way = wait(under_way, timeout=_POLL, return_when=FIRST_COMPLETED)
        if not done:
            engine.check()
        while done:
            # Taken out first: a reference to a future also keeps its result.
            made = done.pop().result()
            seconds += sum(one.seconds for one in made)
            finished += len(made)
            yield made
            del made
