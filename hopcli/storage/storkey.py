"""Storkey's rule: local and incremental, with more room than the Hebbian [Storkey 1997]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.storage.rule import Rule, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STORKEY"]


def _learn(task: Task) -> NDArray[np.float64]:
    """One pattern after another, in order [Storkey 1997].

    w_ij += (1/N) (xi_i xi_j - xi_i h_ji - h_ij xi_j), h_ij = sum_{k != i,j} w_ik xi_k.
    With g_i = sum_{k != i} w_ik xi_k, h_ij = g_i - w_ij xi_j, so that
    w_ij += (1/N) (xi_i xi_j - xi_i g_j - g_i xi_j + 2 w_ij), the same for all sites of
    a class: a scaling by 1 + 2/N and a symmetric product of two vectors.
    """
    from scipy.linalg.blas import dsymv, dsyr2

    # J = scale * part, of which BLAS reads and writes the upper triangle alone.
    part, scale = np.array(task.before, order="F"), 1.0
    for x in task.columns.T[task.known :]:
        g = scale * (dsymv(1.0, part, task.sizes * x) - np.diag(part) * x)
        scale *= 1 + 2 / task.n_sites
        part = dsyr2(1 / (task.n_sites * scale), x, x / 2 - g, a=part, overwrite_a=True)
    upper = np.triu(part)
    return scale * (upper + np.triu(part, 1).T)


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """1 / sqrt(2 ln N), without an error [Storkey 1997]."""
    return {"fixed": float(1 / np.sqrt(2 * np.log(n_sites)))}


STORKEY = Rule(
    "storkey",
    "local and incremental, above Hebbian",
    _learn,
    incremental=True,
    capacity=_capacity,
)
"""The rule."""
