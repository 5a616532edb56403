"""The compiled loops: single-site updates of many independent chains.

The state of a chain. A site's *code* is its class and its value, ``class + K (S + 1)``,
so all sites of a code are alike: 3K codes, not N sites, decide everything. ``fields[a]``
is h before the own share, sum_b J_ab M_b - theta_a, and the *alignment* of a site is
x = S_i (h_i - theta_i) = S_i fields[a] - J_aa; turning it costs dE = 2x [ZG eq. 4].
`J` and theta arrive as multiples of one small power of two (:mod:`hopcli.dynamics`), so
that fields are exact sums: they do not drift, and no order of summation changes a bit.

The draws of a chain. Attempt t uses the t-th number of a counter-based stream: the
splitmix64 finaliser of seed + (t + 1) * GAMMA. Its high half gives the site, its low half k
the uniform u = (k + 1/2) / 2^32. A block of them is made at once, in a loop that the compiler
vectorises; results do not depend on the blocks. A second stream of the same seed serves
what is not one draw an attempt (waiting times, permutations).

The scan. No rule turns a site more often than Metropolis does, and the float32 bits
of k, read as an integer, grow no faster than log2 k: so a site can turn only if
bits(k / 2) <= *ceiling* of its code, a number linear in x. A group of draws is held
against the ceilings at once, without an exponential and without touching the state; the
few draws that pass are then decided exactly, in float64.

The waiting. After `patience` attempts without a flip, the number of attempts until the
next one is drawn from its geometric law and the site from the weights of the codes
(rejection-free, n-fold way), until flips are dense again. The choice looks only at the
past, so the law of the chain is the same; a waiting time outlives its sweep as long as
the temperature stays. With a fixed order of sites only the last case is left: a chain
that nothing can change any more is not scanned on.

Everything here also runs uncompiled (``NUMBA_DISABLE_JIT=1``); the callers ignore the
overflow that the draws want.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "FIXED",
    "GIVEN",
    "GLAUBER",
    "METROPOLIS",
    "NEVER",
    "PERMUTATION",
    "RANDOM",
    "SIGN_DOWN",
    "SIGN_KEEP",
    "SIGN_UP",
    "TIE",
    "run_chains",
    "sum_classes",
]

METROPOLIS, GLAUBER, SIGN_KEEP, SIGN_UP, SIGN_DOWN = range(5)
"""The rules: what a site does with its alignment."""

RANDOM, PERMUTATION, FIXED, GIVEN = range(4)
"""The orders in which sites are tried."""

TIE = 1e-9
"""A field this near its threshold ties with it: rounding noise never decides."""

NEVER = 1 << 62
"""An attempt that no chain reaches; as `patience`, the rejection-free part is off."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SPARE = np.uint64(0xD1B54A32D192ED03)
_LOW = np.uint64(0xFFFFFFFF)
_S1, _S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (1, 11, 27, 30, 31, 32))

_GROUP = 16  # draws held against the ceilings at once
_BLOCK = 256  # draws made at once, a multiple of _GROUP

_OCTAVE = 2.0**23  # float32 bits a factor of two
_TOP = 158 * _OCTAVE + 8  # bits of 2^31, and a little for roundings
_ALWAYS = 2.0**31 - 1  # a ceiling that every draw passes
_STEEP = 1e30  # ceilings at T = 0 fall this fast with x

_F = TypeVar("_F", bound="Callable[..., Any]")


def _inner(function: _F) -> _F:
    """Compile a part of a loop; it is inlined, and cached with the loop."""
    return cast("_F", numba.njit(nogil=True, error_model="numpy")(function))


def _loop(function: _F) -> _F:
    """Compile a loop that releases the GIL, and cache it on disk."""
    return cast("_F", numba.njit(nogil=True, error_model="numpy", cache=True)(function))


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
    """Turn 64 random bits into a number in (0, 1)."""
    return (float(z >> _S11) + 0.5) * 2.0**-53


@_inner
def _draw(
    seed: np.uint64,
    first: int,
    n: int,
    n_sites: int,
    sites: NDArray[np.uint32],
    low: NDArray[np.uint32],
    half: NDArray[np.float32],
) -> None:
    """Make the draws of attempts `first` to `first + n - 1`."""
    for t in range(n):
        z = _mix(seed + np.uint64(first + t + 1) * _GAMMA)
        sites[t] = np.uint32(((z >> _S32) * np.uint64(n_sites)) >> _S32)
        k = z & _LOW
        low[t] = np.uint32(k)
        half[t] = np.float32(np.int32(k >> _S1))


@_inner
def _shuffle(seed: np.uint64, n: int, queue: NDArray[np.uint32]) -> int:
    """Put all sites in a fresh random order (Fisher-Yates), from spare draw `n` on."""
    for i in range(len(queue)):
        queue[i] = i
    for i in range(len(queue) - 1, 0, -1):
        j = np.int64(((_spare(seed, n) >> _S32) * np.uint64(i + 1)) >> _S32)
        queue[i], queue[j] = queue[j], queue[i]
        n += 1
    return n


# --- rules -----------------------------------------------------------------------------


@_inner
def _chance(rule: int, x: float, spin: int, temperature: float) -> float:
    """Probability that an attempt turns a site of this value and alignment `x`."""
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
def _decide(rule: int, field: float, own: float, spin: int, temperature: float, u: float) -> int:
    """Value of a site after an attempt."""
    if spin != 0:
        return -spin if u < _chance(rule, spin * field - own, spin, temperature) else spin
    # A site that is 0 has no own share, and chooses like one that is down.
    if rule == SIGN_KEEP and abs(field) <= TIE:
        return 0
    return 1 if u < _chance(rule, -field, -1, temperature) else -1


@_inner
def _slope(temperature: float) -> float:
    """Fall of a ceiling with the alignment."""
    steep = _STEEP * temperature * math.log(2.0)
    return 2.0 * _OCTAVE / (temperature * math.log(2.0)) if steep > 2.0 * _OCTAVE else _STEEP


@_inner
def _shift(
    fields: NDArray[np.float64],
    row: NDArray[np.float64],
    change: float,
    own: NDArray[np.float64],
    slope: float,
    down: NDArray[np.int32],
    up: NDArray[np.int32],
) -> None:
    """Add `change` times a row of J to the fields; set the ceilings of all codes."""
    top = _TOP + slope * TIE
    for b in range(len(fields)):
        field = fields[b] + change * row[b]
        fields[b] = field
        ceiling = top + slope * (own[b] + field)
        ceiling = ceiling if ceiling < _ALWAYS else _ALWAYS
        down[b] = np.int32(ceiling if ceiling > -1.0 else -1.0)
        ceiling = top + slope * (own[b] - field)
        ceiling = ceiling if ceiling < _ALWAYS else _ALWAYS
        up[b] = np.int32(ceiling if ceiling > -1.0 else -1.0)


# --- what is known of a chain without trying ---------------------------------------------


@_inner
def _is_stable(
    rule: int, fields: NDArray[np.float64], own: NDArray[np.float64], counts: NDArray[np.int32]
) -> bool:
    """Whether no site would change at T = 0 (at a tie: by the sign rule's own rule)."""
    n_classes = len(fields)
    for a in range(n_classes):
        if counts[n_classes + a] > 0 and not (rule == SIGN_KEEP and abs(fields[a]) <= TIE):
            return False
        for spin in (-1, 1):
            if counts[a + n_classes * (spin + 1)] > 0:
                x = spin * fields[a] - own[a]
                if x < -TIE or (rule >= SIGN_KEEP and _chance(rule, x, spin, 0.0) > 0.0):
                    return False
    return True


@_inner
def _weigh(
    rule: int,
    temperature: float,
    fields: NDArray[np.float64],
    own: NDArray[np.float64],
    counts: NDArray[np.int32],
    weights: NDArray[np.float64],
) -> float:
    """Expected flips an attempt, as `weights` of the codes without 0 and their sum."""
    n_classes = len(fields)
    total = 0.0
    for spin in (-1, 1):
        shift = n_classes * (spin + 1)
        for a in range(n_classes):
            weight = 0.0
            if counts[shift + a] > 0:
                x = spin * fields[a] - own[a]
                weight = counts[shift + a] * _chance(rule, x, spin, temperature)
            weights[shift + a] = weight
            total += weight
    return total


@_inner
def _wait(total: float, n_sites: int, u: float) -> int:
    """Attempts without a flip before the next one, geometric."""
    if total <= 0.0:
        return NEVER
    if total >= n_sites:
        return 0
    wait = math.log(u) / math.log1p(-total / n_sites)
    return int(wait) if wait < NEVER else NEVER


@_inner
def _choose(
    target: float,
    weights: NDArray[np.float64],
    counts: NDArray[np.int32],
    codes: NDArray[np.uint32],
    members: NDArray[np.uint32],
    starts: NDArray[np.int64],
) -> int:
    """Site at `target` (0 to the sum of weights): its code by weight, then any of the code."""
    n_classes = len(starts) - 1
    code = -1
    for candidate in range(len(weights)):
        if weights[candidate] > 0.0:
            code = candidate
            if target < weights[candidate]:
                break
            target -= weights[candidate]
    rank = min(int(target / weights[code] * counts[code]), counts[code] - 1)
    a = code % n_classes
    site = -1
    for m in range(starts[a], starts[a + 1]):
        if codes[members[m]] == code:
            site = np.int64(members[m])
            if rank == 0:
                break
            rank -= 1
    return site


# --- the loops -------------------------------------------------------------------------


@_loop
def sum_classes(
    spins: NDArray[np.int8], site_class: NDArray[np.int32], sums: NDArray[np.float64]
) -> None:
    """Add every spin to the sum of its class.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    site_class : ndarray of int32, shape (N,)
        Class of each site.
    sums : ndarray of float64, shape (chains, K)
        Zeros; on return M_a, whole numbers.
    """
    for c in range(spins.shape[0]):
        for i in range(spins.shape[1]):
            sums[c, site_class[i]] += spins[c, i]


@_inner
def _scan(
    n: int,
    rule: int,
    temperature: float,
    slope: float,
    sites: NDArray[np.uint32],
    low: NDArray[np.uint32],
    bits: NDArray[np.int32],
    codes: NDArray[np.uint32],
    counts: NDArray[np.int32],
    ceilings: NDArray[np.int32],
    down: NDArray[np.int32],
    up: NDArray[np.int32],
    fields: NDArray[np.float64],
    J: NDArray[np.float64],  # noqa: N803
    own: NDArray[np.float64],
) -> int:
    """Make `n` attempts; return the place in the block after the last flip."""
    n_classes = len(fields)
    last = 0
    for group in range(0, n, _GROUP):
        hit = False
        for t in range(group, group + _GROUP):
            hit |= bits[t] <= ceilings[codes[sites[t]]]
        if not hit:
            continue
        for t in range(group, min(group + _GROUP, n)):
            code = np.int64(codes[sites[t]])
            if bits[t] > ceilings[code]:
                continue
            spin = code // n_classes - 1
            a = code % n_classes
            u = (low[t] + 0.5) * 2.0**-32
            new = _decide(rule, fields[a], own[a], spin, temperature, u)
            if new != spin:
                counts[code] -= 1
                code += n_classes * (new - spin)
                counts[code] += 1
                codes[sites[t]] = code
                _shift(fields, J[a], float(new - spin), own, slope, down, up)
                last = t + 1
    return last


@_loop
def run_chains(
    spins: NDArray[np.int8],
    fields: NDArray[np.float64],
    seeds: NDArray[np.uint64],
    site_class: NDArray[np.int32],
    J: NDArray[np.float64],  # noqa: N803
    temperatures: NDArray[np.float64],
    attempts: int,
    rule: int,
    order: int,
    given: NDArray[np.int32],
    patience: int,
    settle: int,
    sweeps: NDArray[np.int64],
    status: NDArray[np.uint8],
    sums: NDArray[np.int32],
    cancelled: NDArray[np.uint8],
) -> None:
    """Run every chain through its sweeps, in place.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, +1 (and 0 unless `rule` is METROPOLIS); changed in place.
    fields : ndarray of float64, shape (chains, K)
        sum_b J_ab M_b - theta_a at the start; changed in place.
    seeds : ndarray of uint64, shape (chains,)
        Seed of each chain's streams.
    site_class : ndarray of int32, shape (N,)
        Class of each site, 0 .. K - 1.
    J : ndarray of float64, shape (K, K)
        Symmetric couplings between classes.
    temperatures : ndarray of float64, shape (sweeps,)
        Temperature of each sweep, >= 0 (k_B = 1).
    attempts : int
        Attempts in a sweep.
    rule, order : int
        One of the constants of this module.
    given : ndarray of int32, shape (chains, sweeps * attempts)
        Site of every attempt if `order` is GIVEN, else not read.
    patience : int
        Attempts without a flip before waiting is considered; also the mean
        waiting time below which scanning is cheaper. 0: always; NEVER: never.
    settle : int
        From the end of sweep `settle` (counted from 0) on, a stable chain stops.
    sweeps, status : ndarray of int64 and uint8, shape (chains,)
        On return, sweeps done, and 1 if the chain ended stable at T = 0.
    sums : ndarray of int32, shape (chains, sweeps + 1, K)
        On return, M_a at the start and after each sweep; not written if it has
        no chains.
    cancelled : ndarray of uint8, shape (1,)
        Anything but 0, set from another thread, ends the work at the next sweep.
    """
    n_sites = len(site_class)
    n_classes = len(J)
    n_sweeps = len(temperatures)
    own = np.empty(n_classes)
    for a in range(n_classes):
        own[a] = J[a, a]

    # Sites sorted by class: the members of class a start at starts[a].
    starts = np.zeros(n_classes + 1, np.int64)
    for i in range(n_sites):
        starts[site_class[i] + 1] += 1
    for a in range(n_classes):
        starts[a + 1] += starts[a]
    members = np.empty(n_sites, np.uint32)
    filled = starts.copy()
    for i in range(n_sites):
        members[filled[site_class[i]]] = i
        filled[site_class[i]] += 1

    codes = np.empty(n_sites, np.uint32)
    counts = np.empty(3 * n_classes, np.int32)
    weights = np.zeros(3 * n_classes)
    ceilings = np.full(3 * n_classes, np.int32(_ALWAYS))
    down = ceilings[:n_classes]
    up = ceilings[2 * n_classes :]
    queue = np.empty(n_sites, np.uint32)
    for i in range(n_sites):
        queue[i] = i
    sites = np.zeros(_BLOCK, np.uint32)
    low = np.empty(_BLOCK, np.uint32)
    half = np.empty(_BLOCK, np.float32)
    bits = half.view(np.int32)

    for c in range(len(seeds)):
        seed = seeds[c]
        field = fields[c]
        counts[:] = 0
        for i in range(n_sites):
            code = site_class[i] + n_classes * (spins[c, i] + 1)
            codes[i] = code
            counts[code] += 1
        if len(sums) > 0:
            for a in range(n_classes):
                sums[c, 0, a] = counts[2 * n_classes + a] - counts[a]

        spare = 0  # draws taken from the second stream
        idle = 0  # attempts since the last flip, or since waiting was too dear
        event = -1  # attempt of the next flip, if it is known
        t = 0
        done = n_sweeps
        stable = False
        slope = _STEEP
        for sweep in range(n_sweeps):
            if cancelled[0] != 0:
                return
            temperature = temperatures[sweep]
            if sweep == 0 or temperature != temperatures[sweep - 1]:
                slope = _slope(temperature)
                _shift(field, J[0], 0.0, own, slope, down, up)
                event = -1
                idle = 0
            begin = t
            end = t + attempts
            if order == PERMUTATION and event < end:
                spare = _shuffle(seed, spare, queue)
            while t < end:
                if idle >= patience and event < 0:
                    total = _weigh(rule, temperature, field, own, counts, weights)
                    empty = 0
                    for a in range(n_classes):
                        empty += counts[n_classes + a]
                    dense = total * patience > n_sites or (order != RANDOM and total > 0.0)
                    if dense or empty > 0:
                        idle = 0
                    else:
                        event = t + _wait(total, n_sites, _unit(_spare(seed, spare)))
                        spare += 1
                if event >= end:
                    t = end
                elif event >= 0:
                    target = _unit(_spare(seed, spare)) * total
                    spare += 1
                    site = _choose(target, weights, counts, codes, members, starts)
                    code = np.int64(codes[site])
                    a = code % n_classes
                    spin = code // n_classes - 1
                    counts[code] -= 1
                    code -= 2 * n_classes * spin
                    counts[code] += 1
                    codes[site] = code
                    _shift(field, J[a], -2.0 * spin, own, slope, down, up)
                    t = event + 1
                    event = -1
                else:
                    n = min(_BLOCK, end - t)
                    padded = (n + _GROUP - 1) // _GROUP * _GROUP
                    _draw(seed, t, padded, n_sites, sites, low, half)
                    if order == GIVEN:
                        for i in range(n):
                            sites[i] = given[c, t + i]
                    elif order != RANDOM:
                        for i in range(n):
                            sites[i] = queue[t - begin + i]
                    last = _scan(
                        n, rule, temperature, slope, sites, low, bits, codes, counts,
                        ceilings, down, up, field, J, own,
                    )  # fmt: skip
                    idle = n - last if last > 0 else idle + n
                    t += n
            if len(sums) > 0:
                for a in range(n_classes):
                    sums[c, sweep + 1, a] = counts[2 * n_classes + a] - counts[a]
            if sweep >= settle or (sweep == n_sweeps - 1 and temperature == 0.0):
                stable = _is_stable(rule, field, own, counts)
                if stable and sweep >= settle:
                    done = sweep + 1
                    break

        sweeps[c] = done
        status[c] = 1 if stable else 0
        if len(sums) > 0:
            for sweep in range(done, n_sweeps):
                for a in range(n_classes):
                    sums[c, sweep + 1, a] = sums[c, done, a]
        for i in range(n_sites):
            spins[c, i] = np.int64(codes[i]) // n_classes - 1
