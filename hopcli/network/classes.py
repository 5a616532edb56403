"""A network of N spins by its site classes.

Two sites with equal columns (xi_i^1 .. xi_i^p) and equal thresholds have the same
coupling to every other site under every rule that treats sites alike. The class of each
site and an energy of the sums over the K distinct classes, with W_ii = 0, therefore
describe N spins and p patterns exactly. Only :meth:`Network.dense`, for drawing and for
tests, builds an N x N matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hopcli.errors import SettingError
from hopcli.network.hamiltonian import Hamiltonian, LowRank, Quadratic, Wired, require
from hopcli.records import Floats, Ints, NDArray, Record, Seeds, Spins

_FEW = 1 << 16  # possible keys


@dataclass(frozen=True, slots=True, eq=False)
class Network(Record):
    """A network of N spins in K site classes.

    Parameters
    ----------
    rule : str
        Name of the storage rule that made it.
    site_class : ndarray of int32, shape (N,)
        Class of each site, 0 .. K - 1; every class has at least one site.
    columns : ndarray of int8, shape (K, p)
        The values that the p stored patterns take on the sites of each class.
    hamiltonian : Hamiltonian
        Energy of the class sums, without thresholds.
    theta : ndarray of float64, shape (K,)
        Threshold of the sites of each class.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a class has no site.

    Examples
    --------
    Two sites of two classes, coupled by -1:

    >>> import numpy as np
    >>> pair = Network(
    ...     "by hand",
    ...     np.array([0, 1], np.int32),
    ...     np.array([[1], [-1]], np.int8),
    ...     Quadratic(np.array([[0.0, -1.0], [-1.0, 0.0]])),
    ...     np.zeros(2),
    ... )
    >>> pair.n_sites, pair.n_classes, pair.xi.tolist()
    (2, 2, [[1, -1]])
    >>> pair.dense().tolist()
    [[0.0, -1.0], [-1.0, 0.0]]
    """

    rule: str
    site_class: NDArray[np.int32]
    columns: Spins
    hamiltonian: Hamiltonian
    theta: Floats

    def __post_init__(self) -> None:
        n_classes = len(self.columns)
        if self.hamiltonian.n_classes != n_classes or self.theta.shape != (n_classes,):
            found = f"{self.hamiltonian.n_classes} and theta of shape {self.theta.shape}"
            raise ValueError(f"K = {n_classes} classes, found a Hamiltonian of {found}")
        sizes = np.bincount(self.site_class, minlength=n_classes)
        if len(sizes) > n_classes:
            raise ValueError(f"site classes must be from 0 to K - 1 = {n_classes - 1}")
        if not np.all(sizes > 0):
            raise ValueError("every class needs a site")
        Record.__post_init__(self)

    def __repr__(self) -> str:
        size = f"N = {self.n_sites:,} sites in K = {self.n_classes:,} classes"
        return f"Network({self.rule}: p = {self.columns.shape[1]:,} patterns; {size})"

    @property
    def n_sites(self) -> int:
        """Number of spins N."""
        return len(self.site_class)

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return len(self.columns)

    @property
    def class_sizes(self) -> Ints:
        """Number of sites in each class, int64, shape (K,)."""
        return np.bincount(self.site_class, minlength=self.n_classes)

    @property
    def xi(self) -> Spins:
        """The stored patterns, int8, shape (p, N)."""
        return np.ascontiguousarray(self.columns.T[:, self.site_class])

    @property
    def thresholds(self) -> Floats:
        """Threshold of each site, float64, shape (N,)."""
        return self.theta[self.site_class]

    @property
    def J(self) -> Floats:  # noqa: N802 - the field's name
        """Couplings between the classes, float64, shape (K, K).

        See :class:`~hopcli.network.Quadratic`. For couplings of low rank it is computed anew.

        Raises
        ------
        SizeError
            If it does not fit into memory.
        SettingError
            If the energy is not quadratic.
        """
        if isinstance(self.hamiltonian, Quadratic | LowRank | Wired):
            return self.hamiltonian.J
        raise SettingError("rule", "must couple pairs of sites for this", self.rule)

    def dense(self) -> Floats:
        """The N x N matrix W of the paper, float64, zero diagonal unless kept (for drawing).

        Raises
        ------
        SizeError
            If it does not fit into memory.
        """
        work = f"couplings of {self.n_sites:,} x {self.n_sites:,} sites"
        require(8.0 * self.n_sites**2, work, "use smaller images (--size)")
        w = self.J[np.ix_(self.site_class, self.site_class)]
        if not isinstance(self.hamiltonian, Wired):
            np.fill_diagonal(w, 0.0)
        return w


def site_classes(xi: Spins, theta: Floats) -> tuple[NDArray[np.int32], Spins, Floats]:
    """Group the sites by their column of `xi` and their threshold.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1.
    theta : ndarray of float64, shape (N,)
        Threshold of each site.

    Returns
    -------
    site_class : ndarray of int32, shape (N,)
        Class of each site, 0 .. K - 1.
    columns : ndarray of int8, shape (K, p)
        Column of the sites of each class.
    class_theta : ndarray of float64, shape (K,)
        Threshold of the sites of each class.
    """
    theta_code, n_thetas = np.zeros(1, np.uint64), 1
    if not np.all(theta == theta[0]):
        values, codes = np.unique(theta, return_inverse=True)
        theta_code, n_thetas = codes.astype(np.uint64), len(values)
    if n_thetas << len(xi) <= 1 << 64:  # every column and threshold has a 64-bit key
        keys = np.zeros(xi.shape[1], np.uint64)
        for x in xi:
            keys = keys << np.uint64(1) | (x > 0)
        site_class, first = _ranks(keys * np.uint64(n_thetas) + theta_code)
    else:
        bits = np.packbits(xi.T > 0, axis=1)
        low_bytes = np.broadcast_to(theta_code, len(bits)).astype(">u4").view(np.uint8)
        rows = np.hstack([bits, low_bytes.reshape(-1, 4)])
        _, first, site_class = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return site_class.ravel().astype(np.int32), np.ascontiguousarray(xi.T[first]), theta[first]


def _ranks(keys: Seeds) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rank of each site's key, and one site per key."""
    if keys.max() >= _FEW:
        _, first, site_class = np.unique(keys, return_index=True, return_inverse=True)
        return site_class, first
    # Few possible keys: a table, without sorting the sites.
    site = np.full(_FEW, -1, np.intp)
    site[keys] = np.arange(len(keys))
    present = np.flatnonzero(site >= 0)
    rank = np.empty(_FEW, np.intp)
    rank[present] = np.arange(len(present))
    return rank[keys], site[present]
