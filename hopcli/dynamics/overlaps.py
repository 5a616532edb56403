"""Single-site updates by overlaps: a job prepared for :mod:`hopcli._kernels.overlaps`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hopcli._kernels import NEVER, overlaps
from hopcli._loading import announced
from hopcli.dynamics.jobs import Job
from hopcli.dynamics.sites import bind, protocol_of


def start(job: Job) -> Callable[[slice], None]:
    """Prepare a job, see :func:`hopcli.dynamics.sites.start`; the couplings have a low rank."""
    pairs: Any = job.network.hamiltonian  # a LowRank, which names this loop
    network = overlaps.Factors(
        job.network.site_class.astype(np.uint32),
        pairs.factors,
        np.array(pairs.signs),
        1.0 / pairs.divisor,
        np.array(pairs.own),
        pairs.reach(),
        np.array(job.network.theta),
    )
    n_classes, rank = pairs.factors.shape

    def new_state() -> overlaps.State:
        sites = np.empty(job.network.n_sites, np.uint32)
        return overlaps.State(np.empty(rank), np.empty(n_classes), np.empty(n_classes + 1), sites)

    with announced("compiling the loop for many sites: some seconds"):
        return bind(job, overlaps.run_chains, network, protocol_of(job, NEVER), new_state)
