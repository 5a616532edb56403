"""The published storage rules, for all N x N pairs of sites.

Reference for :mod:`hopcli.rules` in tests and benchmarks. The functions do not use
site classes, and are simple on purpose. The diagonals are 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hebbian(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu xi_i^mu xi_j^mu."""
    x = xi.astype(float)
    return _without_diagonal(x.T @ x / x.shape[1])


def covariance(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """W_ij = sum_mu (eta_i - f) (eta_j - f) / (N f (1 - f)), eta 0 or 1, f their mean."""
    eta = (xi.astype(float) + 1) / 2
    f = eta.mean()
    return _without_diagonal((eta - f).T @ (eta - f) / (xi.shape[1] * f * (1 - f)))


def projector(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """P = (1/N) sum_mu,nu xi^mu (Q^-1)_mu,nu xi^nu, its diagonal left in [ZG eqs. 2, 3]."""
    x = xi.astype(float)
    return x.T @ np.linalg.inv(x @ x.T / x.shape[1]) @ x / x.shape[1]


def pseudo_inverse(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """The projector on the patterns."""
    return _without_diagonal(projector(xi))


def storkey(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """Pattern by pattern, as N x N matrices [Storkey 1997].

    w_ij += (xi_i xi_j - xi_i h_ji - h_ij xi_j) / N, h_ij = sum_{k != i,j} w_ik xi_k.
    """
    n_sites = xi.shape[1]
    w = np.zeros((n_sites, n_sites))
    for x in xi.astype(float):
        h = (w @ x)[:, None] - w * x  # k = i adds nothing: w_ii = 0
        w += (np.outer(x, x) - x[:, None] * h.T - h * x) / n_sites
        np.fill_diagonal(w, 0)
    return w


def _without_diagonal(w: NDArray[np.float64]) -> NDArray[np.float64]:
    np.fill_diagonal(w, 0)
    return w
