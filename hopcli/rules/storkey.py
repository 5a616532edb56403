"""Storkey's rule: local and incremental, with a larger capacity than Hebbian [Storkey 1997]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.records import Floats, np
from hopcli.rules.rule import Rule, Task

if TYPE_CHECKING:
    from hopcli.network import LowRank, Quadratic

_AT_ONCE = 128
"""Number of patterns whose vectors are collected before they are added to the matrix."""


def _learn(task: Task) -> Quadratic | LowRank:
    """Store the patterns one after another, in order [Storkey 1997].

    w_ij += (1/N) (xi_i xi_j - xi_i h_ji - h_ij xi_j), h_ij = sum_{k != i,j} w_ik xi_k.
    With g_i = sum_{k != i} w_ik xi_k, h_ij = g_i - w_ij xi_j, so that
    w_ij += (1/N) (xi_i xi_j - xi_i g_j - g_i xi_j + 2 w_ij), the same for all sites of
    a class: a scaling by 1 + 2/N and a symmetric product of two vectors.
    """
    from hopcli.network import LowRank, Quadratic, is_low

    before, columns = task.before, task.columns
    n_classes, p = columns.shape
    if is_low(n_classes, 2 * p):  # x y + y x is (x + y)^2 / 2 less (x - y)^2 / 2
        y, scale = _vectors(None, columns.T, task.sizes)
        xi, even = columns.T, 2 * task.n_sites  # 2 N y is near x: both factors are of one order
        factors = np.vstack([xi + even * y, xi - even * y]).T
        return LowRank(factors, 2 * even / scale, np.repeat([1.0, -1.0], p))
    for first in range(task.known, p, _AT_ONCE):
        before = _add(before, columns.T[first : first + _AT_ONCE], task.sizes)
    assert before is not None  # there is a pattern
    return Quadratic(before)


def _add(before: Floats | None, xi: Floats, sizes: Floats) -> Floats:
    """Add patterns to couplings; the matrix is read and written once per batch."""
    from hopcli.network.hamiltonian import symmetric_product

    xi = np.ascontiguousarray(xi)
    y, scale = _vectors(before, xi, sizes)
    added = symmetric_product(np.vstack([xi, y]).T, np.vstack([y, xi]).T, 1 / scale)
    return added if before is None else added + scale * before


def _vectors(before: Floats | None, xi: Floats, sizes: Floats) -> tuple[Floats, float]:
    """Return the vector y of each pattern, shape (p, K), and the scale of the couplings.

    The couplings are J = scale (before + sum_mu (x_mu y_mu + y_mu x_mu)), with outer products
    and y = (x / 2 - g) / (N scale). Each pattern uses only vectors of the patterns before it.
    """
    growth, scale = 1 + 2 / sizes.sum(), 1.0
    y = np.empty_like(xi)
    fields, own = np.zeros_like(xi), np.zeros_like(sizes)
    if before is not None:
        fields, own = (xi * sizes) @ before, np.diag(before).copy()
    for mu, x in enumerate(xi):
        earlier, earlier_y = xi[:mu], y[:mu]
        z = sizes * x
        h = fields[mu] + (earlier_y @ z) @ earlier + (earlier @ z) @ earlier_y
        g = scale * (h - own * x)
        scale *= growth
        y[mu] = (x / 2 - g) / (sizes.sum() * scale)
        own += 2 * x * y[mu]
    return y, scale


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return 1 / sqrt(2 ln N), the load up to which recall has no errors [Storkey 1997]."""
    return {"fixed": float(1 / np.sqrt(2 * np.log(n_sites)))}


STORKEY = Rule(
    "storkey",
    "local and incremental, above Hebbian",
    _learn,
    rank=2,
    incremental=True,
    capacity=_capacity,
)
"""The rule."""
