"""The energy of a network as a function of its class sums.

Observables, closed forms and loops use only the two methods of :class:`Hamiltonian`. Another
energy needs a class with these methods in a file of this package, a rule in
:mod:`hopcli.rules` that returns it, and a loop that updates one site at a time.
Thresholds belong to the :class:`hopcli.network.Network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from hopcli.network.products import asymmetry
from hopcli.records import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDING = 1e-9  # largest allowed difference between J and its transpose


class Hamiltonian(Protocol):
    """An energy of the class sums M_a = sum_{i in a} S_i, without thresholds.

    Attributes
    ----------
    n_classes : int
        Number of site classes K.
    loop : str
        Module whose ``start(job)`` prepares the update of one site at a time, see
        :func:`hopcli.dynamics.sites.start`.
    """

    loop: ClassVar[str]

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""

    def energy(
        self, sums: NDArray[np.integer], occupied: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Energy of states.

        Parameters
        ----------
        sums : ndarray of int, shape (..., K)
            Class sums.
        occupied : ndarray of int, shape (..., K)
            Sites of each class that are not 0.

        Returns
        -------
        ndarray of float64, shape (...)
            Energies, dimensionless (k_B = 1).
        """

    def fields(
        self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = ...
    ) -> NDArray[np.float64]:
        """Field on sites: half the energy difference between states -1 and +1 of a site.

        A flip of a site changes the energy by 2 S_i (h_i - theta_i).

        Parameters
        ----------
        sums : ndarray of int or float, shape (..., K)
            Class sums; in mean field, class sums of magnetisations.
        spins : ndarray of int or float, shape (..., sites)
            Value of each site, included in the sum of its class.
        classes : ndarray of int, shape (sites,), optional
            Class of each site; by default one site of each class.

        Returns
        -------
        ndarray of float64, shape (..., sites)
            Fields, dimensionless.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Quadratic:
    """Pairs of sites: H = -1/2 sum_{i != j} W_ij S_i S_j [ZG eq. 4].

    Parameters
    ----------
    J : ndarray of float64, shape (K, K)
        Symmetric coupling between a site of one class and another site of another
        (or the same) class: W_ij = J[a, b] for sites i of class a and j != i of class b.

    Raises
    ------
    ValueError
        If J is not square or not symmetric.

    Examples
    --------
    One site of each of two classes, coupled by -1, both up:

    >>> pair = Quadratic(np.array([[0.0, -1.0], [-1.0, 0.0]]))
    >>> up = np.array([1, 1])
    >>> float(pair.energy(up, occupied=up)), pair.fields(up, up).tolist()
    (1.0, [-1.0, -1.0])
    """

    J: NDArray[np.float64]
    loop: ClassVar[str] = "hopcli.dynamics.sites"

    def __post_init__(self) -> None:
        if self.J.ndim != 2 or self.J.shape[0] != self.J.shape[1]:
            raise ValueError(f"J {self.J.shape} must be square")
        if not asymmetry(self.J) <= _ROUNDING:  # neither is NaN
            raise ValueError("J must be symmetric")
        object.__setattr__(self, "J", frozen(self.J))

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return len(self.J)

    def energy(
        self, sums: NDArray[np.integer], occupied: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Energy of states, see :meth:`Hamiltonian.energy`."""
        m = sums.astype(np.float64)
        pairs = ((m @ self.J) * m).sum(axis=-1)
        energies: NDArray[np.float64] = -0.5 * (pairs - occupied @ np.diag(self.J))  # no S_i^2
        return energies

    def fields(
        self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = slice(None)
    ) -> NDArray[np.float64]:
        """Field on sites, see :meth:`Hamiltonian.fields`."""
        # One product of two matrices for any number of axes: many small ones take longer.
        of_classes = (sums.reshape(-1, self.n_classes) @ self.J).reshape(sums.shape)
        fields: NDArray[np.float64] = of_classes[..., classes] - np.diag(self.J)[classes] * spins
        return fields
