"""The update rules: start states in, final states out.

The rules are entries of :mod:`hopcli.dynamics.registry`. A call becomes a
:class:`hopcli.dynamics.jobs.Job`, which the loop of its rule runs. Both are imported only when
something runs, because the compiled loop imports numba. Chains are independent: each has its
own seed, and its result does not depend on threads, chunks or recording.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from hopcli.dynamics.registry import DYNAMICS, GIVEN, ORDERS, TIES, Dynamics, Order
from hopcli.dynamics.states import RAN, STABLE, TWO_CYCLE, FinalStates
from hopcli.errors import SettingError
from hopcli.kinds import checked, choice, integer
from hopcli.records import ArrayLike, Floats, Ints, NDArray, Seeds, Spins, np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.network import Network

__all__ = [
    "DYNAMICS",
    "ORDERS",
    "RAN",
    "STABLE",
    "TIES",
    "TWO_CYCLE",
    "Dynamics",
    "FinalStates",
    "Order",
    "chain_seeds",
    "replay",
    "run",
]

_MOST_SWEEPS = 10_000_000  # of a run
_MOST_ATTEMPTS = 10**9 - 1  # of a sweep


def chain_seeds(seed_sequence: np.random.SeedSequence, n: int, first: int = 0) -> Seeds:
    """Draw the seeds of `n` chains.

    Seed c is the splitmix64 finaliser of a 64-bit word of the sequence + (c + 1) * GAMMA. So no
    two chains have the same seed, and the seeds of any block can be made separately.

    Parameters
    ----------
    seed_sequence : numpy.random.SeedSequence
        Source of the seeds; not changed, so the same call gives the same seeds.
    n : int
        Number of chains.
    first : int
        Number of the first chain, >= 0.

    Returns
    -------
    ndarray of uint64, shape (n,)
        One seed per chain; the same in every block of chains.

    Examples
    --------
    >>> sequence = np.random.SeedSequence(1)
    >>> seeds = chain_seeds(sequence, 4)
    >>> seeds.shape, str(seeds.dtype)
    ((4,), 'uint64')
    >>> bool(np.all(chain_seeds(sequence, 2, first=2) == seeds[2:]))
    True
    """
    from hopcli.streams import seed_word, splitmix64

    counters = np.arange(first + 1, first + n + 1, dtype=np.uint64)
    return splitmix64(np.uint64(seed_word(seed_sequence)), counters)


def run(
    network: Network,
    spins: Spins,
    *,
    seeds: Seeds,
    dynamics: str = "metropolis",
    temperatures: ArrayLike,
    sweeps: int,
    attempts_per_sweep: int,
    order: str | Sequence[int] = "random",
    tie: str = "keep",
    until_stable: bool = False,
    record: bool = False,
    most_attempts: int = sys.maxsize,
    in_place: bool = False,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> FinalStates:
    """Run independent chains from given starts.

    Parameters
    ----------
    network : Network
        The network.
    spins : ndarray of int8, shape (chains, N)
        Starts, values -1 or +1, and 0 where the rule allows it; not changed.
    seeds : ndarray of uint64, shape (chains,)
        One seed per chain, see :func:`chain_seeds`.
    dynamics : str
        A key of :data:`DYNAMICS`.
    temperatures : float or array-like of float, shape (sweeps,)
        Temperature, or that of each sweep, >= 0 (k_B = 1). Rules without noise ignore it and
        run at 0.
    sweeps : int
        Number of sweeps, >= 0.
    attempts_per_sweep : int
        Attempts in a sweep, >= 1; N if `order` tries each site once. ``"sync"`` ignores it:
        one sweep is one step of all sites.
    order : str or sequence of int
        A key of :data:`ORDERS` that the rule has, or each site once, in the order in which a
        sweep tries them; not used by ``"sync"``.
    tie : str
        A key of :data:`TIES` that the rule has. Under ``"async"`` and ``"sync"`` a site
        at a tie keeps its value (even 0), or becomes +1, or -1. Rules with noise accept only the
        default, as they decide ties themselves. At T = 0 Metropolis turns the site (dE = 0), and
        the heat bath sets it to either sign with probability 1/2.
    until_stable : bool
        Stop a chain after the first sweep at T = 0 (with none warmer to follow) that leaves it
        stable. ``"sync"`` always stops.
    record : bool
        Keep the class sums of every sweep.
    most_attempts : int
        Attempts of a chain at most, >= 1, to stop within its last sweep; not used by ``"sync"``.
    in_place : bool
        Use the memory of `spins` for the final states where possible.
    threads : int, optional
        Number of threads, by default one per available processor.
    progress : callable, optional
        Called in this thread with 0 before the first chain, then with the number of chains of
        every finished chunk.

    Returns
    -------
    FinalStates
        Final states, sweeps and status of the chains.

    Raises
    ------
    SettingError
        If an argument is out of its range, or the rule does not support it.

    Examples
    --------
    A stored pattern with one flipped site recovers at T = 0:

    >>> from hopcli.rules import store
    >>> xi = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, -1, -1, -1]], np.int8)
    >>> spins = xi[:1].copy()
    >>> spins[0, 2] = -1
    >>> ends = run(
    ...     store(xi),
    ...     spins,
    ...     seeds=chain_seeds(np.random.SeedSequence(1), 1),
    ...     dynamics="async",
    ...     temperatures=0.0,
    ...     sweeps=10,
    ...     attempts_per_sweep=6,
    ...     order="permutation",
    ...     until_stable=True,
    ... )
    >>> ends.spins.tolist(), ends.status.tolist() == [STABLE]
    ([[1, 1, 1, 1, 1, 1]], True)
    """
    from hopcli.dynamics.jobs import Job

    sites = None
    if not isinstance(order, str):  # a fixed order of the same sites under other numbers
        sites, order = _checked_sites(network, order), "fixed"
        network = replace(network, site_class=network.site_class[sites])
    rule = DYNAMICS[checked(choice(DYNAMICS), "dynamics", dynamics)]
    checked(choice(rule.orders or ORDERS), "order", order)
    how = ORDERS[checked(choice(ORDERS), "order", order)] if rule.orders else None
    checked(choice(rule.codes), "tie", tie)
    n_sites = network.n_sites
    schedule = _checked_schedule(temperatures, sweeps)
    checked(integer(1, _MOST_ATTEMPTS), "attempts_per_sweep", attempts_per_sweep)
    if how is not None and how.each_once and attempts_per_sweep != n_sites:
        needed = f"must be N = {n_sites} with order {order!r}, which tries every site once"
        raise SettingError("attempts_per_sweep", needed, attempts_per_sweep)
    cold_from = int(np.max(np.flatnonzero(schedule), initial=-1)) + 1
    starts = _checked_spins(network, spins, rule, in_place=in_place)
    job = Job(
        network,
        starts if sites is None else np.ascontiguousarray(starts[:, sites]),
        _checked_seeds(seeds, len(spins)),
        rule=rule,
        tie=tie,
        order=how,
        temperatures=schedule if rule.stochastic else np.zeros(sweeps),
        attempts=n_sites if how is None else attempts_per_sweep,
        settle=(cold_from if rule.stochastic else 0) if until_stable else sweeps,
        record=record,
        most=checked(integer(1, sys.maxsize), "most_attempts", most_attempts),
    )
    job.run(threads, progress)
    final = job.final_states()
    return final if sites is None else replace(final, spins=final.spins[:, np.argsort(sites)])


def replay(
    network: Network,
    spins: Spins,
    *,
    sites: NDArray[np.integer],
    seeds: Seeds,
    temperature: float,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> FinalStates:
    """Run Metropolis chains that try given sites, with acceptance draws of their own.

    Parameters
    ----------
    network : Network
        The network.
    spins : ndarray of int8, shape (chains, N)
        Starts, values -1 or +1; not changed.
    sites : ndarray of int, shape (chains, attempts)
        Site of every attempt, 0 .. N - 1.
    seeds : ndarray of uint64, shape (chains,)
        One seed per chain, see :func:`chain_seeds`.
    temperature : float
        Temperature, >= 0 (k_B = 1).
    threads : int, optional
        Number of threads, by default one per available processor.
    progress : callable, optional
        Called in this thread with 0 before the first chain, then with the number of chains of
        every finished chunk.

    Returns
    -------
    FinalStates
        Final states; all attempts are one sweep.

    Raises
    ------
    SettingError
        If an argument is out of its range.
    """
    from hopcli.dynamics.jobs import Job

    rule = DYNAMICS["metropolis"]
    start = _checked_spins(network, spins, rule)
    if sites.ndim != 2 or len(sites) != len(start):
        raise SettingError("sites", f"must have {len(start)} rows, one per chain", sites.shape)
    if sites.size and not (sites.min() >= 0 and sites.max() < network.n_sites):
        raise SettingError("sites", f"must be from 0 to {network.n_sites - 1}")
    job = Job(
        network,
        start,
        _checked_seeds(seeds, len(start)),
        rule=rule,
        tie="keep",
        order=GIVEN,
        temperatures=_checked_schedule(temperature, 1),
        attempts=sites.shape[1],
        settle=1,
        given=np.require(sites, np.uint32, ["C", "W"]),  # copied only if necessary
    )
    job.run(threads, progress)
    return job.final_states()


def _checked_sites(network: Network, order: Sequence[int]) -> Ints:
    """Return an order by hand as an array, which must contain each site once."""
    sites = np.asarray(order)
    if sites.dtype.kind not in "iu" or sorted(sites.ravel()) != [*range(network.n_sites)]:
        raise SettingError("order", f"must list each of the {network.n_sites:,} sites once")
    return sites.astype(np.int64)


def _checked_spins(
    network: Network, spins: Spins, rule: Dynamics, *, in_place: bool = False
) -> Spins:
    """Return the starts, C-contiguous and writeable: a copy unless `in_place` allows otherwise."""
    if spins.ndim != 2 or spins.shape[1] != network.n_sites:
        raise SettingError("spins", f"must have shape (chains, {network.n_sites})", spins.shape)
    own = spins if in_place else np.array(spins, dtype=np.int8, order="C")
    start = np.require(own, np.int8, ["C", "W"])
    whole = spins.dtype == np.int8 or np.array_equal(start, spins)
    if not whole or np.min(start, initial=0) < -1 or np.max(start, initial=0) > 1:
        raise SettingError("spins", "must be -1, 0 or +1")
    if not rule.allows_zero and np.count_nonzero(start) < start.size:
        reason = f"must be -1 or +1: {rule.name} flips +-1; a site that is 0 cannot flip"
        raise SettingError("spins", reason)
    return start


def _checked_seeds(seeds: Seeds, n_chains: int) -> Seeds:
    if seeds.dtype != np.uint64 or seeds.shape != (n_chains,):
        rule = f"must be {n_chains} numbers of type uint64, one per chain"
        raise SettingError("seeds", rule, f"{seeds.shape} of {seeds.dtype}")
    return np.array(seeds, order="C")


def _checked_schedule(temperatures: ArrayLike, sweeps: int) -> Floats:
    """Return the temperature of every sweep."""
    checked(integer(0, _MOST_SWEEPS), "sweeps", sweeps)
    must = f"must be finite numbers >= 0, one or {sweeps} (one per sweep)"
    try:
        given = np.broadcast_to(np.asarray(temperatures, dtype=np.float64), (sweeps,))
    except (OverflowError, TypeError, ValueError):
        raise SettingError("temperatures", must, temperatures) from None
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if len(wrong):
        raise SettingError("temperatures", must, float(wrong[0]))
    return given.copy()
