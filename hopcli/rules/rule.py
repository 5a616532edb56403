"""Storage rules: their learning function, parameters and theoretical capacity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.kinds import Kind, checked
from hopcli.records import Floats, Spins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hopcli.network import Hamiltonian

QUANTITIES = ("all_fixed", "fixed", "overlap")
"""Criteria of a capacity: all patterns of a draw are fixed points, most patterns are, or
overlaps with them stay near 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Input of a storage rule, by site class.

    Parameters
    ----------
    xi : ndarray of int8, shape (K, p)
        Values of the p patterns, -1 or +1, on the sites of each class, in storage order.
    sizes : ndarray of float64, shape (K,)
        Number of sites in each class.
    before : ndarray of float64, shape (K, K), or None
        Couplings that store the first `known` patterns; None if there are none.
    known : int
        Number of patterns already stored, for an incremental rule; otherwise 0.
    """

    xi: Spins
    sizes: Floats
    before: Floats | None
    known: int

    @property
    def columns(self) -> Floats:
        """The values of the patterns as float64, shape (K, p), converted anew."""
        return self.xi.astype("float64")

    @property
    def n_sites(self) -> float:
        """Number of spins N, as a float."""
        return float(self.sizes.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """Parameter of a storage rule.

    Parameters
    ----------
    kind : Kind
        Allowed values; the option is built from it.
    default : object
        Default value.
    help : str
        Description in the help of the commands.
    axis : str
        Text on an axis; if empty, the name is used.
    newer : bool
        Whether manifests omit its default, as the parameter is newer than other runs.
    """

    kind: Kind
    default: Any
    help: str
    axis: str = ""
    newer: bool = False


def _unknown(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return no capacity, for rules without a known one."""
    return {}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A storage rule.

    Parameters
    ----------
    name : str
        Its key in :data:`hopcli.rules.RULES`.
    description : str
        Description in one line.
    learn : callable
        Takes a :class:`Task` and the rule's parameters by name; returns the energy of the
        class sums, a :class:`hopcli.network.Hamiltonian`. The diagonal of a
        :class:`hopcli.network.Quadratic` couples different sites of one class.
    parameters : mapping of str to Parameter
        Parameters by name; the names are the keywords of `learn`.
    gives_diagonal : bool
        Whether its formula also gives W_ii, as the coupling J_aa of a class.
    rank : int
        Rank of the couplings per pattern, for rules that give overlaps for many classes, see
        :func:`hopcli.network.is_low`; 0 for others.
    incremental : bool
        Whether it continues from the couplings of earlier patterns.
    exact : bool
        Whether all patterns that the rule stores are fixed points.
    capacity : callable
        Takes the number of spins N >= 2 and the rule's parameters by name. Returns the
        theoretical capacities for random patterns, as loads p / N by criterion (one of
        :data:`hopcli.rules.rule.QUANTITIES`); empty if they are not known.
    """

    name: str
    description: str
    learn: Callable[..., Hamiltonian]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    gives_diagonal: bool = False
    rank: int = 0
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
            If a parameter is unknown or its value is out of range.
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
