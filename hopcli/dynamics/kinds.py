"""The records of the registries: an update rule, and an order of the sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Loop = Callable[[Any], Callable[[slice], None]]

__all__ = ["Dynamics", "Order"]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An order in which sites are tried.

    Parameters
    ----------
    name : str
        Its key in :data:`ORDERS`.
    description : str
        What it is, in one line.
    code : str
        The constant of :mod:`hopcli._kernels` that makes it.
    each_once : bool
        Whether a sweep tries every site exactly once, in N attempts.
    """

    name: str
    description: str
    code: str
    each_once: bool


@dataclass(frozen=True, slots=True, eq=False)
class Dynamics:
    """An update rule.

    Parameters
    ----------
    name : str
        Its key in :data:`DYNAMICS`.
    description : str
        What an attempt does, in one line.
    loop : callable
        What runs it: takes a :class:`hopcli.dynamics.jobs.Job`, returns what does a chunk.
    codes : mapping of str to str
        What the loop is told at each tie, by the name of the tie: a constant of
        :mod:`hopcli._kernels`. Other ties it cannot be asked for. A rule that decides a
        tie by itself has ``"keep"``, the default, alone.
    orders : tuple of str
        Orders in which it may try the sites, the default first; none if all move at once.
    stochastic : bool
        Whether the temperature matters; a rule without noise always runs at T = 0.
    allows_zero : bool
        Whether a start may have sites that are still 0.
    """

    name: str
    description: str
    loop: Loop
    codes: Mapping[str, str]
    orders: tuple[str, ...]
    stochastic: bool
    allows_zero: bool

    @property
    def order(self) -> str:
        """Default order; ``""`` if all sites move at once."""
        return self.orders[0] if self.orders else ""
