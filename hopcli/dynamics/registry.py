"""The registries: update rules, orders of the sites, and ties.

An entry may name the module of its loop; otherwise the network's energy does. Either is imported
when the loop starts, as the compiled loop imports numba.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Order in which sites are tried.

    Parameters
    ----------
    name : str
        Key in :data:`ORDERS`.
    description : str
        Description in one line.
    code : str
        Constant of :mod:`hopcli._kernels` for this order.
    """

    name: str
    description: str
    code: str

    @property
    def each_once(self) -> bool:
        """True if a sweep tries every site exactly once, in N attempts."""
        return self.code in ("PERMUTATION", "FIXED")


@dataclass(frozen=True, slots=True, eq=False)
class Dynamics:
    """Update rule.

    Parameters
    ----------
    name : str
        Key in :data:`DYNAMICS`.
    description : str
        Description of an attempt, in one line.
    codes : mapping of str to str
        Constant of :mod:`hopcli._kernels` for each tie that the rule allows, by the name of
        the tie. A rule that decides ties itself has only ``"keep"``, the default.
    orders : tuple of str
        Orders in which it can try the sites, default first; empty if all move at once.
    stochastic : bool
        True if the temperature matters; a rule without noise always runs at T = 0.
    allows_zero : bool
        True if sites of a start may be 0.
    loop : str, optional
        Module whose ``start`` takes a :class:`hopcli.dynamics.jobs.Job` and returns a function
        that runs a chunk of its chains, or raises :class:`hopcli.errors.SettingError`. By default
        it is the module that the Hamiltonian of the network names.
    """

    name: str
    description: str
    codes: Mapping[str, str]
    orders: tuple[str, ...]
    stochastic: bool
    allows_zero: bool
    loop: str | None = None

    @property
    def order(self) -> str:
        """Default order; ``""`` if all sites move at once."""
        return self.orders[0] if self.orders else ""


ORDERS: dict[str, Order] = {
    order.name: order
    for order in (
        Order("random", "drawn with replacement", "RANDOM"),
        Order("permutation", "each once, in a fresh random order", "PERMUTATION"),
        Order("fixed", "each once, 0 to N - 1", "FIXED"),
    )
}
"""Orders by name."""

GIVEN = Order("given", "one site per attempt, as given by the caller", "GIVEN")
"""Order of a replay; it needs the sites, so it has no public name."""

TIES: dict[str, str] = {
    "keep": "the site keeps its value, even 0",
    "up": "the site becomes +1",
    "down": "the site becomes -1",
}
"""Ties: values of the sign rule for a site whose field equals its threshold."""


_SIGN = {"keep": "SIGN_KEEP", "up": "SIGN_UP", "down": "SIGN_DOWN"}

DYNAMICS: dict[str, Dynamics] = {
    record.name: record
    for record in (
        Dynamics(
            "metropolis",
            "flip a site if dE <= 0, else with probability exp(-dE / T)",
            {"keep": "METROPOLIS"},
            ("random", "permutation", "fixed"),
            stochastic=True,
            allows_zero=False,
        ),
        Dynamics(
            "glauber",
            "heat bath: set a site to +1 with probability 1 / (1 + exp(-2 (h - theta) / T))",
            {"keep": "GLAUBER"},
            ("random", "permutation", "fixed"),
            stochastic=True,
            allows_zero=True,
        ),
        Dynamics(
            "async",
            "set a site to the sign of h - theta, one site at a time",
            _SIGN,
            ("random", "permutation", "fixed"),
            stochastic=False,
            allows_zero=True,
        ),
        Dynamics(
            "sync",
            "set all sites at once to the sign of h - theta",
            _SIGN,
            (),
            stochastic=False,
            allows_zero=True,
            loop="hopcli.dynamics.sync",
        ),
    )
}
"""Update rules by name."""
