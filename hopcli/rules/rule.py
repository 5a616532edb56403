"""What a storage rule is: how it learns, what can be set, and how much it holds in theory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.kinds import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from hopcli.kinds import Kind
    from hopcli.network import Hamiltonian

QUANTITIES = ("all_fixed", "fixed", "overlap")
"""What a capacity can be of: loads up to which all patterns of a draw are fixed points, most
of them are, or overlaps with them stay near 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a rule works from, by site class.

    Parameters
    ----------
    columns : ndarray of float64, shape (K, p)
        The values that the p patterns, -1 or +1, take on the sites of each class, in
        the order in which they are stored.
    sizes : ndarray of float64, shape (K,)
        Number of sites in each class.
    before : ndarray of float64, shape (K, K)
        Couplings that hold the first `known` patterns; zeros if there are none.
    known : int
        Number of patterns that an incremental rule finds stored; 0 for the others.
    """

    columns: NDArray[np.float64]
    sizes: NDArray[np.float64]
    before: NDArray[np.float64]
    known: int

    @property
    def n_sites(self) -> float:
        """Number of spins N, as a number to divide by."""
        return float(self.sizes.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """Something that can be set about a rule.

    Parameters
    ----------
    kind : Kind
        Which values it may have; the option is made of it.
    default : object
        Its value if none is given.
    help : str
        What it does, for the help of the commands.
    axis : str
        Text on an axis; empty for its name.
    """

    kind: Kind
    default: Any
    help: str
    axis: str = ""


def _unknown(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Capacity of a rule of which it is not known."""
    return {}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A storage rule.

    Parameters
    ----------
    name : str
        Its key in :data:`hopcli.rules.RULES`.
    description : str
        What it does, in one line.
    learn : callable
        Takes a :class:`Task` and the rule's parameters by name; returns the energy of the
        class sums, a :class:`hopcli.network.Hamiltonian`. The diagonal of a
        :class:`hopcli.network.Quadratic` couples different sites of one class.
    parameters : mapping of str to Parameter
        What can be set, by name; the names are the keywords of `learn`.
    incremental : bool
        Whether it goes on from the couplings of earlier patterns.
    exact : bool
        Whether patterns are fixed points, whatever they are, wherever the rule stores them.
    capacity : callable
        Takes the number of spins N >= 2 and the rule's parameters by name; returns the
        loads p / N up to which the rule holds random patterns in theory, by what holds so
        far, one of :data:`hopcli.rules.rule.QUANTITIES`; none where that is not known.
    """

    name: str
    description: str
    learn: Callable[..., Hamiltonian]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    incremental: bool = False
    exact: bool = False
    capacity: Callable[..., Mapping[str, float]] = _unknown

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check given parameters and add the defaults of the others.

        Parameters
        ----------
        given : mapping of str to object
            Parameters by name.

        Returns
        -------
        dict of str to object
            A value for every parameter of the rule.

        Raises
        ------
        SettingError
            If the rule has no such parameter, or the value is out of its range.
        """
        for name, value in given.items():
            if name not in self.parameters:
                has = ", ".join(self.parameters) or "none"
                rule = f"is no parameter of the rule {self.name!r} (it has: {has})"
                raise SettingError(name, rule, value)
        values = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, value in given.items():
            values[name] = checked(self.parameters[name].kind, name, value)
        return values
