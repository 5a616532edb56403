"""The storage rules: patterns in, a network out.

:mod:`hopcli.rules.rule` defines a rule; every rule has a file of its own and one line in
:data:`RULES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.errors import PatternError, SettingError
from hopcli.kinds import checked, choice
from hopcli.records import ArrayLike, Floats, NDArray, Spins, np
from hopcli.rules.covariance import COVARIANCE
from hopcli.rules.given import GIVEN, wire, with_own_share
from hopcli.rules.hebbian import HEBBIAN
from hopcli.rules.perceptron import PERCEPTRON
from hopcli.rules.pseudo_inverse import PSEUDO_INVERSE, projector
from hopcli.rules.rule import Parameter, Rule, Task
from hopcli.rules.storkey import STORKEY

if TYPE_CHECKING:
    from hopcli.network import Network

__all__ = [
    "GIVEN",
    "RULES",
    "Parameter",
    "Rule",
    "Task",
    "as_thresholds",
    "project",
    "store",
]

RULES: dict[str, Rule] = {
    rule.name: rule for rule in (PSEUDO_INVERSE, HEBBIAN, STORKEY, PERCEPTRON, COVARIANCE)
}
"""The storage rules by name."""


def store(
    xi: Spins,
    rule: str = "pseudo-inverse",
    theta: ArrayLike = 0.0,
    *,
    onto: Network | None = None,
    weights: ArrayLike | None = None,
    self_coupling: bool = False,
    **parameters: Any,
) -> Network:
    """Store patterns with a rule.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1, in the order in which they are stored.
    rule : str
        A key of :data:`RULES`.
    theta : float or array-like of float, shape (N,)
        Threshold of every site; a site is up at T = 0 if its field exceeds it.
    onto : Network, optional
        A network with earlier patterns; the same rule adds these patterns to it.
    weights : array-like of float, shape (N, N), optional
        Couplings to use instead of a rule, see :class:`hopcli.network.Wired`.
    self_coupling : bool
        Keep the diagonal W_ii of the rule.
    **parameters
        Parameters of the rule, see :attr:`Rule.parameters`. Hebbian: ``normalise``, the
        divisor of the sum, ``"N"``, ``"p"`` or ``"none"``. Perceptron: ``kappa``, the
        required stability, dimensionless, >= 0; ``epochs``, the largest number of passes
        over the patterns, >= 1. Covariance: ``activity``, the fraction of +1, or ``"mean"``.

    Returns
    -------
    Network
        The network that stores all patterns.

    Raises
    ------
    SettingError
        If the rule or a parameter is unknown, or a parameter or threshold is out of range.
    PatternError
        If the rule cannot store these patterns.
    SizeError
        If the network does not fit into the free memory.

    Examples
    --------
    >>> import numpy as np
    >>> xi = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, -1, -1, -1]], np.int8)
    >>> network = store(xi, "hebbian")
    >>> network.n_sites, network.n_classes
    (6, 2)
    >>> bool(np.all(np.sign(xi @ network.dense()) == xi))  # both are fixed points
    True
    >>> store(xi, "hebbian", kappa=0.5)
    Traceback (most recent call last):
    hopcli.errors.SettingError: kappa is no parameter of the rule 'hebbian' (it has: \
normalise), found 0.5
    """
    from hopcli.network import Network, is_low, site_classes
    from hopcli.network.hamiltonian import require
    from hopcli.records import frozen

    checked(choice((*RULES, GIVEN) if weights is not None else RULES), "rule", rule)
    if onto is not None and onto.rule != rule:
        raise SettingError("rule", f"must be {onto.rule!r}, which stored the earlier ones", rule)
    complete = RULES[rule].complete(parameters) if rule in RULES else {}
    every = xi if onto is None else np.vstack([onto.xi, xi])
    thresholds = np.broadcast_to(as_thresholds(theta), (xi.shape[1],))
    if not np.all(np.isfinite(thresholds)):
        raise SettingError("theta", "must be finite at every site")
    if weights is not None:
        return wire(every, weights, thresholds)
    if self_coupling and not RULES[rule].gives_diagonal:
        able = ", ".join(name for name, each in RULES.items() if each.gives_diagonal)
        raise SettingError("self_coupling", f"has no effect except with the rules {able}", rule)
    site_class, columns, class_theta = site_classes(every, thresholds)
    columns = frozen(columns)
    low = is_low(len(columns), RULES[rule].rank * len(every))
    require(*_estimate(columns, RULES[rule], is_low=low))
    earlier = onto if RULES[rule].incremental and not low else None
    task = _task(site_class, columns, earlier)
    hamiltonian = RULES[rule].learn(task, **complete)
    network = Network(rule, site_class, columns, hamiltonian, class_theta)
    return with_own_share(network) if self_coupling else network


def _estimate(columns: Spins, rule: Rule, *, is_low: bool) -> tuple[float, str, str]:
    """Estimate the bytes of a network and its loop; return also the work and an advice."""
    n_classes, p = columns.shape
    work = f"{p:,} patterns by the {rule.name} rule on {n_classes:,} different sites"
    advice = "store fewer patterns or smaller images (--size)"
    each = 8 if rule is HEBBIAN else 32 * rule.rank  # factors of int8, or of float64
    return each * columns.size + (0 if is_low else 20 * n_classes**2), work, advice


def as_thresholds(theta: ArrayLike) -> Floats:
    """Convert thresholds to float64 numbers of any shape.

    Raises
    ------
    SettingError
        If a threshold is not a number, or too large for float64.
    """
    try:
        return np.asarray(theta, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        rule = "must be a finite number, or one for each site"
        raise SettingError("theta", rule, theta) from None


def project(xi: Spins, theta: ArrayLike = 0.0) -> Network:
    """Store independent or dependent patterns with the pseudo-inverse rule.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1; they may repeat.
    theta : float or array-like of float, shape (N,)
        Threshold of every site.

    Returns
    -------
    Network
        The network of :func:`store` if the patterns are independent. Otherwise the rule uses
        the Moore-Penrose inverse of their overlap matrix, without eigenvalues below 1e-10 of
        the largest. In both cases W with its diagonal is the projector on the span of the
        patterns.

    Raises
    ------
    SettingError
        If a threshold is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> xi = np.array([[1, 1, 1, -1], [1, 1, 1, -1]], np.int8)
    >>> bool(np.allclose(project(xi).dense(), store(xi[:1]).dense()))
    True
    """
    from hopcli.network import Network, site_classes

    try:
        return store(xi, theta=theta)
    except PatternError:
        thresholds = np.broadcast_to(as_thresholds(theta), (xi.shape[1],))
        site_class, columns, class_theta = site_classes(xi, thresholds)
        hamiltonian = projector(_task(site_class, columns, None))
        return Network(PSEUDO_INVERSE.name, site_class, columns, hamiltonian, class_theta)


def _task(site_class: NDArray[np.int32], columns: Spins, earlier: Network | None) -> Task:
    """Collect the input of a rule, with the couplings of earlier patterns in the new classes."""
    known, before = 0, None
    if earlier is not None:
        first_site = np.unique(site_class, return_index=True)[1]
        old_class = earlier.site_class[first_site]
        known, before = earlier.columns.shape[1], earlier.J[np.ix_(old_class, old_class)]
    sizes = np.bincount(site_class).astype(np.float64)
    return Task(columns, sizes, before, known)
