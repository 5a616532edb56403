"""One call of :func:`hopcli.dynamics.run`: its arrays, cut into chunks for the threads.

The loops, :mod:`hopcli.dynamics.sites` and :mod:`hopcli.dynamics.sync`, work on the chunks.

"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from hopcli.dynamics.registry import Dynamics, Order
from hopcli.dynamics.states import FinalStates
from hopcli.errors import SettingError
from hopcli.network import Network
from hopcli.records import Floats, Ints, NDArray, Seeds, Spins

MOST_THREADS = 256
"""Most threads; more would only wait for each other, or could not be started."""

CHUNK_ATTEMPTS = 1 << 22
"""Approximate number of attempts in a chunk of chains: some milliseconds."""


_sharing: set[int] = set()  # threads that make runs at the same time


def processors() -> int:
    """Count the processors that a run may use: its share if several are made at the same time."""
    known = hasattr(os, "sched_getaffinity")
    n_all = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    return max(1, n_all // max(1, len(_sharing)))


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Make a run on this thread while other threads make other runs."""
    _sharing.add(threading.get_ident())
    try:
        yield
    finally:
        _sharing.discard(threading.get_ident())


@dataclass(slots=True, eq=False)
class Job:
    """Arrays of one call: inputs and outputs of the loops.

    Parameters
    ----------
    network : Network
        The network.
    spins : ndarray of int8, shape (chains, N)
        Starts, C-contiguous; changed in place into the final states.
    seeds : ndarray of uint64, shape (chains,)
        One seed per chain.
    rule : Dynamics
        The update rule.
    tie : str
        A key of the rule's codes.
    order : Order or None
        Order in which the sites are tried; None if all move at once.
    temperatures : ndarray of float64, shape (sweeps,)
        Temperature of every sweep.
    attempts : int
        Attempts in a sweep.
    settle : int
        From the end of sweep `settle` (counted from 0) on, a stable chain stops.
    given : ndarray of uint32, shape (chains, sweeps * attempts), optional
        Site of every attempt, if the order is the given one.
    record : bool
        Keep the class sums of every sweep.
    most : int
        Attempts of a chain at most, to stop within its last sweep.

    Attributes
    ----------
    sweeps, status : ndarray of int64 and uint8, shape (chains,)
        Filled by the loop, see :class:`hopcli.dynamics.FinalStates`.
    ends : ndarray of int32, shape (chains, K)
        Class sums of the final states.
    sums : ndarray of int32, shape (chains, sweeps + 1, K or 0)
        Class sums of every sweep, without columns if nothing is recorded.
    cancelled : ndarray of uint8, shape (1,)
        Any value except 0 makes the loop end after its sweep.
    """

    network: Network
    spins: Spins
    seeds: Seeds
    rule: Dynamics
    tie: str
    order: Order | None
    temperatures: Floats
    attempts: int
    settle: int
    given: NDArray[np.uint32] | None = None
    record: bool = False
    most: int = sys.maxsize
    sweeps: Ints = field(init=False)
    status: NDArray[np.uint8] = field(init=False)
    ends: NDArray[np.int32] = field(init=False)
    sums: NDArray[np.int32] = field(init=False)
    cancelled: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        n_chains, n_sweeps = len(self.spins), len(self.temperatures)
        n_classes = self.network.n_classes
        self.sweeps = np.zeros(n_chains, np.int64)
        self.status = np.zeros(n_chains, np.uint8)
        self.ends = np.zeros((n_chains, n_classes), np.int32)
        self.sums = np.zeros((n_chains, n_sweeps + 1, n_classes if self.record else 0), np.int32)
        self.cancelled = np.zeros(1, np.uint8)

    def run(self, threads: int | None, progress: Callable[[int], None] | None) -> None:
        """Run the chains in chunks, on plain threads: the loops release the GIL.

        The calling thread is one of them, unless it is the main one, which must receive interrupts.
        """
        threads = processors() if threads is None else threads
        if not threads >= 1:  # also false for nan
            raise SettingError("threads", "must be at least 1", threads)
        threads = int(min(threads, MOST_THREADS))
        loop = self.rule.loop or self.network.hamiltonian.loop
        do: Callable[[slice], None] = import_module(loop).start(self)
        if progress is not None:
            progress(0)  # compilation is finished
        if threads == 1 and threading.current_thread() is not threading.main_thread():
            for chunk in self._chunks(1):
                _quietly(do, chunk)
                if progress is not None:
                    progress(chunk.stop - chunk.start)
            return
        with ThreadPoolExecutor(threads) as pool:
            try:
                futures = {pool.submit(_quietly, do, c): c for c in self._chunks(4 * threads)}
                for future in as_completed(futures):
                    future.result()
                    if progress is not None:
                        progress(futures[future].stop - futures[future].start)
            except BaseException:
                # Also on Ctrl-C: running chunks end after their sweep, the rest never starts.
                self.cancelled[0] = 1
                pool.shutdown(cancel_futures=True)
                raise

    def _chunks(self, fewest: int) -> list[slice]:
        n_chains = len(self.spins)
        of_a_chain = max(1, self.attempts * len(self.temperatures))
        size = max(1, min(math.ceil(n_chains / fewest), CHUNK_ATTEMPTS // of_a_chain))
        return [slice(c, min(c + size, n_chains)) for c in range(0, n_chains, size)]

    def final_states(self) -> FinalStates:
        """Return the final states, whose arrays become read-only."""
        for array in (self.spins, self.sweeps, self.status, self.ends, self.sums):
            array.flags.writeable = False  # so that the record need not copy them
        sums = self.sums if self.record else None
        return FinalStates(self.spins, self.sweeps, self.status, self.ends, sums)


def _quietly(do: Callable[[slice], None], chunk: slice) -> None:
    # Draws wrap around 2^64 by design, and a tiny probability may become 0.
    with np.errstate(over="ignore", under="ignore"):
        do(chunk)
