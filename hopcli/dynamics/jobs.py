"""One call of :func:`hopcli.dynamics.run`, laid out for the kernels and cut into chunks.

Also the synchronous rule, which needs no compiled loop.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import numpy as np

from hopcli import _kernels
from hopcli.dynamics import STABLE, TWO_CYCLE
from hopcli.errors import SettingError
from hopcli.observables import class_sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.storage import Couplings

RULES = {
    "metropolis": _kernels.METROPOLIS,
    "glauber": _kernels.GLAUBER,
    "keep": _kernels.SIGN_KEEP,
    "up": _kernels.SIGN_UP,
    "down": _kernels.SIGN_DOWN,
}
"""Codes of the rules; the sign rule goes by what it does at a tie."""

ORDERS = {
    "random": _kernels.RANDOM,
    "permutation": _kernels.PERMUTATION,
    "fixed": _kernels.FIXED,
    "given": _kernels.GIVEN,
}
"""Codes of the orders."""

CHUNK_ATTEMPTS = 1 << 22
"""A chunk of chains is about this many attempts: some milliseconds."""

PATIENCE = 8.0
"""Attempts scanned in the time that an event of the rejection-free part takes, a class."""

SEARCH = 0.5
"""The same for finding the site of an event, a member of its class (N / K of them)."""


def _processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _patience(n_sites: int, n_classes: int) -> int:
    """Attempts without a flip before waiting is worth its price; 0 and NEVER force it."""
    if PATIENCE == 0:
        return 0
    return int(min(PATIENCE * n_classes + SEARCH * n_sites / n_classes, _kernels.NEVER))


def lay_out(couplings: Couplings) -> _kernels.Network:
    """Lay out the couplings for the kernels, also as whole numbers of a small unit."""
    n_classes = couplings.n_classes
    reach = float(np.max(np.abs(couplings.J) @ couplings.class_sizes + np.abs(couplings.theta)))
    # A level is a field and an own share: below 2 reach, and 2^30 units hold it.
    unit = 2.0 ** (math.ceil(math.log2(max(reach, 1e-3))) - 29)
    width = -(-n_classes // _kernels.LANES) * _kernels.LANES
    steps = np.zeros((n_classes, width), np.int32)
    np.rint(couplings.J / unit, out=steps[:, :n_classes], casting="unsafe")
    return _kernels.Network(
        np.array(couplings.site_class, dtype=np.int32),
        np.argsort(couplings.site_class, kind="stable").astype(np.uint32),
        np.concatenate([[0], np.cumsum(couplings.class_sizes)]),
        np.array(couplings.J, order="C"),
        np.array(couplings.theta),
        steps,
        unit,
        # Half a unit each: N spins, the own share, the threshold; and float64 roundings.
        slack=0.5 * (couplings.n_sites + 4) * unit,
    )


class Job:
    """The arrays of one call: what the kernels read, and where they write."""

    def __init__(
        self,
        couplings: Couplings,
        spins: NDArray[np.int8],
        seeds: NDArray[np.uint64],
        *,
        temperatures: NDArray[np.float64],
        attempts: int,
        rule: str = "metropolis",
        order: str,
        given: NDArray[np.uint32] | None = None,
        settle: int | None = None,
        record: bool = False,
    ) -> None:
        self.network = lay_out(couplings)
        self.protocol = _kernels.Protocol(
            RULES[rule],
            ORDERS.get(order, _kernels.GIVEN),
            attempts,
            _patience(couplings.n_sites, couplings.n_classes),
            len(temperatures) if settle is None else settle,
        )
        self.all_at_once = order == "all at once"
        self.couplings = couplings
        self.spins = spins
        self.seeds = seeds
        self.temperatures = temperatures
        self.given = np.empty((len(spins), 0), np.uint32) if given is None else given
        self.sweeps = np.zeros(len(spins), np.int64)
        self.status = np.zeros(len(spins), np.uint8)
        columns = couplings.n_classes if record else 0
        self.sums = np.zeros((len(spins), len(temperatures) + 1, columns), np.int32)
        self.cancelled = np.zeros(1, np.uint8)

    def run(
        self,
        threads: int | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        """Do the chains in chunks, on plain threads: the kernels release the GIL."""
        threads = _processors() if threads is None else threads
        if threads < 1:
            raise SettingError("threads", "must be at least 1", threads)
        n_chains = len(self.spins)
        of_a_chain = max(1, self.protocol.attempts * len(self.temperatures))
        size = max(1, min(math.ceil(n_chains / (4 * threads)), CHUNK_ATTEMPTS // of_a_chain))
        chunks = [slice(c, min(c + size, n_chains)) for c in range(0, n_chains, size)]
        with ThreadPoolExecutor(threads) as pool:
            try:
                futures = {pool.submit(self._do, chunk): chunk for chunk in chunks}
                for future in as_completed(futures):
                    future.result()
                    if progress is not None:
                        progress(futures[future].stop - futures[future].start)
            except BaseException:
                # Also on Ctrl-C: what runs ends with its sweep, the rest never starts.
                self.cancelled[0] = 1
                pool.shutdown(cancel_futures=True)
                raise

    def _do(self, chunk: slice) -> None:
        # Draws wrap around 2^64 by design, and a tiny probability may become 0.
        with np.errstate(over="ignore", under="ignore"):
            (_all_sites_at_once if self.all_at_once else _one_site_at_a_time)(self, chunk)


def _one_site_at_a_time(job: Job, chunk: slice) -> None:
    """Run the chains of a chunk with the compiled loop."""
    spins = job.spins[chunk]
    for array in (job.spins, job.given, job.sums, job.network.J, job.network.steps):
        assert array.flags.c_contiguous
    _kernels.run_chains(
        job.network,
        job.protocol,
        spins,
        job.seeds[chunk],
        job.temperatures,
        job.given[chunk],
        job.sweeps[chunk],
        job.status[chunk],
        job.sums[chunk],
        job.cancelled,
    )


def _all_sites_at_once(job: Job, chunk: slice) -> None:
    """Run the chains of a chunk synchronously, at T = 0.

    Sites of one class that start with one value stay equal for ever, so a chain is
    the value of each (start value, class) and never looks at its sites.
    """
    start = job.spins[chunk]
    counts = np.stack(
        [class_sums((start == value).view(np.int8), job.couplings) for value in (-1, 0, 1)], axis=1
    )
    origin = np.array([-1, 0, 1], np.int8)[:, np.newaxis]
    values = np.where(counts > 0, origin, np.int8(0))
    previous = values.copy()
    own = np.diag(job.network.J)
    n_sweeps = len(job.temperatures)
    record = job.sums[chunk]  # without columns if nothing is recorded
    sweeps, status = job.sweeps[chunk], job.status[chunk]
    running = np.arange(len(start))
    for step in range(n_sweeps + 1):
        now = values[running]
        field = np.sum(counts[running] * now, axis=1)
        if record.size:
            record[running, step:] = field[:, np.newaxis]
        field = (field @ job.network.J - job.network.theta)[:, np.newaxis] - own * now
        if job.protocol.rule == _kernels.SIGN_KEEP:
            new = now.copy()
        else:
            new = np.full_like(now, 1 if job.protocol.rule == _kernels.SIGN_UP else -1)
        new[field > _kernels.TIE] = 1
        new[field < -_kernels.TIE] = -1
        new[counts[running] == 0] = 0

        stable = np.all(new == now, axis=(1, 2)) & (step >= min(1, n_sweeps))
        status[running[stable]] = STABLE
        if step == n_sweeps or job.cancelled[0]:
            break
        running, now, new = running[~stable], now[~stable], new[~stable]
        sweeps[running] = step + 1
        cycle = np.all(new == previous[running], axis=(1, 2)) & (step >= 1)
        status[running[cycle]] = TWO_CYCLE
        previous[running], values[running] = now, new
        if record.size:
            record[running[cycle], step + 1 :] = np.sum(
                counts[running[cycle]] * new[cycle], axis=1
            )[:, np.newaxis]
        running = running[~cycle]
        if not len(running):
            break
    for c in range(len(start)):
        start[c] = values[c][start[c] + 1, job.network.site_class]
