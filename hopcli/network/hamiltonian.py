"""The energy of a network as a function of its class sums.

Observables, closed forms and loops use only the two methods of :class:`Hamiltonian`. Another
energy needs a class with these methods in a file of this package, a rule in
:mod:`hopcli.rules` that returns it, and a loop that updates one site at a time.
Thresholds belong to the :class:`hopcli.network.Network`.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from hopcli.errors import SizeError
from hopcli.records import Floats, NDArray, Record, frozen

_ROWS = 1024  # rows of a product at a time: enough for BLAS, and soon done
_BLOCK = 256  # rows and columns transposed at a time; such a block fits the cache


def symmetric_product(left: Floats, right: Floats, divisor: float = 1.0) -> Floats:
    """Compute a symmetric product from its upper triangle and the mirror image.

    Parameters
    ----------
    left, right : ndarray of float64, shape (n, p)
        The factors; left @ right.T is symmetric except for rounding.
    divisor : float
        Divisor of the product.

    Returns
    -------
    ndarray of float64, shape (n, n)
        (left @ right.T) / divisor, symmetric to the last bit; read-only.

    Examples
    --------
    >>> x = np.array([[1.0], [2.0]])
    >>> symmetric_product(x, x, 4.0).tolist()
    [[0.25, 0.5], [0.5, 1.0]]
    """
    n = len(left)
    product = np.empty((n, n))
    for top in range(0, n, _ROWS):
        upper = product[top : top + _ROWS, top:]
        np.matmul(left[top : top + _ROWS], right[top:].T, out=upper)
        upper /= divisor
    for rows in _blocks(0, n):
        square = product[rows, rows]
        product[rows, rows] = np.triu(square) + np.triu(square, 1).T
    for rows, columns in _above_the_diagonal(n):
        product[columns, rows] = product[rows, columns].T
    product.flags.writeable = False  # so that a record need not copy it
    return product


def asymmetry(matrix: Floats) -> float:
    """Return the largest difference between a square matrix and its transpose.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Any numbers; with a NaN the result is NaN.

    Examples
    --------
    >>> asymmetry(np.array([[1.0, 2.0], [2.5, 1.0]]))
    0.5
    """
    n, worst = len(matrix), 0.0
    for rows in _blocks(0, n):
        square = matrix[rows, rows]
        worst = np.maximum(worst, np.abs(square - square.T).max())
    for rows, columns in _above_the_diagonal(n):
        difference = matrix[rows, columns] - matrix[columns, rows].T
        worst = np.maximum(worst, np.abs(difference).max())
    return float(worst)


def _blocks(first: int, n: int) -> Iterator[slice]:
    """Yield the blocks of rows or columns from the first to the last of n."""
    return (slice(begin, begin + _BLOCK) for begin in range(first, n, _BLOCK))


def _above_the_diagonal(n: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the square blocks above those on the diagonal."""
    return ((rows, columns) for rows in _blocks(0, n) for columns in _blocks(rows.stop, n))


_log = logging.getLogger("hopcli")

_LARGE = 1e9  # bytes that are announced
_SMALL = 2.5e8  # bytes for which the free memory is not read

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def require(n_bytes: float, work: str, advice: str) -> None:
    """Refuse work that does not fit into the free memory, and announce work that takes much.

    Parameters
    ----------
    n_bytes : float
        Estimate of the memory that the work takes, in bytes.
    work : str
        The work, in the plural.
    advice : str
        What to do instead.

    Raises
    ------
    SizeError
        If less memory is free.
    """
    if n_bytes < _SMALL:
        return
    free = available()
    estimate = f"{work} take about {n_bytes / 1e9:,.1f} GB of memory"
    if n_bytes > free:
        raise SizeError(f"{estimate}, {free / 1e9:,.1f} GB are free; {advice}")
    if n_bytes >= _LARGE:
        _log.info(estimate)


def available() -> float:
    """Return the free memory in bytes: of the machine, and of the group of processes."""
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text(encoding="ascii").splitlines())
        free = 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, LookupError, ValueError):
        free = math.inf  # unknown
        with contextlib.suppress(AttributeError, ValueError):
            free = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:
        most, used = (int((_GROUP / f"memory.{n}").read_text("ascii")) for n in ("max", "current"))
    except (OSError, ValueError):  # no group, or one without a limit
        return free
    return min(free, float(most - used))


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

    def energy(self, sums: NDArray[np.integer], occupied: NDArray[np.integer]) -> Floats:
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

    def fields(self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = ...) -> Floats:
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
class Quadratic(Record):
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

    J: Floats
    loop: ClassVar[str] = "hopcli.dynamics.sites"

    def __post_init__(self) -> None:
        if self.J.ndim != 2 or self.J.shape[0] != self.J.shape[1]:
            raise ValueError(f"J {self.J.shape} must be square")
        if not asymmetry(self.J) <= _ROUNDING:  # neither is NaN
            raise ValueError("J must be symmetric")
        Record.__post_init__(self)

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return len(self.J)

    def energy(self, sums: NDArray[np.integer], occupied: NDArray[np.integer]) -> Floats:
        """Energy of states, see :meth:`Hamiltonian.energy`."""
        m = sums.astype(np.float64)
        pairs = ((m @ self.J) * m).sum(axis=-1)
        energies: Floats = -0.5 * (pairs - occupied @ np.diag(self.J))  # no S_i^2
        return energies

    def fields(self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = slice(None)) -> Floats:
        """Field on sites, see :meth:`Hamiltonian.fields`."""
        # One product of two matrices for any number of axes: many small ones take longer.
        of_classes = (sums.reshape(-1, self.n_classes) @ self.J).reshape(sums.shape)
        fields: Floats = of_classes[..., classes] - self.J.diagonal()[classes] * spins
        return fields


MANY = 4000
"""Classes from which on overlaps may replace fields."""

PER_RANK = 7
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
    signs: Floats
    own: Floats = field(init=False)
    loop: ClassVar[str] = "hopcli.dynamics.overlaps"

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", frozen(np.ascontiguousarray(self.factors)))
        object.__setattr__(self, "signs", frozen(self.signs))
        own = np.empty(self.n_classes)
        for rows, block in self._blocks():
            own[rows] = (block * block) @ self.signs / self.divisor
        object.__setattr__(self, "own", frozen(own))

    def reach(self) -> Floats:
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
    def J(self) -> Floats:  # noqa: N802 - the field's name
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

    def overlaps(self, sums: NDArray[Any]) -> Floats:
        """Sum the factors over all sites, F^T M: float64, shape (..., r)."""
        found = np.zeros((*sums.shape[:-1], self.factors.shape[1]))
        for rows, block in self._blocks():
            found += sums[..., rows] @ block
        return found

    def gram(self, sizes: NDArray[Any]) -> Floats:
        """Sum the products of factors over all sites, F^T diag(sizes) F: float64, shape (r, r)."""
        found = np.zeros(2 * self.factors.shape[1:])
        for rows, block in self._blocks():
            found += (block.T * sizes[rows]) @ block
        return found

    def energy(self, sums: NDArray[np.integer], occupied: NDArray[np.integer]) -> Floats:
        """Energy of states, see :meth:`Hamiltonian.energy`."""
        pairs = self.overlaps(sums) ** 2 @ self.signs / self.divisor
        energies: Floats = -0.5 * (pairs - occupied @ self.own)  # no S_i^2
        return energies

    def fields(self, sums: NDArray[Any], spins: NDArray[Any], classes: Any = slice(None)) -> Floats:
        """Field on sites, see :meth:`Hamiltonian.fields`."""
        overlaps = self.overlaps(sums.reshape(-1, self.n_classes)) * self.signs / self.divisor
        of_classes = np.empty((len(overlaps), self.n_classes))
        for rows, block in self._blocks():
            of_classes[:, rows] = overlaps @ block.T
        of_sites = of_classes.reshape(sums.shape)[..., classes]
        fields: Floats = of_sites - self.own[classes] * spins
        return fields

    def _blocks(self) -> Iterator[tuple[slice, Floats]]:
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


@dataclass(frozen=True, slots=True, eq=False)
class Wired(Record):
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
