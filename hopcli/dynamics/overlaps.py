"""Single-site updates by overlaps: a job prepared for :mod:`hopcli._kernels.overlaps`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hopcli._kernels import NEVER, Protocol, overlaps
from hopcli._loading import announced
from hopcli.dynamics.jobs import Job
from hopcli.dynamics.sites import bind, order_code, rule_code


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
    protocol = Protocol(rule_code(job), order_code(job), job.attempts, NEVER, job.settle, job.most)
    n_classes, rank = pairs.factors.shape

    def new_state() -> overlaps.State:
        return overlaps.State(
            np.empty(rank),
            np.empty(n_classes),
            np.empty(n_classes + 1),
            np.empty(job.network.n_sites, np.uint32),
        )

    with announced("compiling the loop for many sites: some seconds"):
        return bind(job, overlaps.run_chains, network, protocol, new_state)
