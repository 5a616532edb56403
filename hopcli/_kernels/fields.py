"""The loop on the fields of all classes: attempts, sweeps, chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli._kernels.chains import (
    BLOCK,
    GIVEN,
    GROUP,
    METROPOLIS,
    PERMUTATION,
    RANDOM,
    Chain,
    Protocol,
    Wiring,
    decide,
    finish,
    is_stable,
    record,
    set_site,
    split,
    start,
)
from hopcli._kernels.compiling import entry, inner, step
from hopcli._kernels.draws import draw, filter_at, settle, shuffle, spare_draw, straddling, unit_of
from hopcli._kernels.waiting import turn_one, wait, weigh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli._kernels.draws import Filter

_PLACES = 2 * BLOCK - 1  # mask of a place in a block; never negative, as the compiler sees
_FINE = 4096  # multiple of N above which r gives u precisely enough to be sure

_FIRST = np.array([GROUP - bits.bit_length() for bits in range(1 << GROUP)], np.int64)
"""First draw of a group with its bit set; the highest bit is the first."""


@step
def _scan(
    network: Wiring,
    chain: Chain,
    draws: Filter,
    rule: int,
    temperature: float,
    seed: np.uint64,
    first: int,
    begin: int,
    end: int,
) -> int:
    """Make the attempts at places `begin` to `end - 1` of the block that starts with `first`.

    Returns the place after the last flip, or `begin`.
    """
    codes, levels, sites, floors = chain.codes, chain.levels, chain.sites, chain.floors
    width = network.steps.shape[1]
    coarse, straddles = np.int64(_FINE) * np.int64(draws.stretch), straddling(draws)
    t, last = begin, begin
    while t < end:
        t &= _PLACES
        # After a flip the next attempt is tried alone: where flips are dense, it flips too.
        if t != last or levels[codes[sites[t]]] < floors[t]:
            candidates = 0
            for k in range(GROUP):
                candidates = 2 * candidates + int(levels[codes[sites[t + k]]] >= floors[t + k])
            if candidates == 0:
                t += GROUP
                continue
            t += _FIRST[candidates]
            if t >= end:
                break
        site = int(sites[t])
        code = int(np.int64(codes[site]))
        if (
            rule == METROPOLIS
            and levels[code] - draws.sure >= floors[t]
            and coarse <= chain.rests[t] <= straddles
        ):
            new = -split(code, width)[1]
        else:
            site, u = settle(chain, draws, seed, first + t, t)
            code = int(np.int64(codes[site]))
            new = decide(network, chain, rule, temperature, code, u)
        t += 1
        if new != split(code, width)[1]:
            set_site(network, chain, site, new)
            last = t
    return last


@step
def _sweep(
    network: Wiring,
    chain: Chain,
    protocol: Protocol,
    temperature: float,
    seed: np.uint64,
    queue: NDArray[np.uint32],
    begin: int,
    idle: int,
    event: int,
    total: float,
    spare: int,
    cancelled: NDArray[np.uint8],
) -> tuple[int, int, float, int]:
    """Make the attempts of a sweep, from attempt `begin` on.

    Four values are returned for the next sweep. They are the attempts since the last flip (or
    since waiting was too slow); the attempt of the next event, negative if unknown; the flips
    per attempt times N when it was drawn; and the next draw of the second stream.
    """
    end = min(begin + protocol.attempts, protocol.most)
    if event >= end:
        return idle, event, total, spare
    n_sites = len(chain.codes)
    draws = filter_at(network, temperature, np.uint64(n_sites if len(queue) == 0 else 1))
    t = begin
    while t < end and cancelled[0] == 0:
        if event < 0 and idle >= protocol.patience:
            total = weigh(network, chain, protocol.rule, temperature)
            dense = total > n_sites or total * protocol.patience > n_sites
            if dense or (len(queue) > 0 and total > 0.0):
                idle = 0
            else:
                event = t + wait(total, n_sites, unit_of(spare_draw(seed, spare)))
                spare += 1
        if event >= end:
            break
        if event >= 0:
            target = total * unit_of(spare_draw(seed, spare))
            u = unit_of(spare_draw(seed, spare + 1))
            turn_one(network, chain, protocol.rule, temperature, target, u)
            spare += 2
            t = event + 1
            event = -1
        else:
            odd = t & 1
            n = min(BLOCK - odd, end - t)
            draw(chain, draws, seed, t - odd, odd + n)
            if len(queue) > 0:
                for i in range(n):
                    chain.sites[odd + i] = queue[t - begin + i]
            last = _scan(
                network, chain, draws, protocol.rule, temperature, seed, t - odd, odd, odd + n
            )
            idle = odd + n - last if last > odd else idle + n
            t += n
    return idle, event, total, spare


@inner
def _order(
    protocol: Protocol,
    queue: NDArray[np.uint32],
    given: NDArray[np.uint32],
    seed: np.uint64,
    spare: int,
    begin: int,
) -> tuple[NDArray[np.uint32], int]:
    """Return the sites of a sweep, if they are not drawn, and the next spare draw."""
    if protocol.order == GIVEN:
        return given[begin : begin + protocol.attempts], spare
    if begin == 0:
        for i in range(len(queue)):
            queue[i] = i
    if protocol.order == PERMUTATION:
        spare = shuffle(seed, spare, queue)
    return queue, spare


@entry
def run_chains(
    network: Wiring,
    protocol: Protocol,
    spins: NDArray[np.int8],
    seeds: NDArray[np.uint64],
    temperatures: NDArray[np.float64],
    given: NDArray[np.uint32],
    sweeps: NDArray[np.int64],
    status: NDArray[np.uint8],
    ends: NDArray[np.int32],
    sums: NDArray[np.int32],
    chain: Chain,
    cancelled: NDArray[np.uint8],
) -> None:
    """Run every chain through its sweeps, in place.

    Parameters
    ----------
    network : Wiring
        Network that all chains share.
    protocol : Protocol
        Update protocol of every chain.
    spins : ndarray of int8, shape (chains, N)
        States, values -1, +1 (and 0 unless the rule is METROPOLIS); changed in place.
    seeds : ndarray of uint64, shape (chains,)
        Seed of each chain's streams.
    temperatures : ndarray of float64, shape (sweeps,)
        Temperature of each sweep, >= 0 (k_B = 1).
    given : ndarray of uint32, shape (chains, sweeps * attempts)
        Site of every attempt if the order is GIVEN; else shape (chains, 0).
    sweeps, status : ndarray of int64 and uint8, shape (chains,)
        On return, sweeps done, and 1 if the chain ended stable at T = 0.
    ends : ndarray of int32, shape (chains, K)
        On return, M_a at the end.
    sums : ndarray of int32, shape (chains, sweeps + 1, K or 0)
        On return, M_a at the start and after each sweep, if it has the columns.
    chain : Chain
        Scratch, which no other call uses at the same time.
    cancelled : ndarray of uint8, shape (1,)
        Any value except 0, set from another thread, ends the work within a block of draws.
    """
    n_sweeps = len(temperatures)
    cold = n_sweeps > 0 and temperatures[n_sweeps - 1] == 0.0
    for c in range(len(seeds)):
        start(network, chain, spins[c])
        seed, sites, rows = seeds[c], given[c], sums[c]
        sweeps[c], stable = n_sweeps, False
        idle, event, total, spare = 0, -1, 0.0, int(np.int64(0))  # no literal
        queue = sites[:0]
        for sweep in range(n_sweeps + 1):
            record(chain, rows[sweep])
            last = sweep == n_sweeps or cancelled[0] != 0
            if sweep > protocol.settle or (last and cold):
                stable = is_stable(network, chain, protocol.rule)
            if last:
                break
            if stable:
                sweeps[c] = sweep
                for later in range(sweep + 1, len(rows)):
                    record(chain, rows[later])
                break
            temperature = temperatures[sweep]
            if sweep > 0 and temperature != temperatures[sweep - 1]:
                idle, event = 0, -1
            begin = sweep * protocol.attempts
            if protocol.order != RANDOM:
                queue, spare = _order(protocol, chain.queue, sites, seed, spare, begin)
            idle, event, total, spare = _sweep(
                network,
                chain,
                protocol,
                temperature,
                seed,
                queue,
                begin,
                idle,
                event,
                total,
                spare,
                cancelled,
            )
        status[c] = stable
        record(chain, ends[c])
        finish(chain, spins[c])
