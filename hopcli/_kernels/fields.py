"""The loop on the fields of all classes: attempts, sweeps, chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli._kernels.chains import (
    FIXED,
    GIVEN,
    LANES,
    METROPOLIS,
    PERMUTATION,
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

_GROUP = 8  # draws compared with their floors at once
_BLOCK = 256  # draws made at once, even
_PLACES = 2 * _BLOCK - 1  # mask of a place in a block; never negative, as the compiler sees
_FINE = 4096  # multiple of N above which r gives u precisely enough to be sure

_FIRST = np.array([_GROUP - bits.bit_length() for bits in range(1 << _GROUP)], np.int64)
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
        candidates = 0
        for k in range(_GROUP):
            candidates = 2 * candidates + int(levels[codes[sites[t + k]]] >= floors[t + k])
        if candidates == 0:
            t += _GROUP
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
    end = begin + protocol.attempts
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
            n = min(_BLOCK - odd, end - t)
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


@inner  # as a step long runs take twice as long
def _run_chain(
    network: Wiring,
    chain: Chain,
    protocol: Protocol,
    temperatures: NDArray[np.float64],
    seed: np.uint64,
    given: NDArray[np.uint32],
    sums: NDArray[np.int32],
    cancelled: NDArray[np.uint8],
) -> tuple[int, bool]:
    """Run the current chain; return the sweeps done and whether it ended stable."""
    n_sweeps = len(temperatures)
    queue = given[:0]
    if protocol.order in (PERMUTATION, FIXED):
        queue = chain.queue
        for i in range(len(queue)):
            queue[i] = i
    idle, event, total, spare = 0, -1, 0.0, 0
    for sweep in range(n_sweeps + 1):
        record(chain, sums[sweep])
        if sweep > protocol.settle and is_stable(network, chain, protocol.rule):
            for later in range(sweep + 1, len(sums)):
                record(chain, sums[later])
            return sweep, True
        if sweep == n_sweeps or cancelled[0] != 0:
            break
        temperature = temperatures[sweep]
        if sweep > 0 and temperature != temperatures[sweep - 1]:
            idle, event = 0, -1
        begin = sweep * protocol.attempts
        if protocol.order == PERMUTATION:
            spare = shuffle(seed, spare, queue)
        elif protocol.order == GIVEN:
            queue = given[begin : begin + protocol.attempts]
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
    cold = n_sweeps > 0 and temperatures[n_sweeps - 1] == 0.0
    return n_sweeps, cold and is_stable(network, chain, protocol.rule)


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
    levels: NDArray[np.int32],
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
    levels : ndarray of int32, shape (3 width,)
        Scratch: the levels of the current chain. Best at the start of a cache line, where
        numba puts only every other of its own arrays.
    cancelled : ndarray of uint8, shape (1,)
        Any value except 0, set from another thread, ends the work within a block of draws.
    """
    n_sites = spins.shape[1]
    width = network.steps.shape[1]
    chain = Chain(
        np.empty(n_sites, network.site_class.dtype),
        np.empty(3 * width, np.int32),
        np.empty((3, 3 * width), np.int32),
        levels,
        np.empty(3 * width, np.float32),
        np.empty(3 * width, np.float64),
        np.empty(3 * width // LANES, np.float64),
        np.zeros(_BLOCK + _GROUP, np.uint32),
        np.empty(_BLOCK, np.uint32),
        np.empty(_BLOCK, np.float32),
        np.empty(_BLOCK + _GROUP, np.int32),
        np.empty(n_sites, np.uint32),
    )
    for c in range(len(seeds)):
        start(network, chain, spins[c])
        sweeps[c], status[c] = _run_chain(
            network, chain, protocol, temperatures, seeds[c], given[c], sums[c], cancelled
        )
        record(chain, ends[c])
        finish(chain, spins[c])
