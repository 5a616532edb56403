"""Storkey's rule: local and incremental, with a larger capacity than Hebbian [Storkey 1997]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.later import later
from hopcli.rules.rule import Rule, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hopcli.network import Quadratic
else:
    np = later("numpy")

_AT_ONCE = 128
"""Number of patterns whose vectors are collected before they are added to the matrix."""


def _learn(task: Task) -> Quadratic:
    """Store the patterns one after another, in order [Storkey 1997].

    w_ij += (1/N) (xi_i xi_j - xi_i h_ji - h_ij xi_j), h_ij = sum_{k != i,j} w_ik xi_k.
    With g_i = sum_{k != i} w_ik xi_k, h_ij = g_i - w_ij xi_j, so that
    w_ij += (1/N) (xi_i xi_j - xi_i g_j - g_i xi_j + 2 w_ij), the same for all sites of
    a class: a scaling by 1 + 2/N and a symmetric product of two vectors.
    """
    from hopcli.network import Quadratic

    before = task.before if task.known else None
    for first in range(task.known, task.columns.shape[1], _AT_ONCE):
        before = _add(before, task.columns.T[first : first + _AT_ONCE], task.sizes)
    return Quadratic(task.before if before is None else before)


def _add(
    before: NDArray[np.float64] | None, xi: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add patterns to couplings.

    The couplings are J = scale (before + sum_mu (x_mu y_mu + y_mu x_mu)), with outer products
    and y = (x / 2 - g) / (N scale). Each pattern uses only vectors of the patterns in the same
    batch; the matrix is read and written once per batch.
    """
    from hopcli.network.products import symmetric_product

    xi = np.ascontiguousarray(xi)
    growth, scale = 1 + 2 / sizes.sum(), 1.0
    y = np.empty_like(xi)
    fields, own = np.zeros_like(xi), np.zeros_like(sizes)
    if before is not None:
        fields, own = (xi * sizes) @ before, np.diag(before).copy()
    for mu, x in enumerate(xi):
        there, of_there = xi[:mu], y[:mu]
        z = sizes * x
        h = fields[mu] + (of_there @ z) @ there + (there @ z) @ of_there
        g = scale * (h - own * x)
        scale *= growth
        y[mu] = (x / 2 - g) / (sizes.sum() * scale)
        own += 2 * x * y[mu]
    added = symmetric_product(np.vstack([xi, y]).T, np.vstack([y, xi]).T, 1 / scale)
    return added if before is None else added + scale * before


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return 1 / sqrt(2 ln N), the load up to which recall has no errors [Storkey 1997]."""
    return {"fixed": float(1 / np.sqrt(2 * np.log(n_sites)))}


STORKEY = Rule(
    "storkey",
    "local and incremental, above Hebbian",
    _learn,
    incremental=True,
    capacity=_capacity,
)
"""The rule."""
