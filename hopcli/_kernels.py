"""The compiled loops: single-site updates of many independent chains.

The state of a chain. The *code* of a site is its class and its value, ``class + width (S + 1)``.
All sites of a code are alike, so 3K codes, not N sites, determine everything. Flipping a site
costs dE = 2x [ZG eq. 4], where x = S_i (h_i - theta_i) is its *alignment*.

The draws of a chain. Attempt t takes the t-th 32-bit word w of a counter-based stream: half
of the splitmix64 finaliser of seed + (t // 2 + 1) * GAMMA. With w N = s 2^32 + r the site
is s, and the uniform lies in [r, r + N) / 2^32. Few attempts need more bits. For them, 32
bits e from another place of the stream follow, and w 2^32 + e instead of w gives the site
and the uniform to 53 bits. This includes the case that s + 1 is the site, so the law is
exact. The authors of splitmix64 report that it passes BigCrush. A block of words is made at
once, in loops that the compiler vectorises; results do not depend on the blocks. A second
stream of the same seed serves all other draws (waiting times, permutations).

The filter. ``levels`` keeps -x of every code as an integer, in steps so small that its error
is at most ``slack``; a flip adds one row of integers to it, so it never drifts. No rule
flips a site more often than Metropolis, x < -T/2 ln u, and the float32 bits of r, read as
an integer, grow no faster than log2 r. So each draw has a *floor*, and flips no site with a
lower level. A group of draws is compared with its floors at once, without an exponential
and without reading the state. A level far above its floor flips the site. Otherwise x from
the level decides if it suffices, and x from a float64 sum if not, as in the plain loop.

The waiting. After `patience` attempts without a flip, the number of attempts until the
next one is drawn from its geometric law, and the site from the weights of the codes
(rejection-free, n-fold way), until flips are dense again. The choice depends only on the
past, so the law of the chain is the same. Weights are upper bounds for all rules. They need
no exponential and lie up to a sixteenth above Metropolis' probability. The excess is
refused, so the law is exact. A waiting time continues into the next sweep while the
temperature stays. With a given order of sites only the last case remains: a chain that
cannot change any more is not scanned.

All functions also run uncompiled (``NUMBA_DISABLE_JIT=1``); the callers ignore the overflow
in the draws.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from hopcli._loading import compiled, known, numba

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

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

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_FAR = np.uint64(1 << 63)  # counters that no attempt reaches
_SPARE = np.uint64(0xD1B54A32D192ED03)
_LOW = np.uint64(0xFFFFFFFF)
_S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))

_GROUP = 8  # draws compared with their floors at once
_CHUNK = 64  # sites searched at once
_BLOCK = 256  # draws made at once, even
_PLACES = 2 * _BLOCK - 1  # mask of a place in a block; never negative, as the compiler sees

_OCTAVE = 2.0**23  # float32 bits per factor of two
_ONE = np.int32(127 * 2**23)  # bits of 1.0
_BLUR = np.float32(512.0)  # bits by which a bound is raised, for roundings of float32
_TOP = np.int32(158 * 2**23 + 16)  # bits of 2^31, plus a margin for rounding
_LOWEST = np.float32(-(2.0**31) * 0.98)  # a floor that every draw reaches
_ALWAYS = np.int32(2**31 - 1)  # a level that reaches every floor
_SURE = 0.1  # octaves by which a level exceeds its floor if u no longer decides
_FINE = 4096  # multiple of N above which r gives u precisely enough for that

_FIRST = np.array([_GROUP - bits.bit_length() for bits in range(1 << _GROUP)], np.int64)
"""First draw of a group with its bit set; the highest bit is the first."""

_F = TypeVar("_F", bound="Callable[..., Any]")


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
    """

    rule: int
    order: int
    attempts: int
    patience: int
    settle: int


class _Chain(NamedTuple):
    """State of the current chain, and scratch."""

    codes: NDArray[np.unsignedinteger]  # (N,) code of each site
    counts: NDArray[np.int32]  # (3 width,) sites of each code
    shares: NDArray[np.int32]  # (3, 3 width) scratch of counting them
    levels: NDArray[np.int32]  # (3 width,) -x of each code, in units
    chances: NDArray[np.float32]  # (3 width,) bound on the probability that an attempt flips a site
    weights: NDArray[np.float64]  # (3 width,) the same times the sites of the code
    rows: NDArray[np.float64]  # (3 width / LANES,) sums of LANES weights each
    sites: NDArray[np.uint32]  # (_BLOCK + _GROUP,) sites of the draws
    rests: NDArray[np.uint32]  # (_BLOCK,) remainders for the uniforms
    bits: NDArray[np.float32]  # (_BLOCK,) half of that, as float32
    floors: NDArray[np.int32]  # (_BLOCK + _GROUP,) lowest level that each draw may flip
    queue: NDArray[np.uint32]  # (N,) order of the sites, if it is not random


class _Filter(NamedTuple):
    """Filter of draws that can flip a site, at the temperature of a sweep."""

    stretch: np.uint64  # N; 1 if the sites are not drawn
    steepness: np.float32  # units of a floor per float32 bit
    margin: np.int32  # units by which a floor is lowered, for the error of levels
    sure: np.int32  # units above its floor from which on a level decides


# Without allocations, a part needs no reference counts; inlined, it copies no tuples. Without
# the first, the paper's job takes 2 times as long (at T = 0.8 1.5 times), without the second
# 1.5 times, without both 2.5 times; at p = 300 it takes 26, 12 and 45 % more. `_nrt` is not in
# numba's manual: a numba without it makes slower loops.
_LEAN: dict[str, Any] = {"_nrt": False} if known("_nrt") else {}
_PART: dict[str, Any] = {"error_model": "numpy", "forceinline": True, **_LEAN}
_STEP: dict[str, Any] = {"error_model": "numpy", "inline": "always", **_LEAN}
_WHOLE: dict[str, Any] = {"error_model": "numpy", "nogil": True}


def _inner(function: _F) -> _F:
    """Compile a part of the loop into the loop."""
    return cast("_F", numba.njit(**_PART)(function))


def _step(function: _F) -> _F:
    """Inline a part with a single caller, so that it is compiled once."""
    return cast("_F", numba.njit(**_STEP)(function))


def _entry(function: _F) -> _F:
    """Compile the loop, which releases the GIL; it is cached on disk with all its parts."""
    return compiled(function, **_WHOLE)


# --- draws -----------------------------------------------------------------------------


@_inner
def _mix(z: np.uint64) -> np.uint64:
    """Finalise a counter of splitmix64 [Steele, Lea, Flood 2014]."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@_inner
def _spare(seed: np.uint64, n: int) -> np.uint64:
    """Draw number `n` of the second stream of a chain."""
    return _mix(_mix(seed ^ _SPARE) + np.uint64(n + 1) * _GAMMA)


@_inner
def _unit(z: np.uint64) -> float:
    """Convert 64 random bits to a number in (0, 1)."""
    return (float(z >> _S11) + 0.5) * 2.0**-53


@_inner
def _filter(network: Wiring, temperature: float, stretch: np.uint64) -> _Filter:
    """Make the filter of a temperature."""
    octave = 0.5 * math.log(2.0) * temperature / network.unit
    margin = np.int32((TIE + network.slack) / network.unit) + np.int32(4)
    return _Filter(
        stretch & _LOW,  # so that it multiplies as 32 bits
        np.float32(octave * (1.0 + 1e-6) / _OCTAVE),
        np.int32(margin),
        # Bits fall at most 0.087 octaves short of the logarithm.
        np.int32(min(_SURE * octave, 2.0**29) + 4.0 * margin),
    )


@_step
def _draw(chain: _Chain, draws: _Filter, seed: np.uint64, first: int, n: int) -> None:
    """Make the draws of attempts `first`, which is even, to `first + n - 1`."""
    sites, rests = chain.sites.view(np.uint64), chain.rests.view(np.uint64)  # in pairs
    counter = seed + np.uint64(first >> 1) * _GAMMA
    for pair in range((n + 1) >> 1):
        counter += _GAMMA
        z = _mix(counter)
        even, odd = (z & _LOW) * draws.stretch, (z >> _S32) * draws.stretch
        sites[pair] = (even >> _S32) | (odd & ~_LOW)
        rests[pair] = (even & _LOW) | (odd << _S32)
    # Over indices: the compiler does not vectorise an `enumerate`.
    octaves = chain.bits.view(np.int32)
    for t in range(n):
        chain.bits[t] = np.float32(np.int32(chain.rests[t] >> np.uint32(1)))
    straddles = _straddles(draws)
    for t in range(n):
        fall = np.float32(np.int32(octaves[t] - _TOP)) * draws.steepness
        fall = _LOWEST if chain.rests[t] > straddles else max(fall, _LOWEST)
        chain.floors[t] = np.int32(fall) - draws.margin


@_inner
def _straddles(draws: _Filter) -> np.uint32:
    """Return the r above which u may exceed 1: then s + 1 is the site, and u near 0."""
    return np.uint32(_LOW + np.uint64(1) - draws.stretch)


@_inner
def _settle(
    chain: _Chain, draws: _Filter, seed: np.uint64, attempt: int, t: int
) -> tuple[int, float]:
    """Return the site and the uniform of the draw at place `t` with 32 more bits."""
    more = _mix(seed + (np.uint64(attempt) | _FAR) * _GAMMA) >> _S32
    rest = np.uint64(chain.rests[t]) << _S32
    u = rest + more * draws.stretch
    return int(chain.sites[t]) + int(u < rest), _unit(u)


@_inner
def _shuffle(seed: np.uint64, spare: int, queue: NDArray[np.uint32]) -> int:
    """Shuffle all sites (Fisher-Yates); return the next spare draw."""
    for i in range(len(queue) - 1, 0, -1):
        j = int(((_spare(seed, spare) >> _S32) * np.uint64(i + 1)) >> _S32)
        queue[i], queue[j] = queue[j], queue[i]
        spare += 1
    return spare


@_inner
def _split(code: int, width: int) -> tuple[int, int]:
    """Split a code into its class and its value (comparisons; a division takes longer)."""
    spin = int(code >= 2 * width) - int(code < width)
    return code - width * (spin + 1), spin


# --- rules -----------------------------------------------------------------------------


@_inner
def _chance(rule: int, x: float, spin: int, temperature: float) -> float:
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


@_inner
def _field(network: Wiring, chain: _Chain, a: int) -> float:
    """Return the field of class `a` minus its threshold, from the class sums."""
    width = network.steps.shape[1]
    field = -network.theta[a]
    for b in range(len(network.J)):
        field += network.J[a, b] * (chain.counts[2 * width + b] - chain.counts[b])
    return field


@_inner
def _alignment(network: Wiring, chain: _Chain, a: int, spin: int) -> float:
    """Return the exact alignment of the sites of class `a` and value `spin`."""
    return spin * _field(network, chain, a) - network.J[a, a]


@_inner
def _decide(
    network: Wiring, chain: _Chain, rule: int, temperature: float, code: int, u: float
) -> int:
    """Return the value of a site of this code after an attempt that draws `u`."""
    width = network.steps.shape[1]
    a, spin = _split(code, width)
    if spin == 0:
        # No own share; otherwise it chooses like a site that is down.
        field = _field(network, chain, a)
        if rule == SIGN_KEEP and abs(field) <= TIE:
            return 0
        return 1 if u < _chance(rule, -field, -1, temperature) else -1
    x = -chain.levels[code] * network.unit
    chance = _chance(rule, x, spin, temperature)
    doubtful = abs(x) <= TIE + network.slack
    if temperature > 0.0:
        doubt = 4.0 * network.slack / temperature
        doubtful |= doubt > 1.0 or abs(u - chance) <= doubt * chance
    if doubtful:
        chance = _chance(rule, _alignment(network, chain, a, spin), spin, temperature)
    return -spin if u < chance else spin


@_inner
def _set(network: Wiring, chain: _Chain, site: int, new: int) -> None:
    """Set a site to a new value: its code, the counts and all levels."""
    width = network.steps.shape[1]
    code = int(np.int64(chain.codes[site]))  # `int` alone leaves uint16: all is compiled twice
    a, old = _split(code, width)
    change = new - old
    chain.counts[code] -= 1
    code += width * change
    chain.counts[code] += 1
    chain.codes[site] = code
    _shift(chain.levels, network.steps[a], np.int32(change))


@_inner
def _shift(levels: NDArray[np.int32], row: NDArray[np.int32], change: np.int32) -> None:
    """Add `change` times a row to the fields in the levels."""
    width = len(row)
    down = levels[:width]
    up = levels[2 * width :]
    for b in range(width):
        step = change * row[b]
        down[b] += step
        up[b] -= step


# --- properties of a chain without attempts ------------------------------------------------


@_inner
def _is_stable(network: Wiring, chain: _Chain, rule: int) -> bool:
    """Return whether no site would change at T = 0; under rules with noise, a tie need not."""
    width = network.steps.shape[1]
    for code in range(len(chain.counts)):
        if chain.counts[code] > 0:
            a, spin = _split(code, width)
            x = -chain.levels[code] * network.unit
            if spin == 0 or abs(x) <= TIE + network.slack:
                x = _alignment(network, chain, a, spin) if spin else _field(network, chain, a)
            if spin == 0:
                if rule != SIGN_KEEP or abs(x) > TIE:
                    return False
            elif x < -TIE or (rule >= SIGN_KEEP and _chance(rule, x, spin, 0.0) > 0.0):
                return False
    return True


@_step
def _weigh(network: Wiring, chain: _Chain, rule: int, temperature: float) -> float:
    """Bound the flips per attempt, times N: by code, and (returned) in total.

    There is no waiting while any site is 0.
    """
    width = network.steps.shape[1]
    zeros = 0
    for code in range(width, 2 * width):
        zeros += chain.counts[code]
    if zeros > 0:
        return np.inf
    if temperature > 0.0:
        _bound_noisy(network, chain, temperature)
    else:
        _bound_cold(network, chain, rule)
    return _add_up(chain)


@_step
def _bound_noisy(network: Wiring, chain: _Chain, temperature: float) -> None:
    """Bound the probabilities of all codes by Metropolis' one, min(1, exp(-2x / T)).

    The bits of a float32, read as an integer, count octaves: exactly at powers of two, and in
    straight lines between them, which lie above the exponential. Probabilities below 2^-127 are
    0, as no uniform is so small.
    """
    scale = 2.0 * _OCTAVE / math.log(2.0) * network.unit / temperature
    steepness = np.float32(min(scale, 1e30))
    margin = np.float32((network.slack + TIE) / network.unit + 1.0)
    bits = chain.chances.view(np.int32)
    for code in range(len(bits)):
        fall = (np.float32(chain.levels[code]) + margin) * steepness + _BLUR
        fall = min(max(fall, -np.float32(_ONE)), np.float32(0.0))
        bits[code] = np.int32(fall) + _ONE


@_step
def _bound_cold(network: Wiring, chain: _Chain, rule: int) -> None:
    """Set the probabilities of all codes at T = 0, which are 0, 1/2 or 1."""
    width = network.steps.shape[1]
    for code in range(len(chain.counts)):
        chance = 0.0
        if chain.counts[code] > 0:
            a, spin = _split(code, width)
            x = -chain.levels[code] * network.unit
            if abs(x) <= TIE + network.slack:
                x = _alignment(network, chain, a, spin)
            chance = _chance(rule, x, spin, 0.0)
        chain.chances[code] = chance


@_step
def _add_up(chain: _Chain) -> float:
    """Compute the weights from the probabilities, and their sums by row and in total."""
    for code in range(len(chain.weights)):
        chain.weights[code] = float(chain.chances[code]) * chain.counts[code]
    total = 0.0
    for row in range(len(chain.rows)):
        # Four sums, in an order that does not depend on the processor's vectors.
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        for code in range(LANES * row, LANES * (row + 1), 4):
            first += chain.weights[code]
            second += chain.weights[code + 1]
            third += chain.weights[code + 2]
            fourth += chain.weights[code + 3]
        chain.rows[row] = (first + second) + (third + fourth)
        total += chain.rows[row]
    return total


@_inner
def _wait(total: float, n_sites: int, u: float) -> int:
    """Draw the number of attempts without event before the next event, geometric."""
    if total <= 0.0:
        return NEVER
    if total >= n_sites:
        return 0
    wait = math.log(u) / math.log1p(-total / n_sites)
    return int(wait) if wait < NEVER else NEVER


@_inner
def _place(weights: NDArray[np.float64], target: float) -> tuple[int, float]:
    """Find the weight that contains `target` if all are laid end to end, and the rest."""
    place = 0
    for i in range(len(weights)):
        if weights[i] > 0.0:
            place = i
            if target < weights[i]:
                break
            target -= weights[i]
    return place, target


@_step
def _turn_one(
    network: Wiring, chain: _Chain, rule: int, temperature: float, target: float, u: float
) -> None:
    """Flip the site at `target` (between 0 and the sum of weights), if `u` allows it.

    The code is chosen by weight, then any of its sites. The excess of its weight is refused.
    """
    row, target = _place(chain.rows, target)
    place, target = _place(chain.weights[LANES * row : LANES * (row + 1)], target)
    code = LANES * row + place
    spin = _split(code, network.steps.shape[1])[1]
    bound = float(chain.chances[code])
    if _decide(network, chain, rule, temperature, code, u * bound) != spin:
        rank = min(int(target / bound), chain.counts[code] - 1)
        _set(network, chain, _site(chain, code, rank), -spin)


@_inner
def _site(chain: _Chain, code: int, rank: int) -> int:
    """Find the site of this code with `rank` such sites before it, a chunk at a time."""
    wanted = chain.codes.dtype.type(code)
    begin, end = 0, len(chain.codes)
    while begin + _CHUNK <= end:
        here = np.uint16(0)  # as short as codes, for vectors
        for k in range(_CHUNK):
            here = np.uint16(here + np.uint16(chain.codes[begin + k] == wanted))
        if rank < here:
            break
        rank -= int(here)
        begin += _CHUNK
    for site in range(begin, end):
        if chain.codes[site] == code:
            if rank == 0:
                return site
            rank -= 1
    return -1  # unreachable: there are as many sites as counted


# --- the loops -------------------------------------------------------------------------


@_step
def _scan(
    network: Wiring,
    chain: _Chain,
    draws: _Filter,
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
    coarse, straddles = np.int64(_FINE) * np.int64(draws.stretch), _straddles(draws)
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
            new = -_split(code, width)[1]
        else:
            site, u = _settle(chain, draws, seed, first + t, t)
            code = int(np.int64(codes[site]))
            new = _decide(network, chain, rule, temperature, code, u)
        t += 1
        if new != _split(code, width)[1]:
            _set(network, chain, site, new)
            last = t
    return last


@_step
def _sweep(
    network: Wiring,
    chain: _Chain,
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
    draws = _filter(network, temperature, np.uint64(n_sites if len(queue) == 0 else 1))
    t = begin
    while t < end and cancelled[0] == 0:
        if event < 0 and idle >= protocol.patience:
            total = _weigh(network, chain, protocol.rule, temperature)
            dense = total > n_sites or total * protocol.patience > n_sites
            if dense or (len(queue) > 0 and total > 0.0):
                idle = 0
            else:
                event = t + _wait(total, n_sites, _unit(_spare(seed, spare)))
                spare += 1
        if event >= end:
            break
        if event >= 0:
            target = total * _unit(_spare(seed, spare))
            u = _unit(_spare(seed, spare + 1))
            _turn_one(network, chain, protocol.rule, temperature, target, u)
            spare += 2
            t = event + 1
            event = -1
        else:
            odd = t & 1
            n = min(_BLOCK - odd, end - t)
            _draw(chain, draws, seed, t - odd, odd + n)
            if len(queue) > 0:
                for i in range(n):
                    chain.sites[odd + i] = queue[t - begin + i]
            last = _scan(
                network, chain, draws, protocol.rule, temperature, seed, t - odd, odd, odd + n
            )
            idle = odd + n - last if last > odd else idle + n
            t += n
    return idle, event, total, spare


@_step
def _count(chain: _Chain) -> None:
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


@_step
def _start(network: Wiring, chain: _Chain, spins: NDArray[np.int8]) -> None:
    """Set the state of the current chain."""
    width = network.steps.shape[1]
    for i in range(len(spins)):
        chain.codes[i] = network.site_class[i] + width * (int(spins[i]) + 1)
    _count(chain)
    chain.levels[:] = _ALWAYS
    for a in range(len(network.theta)):
        threshold = np.int32(round(network.theta[a] / network.unit))
        chain.levels[a] = network.steps[a, a] - threshold
        chain.levels[2 * width + a] = network.steps[a, a] + threshold
    for a in range(len(network.theta)):
        total = chain.counts[2 * width + a] - chain.counts[a]
        if total != 0:
            _shift(chain.levels, network.steps[a], np.int32(total))


@_step
def _finish(chain: _Chain, spins: NDArray[np.int8]) -> None:
    """Return the values of the sites (compared in the type of the codes, for vectors)."""
    width = len(chain.counts) // 3
    zero, up = chain.codes.dtype.type(width), chain.codes.dtype.type(2 * width)
    for i in range(len(spins)):
        code = chain.codes[i]
        spins[i] = np.int8(code >= up) - np.int8(code < zero)


@_inner
def _record(chain: _Chain, row: NDArray[np.int32]) -> None:
    """Write the class sums into the existing columns."""
    width = len(chain.counts) // 3
    for a in range(len(row)):
        row[a] = chain.counts[2 * width + a] - chain.counts[a]


@_inner  # as a step long runs take twice as long
def _run_chain(
    network: Wiring,
    chain: _Chain,
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
        _record(chain, sums[sweep])
        if sweep > protocol.settle and _is_stable(network, chain, protocol.rule):
            for later in range(sweep + 1, len(sums)):
                _record(chain, sums[later])
            return sweep, True
        if sweep == n_sweeps or cancelled[0] != 0:
            break
        temperature = temperatures[sweep]
        if sweep > 0 and temperature != temperatures[sweep - 1]:
            idle, event = 0, -1
        begin = sweep * protocol.attempts
        if protocol.order == PERMUTATION:
            spare = _shuffle(seed, spare, queue)
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
    return n_sweeps, cold and _is_stable(network, chain, protocol.rule)


@_entry
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
    chain = _Chain(
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
        _start(network, chain, spins[c])
        sweeps[c], status[c] = _run_chain(
            network, chain, protocol, temperatures, seeds[c], given[c], sums[c], cancelled
        )
        _record(chain, ends[c])
        _finish(chain, spins[c])
