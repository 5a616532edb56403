"""The storage rules: patterns in, couplings between site classes out.

Two sites with equal columns (xi_i^1 .. xi_i^p) and equal thresholds have the same
coupling to every other site under every rule that treats sites alike. So N spins
and p patterns are exactly the class of each site and one K x K matrix between the
K distinct classes, with W_ii = 0. Nothing here builds an N x N matrix but
:meth:`Couplings.dense`, which is for drawing and for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.errors import PatternError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["NORMALISATIONS", "RULES", "Couplings", "Rule", "store"]

# Smallest eigenvalue of Q, relative to the largest, below which Q^-1 is noise.
_SINGULAR = 1e-10

_ROUNDING = 1e-12  # of a stability that is exactly kappa

NORMALISATIONS = ("N", "p", "none")
"""What the Hebbian sum is divided by: spins, patterns, or nothing."""


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


class _Task(NamedTuple):
    """What a rule works from.

    ``c`` holds the columns as float64, shape (K, p); ``sizes`` the class sizes, shape
    (K,); ``known`` how many patterns ``j`` (K, K) holds already.
    """

    c: NDArray[np.float64]
    sizes: NDArray[np.float64]
    j: NDArray[np.float64]
    known: int
    normalise: str
    kappa: float
    epochs: int

    @property
    def n_sites(self) -> float:
        return float(self.sizes.sum())


def _hebbian(task: _Task) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu xi_i^mu xi_j^mu, divided by N, by p or not at all."""
    divisor = {"N": task.n_sites, "p": task.c.shape[1], "none": 1}[task.normalise]
    return (task.c @ task.c.T) / divisor


def _storkey(task: _Task) -> NDArray[np.float64]:
    """One pattern after another, in order [Storkey 1997].

    w_ij += (1/N) (xi_i xi_j - xi_i h_ji - h_ij xi_j), h_ij = sum_{k != i,j} w_ik xi_k.
    With g_i = sum_{k != i} w_ik xi_k, h_ij = g_i - w_ij xi_j, so that
    w_ij += (1/N) (xi_i xi_j - xi_i g_j - g_i xi_j + 2 w_ij), the same for all sites of
    a class: a scaling by 1 + 2/N and a symmetric product of two vectors.
    """
    from scipy.linalg.blas import dsymv, dsyr2

    # J = scale * part, of which BLAS reads and writes the upper triangle alone.
    part, scale = np.array(task.j, order="F"), 1.0
    for x in task.c.T[task.known :]:
        g = scale * (dsymv(1.0, part, task.sizes * x) - np.diag(part) * x)
        scale *= 1 + 2 / task.n_sites
        part = dsyr2(1 / (task.n_sites * scale), x, x / 2 - g, a=part, overwrite_a=True)
    upper = np.triu(part)
    return scale * (upper + np.triu(part, 1).T)


def _pseudo_inverse(task: _Task) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu [ZG eqs. 2 and 3]."""
    q = (task.c.T * task.sizes) @ task.c / task.n_sites
    eigenvalues = np.linalg.eigvalsh(q)
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        raise PatternError(_dependence(q, eigenvalues.astype(np.float64)))
    j = task.c @ np.linalg.solve(q, task.c.T) / task.n_sites
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


def _perceptron(task: _Task) -> NDArray[np.float64]:
    """Learn until every pattern is stable by kappa at every site [Gardner 1988].

    The stability of pattern mu at site i is xi_i h_i / |w_i|, with h_i = sum_{j != i}
    w_ij xi_j. Pattern by pattern, w_ij += (1/N) (e_i + e_j) xi_i xi_j, e_i = 1 where the
    stability is below kappa, else 0: the symmetric form of the perceptron rule. An epoch
    without a change ends it; too many end it with an error.
    """
    j = (task.c @ task.c.T) / task.n_sites
    enough = max(task.kappa - _ROUNDING, _ROUNDING)  # at kappa = 0 still more than nothing
    for _ in range(task.epochs):
        weakest = np.inf
        for x in task.c.T:
            stability = x * _fields_of(j, task, x) / _row_norms(j, task)
            weakest = min(weakest, float(stability.min()))
            weak = (stability < enough).astype(np.float64)
            if weak.any():
                half = np.outer(weak * x, x)
                j += (half + half.T) / task.n_sites
        if weakest >= enough:
            return j
    raise PatternError(
        f"the perceptron rule found no couplings with stability kappa = {task.kappa:g} for "
        f"{task.c.shape[1]} patterns in {task.epochs} epochs (weakest in the last: {weakest:.3g}); "
        "try a smaller kappa, fewer patterns or more epochs"
    )


def _fields_of(j: NDArray[np.float64], task: _Task, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Field on a site of each class in the pattern `x`, sum_{j != i} w_ij x_j."""
    return j @ (task.sizes * x) - np.diag(j) * x


def _row_norms(j: NDArray[np.float64], task: _Task) -> NDArray[np.float64]:
    """|w_i| of a site of each class, its own coupling left out."""
    squares = (j * j) @ task.sizes - np.diag(j) ** 2
    return np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A storage rule.

    Parameters
    ----------
    name : str
        Its key in :data:`RULES`.
    description : str
        What it does, in one line.
    learn : callable
        The couplings between classes, float64, shape (K, K), symmetric.
    incremental : bool
        Whether it goes on from the couplings of earlier patterns.
    """

    name: str
    description: str
    learn: Callable[[_Task], NDArray[np.float64]]
    incremental: bool = False
    parameters: Any = None

    def __post_init__(self):
        from types import SimpleNamespace as N

        object.__setattr__(
            self,
            "parameters",
            {
                "hebbian": {"normalise": N(default="N")},
                "perceptron": {"kappa": N(default=1.0), "epochs": N(default=1000)},
            }.get(self.name, {}),
        )


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("pseudo-inverse", "projector on the patterns; stores N of them", _pseudo_inverse),
        Rule("hebbian", "sum of outer products; stores 0.138 N random patterns", _hebbian),
        Rule("storkey", "local and incremental, above Hebbian", _storkey, incremental=True),
        Rule("perceptron", "learnt until every site is stable by kappa", _perceptron),
    )
}
"""The storage rules by name."""


def store(
    xi: NDArray[np.int8],
    rule: str = "pseudo-inverse",
    theta: ArrayLike = 0.0,
    *,
    normalise: str = "N",
    kappa: float = 1.0,
    epochs: int = 1000,
    onto: Couplings | None = None,
) -> Couplings:
    """Store patterns with a rule.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1, in the order in which they are stored.
    rule : str
        A key of :data:`RULES`.
    theta : float or array-like of float, shape (N,)
        Threshold of every site; a site is up at T = 0 if its field exceeds it.
    normalise : {"N", "p", "none"}
        What the Hebbian sum is divided by.
    kappa : float
        Stability that the perceptron rule asks for, dimensionless, >= 0.
    epochs : int
        Most passes of the perceptron rule over the patterns, >= 1.
    onto : Couplings, optional
        A network with earlier patterns, to which these are added by the same rule.

    Returns
    -------
    Couplings
        The couplings between the site classes of all patterns.

    Raises
    ------
    SettingError
        If the rule is unknown or a threshold is not finite.
    PatternError
        If the rule cannot store these patterns.
    """
    if rule not in RULES:
        raise SettingError("rule", f"must be one of {', '.join(RULES)}", rule)
    if normalise not in NORMALISATIONS:
        raise SettingError("normalise", f"must be one of {', '.join(NORMALISATIONS)}", normalise)
    if onto is not None and onto.rule != rule:
        raise SettingError("rule", f"must be {onto.rule!r}, which stored the earlier ones", rule)
    known = 0 if onto is None else onto.columns.shape[1]
    every = xi if onto is None else np.vstack([onto.xi, xi])
    thresholds = np.broadcast_to(np.asarray(theta, dtype=np.float64), (xi.shape[1],))
    if not np.all(np.isfinite(thresholds)):
        raise SettingError("theta", "must be finite at every site")
    site_class, columns, class_theta = _site_classes(every, thresholds)
    n_classes = len(columns)
    before = np.zeros((n_classes, n_classes))
    if onto is not None and RULES[rule].incremental:
        first_site = np.unique(site_class, return_index=True)[1]
        old_class = onto.site_class[first_site]
        before = onto.J[np.ix_(old_class, old_class)]
    else:
        known = 0
    sizes = np.bincount(site_class).astype(np.float64)
    task = _Task(columns.astype(np.float64), sizes, before, known, normalise, kappa, epochs)
    return Couplings(rule, site_class, columns, RULES[rule].learn(task), class_theta)
