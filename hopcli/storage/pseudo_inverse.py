"""The pseudo-inverse rule: the projector on the patterns [ZG eqs. 2 and 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import PatternError
from hopcli.storage.rule import Rule, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PSEUDO_INVERSE"]

# Smallest eigenvalue of Q, relative to the largest, below which Q^-1 is noise.
_SINGULAR = 1e-10


def _learn(task: Task) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu [ZG eqs. 2 and 3]."""
    q = (task.columns.T * task.sizes) @ task.columns / task.n_sites
    eigenvalues = np.linalg.eigvalsh(q)
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        raise PatternError(_dependence(q, eigenvalues.astype(np.float64)))
    j = task.columns @ np.linalg.solve(q, task.columns.T) / task.n_sites
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


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """1, as long as the patterns are linearly independent."""
    return {"all_fixed": 1.0}


PSEUDO_INVERSE = Rule(
    "pseudo-inverse",
    "projector on the patterns; stores N of them",
    _learn,
    exact=True,
    capacity=_capacity,
)
"""The rule."""
