"""The pseudo-inverse rule: the projector on the patterns [ZG eqs. 2 and 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.errors import PatternError
from hopcli.records import Floats, np
from hopcli.rules.rule import Rule, Task
from hopcli.waiting import interruptibly

if TYPE_CHECKING:
    from hopcli.network import LowRank, Quadratic

# Smallest eigenvalue of Q, relative to the largest, below which Q^-1 is noise.
_SINGULAR = 1e-10
_MANY = 1000  # patterns; above this, and above the largest rank, Q is not examined
_RULE = "the pseudo-inverse rule needs linearly independent patterns"


def _learn(task: Task) -> Quadratic | LowRank:
    """W_ij = (1/N) sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu [ZG eqs. 2 and 3]."""
    return interruptibly(_couplings, task)


def _couplings(task: Task) -> Quadratic | LowRank:
    """Compute the couplings Y Y^T / N, with Q = L L^T and Y = xi^T L^-T."""
    from hopcli.network import couple
    from hopcli.network.hamiltonian import symmetric_product

    columns = task.columns
    n_classes, p = columns.shape
    if p > max(n_classes, _MANY):
        raise PatternError(f"{_RULE}: {p:,} patterns on {n_classes:,} different sites cannot be")
    q = symmetric_product(columns.T * task.sizes, columns.T, task.n_sites)
    try:
        inverse_root = np.linalg.inv(np.linalg.cholesky(q))
    except np.linalg.LinAlgError:
        inverse_root = np.full_like(q, np.inf)
    # The sum of squares of L^-1 is the sum of all 1 / eigenvalue, and the largest eigenvalue is
    # at most p. Eigenvalues are computed only if this bound does not suffice.
    if _SINGULAR * len(q) * np.square(inverse_root).sum() > 1:
        _check_independent(q)
    return couple(columns @ inverse_root.T, task.n_sites)


def projector(task: Task, tolerance: float = _SINGULAR) -> Quadratic | LowRank:
    """Compute W_ij of eqs. 2 and 3 for dependent patterns, with the pseudo-inverse of Q.

    With Q = V diag(q) V^T the couplings are Y Y^T / N, Y = xi^T V diag(q)^-1/2, over the
    eigenvalues q above `tolerance` times the largest. With the diagonal this is the projector
    on the span of the patterns.
    """
    return interruptibly(_projector, task, tolerance)


def _projector(task: Task, tolerance: float) -> Quadratic | LowRank:
    from hopcli.network import couple
    from hopcli.network.hamiltonian import symmetric_product

    columns = task.columns
    q = symmetric_product(columns.T * task.sizes, columns.T, task.n_sites)
    eigenvalues, vectors = np.linalg.eigh(q)
    kept = eigenvalues > tolerance * eigenvalues[-1]
    return couple(columns @ (vectors[:, kept] / np.sqrt(eigenvalues[kept])), task.n_sites)


def _check_independent(q: Floats) -> None:
    """Raise an error if the overlap matrix Q has no inverse."""
    eigenvalues = np.linalg.eigvalsh(q)
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        raise PatternError(_dependence(q, eigenvalues.astype(np.float64)))


def _dependence(q: Floats, eigenvalues: Floats) -> str:
    """Explain in one line why Q has no inverse, and name a repeated pair if there is one."""
    same = np.argwhere(np.triu(np.abs(q), 1) > 1 - 1e-12)
    if len(same):
        mu, nu = same[0]
        kind = "the same" if q[mu, nu] > 0 else "each other's inverse"
        return f"{_RULE}: stored patterns {mu + 1} and {nu + 1} are {kind}"
    ratio = max(eigenvalues[0], 0.0) / eigenvalues[-1]
    return (
        f"{_RULE}: their overlap matrix Q is singular (smallest eigenvalue {ratio:.1e} of the "
        f"largest, must be at least {_SINGULAR:.0e})"
    )


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return 1: the rule stores any linearly independent patterns."""
    return {"all_fixed": 1.0}


PSEUDO_INVERSE = Rule(
    "pseudo-inverse",
    "projector on the patterns; stores N of them",
    _learn,
    gives_diagonal=True,
    rank=1,
    exact=True,
    capacity=_capacity,
)
"""The rule."""
