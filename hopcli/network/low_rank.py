"""Energies of couplings of low rank by overlaps, without a matrix of all classes.

Hebbian, pseudo-inverse and Storkey couplings of p patterns are sums of p or 2p outer products.
Where there are many more classes than that, r overlaps replace K fields and K x K couplings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hopcli.network.hamiltonian import Quadratic
from hopcli.network.memory import require
from hopcli.network.products import symmetric_product
from hopcli.records import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MANY = 4000
"""Classes from which on overlaps may replace fields."""

PER_RANK = 16
"""Classes per outer product from which on overlaps replace fields."""

_AT_ONCE = 1 << 18  # factors converted at once


@dataclass(frozen=True, slots=True, eq=False)
class LowRank:
    """Pairs of sites with J = F diag(signs) F^T / divisor: a :class:`Quadratic` by overlaps.

    Parameters
    ----------
    factors : ndarray of int8 or float64, shape (K, r)
        F. For Hebbian couplings the values of the patterns in each class.
    divisor : float
        Divisor of the sum of outer products, > 0.
    signs : ndarray of float64, shape (r,)
        Sign of each outer product, -1 or +1.

    Attributes
    ----------
    own : ndarray of float64, shape (K,)
        Coupling J_aa between two sites of each class.

    Examples
    --------
    The energy of :class:`Quadratic`, as J is -1 between the classes:

    >>> pair = LowRank(np.array([[1], [-1]], np.int8), 1.0, np.ones(1))
    >>> up = np.array([1, 1])
    >>> float(pair.energy(up, occupied=up)), pair.fields(up, up).tolist()
    (1.0, [-1.0, -1.0])
    """

    factors: NDArray[Any]
    divisor: float
    signs: NDArray[np.float64]
    own: NDArray[np.float64] = field(init=False)
    loop: ClassVar[str] = "hopcli.dynamics.overlaps"

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", frozen(np.ascontiguousarray(self.factors)))
        object.__setattr__(self, "signs", frozen(self.signs))
        own = np.empty(self.n_classes)
        for rows, block in self._blocks():
            own[rows] = (block * block) @ self.signs / self.divisor
        object.__setattr__(self, "own", frozen(own))

    def reach(self) -> NDArray[np.float64]:
        """Bound |J_ab| by reach_a reach_b: float64, shape (K,) [Cauchy-Schwarz]."""
        squares = np.empty(self.n_classes)
        for rows, block in self._blocks():
            squares[rows] = np.square(block).sum(axis=1) / self.divisor
        return np.sqrt(squares)

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return len(self.factors)

    @property
    def J(self) -> NDArray[np.float64]:  # noqa: N802 - the field's name
        """All couplings between the classes, float64, shape (K, K), computed anew.

        Raises
        ------
        SizeError
            If the matrix does not fit into memory.
        """
        n_classes = self.n_classes
        work = f"couplings of {n_classes:,} x {n_classes:,} different sites"
        require(16 * n_classes**2, work, "store fewer patterns or smaller images (--size)")
        factors = self.factors.astype(np.float64)
        return symmetric_product(factors * self.signs, factors, self.divisor)

    def overlaps(self, sums: NDArray[Any]) -> NDArray[np.float64]:
        """Sum the factors over all sites, F^T M: float64, shape (..., r)."""
        found = np.zeros((*sums.shape[:-1], self.factors.shape[1]))
        for rows, block in self._blocks():
            found += sums[..., rows] @ block
        return found

    def gram(self, sizes: NDArray[Any]) -> NDArray[np.float64]:
        """Sum the products of factors over all sites, F^T diag(sizes) F: float64, shape (r, r)."""
        found = np.zeros(2 * self.factors.shape[1:])
        for rows, block in self._blocks():
            found += (block.T * sizes[rows]) @ block
        return found

    def energy(
        self, sums: NDArray[np.integer], occupied: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Energy of states, see :meth:`Hamiltonian.energy`."""
        pairs = self.overlaps(sums) ** 2 @ self.signs / self.divisor
        energies: NDArray[np.float64] = -0.5 * (pairs - occupied @ self.own)  # no S_i^2
        return energies

    def fields(
        self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = slice(None)
    ) -> NDArray[np.float64]:
        """Field on sites, see :meth:`Hamiltonian.fields`."""
        overlaps = self.overlaps(sums.reshape(-1, self.n_classes)) * self.signs / self.divisor
        of_classes = np.empty((len(overlaps), self.n_classes))
        for rows, block in self._blocks():
            of_classes[:, rows] = overlaps @ block.T
        of_sites = of_classes.reshape(sums.shape)[..., classes]
        fields: NDArray[np.float64] = of_sites - self.own[classes] * spins
        return fields

    def _blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the factors of some classes at a time."""
        n = max(1, _AT_ONCE // max(1, self.factors.shape[1]))
        for first in range(0, self.n_classes, n):
            rows = slice(first, first + n)
            yield rows, self.factors[rows].astype(np.float64)


def is_low(n_classes: int, rank: int) -> bool:
    """Return whether overlaps replace the fields of K classes for couplings of this rank."""
    return n_classes >= MANY and 0 < PER_RANK * rank <= n_classes


def couple(factors: NDArray[Any], divisor: float) -> Quadratic | LowRank:
    """Make the energy of J = F F^T / divisor: by overlaps for many classes and a low rank.

    Parameters
    ----------
    factors : ndarray of int8 or float64, shape (K, r)
        F; it becomes read-only.
    divisor : float
        Divisor of the sum of outer products, > 0.
    """
    if is_low(*factors.shape):
        factors.flags.writeable = False  # so that the record need not copy it
        return LowRank(factors, divisor, np.ones(factors.shape[1]))
    whole = factors.astype(np.float64)
    return Quadratic(symmetric_product(whole, whole, divisor))
