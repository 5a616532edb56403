"""The loop on overlaps, for couplings of low rank: an attempt takes r steps, without a matrix.

J = F diag(signs) F^T scale. The state of a chain is its spins and r overlaps, signs F^T M. The
field of a class is a sum of r products, and a flip adds a row of F to the overlaps. The draws
are those of :mod:`hopcli._kernels.draws`. There is no waiting.

Where flips are rare, most attempts compute no field. |J_ab| is at most reach_a reach_b, with
reach_a the length of row a times sqrt(scale) [Cauchy-Schwarz]. So a field that was computed once
has moved at most reach_a times the sum of |change| reach_b of all flips since then. If not even
the nearest possible alignment lets Metropolis flip the site, no rule does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli._kernels.chains import (
    FIXED,
    GIVEN,
    PERMUTATION,
    SIGN_KEEP,
    TIE,
    Protocol,
    chance_of,
)
from hopcli._kernels.compiling import entry, inner, summing
from hopcli._kernels.draws import draw_one, shuffle

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Factors(NamedTuple):
    """Network that all chains share.

    Attributes
    ----------
    site_class : ndarray of uint32, shape (N,)
        Class of each site, 0 .. K - 1.
    rows : ndarray of int8 or float64, shape (K, r)
        F.
    signs : ndarray of float64, shape (r,)
        Sign of each outer product.
    scale : float
        Factor of the sum of outer products.
    own : ndarray of float64, shape (K,)
        Coupling between two sites of each class.
    reach : ndarray of float64, shape (K,)
        Length of each row, times sqrt(scale).
    theta : ndarray of float64, shape (K,)
        Threshold of each class.
    """

    site_class: NDArray[np.uint32]
    rows: NDArray[Any]
    signs: NDArray[np.float64]
    scale: float
    own: NDArray[np.float64]
    reach: NDArray[np.float64]
    theta: NDArray[np.float64]


class State(NamedTuple):
    """State of the current chain besides its spins; scratch.

    Attributes
    ----------
    overlaps : ndarray of float64, shape (r,)
        Overlaps, signs F^T M.
    fields : ndarray of float64, shape (K,)
        Field of each class when it was last computed.
    moved : ndarray of float64, shape (K + 1,)
        Sum of |change| reach over all flips until then, of each class; last, until now.
    queue : ndarray of uint32, shape (N,)
        Order of the sites.
    """

    overlaps: NDArray[np.float64]
    fields: NDArray[np.float64]
    moved: NDArray[np.float64]
    queue: NDArray[np.uint32]


@summing
def _field(network: Factors, state: State, a: int) -> float:
    """Return the field of class `a` minus its threshold."""
    row, total = network.rows[a], 0.0
    for k in range(len(row)):
        total += row[k] * state.overlaps[k]
    state.fields[a] = network.scale * total - network.theta[a]
    state.moved[a] = state.moved[-1]
    return state.fields[a]


@inner
def _least(network: Factors, state: State, a: int, spin: int) -> float:
    """Return the nearest possible alignment of the sites of class `a` and value `spin`."""
    moved = network.reach[a] * (state.moved[-1] - state.moved[a])
    return spin * state.fields[a] - network.own[a] - moved - TIE


@inner
def _add(network: Factors, state: State, a: int, change: int) -> None:
    """Add `change` times the row of class `a` to the overlaps."""
    row = network.rows[a]
    for k in range(len(row)):
        state.overlaps[k] += change * network.signs[k] * row[k]
    state.moved[-1] += abs(change) * network.reach[a]


@inner
def _attempt(
    network: Factors,
    spins: NDArray[np.int8],
    state: State,
    rule: int,
    temperature: float,
    site: int,
    u: float,
) -> None:
    """Try a site with the draw `u`."""
    a, spin = int(network.site_class[site]), int(spins[site])
    if spin != 0:
        least = _least(network, state, a, spin)
        y = 2.0 * least / temperature  # exp(-y) is below 1 / (1 + y + y^2 / 2)
        if least > TIE and u * (1.0 + y * (1.0 + 0.5 * y)) >= 1.0:
            return
    field = _field(network, state, a)
    if spin == 0:
        # No own share; otherwise it chooses like a site that is down.
        if rule == SIGN_KEEP and abs(field) <= TIE:
            return
        new = 1 if u < chance_of(rule, -field, -1, temperature) else -1
    else:
        x = spin * field - network.own[a]
        new = -spin if u < chance_of(rule, x, spin, temperature) else spin
    if new != spin:
        spins[site] = new
        _add(network, state, a, new - spin)


@inner
def _is_stable(network: Factors, spins: NDArray[np.int8], state: State, rule: int) -> bool:
    """Return whether no site would change at T = 0; under rules with noise, a tie need not."""
    for site in range(len(spins)):
        a, spin = int(network.site_class[site]), int(spins[site])
        if spin != 0 and _least(network, state, a, spin) > TIE:
            continue
        field = _field(network, state, a)
        if spin == 0:
            if rule != SIGN_KEEP or abs(field) > TIE:
                return False
        else:
            x = spin * field - network.own[a]
            if x < -TIE or (rule >= SIGN_KEEP and chance_of(rule, x, spin, 0.0) > 0.0):
                return False
    return True


@inner
def _record(network: Factors, spins: NDArray[np.int8], row: NDArray[np.int32]) -> None:
    """Write the class sums, if there are columns for them."""
    if len(row) > 0:
        row[:] = 0
        for site in range(len(spins)):
            row[network.site_class[site]] += spins[site]


@inner
def _run_chain(
    network: Factors,
    protocol: Protocol,
    spins: NDArray[np.int8],
    state: State,
    temperatures: NDArray[np.float64],
    seed: np.uint64,
    given: NDArray[np.uint32],
    sums: NDArray[np.int32],
    cancelled: NDArray[np.uint8],
) -> tuple[int, bool]:
    """Run a chain in place; return the sweeps done and whether it ended stable."""
    n_sweeps, spare, rule = len(temperatures), 0, protocol.rule
    queue = state.queue
    state.overlaps[:] = 0.0
    state.moved[:] = -np.inf  # no field is known
    state.moved[-1] = 0.0
    for site in range(len(spins)):
        queue[site] = site
        _add(network, state, int(network.site_class[site]), int(spins[site]))
    for sweep in range(n_sweeps + 1):
        _record(network, spins, sums[sweep])
        if sweep > protocol.settle and _is_stable(network, spins, state, rule):
            for later in range(sweep + 1, len(sums)):
                _record(network, spins, sums[later])
            return sweep, True
        if sweep == n_sweeps or cancelled[0] != 0:
            break
        if protocol.order == PERMUTATION:
            spare = shuffle(seed, spare, queue)
        begin = sweep * protocol.attempts
        for t in range(begin, min(begin + protocol.attempts, protocol.most)):
            if protocol.order == GIVEN:
                site = int(given[t])
                u = draw_one(seed, t, 1)[1]
            elif protocol.order in (PERMUTATION, FIXED):
                site = int(queue[t - begin])
                u = draw_one(seed, t, 1)[1]
            else:
                site, u = draw_one(seed, t, len(spins))
            _attempt(network, spins, state, rule, temperatures[sweep], site, u)
    cold = n_sweeps > 0 and temperatures[n_sweeps - 1] == 0.0
    return n_sweeps, cold and _is_stable(network, spins, state, rule)


@entry
def run_chains(
    network: Factors,
    protocol: Protocol,
    spins: NDArray[np.int8],
    seeds: NDArray[np.uint64],
    temperatures: NDArray[np.float64],
    given: NDArray[np.uint32],
    sweeps: NDArray[np.int64],
    status: NDArray[np.uint8],
    ends: NDArray[np.int32],
    sums: NDArray[np.int32],
    state: State,
    cancelled: NDArray[np.uint8],
) -> None:
    """Run every chain through its sweeps, in place.

    Parameters
    ----------
    network : Factors
        Network that all chains share.
    protocol, spins, seeds, temperatures, given, sweeps, status, ends, sums, cancelled
        See :func:`hopcli._kernels.fields.run_chains`.
    state : State
        Scratch, which no other call uses at the same time.
    """
    for c in range(len(seeds)):
        sweeps[c], status[c] = _run_chain(
            network,
            protocol,
            spins[c],
            state,
            temperatures,
            seeds[c],
            given[c],
            sums[c],
            cancelled,
        )
        _record(network, spins[c], ends[c])
