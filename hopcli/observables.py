"""Observables of spins: overlaps, local fields, energies.

All functions work on the site classes of :class:`hopcli.network.Network`, so a field or an
energy takes K, not N, numbers per state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.records import Floats, Ints, NDArray, Spins

if TYPE_CHECKING:
    from hopcli.network import Network

__all__ = [
    "TIE",
    "binder_ratio",
    "class_sums",
    "energy",
    "energy_of_sums",
    "local_fields",
    "overlaps",
    "overlaps_of_sums",
    "projection_norm",
]


_BLOCK = 2**16  # sites multiplied at once, to bound the memory

TIE = 1e-9
"""A field this near its threshold ties with it: rounding noise never decides."""


def overlaps(spins: Spins, xi: Spins) -> Floats:
    """Overlap of every state with every pattern, m_mu(S) = S . xi_mu / N [ZG eq. 1].

    Parameters
    ----------
    spins : ndarray of int8, shape (..., N)
        States, values -1, 0 or +1.
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1.

    Returns
    -------
    ndarray of float64, shape (..., p)
        Signed overlaps in [-1, 1], dimensionless.

    Examples
    --------
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, -1, -1]], dtype=np.int8)
    >>> overlaps(np.array([[-1, -1, -1, 1]], dtype=np.int8), xi).tolist()
    [[-0.5, -0.5]]
    """
    n_sites = spins.shape[-1]
    products = np.zeros((*spins.shape[:-1], len(xi)))
    for first in range(0, n_sites, _BLOCK):
        # float32 products of +-1 are exact up to 2^24 terms, and go through BLAS.
        block = np.s_[..., first : first + _BLOCK]
        products += spins[block].astype(np.float32) @ xi[block].astype(np.float32).T
    return products / n_sites


def projection_norm(m: Floats, xi: Spins) -> Floats:
    """Norm of the part of a state that lies in the span of the patterns, |P S| / sqrt(N).

    The overlaps suffice: |P S|^2 / N = m Q^-1 m, with Q the overlaps of the patterns with
    each other [ZG eq. 2]. For dependent patterns Q^-1 is the pseudo-inverse.

    Parameters
    ----------
    m : ndarray of float64, shape (..., p)
        Overlaps of the states with the patterns.
    xi : ndarray of int8, shape (p, N)
        The patterns, values -1 or +1.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1 for states of -1 and +1; dimensionless.

    Examples
    --------
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, -1, -1]], dtype=np.int8)
    >>> states = np.array([[-1, -1, -1, -1], [1, 1, 1, -1], [1, -1, 1, -1]], dtype=np.int8)
    >>> projection_norm(overlaps(states, xi), xi).round(3).tolist()
    [1.0, 0.707, 0.0]
    """
    inverse = np.linalg.pinv(overlaps(xi, xi), hermitian=True)
    squares = np.einsum("...m,mn,...n->...", m, inverse, m)
    return np.sqrt(np.clip(squares, 0, None))


def binder_ratio(square: Floats, fourth: Floats, components: int) -> Floats:
    """Binder ratio of a norm, 1 in order and 0 in disorder [Binder 1981].

    U = (n / 2) ((n + 2) / n - <m^4> / <m^2>^2), with m the norm of a vector of n components.
    The ratio <m^4> / <m^2>^2 is 1 if the norm is sharp, and (n + 2) / n if all components are
    independent, normal and alike. U is negative if some components fluctuate more than others,
    for example above the critical temperature of correlated Hebbian patterns. If only one
    component fluctuates, U is 1 - n.

    Parameters
    ----------
    square, fourth : ndarray of float64, shape (...)
        Means <m^2> > 0 and <m^4>.
    components : int
        Number of components n; for the projection norm, the rank of the patterns.

    Returns
    -------
    ndarray of float64, shape (...)
        At most 1, dimensionless.

    Examples
    --------
    Two components: of norm 1; normal and alike; only one of them:

    >>> binder_ratio(np.ones(3), np.array([1.0, 2.0, 3.0]), 2).tolist()
    [1.0, 0.0, -1.0]
    """
    return components / 2 * ((components + 2) / components - fourth / square**2)


def class_sums(spins: Spins, network: Network) -> Ints:
    """Sum of the spins of each site class, M_a = sum_{i in a} S_i.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    network : Network
        Gives the class of each site.

    Returns
    -------
    ndarray of int64, shape (chains, K)
        Class sums, |M_a| at most the size of class a.

    Examples
    --------
    >>> from hopcli.rules import store
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, -1, -1]], dtype=np.int8)
    >>> network = store(xi, "hebbian")  # the first two sites are one class, the others too
    >>> class_sums(np.array([[1, 1, 1, -1]], dtype=np.int8), network).tolist()
    [[0, 2]]
    """
    # Sites sorted by class make every class one contiguous run of columns.
    order = np.argsort(network.site_class, kind="stable")
    starts = np.concatenate([[0], np.cumsum(network.class_sizes)[:-1]])
    return np.add.reduceat(spins[:, order], starts, axis=1, dtype=np.int64)


def overlaps_of_sums(sums: NDArray[np.integer], network: Network) -> Floats:
    """Overlaps with the stored patterns, from the class sums; see :func:`overlaps`.

    Parameters
    ----------
    sums : ndarray of int, shape (..., K)
        Class sums M_a.
    network : Network
        Gives the values of the patterns in each class.

    Returns
    -------
    ndarray of float64, shape (..., p)
        Signed overlaps in [-1, 1], dimensionless.
    """
    # float32 is exact up to 2^24, and no partial sum is larger than N.
    products = sums.astype(np.float32) @ network.columns.astype(np.float32)
    return products.astype(np.float64) / network.n_sites


def local_fields(spins: Spins, network: Network) -> Floats:
    """Field on every site without thresholds; for couplings h_i = sum_{j != i} W_ij S_j.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    network : Network
        Its Hamiltonian is used.

    Returns
    -------
    ndarray of float64, shape (chains, N)
        Fields, dimensionless (k_B = 1).

    Examples
    --------
    >>> from hopcli.rules import store
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, -1, -1]], dtype=np.int8)
    >>> local_fields(np.array([[1, 1, 1, -1]], dtype=np.int8), store(xi, "hebbian")).tolist()
    [[0.5, 0.5, -0.5, 0.5]]
    """
    return network.hamiltonian.fields(class_sums(spins, network), spins, network.site_class)


def energy(spins: Spins, network: Network) -> Floats:
    """Energy of every state: the network's Hamiltonian plus sum_i theta_i S_i.

    For couplings H = -1/2 sum_{i != j} W_ij S_i S_j + sum_i theta_i S_i [ZG eq. 4].

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    network : Network
        Its Hamiltonian and its thresholds are used.

    Returns
    -------
    ndarray of float64, shape (chains,)
        Energies, dimensionless (k_B = 1); of order -N/2 for a stored pattern.

    Examples
    --------
    >>> from hopcli.rules import store
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, -1, -1]], dtype=np.int8)
    >>> states = np.array([[1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.int8)
    >>> energy(states, store(xi, "hebbian")).tolist()
    [-1.0, 0.0]
    """
    sums = class_sums(spins, network)
    return energy_of_sums(sums, network, class_sums(np.abs(spins), network))


def energy_of_sums(
    sums: NDArray[np.integer], network: Network, occupied: NDArray[np.integer] | None = None
) -> Floats:
    """Energy from the class sums; see :func:`energy`.

    Parameters
    ----------
    sums : ndarray of int, shape (..., K)
        Class sums M_a.
    network : Network
        Its Hamiltonian and its thresholds are used.
    occupied : ndarray of int, shape (..., K), optional
        Sites of each class that are not 0; by default all.

    Returns
    -------
    ndarray of float64, shape (...)
        Energies, dimensionless (k_B = 1).
    """
    sites = network.class_sizes if occupied is None else occupied
    energies = network.hamiltonian.energy(sums, sites) + sums.astype(np.float64) @ network.theta
    return np.asarray(energies, np.float64)
