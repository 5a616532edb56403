"""Single-site updates: a job prepared for the compiled loop of :mod:`hopcli._kernels`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hopcli import _kernels
from hopcli._kernels import chains
from hopcli._loading import announced
from hopcli.dynamics.jobs import Job
from hopcli.network import Network

PATIENCE = 64.0
"""Number of attempts that take as long as one event of the rejection-free part."""

CLASSES = 64.0
"""This many more classes double the time of an event, as each class is weighed."""

SITES = 5000.0
"""The same number of sites, as one is searched for among all of them."""

_ROWS = 256  # rows of couplings prepared at once, to bound the memory


def start(job: Job) -> Callable[[slice], None]:
    """Prepare a job for the compiled loop.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    callable
        Runs a chunk of the chains, in place; releases the GIL.
    """
    wiring = lay_out(job.network)
    # Attempts without a flip before waiting pays; 0 and NEVER force it.
    price = PATIENCE * (1.0 + job.network.n_classes / CLASSES + job.network.n_sites / SITES)
    protocol = protocol_of(job, int(min(price, _kernels.NEVER)))
    assert wiring.J.flags.c_contiguous
    assert wiring.steps.flags.c_contiguous
    with announced("compiling the loops: some ten seconds"):
        return bind(job, _kernels.run_chains, wiring, protocol, lambda: _kernels.new_chain(wiring))


def bind(
    job: Job, loop: Callable[..., None], network: Any, protocol: Any, new_scratch: Callable[[], Any]
) -> Callable[[slice], None]:
    """Bind a compiled loop to the arrays of a job; the loop is loaded on return.

    Parameters
    ----------
    job : Job
        The job.
    loop : callable
        A loop that takes what :func:`hopcli._kernels.fields.run_chains` takes.
    network, protocol : tuple
        Its first two arguments.
    new_scratch : callable
        Makes the scratch of a thread.

    Returns
    -------
    callable
        Runs a chunk of the chains, in place; releases the GIL.
    """
    given = np.empty((len(job.spins), 0), np.uint32) if job.given is None else job.given
    for array in (job.spins, given, job.sums):
        assert array.flags.c_contiguous
    free: list[Any] = []

    def run(chunk: slice) -> None:
        try:
            scratch = free.pop()  # one for every thread
        except IndexError:
            scratch = new_scratch()
        loop(
            network,
            protocol,
            job.spins[chunk],
            job.seeds[chunk],
            job.temperatures,
            given[chunk],
            job.sweeps[chunk],
            job.status[chunk],
            job.ends[chunk],
            job.sums[chunk],
            scratch,
            job.cancelled,
        )
        free.append(scratch)

    run(slice(0, 0))  # no chain: the call only loads the loop
    return run


def protocol_of(job: Job, patience: int) -> _kernels.Protocol:
    """Return the protocol of a job, with the codes of its rule and order."""
    assert job.order is not None
    names = (job.rule.codes[job.tie], job.order.code)
    rule, order = (getattr(chains, name) for name in names)
    return _kernels.Protocol(rule, order, job.attempts, patience, job.settle, job.most)


def lay_out(network: Network) -> _kernels.Wiring:
    """Prepare the couplings for the kernels, also as whole numbers of a small unit."""
    n_classes = network.n_classes
    couplings, sizes = np.ascontiguousarray(network.J), network.class_sizes[:, None]
    couplings.flags.writeable = False  # as those of a record, which are not copied
    # Added row by row, not by the BLAS: a page in a browser must compute the same reach.
    sums = np.zeros(n_classes)
    blocks = [slice(row, row + _ROWS) for row in range(0, n_classes, _ROWS)]
    for rows in blocks:
        sums = np.sum(np.vstack([sums, sizes[rows] * np.abs(couplings[rows])]), axis=0)
    reach = float(np.max(sums + np.abs(network.theta)))
    # A level is a field and its own share: below 2 reach, which 2^30 units cover.
    unit = 2.0 ** (math.ceil(math.log2(max(reach, 1e-3))) - 29)
    width = -(-n_classes // _kernels.LANES) * _kernels.LANES
    steps = _kernels.aligned((n_classes, width), np.int32)
    for rows in blocks:
        np.rint(couplings[rows] / unit, out=steps[rows, :n_classes], casting="unsafe")
    return _kernels.Wiring(
        # Short codes: those of many sites stay in the cache.
        network.site_class.astype(np.uint16 if 3 * width <= 1 << 16 else np.uint32),
        couplings,
        np.array(network.theta),
        steps,
        unit,
        # Half a unit each: N spins, own share, threshold; and float64 rounding.
        slack=0.5 * (network.n_sites + 4) * unit,
    )
