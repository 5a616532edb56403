"""The storage rules: patterns in, couplings between site classes out.

Two sites with equal columns (xi_i^1 .. xi_i^p) and equal thresholds have the same
coupling to every other site under every rule that treats sites alike. So N spins
and p patterns are exactly the class of each site and one K x K matrix between the
K distinct classes, with W_ii = 0. Nothing here builds an N x N matrix but
:meth:`Couplings.dense`, which is for drawing and for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import PatternError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["RULES", "Couplings", "store"]

# Smallest eigenvalue of Q, relative to the largest, below which Q^-1 is noise.
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Couplings:
    """A network of N spins as couplings between its K site classes.

    Parameters
    ----------
    rule : str
        Name of the storage rule that made it.
    site_class : ndarray of int32, shape (N,)
        Class of each site, 0 .. K - 1; every class has at least one site.
    columns : ndarray of int8, shape (K, p)
        The values that the p stored patterns take on the sites of each class.
    J : ndarray of float64, shape (K, K)
        Symmetric coupling between a site of one class and another site of another
        (or the same) class: W_ij = J[site_class[i], site_class[j]] for i != j.
    theta : ndarray of float64, shape (K,)
        Threshold of the sites of each class.
    """

    rule: str
    site_class: NDArray[np.int32]
    columns: NDArray[np.int8]
    J: NDArray[np.float64]
    theta: NDArray[np.float64]

    def __post_init__(self) -> None:
        n_classes = len(self.columns)
        if self.J.shape != (n_classes, n_classes) or self.theta.shape != (n_classes,):
            raise ValueError(f"J {self.J.shape} and theta {self.theta.shape} need K = {n_classes}")
        if not np.all(np.bincount(self.site_class, minlength=n_classes)[:n_classes] > 0):
            raise ValueError("every class needs a site")
        if not np.allclose(self.J, self.J.T, rtol=0, atol=1e-9):
            raise ValueError("J must be symmetric")
        for array in (self.site_class, self.columns, self.J, self.theta):
            array.flags.writeable = False

    @property
    def n_sites(self) -> int:
        """Number of spins N."""
        return len(self.site_class)

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return len(self.columns)

    @property
    def class_sizes(self) -> NDArray[np.int64]:
        """Number of sites in each class, int64, shape (K,)."""
        return np.bincount(self.site_class, minlength=self.n_classes)

    @property
    def xi(self) -> NDArray[np.int8]:
        """The stored patterns, int8, shape (p, N)."""
        return np.ascontiguousarray(self.columns.T[:, self.site_class])

    def dense(self) -> NDArray[np.float64]:
        """The N x N matrix W of the paper, float64, zero diagonal (for drawing)."""
        w = self.J[np.ix_(self.site_class, self.site_class)]
        np.fill_diagonal(w, 0.0)
        return w


def _site_classes(
    xi: NDArray[np.int8], theta: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.float64]]:
    """Group the sites by their column of `xi` and their threshold."""
    _, theta_code = np.unique(theta, return_inverse=True)
    bits = np.packbits(xi.T > 0, axis=1)
    keys = np.hstack([bits, theta_code.reshape(-1, 1).astype(">u4").view(np.uint8)])
    _, first, site_class = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return site_class.ravel().astype(np.int32), np.ascontiguousarray(xi.T[first]), theta[first]


def _hebbian(columns: NDArray[np.int8], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu xi_i^mu xi_j^mu."""
    c = columns.astype(np.float64)
    return (c @ c.T) / sizes.sum()


def _pseudo_inverse(columns: NDArray[np.int8], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu [ZG eqs. 2 and 3]."""
    c = columns.astype(np.float64)
    n_sites = sizes.sum()
    q = (c.T * sizes) @ c / n_sites
    eigenvalues = np.linalg.eigvalsh(q)
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        raise PatternError(_dependence(q, eigenvalues))
    j = c @ np.linalg.solve(q, c.T) / n_sites
    return (j + j.T) / 2


def _dependence(q: NDArray[np.float64], eigenvalues: NDArray[np.float64]) -> str:
    """Say in one line why Q has no inverse, naming a repeated pair if there is one."""
    rule = "the pseudo-inverse rule needs linearly independent patterns"
    same = np.argwhere(np.triu(np.abs(q), 1) > 1 - 1e-12)
    if len(same):
        mu, nu = same[0]
        kind = "the same" if q[mu, nu] > 0 else "each other's inverse"
        return f"{rule}: stored patterns {mu + 1} and {nu + 1} are {kind}"
    ratio = max(eigenvalues[0], 0.0) / eigenvalues[-1]
    return (
        f"{rule}: their overlap matrix Q is singular (smallest eigenvalue {ratio:.1e} of the "
        f"largest, must be at least {_SINGULAR:.0e})"
    )


RULES: dict[str, Callable[[NDArray[np.int8], NDArray[np.int64]], NDArray[np.float64]]] = {
    "pseudo-inverse": _pseudo_inverse,
    "hebbian": _hebbian,
}
"""The storage rules by name: (columns (K, p), class sizes (K,)) -> J (K, K)."""


def store(xi: NDArray[np.int8], rule: str = "pseudo-inverse", theta: ArrayLike = 0.0) -> Couplings:
    """Store patterns with a rule.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1.
    rule : str
        A key of :data:`RULES`.
    theta : float or array-like of float, shape (N,)
        Threshold of every site; a site is up at T = 0 if its field exceeds it.

    Returns
    -------
    Couplings
        The couplings between the site classes of the patterns.

    Raises
    ------
    SettingError
        If the rule is unknown or a threshold is not finite.
    PatternError
        If the rule cannot store these patterns.
    """
    if rule not in RULES:
        raise SettingError("rule", f"must be one of {', '.join(RULES)}", rule)
    thresholds = np.broadcast_to(np.asarray(theta, dtype=np.float64), (xi.shape[1],))
    if not np.all(np.isfinite(thresholds)):
        raise SettingError("theta", "must be finite at every site")
    site_class, columns, class_theta = _site_classes(xi, thresholds)
    j = RULES[rule](columns, np.bincount(site_class))
    return Couplings(rule, site_class, columns, j, class_theta)
