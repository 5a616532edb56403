"""Networks of given couplings, and of rules that keep their diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import SettingError
from hopcli.records import ArrayLike, Floats, Spins, np

if TYPE_CHECKING:
    from hopcli.network import Network

GIVEN = "weights"
"""Name of the rule of a network whose couplings are given."""

LARGEST = 1e6
"""Largest coupling, without its sign: sums of them stay finite."""

MOST_SITES = 4096
"""Most sites with a diagonal: every flip changes the fields of all sites one by one."""


def wire(xi: Spins, weights: ArrayLike, thresholds: Floats, rule: str = GIVEN) -> Network:
    """Make a network of given couplings; overlaps are measured with given patterns.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns, values -1 or +1.
    weights : array-like of float, shape (N, N)
        Coupling W_ij of the field on site i to spin j.
    thresholds : ndarray of float64, shape (N,)
        Threshold of every site.
    rule : str
        Name of the rule.

    Raises
    ------
    SettingError
        If the couplings are not N x N numbers from -1e6 to 1e6.
    """
    from hopcli.network import Network, Quadratic, Wired

    n_sites = xi.shape[1]
    must = f"must be {n_sites} x {n_sites} numbers from -1e6 to 1e6"
    try:
        w = np.asarray(weights, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        raise SettingError("weights", must) from None
    if w.shape != (n_sites, n_sites):
        raise SettingError("weights", must, " x ".join(map(str, w.shape)))
    wrong = w[~(np.abs(w) <= LARGEST)]
    if wrong.size:
        raise SettingError("weights", must, float(wrong[0]))
    plain = np.array_equal(w, w.T) and not np.any(np.diag(w))
    sites = np.arange(n_sites, dtype=np.int32)
    pairs = Quadratic(w) if plain else Wired(w)
    return Network(rule, sites, np.ascontiguousarray(xi.T), pairs, thresholds)


def with_own_share(network: Network) -> Network:
    """Keep the diagonal W_ii of the rule: the coupling of two sites with equal columns."""
    if network.n_sites > MOST_SITES:
        rule = f"has at most {MOST_SITES:,} sites; use smaller images"
        raise SettingError("self_coupling", rule, network.n_sites)
    own = network.site_class
    w = network.J[np.ix_(own, own)]
    return wire(network.xi, w, network.thresholds, network.rule)
