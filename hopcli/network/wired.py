"""Couplings of every pair of sites by hand: also asymmetric ones, or with a diagonal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hopcli.records import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.records import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Wired:
    """Sites that obey h_i = sum_j W_ij S_j with any W, the diagonal included.

    The energy H = -1/2 sum_ij W_ij S_i S_j depends only on the symmetric part of W. Single flips
    at T = 0 never raise it if W is symmetric and no W_ii is negative. Noisy updates use the same
    field, so they have Boltzmann weights only if W is symmetric and has no diagonal.

    Parameters
    ----------
    J : ndarray of float64, shape (N, N)
        W. Every site is a class of its own.

    Examples
    --------
    The first site follows the second, and nothing else:

    >>> follows = Wired(np.array([[0.0, 1.0], [0.0, 0.0]]))
    >>> states = np.array([[1, -1], [-1, -1]])
    >>> follows.fields(states, states).tolist(), follows.energy(states, states).tolist()
    ([[-1.0, 0.0], [-1.0, 0.0]], [0.5, -0.5])
    """

    J: Floats
    loop: ClassVar[str] = "hopcli.dynamics.wired"

    def __post_init__(self) -> None:
        object.__setattr__(self, "J", frozen(self.J))

    @property
    def n_classes(self) -> int:
        """Number of sites N."""
        return len(self.J)

    @property
    def symmetric(self) -> Floats:
        """Symmetric part of W, float64, shape (N, N)."""
        half: Floats = (self.J + self.J.T) / 2
        return half

    def energy(self, sums: NDArray[np.integer], occupied: NDArray[np.integer]) -> Floats:
        """Energy of states, see :meth:`~hopcli.network.Hamiltonian.energy`."""
        del occupied  # a site at 0 has S_i^2 = 0
        energies: Floats = -0.5 * ((sums @ self.J.T) * sums).sum(axis=-1)
        return energies

    def fields(self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = slice(None)) -> Floats:
        """Field on sites with their own share, see :meth:`~hopcli.network.Hamiltonian.fields`."""
        return np.broadcast_to((sums @ self.J.T)[..., classes], np.shape(spins)).copy()
