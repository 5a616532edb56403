"""Predictions of statistical physics: mean-field and exact overlaps, ordering temperatures.

The theoretical capacity of a storage rule is part of the rule, :mod:`hopcli.rules`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hopcli.network import LowRank, Network, Quadratic, Wired
from hopcli.observables import TIE
from hopcli.records import ArrayLike, Floats, Ints
from hopcli.waiting import interruptibly

__all__ = [
    "PairStates",
    "chance_overlap",
    "exact_overlaps",
    "mean_field_overlaps",
    "one_step_error",
    "ordering_temperatures",
    "spectrum",
]

_CONVERGED = 1e-13
_MOST_STEPS = 200_000
_DIGITS = 9
_MOST_STATES = 1 << 20
_UNDERFLOW = -745.2  # exp is 0 below, and takes twenty times as long there


def mean_field_overlaps(network: Network, temperatures: ArrayLike, start: int) -> Floats:
    """Compute equilibrium overlaps in mean field, S_i = tanh((h_i - theta_i) / T), h = W S.

    The equation is iterated from a stored pattern to a fixed point. It is exact for p / N -> 0.

    Parameters
    ----------
    network : Network
        The network; its columns are the stored patterns.
    temperatures : array_like of float, any shape
        Each T >= 0, in units of the couplings (k_B = 1). At T = 0 the sign rule applies and ties
        keep their value.
    start : int
        Index of the initial stored pattern, 0 .. p - 1.

    Returns
    -------
    ndarray of float64, shape (..., p)
        Overlap of the magnetisation with each stored pattern, in [-1, 1], to 9 digits, at each
        temperature.

    Examples
    --------
    >>> from hopcli.rules import store
    >>> network = store(np.ones((1, 1000), dtype=np.int8), "hebbian")
    >>> mean_field_overlaps(network, [0.0, 0.5, 1.5], 0).round(2).tolist()
    [[1.0], [0.96], [0.0]]

    At T = 0 a site without a field keeps its value, here the site in which the patterns differ:

    >>> network = store(np.array([[1, 1, 1], [1, -1, 1]], dtype=np.int8), "hebbian")
    >>> mean_field_overlaps(network, 0.0, 0).round(2).tolist()
    [1.0, 0.33]
    """
    sizes = network.class_sizes.astype(np.float64)
    patterns = network.columns.astype(np.float64)
    heat = np.reshape(np.asarray(temperatures, dtype=np.float64), (-1, 1))
    fixed = np.tile(patterns[:, start], (len(heat), 1))
    moving, magnetisation, is_cold = np.arange(len(heat)), fixed, not heat.all()
    field_of, theta = network.hamiltonian.fields, network.theta
    with np.errstate(all="ignore"):  # tanh of infinity is 1
        for _ in range(_MOST_STEPS):
            fields = field_of(sizes * magnetisation, magnetisation) - theta
            new = np.tanh(fields / heat)
            # Half a step: a full one may run into a two-cycle where couplings are negative.
            after = (magnetisation + new) / 2
            if is_cold:
                cold = np.where(np.abs(fields) > TIE, np.sign(fields), magnetisation)
                new, after = (np.where(heat > 0, hot, cold) for hot in (new, after))
            new -= magnetisation
            change = np.abs(new, out=new).max(axis=1)
            magnetisation = after
            if change.min() >= _CONVERGED:
                continue
            fixed[moving] = magnetisation
            still = change >= _CONVERGED
            moving, magnetisation, heat = moving[still], magnetisation[still], heat[still]
            if not len(moving):
                break
            is_cold = not heat.all()
    fixed[moving] = magnetisation
    m = (sizes * fixed) @ patterns / network.n_sites
    # The remaining error of the iteration depends on the machine and is rounded away.
    return np.round(m, _DIGITS).reshape(*np.shape(temperatures), patterns.shape[1]) + 0.0


def exact_overlaps(network: Network, temperatures: ArrayLike) -> Floats | None:
    """Compute the exact mean |m| in equilibrium for two stored patterns and finite N.

    The average is over all wells. A run that cannot leave its well is closer to
    :func:`mean_field_overlaps`.

    Parameters
    ----------
    network : Network
        The network; its columns are the stored patterns.
    temperatures : array_like of float, shape (any,)
        Each T >= 0, in units of the couplings (k_B = 1). At T = 0 the states of lowest energy.

    Returns
    -------
    ndarray of float64, shape (any, 2), or None
        E|m| with each stored pattern, in [0, 1], to 9 digits. None if :class:`PairStates` does
        not apply, or for more than a million pairs of sums (N of 2,000 or more).

    Examples
    --------
    Two spins are all of two patterns: one site agrees, one differs, and they do not interact.

    >>> from hopcli.rules import store
    >>> pair = store(np.array([[1, 1], [1, -1]], dtype=np.int8), "hebbian")
    >>> exact_overlaps(pair, [0.5]).tolist()
    [[0.5, 0.5]]
    >>> exact_overlaps(store(np.ones((1, 4), dtype=np.int8), "hebbian"), [0.5]) is None
    True
    """
    states = PairStates.of(network)
    if states is None:
        return None
    return np.round(states.means(states.overlaps, temperatures), _DIGITS)


@dataclass(frozen=True, slots=True, eq=False)
class PairStates:
    """All 2^N states of a network with two stored patterns, grouped by energy and overlaps.

    In the gauge of the first pattern (S_i -> xi_i^1 S_i) there are two groups of sites: those on
    which the patterns agree and those on which they differ. The energy depends only on the sums
    M_1 and M_2 of the groups: H = -1/2 sum_gh J_gh M_g M_h + constant. For n_1 and n_2 sites
    there are (n_1 + 1) (n_2 + 1) pairs of sums, each with C(n_1, .) C(n_2, .) states. A state
    and its inverse have equal weights, so states with M_1 >= 0 suffice.

    Parameters
    ----------
    n_sites : int
        Number of spins N.
    log_states : ndarray of float64, shape (a, b)
        Logarithm of the number of states at each pair of sums.
    energy : ndarray of float64, shape (a, b)
        Energy H [ZG eq. 4].
    sums : tuple of ndarray of float64, shapes (a, 1) and (b,)
        M_1 >= 0 and M_2.
    """

    n_sites: int
    log_states: Floats
    energy: Floats
    sums: tuple[Floats, Floats]

    @property
    def overlaps(self) -> Floats:
        """Return |m| with each pattern, |M_1 + M_2| / N and |M_1 - M_2| / N, shape (2, a, b)."""
        agree, differ = self.sums
        found = np.empty((2, *self.energy.shape))
        np.add(agree, differ, out=found[0])
        np.subtract(agree, differ, out=found[1])
        np.abs(found, out=found)
        found /= self.n_sites
        return found

    @property
    def projection(self) -> Floats:
        """Return the norm of the projection on the patterns, |P S| / sqrt(N), shape (a, b).

        It is sqrt((M_1^2 / n_1 + M_2^2 / n_2) / N).
        """
        squares = [own**2 / max(np.max(own), 1.0) for own in self.sums]
        found = squares[0] + squares[1]
        found /= self.n_sites
        return np.asarray(np.sqrt(found, out=found))

    @classmethod
    def of(cls, network: Network, most: int = _MOST_STATES) -> PairStates | None:
        """Enumerate the states of a network.

        Parameters
        ----------
        network : Network
            The network; its columns are the stored patterns.
        most : int
            Largest number of pairs of sums.

        Returns
        -------
        PairStates or None
            None if there are not two patterns, if there are thresholds, if the couplings are
            not those of two groups, or if there are more pairs of sums than `most`.
        """
        groups = _two_groups(network)
        if groups is None or np.prod(groups[0] + 1) > most:
            return None
        (n_agree, n_differ), ((same, cross), (_, other)) = groups
        agree = np.arange(n_agree % 2, n_agree + 1, 2.0)[:, None]
        differ = np.arange(-n_differ, n_differ + 1, 2.0)
        pairs = same * agree**2 + 2 * cross * agree * differ + other * differ**2
        n_sites = network.n_sites
        return cls(
            n_sites,
            np.log(np.where(agree > 0, 2.0, 1.0))
            + (_log_binomial(n_agree)[-len(agree) :, None] + _log_binomial(n_differ)),
            -(pairs - same * n_agree - other * n_differ) / 2,  # S_i^2 leaves the double sum
            (agree, differ),
        )

    def means(self, observables: Floats, temperatures: ArrayLike) -> Floats:
        """Compute Boltzmann means of functions of the two sums.

        Parameters
        ----------
        observables : ndarray of float64, shape (k, a, b)
            Values of each function at each pair of sums.
        temperatures : array_like of float, shape (any,)
            Each T >= 0 (k_B = 1). At T = 0 the states of lowest energy.

        Returns
        -------
        ndarray of float64, shape (any, k)
            The means.
        """
        excess = self.energy - self.energy.min()
        excess[excess < TIE] = 0.0  # rounding noise is not an energy gap at any temperature
        found = np.empty((len(np.atleast_1d(temperatures)), len(observables)))
        weight, is_likely = np.empty_like(excess), np.empty(excess.shape, dtype=np.bool_)
        for row, temperature in zip(found, np.atleast_1d(temperatures), strict=True):
            if temperature > 0:
                with np.errstate(over="ignore"):  # infinitely improbable
                    np.divide(excess, temperature, out=weight)
                np.subtract(self.log_states, weight, out=weight)
            else:
                weight[:] = np.where(excess > 0, -np.inf, self.log_states)
            weight -= weight.max()
            np.greater(weight, _UNDERFLOW, out=is_likely)
            np.exp(weight, out=weight, where=is_likely)
            np.copyto(weight, 0.0, where=~is_likely)
            row[:] = np.tensordot(observables, weight) / weight.sum()
        return found


def _two_groups(network: Network) -> tuple[Ints, Floats] | None:
    """Return the numbers of agreeing and of differing sites, and their couplings in the gauge.

    int64, shape (2,), and float64, shape (2, 2); None if the network has no two such groups.
    """
    columns, sizes = network.columns, network.class_sizes
    quadratic = isinstance(network.hamiltonian, Quadratic)
    if not quadratic or columns.shape[1] != 2 or np.any(network.theta != 0):
        return None
    agree = columns[:, 0] == columns[:, 1]
    members = np.stack([agree, ~agree])
    n_sites = members @ sizes
    gauged = network.J * np.outer(columns[:, 0], columns[:, 0])
    pairs = np.outer(sizes, sizes) - np.diag(sizes)  # a group of one site has no inner J
    n_pairs = members @ pairs @ members.T
    between = members @ (pairs * gauged) @ members.T / np.maximum(n_pairs, 1)
    deviation = np.abs(gauged - members.T @ between @ members)
    if np.any(deviation[pairs > 0] > TIE):
        return None
    return n_sites, between


def _log_binomial(n: int) -> Floats:
    """Return the logarithm of C(n, k) for k = 0 .. n, float64, shape (n + 1,)."""
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    return log_factorial[-1] - log_factorial - log_factorial[::-1]


def ordering_temperatures(network: Network) -> Floats:
    """Compute temperatures below which the disordered state is unstable towards patterns.

    Linearised, tanh(W S / T) grows along an eigenvector of W with an eigenvalue above T. The
    temperatures are the positive eigenvalues of W including its diagonal, exact for
    p / N -> 0. They are all 1 for the pseudo-inverse rule (a projector), and 1 + q and 1 - q for
    two Hebbian patterns with overlap q. The largest is the critical temperature. An energy that
    does not couple pairs of sites has no such temperature.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    ndarray of float64, shape (at most p,)
        Temperatures, highest first (k_B = 1).

    Examples
    --------
    >>> from hopcli.rules import store
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.int8)  # q = 1/2
    >>> ordering_temperatures(store(xi, "hebbian")).round(9).tolist()
    [1.5, 0.5]
    >>> ordering_temperatures(store(xi, "pseudo-inverse")).round(9).tolist()
    [1.0, 1.0]
    """
    pairs, sizes = network.hamiltonian, network.class_sizes
    if isinstance(pairs, LowRank):  # the same positive eigenvalues, of r x r numbers
        values, vectors = np.linalg.eigh(pairs.gram(sizes))
        half = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        matrix = half * pairs.signs @ half.T / pairs.divisor
    elif isinstance(pairs, Wired):
        matrix = pairs.symmetric
    elif isinstance(pairs, Quadratic):
        root = np.sqrt(sizes)
        matrix = root[:, None] * pairs.J * root
    else:
        return np.empty(0)
    eigenvalues = interruptibly(np.linalg.eigvalsh, matrix)
    return np.flip(eigenvalues[eigenvalues > 1e-9]).astype(np.float64)


def chance_overlap(n_sites: int) -> float:
    """Compute the mean |m| of independent random spins, sqrt(2 / (pi N)) for large N.

    Examples
    --------
    >>> round(chance_overlap(784), 4)
    0.0285
    """
    return float(np.sqrt(2 / (np.pi * n_sites)))


def one_step_error(n_patterns: int, n_sites: int) -> float:
    """Compute the fraction of sites that flip in the first step from a random Hebbian pattern.

    The crosstalk of the other p - 1 patterns is a sum of (N - 1)(p - 1) random signs against
    N - 1, so for large N the fraction is erfc(sqrt((N - 1) / (2 (p - 1)))) / 2
    [Hertz 1991].

    Parameters
    ----------
    n_patterns, n_sites : int
        Numbers of independent random patterns p >= 1 and of spins N.

    Examples
    --------
    >>> round(one_step_error(185, 1000), 3), round(one_step_error(138, 1000), 4)
    (0.01, 0.0035)
    """
    if n_patterns < 2:
        return 0.0
    return math.erfc(math.sqrt((n_sites - 1) / (2 * (n_patterns - 1)))) / 2


def spectrum(network: Network) -> tuple[Floats, Ints]:
    """Compute all N eigenvalues of W (zero diagonal) from the K x K couplings.

    Of given couplings, those of the symmetric part of W with its diagonal.

    Vectors that are constant on each class span one K x K block. Within a class of n sites with
    mutual coupling j, the n - 1 differences have the eigenvalue -j.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    values : ndarray of float64, shape (any,)
        Distinct eigenvalues (to 1e-9), highest first, dimensionless.
    multiplicities : ndarray of int64, shape (any,)
        Multiplicity of each value; the sum is N.

    Examples
    --------
    >>> from hopcli.rules import store
    >>> values, multiplicities = spectrum(store(np.ones((1, 4), dtype=np.int8), "hebbian"))
    >>> values.tolist(), multiplicities.tolist()
    ([0.75, -0.25], [1, 3])
    """
    sizes = network.class_sizes
    root = np.sqrt(sizes)
    if isinstance(network.hamiltonian, Wired):
        own, balanced = np.zeros(len(sizes)), network.hamiltonian.symmetric
    else:
        couplings = network.J
        own = np.diag(couplings)
        balanced = root[:, None] * couplings * root - np.diag(own)
    between = interruptibly(np.linalg.eigvalsh, balanced)
    values = np.concatenate([between, np.repeat(-own, sizes - 1)])
    rounded = np.round(values, 9) + 0.0  # no negative zero
    distinct, multiplicities = np.unique(rounded, return_counts=True)
    return distinct[::-1].copy(), multiplicities[::-1].copy()
