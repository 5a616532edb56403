"""What statistical physics predicts: mean-field overlaps and ordering temperatures.

How many patterns a storage rule holds is said by the rule itself, :mod:`hopcli.storage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.observables import TIE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.storage import Couplings

__all__ = [
    "chance_overlap",
    "mean_field_overlaps",
    "ordering_temperatures",
    "spectrum",
]

_CONVERGED = 1e-13
_MOST_STEPS = 200_000
_DIGITS = 9


def mean_field_overlaps(
    couplings: Couplings, temperature: float, start: int
) -> NDArray[np.float64]:
    """Equilibrium overlaps by mean field, S_i = tanh((h_i - theta_i) / T) with h = W S.

    Iterated from a stored pattern to a fixed point. Exact for p / N -> 0.

    Parameters
    ----------
    couplings : Couplings
        The network; its columns are the stored patterns.
    temperature : float
        T >= 0, in units of the couplings (k_B = 1). At T = 0 the sign rule, ties kept.
    start : int
        Which stored pattern to start from, 0 .. p - 1.

    Returns
    -------
    ndarray of float64, shape (p,)
        Overlap of the magnetisation with each stored pattern, in [-1, 1], to 9 digits.

    Examples
    --------
    >>> from hopcli.storage import store
    >>> couplings = store(np.ones((1, 1000), dtype=np.int8), "hebbian")
    >>> [mean_field_overlaps(couplings, t, 0).round(2).tolist() for t in (0.0, 0.5, 1.5)]
    [[1.0], [0.96], [0.0]]
    """
    sizes = couplings.class_sizes.astype(np.float64)
    own = np.diag(couplings.J)
    patterns = couplings.columns.astype(np.float64)
    magnetisation = patterns[:, start].copy()
    for _ in range(_MOST_STEPS):
        fields = couplings.J @ (sizes * magnetisation) - own * magnetisation - couplings.theta
        if temperature > 0:
            with np.errstate(over="ignore"):  # tanh of infinity is 1
                new = np.tanh(fields / temperature)
        else:
            new = np.where(np.abs(fields) > TIE, np.sign(fields), magnetisation)
        change = np.abs(new - magnetisation).max()
        # Half a step: a full one may run into a two-cycle where couplings are negative.
        magnetisation = (magnetisation + new) / 2 if temperature > 0 else new
        if change < _CONVERGED:
            break
    m = (sizes * magnetisation) @ patterns / couplings.n_sites
    # What is left of the iteration differs from machine to machine; it is no result.
    return np.round(m, _DIGITS) + 0.0


def ordering_temperatures(couplings: Couplings) -> NDArray[np.float64]:
    """Temperatures at which the disordered state turns unstable to a direction of the patterns.

    Linearised, tanh(W S / T) grows along an eigenvector of W with an eigenvalue above T.
    These are the positive eigenvalues of W with its diagonal left in, exact for
    p / N -> 0: all 1 for the pseudo-inverse rule (a projector), 1 + q and 1 - q for two
    Hebbian patterns with overlap q. The largest is the critical temperature.

    Parameters
    ----------
    couplings : Couplings
        The network.

    Returns
    -------
    ndarray of float64, shape (at most p,)
        Temperatures, highest first (k_B = 1).

    Examples
    --------
    >>> from hopcli.storage import store
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.int8)  # q = 1/2
    >>> ordering_temperatures(store(xi, "hebbian")).round(9).tolist()
    [1.5, 0.5]
    >>> ordering_temperatures(store(xi, "pseudo-inverse")).round(9).tolist()
    [1.0, 1.0]
    """
    root = np.sqrt(couplings.class_sizes)
    eigenvalues = np.linalg.eigvalsh(root[:, None] * couplings.J * root)
    return np.flip(eigenvalues[eigenvalues > 1e-9]).astype(np.float64)


def chance_overlap(n_sites: int) -> float:
    """Mean |m| of independent random spins, sqrt(2 / (pi N)) for large N.

    Examples
    --------
    >>> round(chance_overlap(784), 4)
    0.0285
    """
    return float(np.sqrt(2 / (np.pi * n_sites)))


def spectrum(couplings: Couplings) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All N eigenvalues of W (zero diagonal), from the K x K couplings alone.

    Vectors that are constant on each class span one block, K x K; within a class of n
    sites with coupling j to each other, the n - 1 differences have the eigenvalue -j.

    Parameters
    ----------
    couplings : Couplings
        The network.

    Returns
    -------
    values : ndarray of float64, shape (any,)
        Distinct eigenvalues (to 1e-9), highest first, dimensionless.
    multiplicities : ndarray of int64, shape (any,)
        How often each occurs; they add up to N.

    Examples
    --------
    >>> from hopcli.storage import store
    >>> values, multiplicities = spectrum(store(np.ones((1, 4), dtype=np.int8), "hebbian"))
    >>> values.tolist(), multiplicities.tolist()
    ([0.75, -0.25], [1, 3])
    """
    sizes = couplings.class_sizes
    root = np.sqrt(sizes)
    own = np.diag(couplings.J)
    between = np.linalg.eigvalsh(root[:, None] * couplings.J * root - np.diag(own))
    values = np.concatenate([between, np.repeat(-own, sizes - 1)])
    rounded = np.round(values, 9) + 0.0  # no negative zero
    distinct, multiplicities = np.unique(rounded, return_counts=True)
    return distinct[::-1].copy(), multiplicities[::-1].copy()
