"""The registries: update rules, orders of the sites, and what happens at a tie.

An entry names what runs: a loop, and what the loop is told. A loop lives in a module of
its own, which is imported when it starts, for the compiled one brings numba. It takes a
:class:`hopcli.dynamics.jobs.Job` and returns what does a chunk of its chains; what it
cannot do as the entry says it refuses with a :class:`hopcli.errors.SettingError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.dynamics.kinds import Dynamics, Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.dynamics.jobs import Job

__all__ = ["DYNAMICS", "GIVEN", "ORDERS", "TIES"]


ORDERS: dict[str, Order] = {
    order.name: order
    for order in (
        Order("random", "drawn with replacement", "RANDOM", each_once=False),
        Order("permutation", "each once, in a fresh random order", "PERMUTATION", each_once=True),
        Order("fixed", "each once, 0 to N - 1", "FIXED", each_once=True),
    )
}
"""The orders by name."""

GIVEN = Order("given", "one site an attempt, as the caller says", "GIVEN", each_once=False)
"""What a replay uses; it needs the sites, so it cannot be asked for by name."""

TIES: dict[str, str] = {
    "keep": "the site keeps its value, even 0",
    "up": "the site becomes +1",
    "down": "the site becomes -1",
}
"""What the sign rule may do with a site whose field equals its threshold."""


def _sites(job: Job) -> Callable[[slice], None]:
    """Try one site at a time: the compiled loop."""
    from hopcli.dynamics import sites

    return sites.start(job)


def _sync(job: Job) -> Callable[[slice], None]:
    """Move all sites at once, at T = 0."""
    from hopcli.dynamics import sync

    return sync.start(job)


_SIGN = {"keep": "SIGN_KEEP", "up": "SIGN_UP", "down": "SIGN_DOWN"}

DYNAMICS: dict[str, Dynamics] = {
    record.name: record
    for record in (
        Dynamics(
            "metropolis",
            "flip a site if dE <= 0, else with probability exp(-dE / T)",
            _sites,
            {"keep": "METROPOLIS"},
            ("random", "permutation", "fixed"),
            stochastic=True,
            allows_zero=False,
        ),
        Dynamics(
            "glauber",
            "heat bath: set a site to +1 with probability 1 / (1 + exp(-2 (h - theta) / T))",
            _sites,
            {"keep": "GLAUBER"},
            ("random", "permutation", "fixed"),
            stochastic=True,
            allows_zero=True,
        ),
        Dynamics(
            "async",
            "set a site to the sign of h - theta, one site at a time",
            _sites,
            _SIGN,
            ("random", "permutation", "fixed"),
            stochastic=False,
            allows_zero=True,
        ),
        Dynamics(
            "sync",
            "set all sites at once to the sign of h - theta",
            _sync,
            _SIGN,
            (),
            stochastic=False,
            allows_zero=True,
        ),
    )
}
"""The update rules by name."""
