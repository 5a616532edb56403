"""Storkey's rule as computed by a tutorial notebook, and by his formula, term by term.

The notebook is "Hopfield Network of memes: Storkey Learning Rule" (R. Richie, GitHub
drussellmrichie/hopfield_network). Two of its terms are not Storkey's. From the input of site j
it subtracts w_ii x_i and w_ij x_j, instead of w_ji x_i and w_jj x_j; and it multiplies h_ji by
x_j, instead of x_i. All inputs are 0 before anything is stored, so the first pattern gives the
same couplings; the second does not.

Sites with equal columns of the patterns have equal couplings, so both rules work on classes of
sites. A coupling of a site to itself differs from that to another site of its class.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hopcli.records import Floats, Ints, Spins

Inputs = Callable[[Floats, Floats, Floats], Floats]

_ROUNDING = 1e-9  # rounding error of a field


class _Classes(NamedTuple):
    """Classes of sites with equal columns.

    Attributes
    ----------
    columns : ndarray of float64, shape (p, K)
        The patterns at a site of each class.
    sizes : ndarray of int64, shape (K,)
        Sites of each class.
    """

    columns: Floats
    sizes: Ints

    @classmethod
    def of(cls, xi: Spins) -> _Classes:
        """Group the sites of patterns, shape (p, N)."""
        columns, sizes = np.unique(xi, axis=1, return_counts=True)
        return cls(columns.astype(np.float64), sizes)


class _Weights(NamedTuple):
    """Couplings.

    Attributes
    ----------
    between : ndarray of float64, shape (K, K)
        Coupling between two different sites of each pair of classes.
    own : ndarray of float64, shape (K,)
        Coupling of a site to itself.
    """

    between: Floats
    own: Floats

    def fields(self, state: Floats, sizes: Ints) -> Floats:
        """Return the input of a site of each class, including its own state, shape (K,)."""
        within = (self.own - np.diag(self.between)) * state
        fields: Floats = self.between @ (sizes * state) + within
        return fields


def _formula_inputs(received: Floats, own: Floats, others: Floats) -> Floats:
    """Return h_ij: the input of i, except from i and j [Storkey 1997]."""
    return received[:, None] - own[:, None] - others


def _notebook_inputs(received: Floats, own: Floats, others: Floats) -> Floats:
    """Return the notebook's h_ji: the input of j, minus the input of i from i and j."""
    return received[None, :] - own[:, None] - others


def _weights(classes: _Classes, inputs: Inputs) -> _Weights:
    """Store pattern after pattern: w_ij += (x_i x_j - x_i h_ji - h_ij x_j) / N."""
    n_sites = int(classes.sizes.sum())
    n_classes = len(classes.sizes)
    weights = _Weights(np.zeros((n_classes, n_classes)), np.zeros(n_classes))
    for pattern in classes.columns:
        received = weights.fields(pattern, classes.sizes)
        own = weights.own * pattern
        product = inputs(received, own, weights.between * pattern) * pattern
        weights = _Weights(
            weights.between + (np.outer(pattern, pattern) - product.T - product) / n_sites,
            # For i = j the own input is excluded once.
            weights.own + (1 - 2 * (received - own) * pattern) / n_sites,
        )
    return weights


def largest_gap(xi: Spins) -> float:
    """Compute the largest difference of a coupling between two sites, in units of 1 / N.

    Examples
    --------
    The first pattern is stored alike, the second is not:

    >>> xi = np.array([[1, 1, 1, 1, -1], [1, -1, 1, -1, 1]], dtype=np.int8)
    >>> largest_gap(xi[:1]), largest_gap(xi)
    (0.0, 0.8)
    """
    classes = _Classes.of(xi)
    formula, notebook = (_weights(classes, how) for how in (_formula_inputs, _notebook_inputs))
    gap = np.abs(formula.between - notebook.between)
    gap[np.diag(classes.sizes == 1)] = 0.0  # such a class has no pair of sites
    return float(np.round(gap.max() * xi.shape[1], 9))


def unstable_sum(xi: Spins, *, by_code: bool) -> int:
    """Count the sites at which the sign of the sum of the patterns is not stable.

    The couplings of a site to itself count too.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Stored patterns; a site counts as stable if their sum is 0.
    by_code : bool
        Use the couplings of the notebook's code, otherwise those of the formula.

    Returns
    -------
    int
        0 to N; 0 if the state is a fixed point.

    Examples
    --------
    >>> xi = np.array([[1, 1, 1, 1, -1], [1, -1, 1, -1, 1], [1, 1, -1, -1, -1]], dtype=np.int8)
    >>> unstable_sum(xi, by_code=False)
    0
    """
    classes = _Classes.of(xi)
    weights = _weights(classes, _notebook_inputs if by_code else _formula_inputs)
    state = np.sign(classes.columns.sum(axis=0))
    wrong = weights.fields(state, classes.sizes) * state < -_ROUNDING
    return int(classes.sizes[wrong].sum())


OF_PATTERNS: dict[str, Callable[[Spins], float]] = {
    "storkey_gap": largest_gap,
    "unstable_by_code": functools.partial(unstable_sum, by_code=True),
    "unstable_by_formula": functools.partial(unstable_sum, by_code=False),
}
"""Functions of claims that need only the stored patterns, shape (p, N)."""
