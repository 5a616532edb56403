"""Synchronous updates at T = 0: whole classes move together, so NumPy is fast enough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hopcli.dynamics.jobs import Job
from hopcli.dynamics.states import STABLE, TWO_CYCLE
from hopcli.observables import TIE, class_sums
from hopcli.records import Ints, Spins

AT_TIE = {"SIGN_KEEP": 0, "SIGN_UP": 1, "SIGN_DOWN": -1}
"""Value of a site at a tie, by the code of the rule; 0: it keeps its value."""


def start(job: Job) -> Callable[[slice], None]:
    """Prepare to run a job synchronously.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    callable
        Runs a chunk of the chains, in place.
    """
    return lambda chunk: _run(job, chunk, AT_TIE[job.rule.codes[job.tie]])


def _run(job: Job, chunk: slice, at_tie: int) -> None:
    """Run the chains of a chunk.

    Sites of one class with the same start value stay equal for ever. So a chain is the value
    of each (start value, class), without its sites.
    """
    start = job.spins[chunk]
    counts = np.stack(
        [class_sums((start == value).view(np.int8), job.network) for value in (-1, 0, 1)], axis=1
    )
    origin = np.array([-1, 0, 1], np.int8)[:, np.newaxis]
    values = np.where(counts > 0, origin, np.int8(0))
    previous = values.copy()
    n_sweeps = len(job.temperatures)
    record = job.sums[chunk]  # without columns if nothing is recorded
    sweeps, status = job.sweeps[chunk], job.status[chunk]
    running = np.arange(len(start))
    for step in range(n_sweeps + 1):
        now = values[running]
        sums = np.sum(counts[running] * now, axis=1)
        if record.size:
            record[running, step:] = sums[:, np.newaxis]
        new = _step(job, now, sums, at_tie)
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
        # A chain in a cycle ends in the phase of the last sweep.
        odd = (n_sweeps - step - 1) % 2 == 1
        if record.size:
            for phase, later in ((new, step + 1), (now, step + 2)):
                sums = np.sum(counts[running[cycle]] * phase[cycle], axis=1)
                record[running[cycle], later::2] = sums[:, np.newaxis]
        if odd:
            values[running[cycle]] = now[cycle]
        running = running[~cycle]
        if not len(running):
            break
    job.ends[chunk] = np.sum(counts * values, axis=1)
    for c in range(len(start)):
        start[c] = values[c][start[c] + 1, job.network.site_class]


def _step(job: Job, now: Spins, sums: Ints, at_tie: int) -> Spins:
    """Return values after a step, shape (chains, 3, K) as `now`, from class sums, (chains, K)."""
    field = job.network.hamiltonian.fields(sums[:, np.newaxis], now) - job.network.theta
    new = now.copy() if at_tie == 0 else np.full_like(now, at_tie)
    new[field > TIE] = 1
    new[field < -TIE] = -1
    return new
