"""The state of one chain, and single updates of it.

The *code* of a site is its class and its value, ``class + width (S + 1)``.
All sites of a code are alike, so 3K codes, not N sites, determine everything. Flipping a site
costs dE = 2x [ZG eq. 4], where x = S_i (h_i - theta_i) is its *alignment*.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli._kernels.compiling import inner, step

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

METROPOLIS, GLAUBER, SIGN_KEEP, SIGN_UP, SIGN_DOWN = range(5)
"""Rules: new value of a site, given its alignment."""

RANDOM, PERMUTATION, FIXED, GIVEN = range(4)
"""Orders in which sites are tried."""

TIE = 1e-9
"""A field this near its threshold ties with it, so that rounding noise never decides."""

NEVER = 1 << 62
"""Attempt that no chain reaches; as `patience`, it turns the rejection-free part off."""

LANES = 32
"""Rows of `steps` are a multiple of this long, so that loops over them have no remainder."""

GROUP = 8  # draws compared with their floors at once
BLOCK = 256  # draws made at once, even
LINE = 64  # bytes of a cache line; no vector is longer

_ALWAYS = np.int32(2**31 - 1)  # a level that reaches every floor


class Wiring(NamedTuple):
    """Network that all chains share. `width` is K, rounded up to a multiple of LANES.

    Attributes
    ----------
    site_class : ndarray of uint16 or uint32, shape (N,)
        Class of each site, 0 .. K - 1; its type can represent every code.
    J : ndarray of float64, shape (K, K)
        Symmetric couplings between classes.
    theta : ndarray of float64, shape (K,)
        Threshold of each class.
    steps : ndarray of int32, shape (K, width)
        `J` in units of `unit`, rounded; 0 beyond K.
    unit : float
        Size of one step; every level, and every sum of levels, stays below 2^30 of them.
    slack : float
        Bound on the error of an alignment from `steps`.
    """

    site_class: NDArray[np.unsignedinteger]
    J: NDArray[np.float64]
    theta: NDArray[np.float64]
    steps: NDArray[np.int32]
    unit: float
    slack: float


class Protocol(NamedTuple):
    """Update protocol of every chain.

    Attributes
    ----------
    rule, order : int
        Constants of this module.
    attempts : int
        Attempts in a sweep.
    patience : int
        Attempts without a flip before waiting is considered; also the mean waiting time
        below which scanning is cheaper. 0: always; NEVER: never.
    settle : int
        A stable chain stops from the end of sweep `settle` (counted from 0) on.
    most : int
        Attempts of a whole run at most, to stop within its last sweep.
    """

    rule: int
    order: int
    attempts: int
    patience: int
    settle: int
    most: int


class Chain(NamedTuple):
    """State of the current chain, and scratch."""

    codes: NDArray[np.unsignedinteger]  # (N,) code of each site
    counts: NDArray[np.int32]  # (3 width,) sites of each code
    shares: NDArray[np.int32]  # (3, 3 width) scratch of counting them
    levels: NDArray[np.int32]  # (3 width,) -x of each code, in units
    chances: NDArray[np.float32]  # (3 width,) bound on the probability that an attempt flips a site
    chance_bits: NDArray[np.int32]  # the same memory
    weights: NDArray[np.float64]  # (3 width,) the same times the sites of the code
    rows: NDArray[np.float64]  # (3 width / LANES,) sums of LANES weights each
    sites: NDArray[np.uint32]  # (BLOCK + GROUP,) sites of the draws
    site_pairs: NDArray[np.uint64]  # the same memory
    rests: NDArray[np.uint32]  # (BLOCK,) remainders for the uniforms
    rest_pairs: NDArray[np.uint64]  # the same memory
    bits: NDArray[np.float32]  # (BLOCK,) half of that, as float32
    octaves: NDArray[np.int32]  # the same memory
    floors: NDArray[np.int32]  # (BLOCK + GROUP,) lowest level that each draw may flip
    queue: NDArray[np.uint32]  # (N,) order of the sites, if it is not random


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Make zeros that begin at a cache line.

    Otherwise vectors of the compiled loop lie across two lines: at p = 300, T = 0.8 it then
    takes up to 50 % longer.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE, np.uint8)
    skip = -room.__array_interface__["data"][0] % LINE
    return room[skip : skip + n_bytes].view(dtype).reshape(shape)


def new_chain(network: Wiring) -> Chain:
    """Allocate the scratch of a call; in the loop itself, this takes a second to compile."""
    n_sites, n_codes = len(network.site_class), 3 * network.steps.shape[1]
    chances, bits = aligned((n_codes,), np.float32), aligned((BLOCK,), np.float32)
    sites, rests = aligned((BLOCK + GROUP,), np.uint32), aligned((BLOCK,), np.uint32)
    return Chain(
        codes=aligned((n_sites,), network.site_class.dtype),
        counts=aligned((n_codes,), np.int32),
        shares=aligned((3, n_codes), np.int32),
        levels=aligned((n_codes,), np.int32),
        chances=chances,
        chance_bits=chances.view(np.int32),
        weights=aligned((n_codes,), np.float64),
        rows=aligned((n_codes // LANES,), np.float64),
        sites=sites,
        site_pairs=sites.view(np.uint64),
        rests=rests,
        rest_pairs=rests.view(np.uint64),
        bits=bits,
        octaves=bits.view(np.int32),
        floors=aligned((BLOCK + GROUP,), np.int32),
        queue=aligned((n_sites,), np.uint32),
    )


@inner
def split(code: int, width: int) -> tuple[int, int]:
    """Split a code into its class and its value (comparisons; a division takes longer)."""
    spin = int(code >= 2 * width) - int(code < width)
    return code - width * (spin + 1), spin


@inner
def chance_of(rule: int, x: float, spin: int, temperature: float) -> float:
    """Return the probability that an attempt flips a site of this value and alignment `x`."""
    if rule == METROPOLIS:
        if x <= TIE:
            return 1.0
        return math.exp(-2.0 * x / temperature) if temperature > 0.0 else 0.0
    if rule == GLAUBER and temperature > 0.0:
        boltzmann = math.exp(-2.0 * abs(x) / temperature)
        return (boltzmann if x > 0.0 else 1.0) / (1.0 + boltzmann)
    if abs(x) > TIE:
        return 1.0 if x < 0.0 else 0.0
    if rule == GLAUBER:
        return 0.5
    return 1.0 if (rule == SIGN_UP and spin < 0) or (rule == SIGN_DOWN and spin > 0) else 0.0


@inner
def _field(network: Wiring, chain: Chain, a: int) -> float:
    """Return the field of class `a` minus its threshold, from the class sums."""
    width = network.steps.shape[1]
    field = -network.theta[a]
    for b in range(len(network.J)):
        field += network.J[a, b] * (chain.counts[2 * width + b] - chain.counts[b])
    return field


@inner
def alignment(network: Wiring, chain: Chain, a: int, spin: int) -> float:
    """Return the exact alignment of the sites of class `a` and value `spin`."""
    return spin * _field(network, chain, a) - network.J[a, a]


@inner
def decide(
    network: Wiring, chain: Chain, rule: int, temperature: float, code: int, u: float
) -> int:
    """Return the value of a site of this code after an attempt that draws `u`."""
    width = network.steps.shape[1]
    a, spin = split(code, width)
    if spin == 0:
        # No own share; otherwise it chooses like a site that is down.
        field = _field(network, chain, a)
        if rule == SIGN_KEEP and abs(field) <= TIE:
            return 0
        return 1 if u < chance_of(rule, -field, spin - 1, temperature) else -1
    x = -chain.levels[code] * network.unit
    chance = chance_of(rule, x, spin, temperature)
    doubtful = abs(x) <= TIE + network.slack
    if temperature > 0.0:
        doubt = 4.0 * network.slack / temperature
        doubtful |= doubt > 1.0 or abs(u - chance) <= doubt * chance
    if doubtful:
        chance = chance_of(rule, alignment(network, chain, a, spin), spin, temperature)
    return -spin if u < chance else spin


@inner
def set_site(network: Wiring, chain: Chain, site: int, new: int) -> None:
    """Set a site to a new value: its code, the counts and all levels."""
    width = network.steps.shape[1]
    code = int(np.int64(chain.codes[site]))  # `int` alone leaves uint16: all is compiled twice
    a, old = split(code, width)
    change = new - old
    chain.counts[code] -= 1
    code += width * change
    chain.counts[code] += 1
    chain.codes[site] = code
    _shift(chain.levels, network.steps[a], np.int32(change))


@inner
def _shift(levels: NDArray[np.int32], row: NDArray[np.int32], change: np.int32) -> None:
    """Add `change` times a row to the fields in the levels."""
    width = len(row)
    down = levels[:width]
    up = levels[2 * width :]
    for b in range(width):
        step = change * row[b]
        down[b] += step
        up[b] -= step


@inner
def is_stable(network: Wiring, chain: Chain, rule: int) -> bool:
    """Return whether no site would change at T = 0; under rules with noise, a tie need not."""
    width = network.steps.shape[1]
    for code in range(len(chain.counts)):
        if chain.counts[code] > 0:
            a, spin = split(code, width)
            x = -chain.levels[code] * network.unit
            if spin == 0 or abs(x) <= TIE + network.slack:
                x = alignment(network, chain, a, spin) if spin else _field(network, chain, a)
            if spin == 0:
                if rule != SIGN_KEEP or abs(x) > TIE:
                    return False
            elif x < -TIE or (rule >= SIGN_KEEP and chance_of(rule, x, spin, 0.0) > 0.0):
                return False
    return True


@step
def _count(chain: Chain) -> None:
    """Count the sites of each code in four parts, as each count waits for the previous one."""
    codes, n_fours = chain.codes, len(chain.codes) >> 2
    first, second, third, fourth = chain.counts, chain.shares[0], chain.shares[1], chain.shares[2]
    first[:] = 0
    chain.shares[:] = 0
    for four in range(n_fours):
        first[codes[4 * four]] += 1
        second[codes[4 * four + 1]] += 1
        third[codes[4 * four + 2]] += 1
        fourth[codes[4 * four + 3]] += 1
    for code in codes[4 * n_fours :]:
        first[code] += 1
    for code in range(len(first)):
        first[code] += second[code] + third[code] + fourth[code]


@step
def _add_up_fields(network: Wiring, chain: Chain, fields: NDArray[np.int32]) -> None:
    """Compute the fields of all classes in units, from four rows at a time."""
    width, steps = network.steps.shape[1], network.steps
    totals = chain.counts[2 * width :]  # of sites that are up; those that are down are less
    n_classes = len(steps)
    fields[:] = 0
    for a in range(0, n_classes - 3, 4):
        t0 = np.int32(totals[a] - chain.counts[a])
        t1 = np.int32(totals[a + 1] - chain.counts[a + 1])
        t2 = np.int32(totals[a + 2] - chain.counts[a + 2])
        t3 = np.int32(totals[a + 3] - chain.counts[a + 3])
        r0, r1, r2, r3 = steps[a], steps[a + 1], steps[a + 2], steps[a + 3]
        for b in range(width):
            fields[b] += t0 * r0[b] + t1 * r1[b] + t2 * r2[b] + t3 * r3[b]
    for a in range(n_classes - n_classes % 4, n_classes):
        t0, r0 = np.int32(totals[a] - chain.counts[a]), steps[a]
        for b in range(width):
            fields[b] += t0 * r0[b]


@step
def start(network: Wiring, chain: Chain, spins: NDArray[np.int8]) -> None:
    """Set the state of the current chain."""
    width = network.steps.shape[1]
    for i in range(len(spins)):
        chain.codes[i] = network.site_class[i] + width * (int(spins[i]) + 1)
    _count(chain)
    down, fields, up = (
        chain.levels[:width],
        chain.levels[width : 2 * width],
        chain.levels[2 * width :],
    )
    _add_up_fields(network, chain, fields)
    for a in range(len(network.theta)):
        field = np.int32(fields[a] - np.int32(round(network.theta[a] / network.unit)))
        down[a] = network.steps[a, a] + field
        up[a] = network.steps[a, a] - field
    down[len(network.theta) :] = _ALWAYS
    fields[:] = _ALWAYS  # sites that are 0
    up[len(network.theta) :] = _ALWAYS


@step
def finish(chain: Chain, spins: NDArray[np.int8]) -> None:
    """Return the values of the sites (compared in the type of the codes, for vectors)."""
    width = len(chain.counts) // 3
    zero, up = chain.codes.dtype.type(width), chain.codes.dtype.type(2 * width)
    for i in range(len(spins)):
        code = chain.codes[i]
        spins[i] = np.int8(code >= up) - np.int8(code < zero)


@inner
def record(chain: Chain, row: NDArray[np.int32]) -> None:
    """Write the class sums into the existing columns."""
    width = len(chain.counts) // 3
    for a in range(len(row)):
        row[a] = chain.counts[2 * width + a] - chain.counts[a]
