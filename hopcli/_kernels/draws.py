"""The draws of a chain, and the filter that finds those that can flip a site.

Attempt t takes the t-th 32-bit word w of a counter-based stream: half
of the splitmix64 finaliser of seed + (t // 2 + 1) * GAMMA. With w N = s 2^32 + r the site
is s, and the uniform lies in [r, r + N) / 2^32. Few attempts need more bits. For them, 32
bits e from another place of the stream follow, and w 2^32 + e instead of w gives the site
and the uniform to 53 bits. This includes the case that s + 1 is the site, so the law is
exact. The authors of splitmix64 report that it passes BigCrush. A block of words is made at
once, in loops that the compiler vectorises; results do not depend on the blocks. A second
stream of the same seed serves all other draws (waiting times, permutations).

``levels`` keeps -x of every code as an integer, in steps so small that its error
is at most ``slack``; a flip adds one row of integers to it, so it never drifts. No rule
flips a site more often than Metropolis, x < -T/2 ln u, and the float32 bits of r, read as
an integer, grow no faster than log2 r. So each draw has a *floor*, and flips no site with a
lower level. A group of draws is compared with its floors at once, without an exponential
and without reading the state. A level far above its floor flips the site. Otherwise x from
the level decides if it suffices, and x from a float64 sum if not, as in the plain loop.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli._kernels.chains import TIE
from hopcli._kernels.compiling import inner, step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli._kernels.chains import Chain, Wiring

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_FAR = np.uint64(1 << 63)  # counters that no attempt reaches
_SPARE = np.uint64(0xD1B54A32D192ED03)
_LOW = np.uint64(0xFFFFFFFF)
_S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))

OCTAVE = 2.0**23
"""float32 bits per factor of two."""

_TOP = np.int32(158 * 2**23 + 16)  # bits of 2^31, plus a margin for rounding
_LOWEST = np.float32(-(2.0**31) * 0.98)  # a floor that every draw reaches
_SURE = 0.1  # octaves by which a level exceeds its floor if u no longer decides


class Filter(NamedTuple):
    """Filter of draws that can flip a site, at the temperature of a sweep."""

    stretch: np.uint64  # N; 1 if the sites are not drawn
    steepness: np.float32  # units of a floor per float32 bit
    margin: np.int32  # units by which a floor is lowered, for the error of levels
    sure: np.int32  # units above its floor from which on a level decides


@inner
def _mix(z: np.uint64) -> np.uint64:
    """Finalise a counter of splitmix64 [Steele, Lea, Flood 2014]."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@inner
def spare_draw(seed: np.uint64, n: int) -> np.uint64:
    """Draw number `n` of the second stream of a chain."""
    return _mix(_mix(seed ^ _SPARE) + np.uint64(n + 1) * _GAMMA)


@inner
def unit_of(z: np.uint64) -> float:
    """Convert 64 random bits to a number in (0, 1)."""
    return (float(z >> _S11) + 0.5) * 2.0**-53


@inner
def filter_at(network: Wiring, temperature: float, stretch: np.uint64) -> Filter:
    """Make the filter of a temperature."""
    octave = 0.5 * math.log(2.0) * temperature / network.unit
    margin = np.int32((TIE + network.slack) / network.unit) + np.int32(4)
    return Filter(
        stretch & _LOW,  # so that it multiplies as 32 bits
        np.float32(octave * (1.0 + 1e-6) / OCTAVE),
        np.int32(margin),
        # Bits fall at most 0.087 octaves short of the logarithm.
        np.int32(min(_SURE * octave, 2.0**29) + 4.0 * margin),
    )


@step
def draw(chain: Chain, draws: Filter, seed: np.uint64, first: int, n: int) -> None:
    """Make the draws of attempts `first`, which is even, to `first + n - 1`."""
    counter = seed + np.uint64(first >> 1) * _GAMMA
    for pair in range((n + 1) >> 1):
        counter += _GAMMA
        z = _mix(counter)
        even, odd = (z & _LOW) * draws.stretch, (z >> _S32) * draws.stretch
        chain.site_pairs[pair] = (even >> _S32) | (odd & ~_LOW)
        chain.rest_pairs[pair] = (even & _LOW) | (odd << _S32)
    # Over indices: the compiler does not vectorise an `enumerate`.
    for t in range(n):
        chain.bits[t] = np.float32(np.int32(chain.rests[t] >> np.uint32(1)))
    straddles = straddling(draws)
    for t in range(n):
        fall = np.float32(np.int32(chain.octaves[t] - _TOP)) * draws.steepness
        fall = _LOWEST if chain.rests[t] > straddles else max(fall, _LOWEST)
        chain.floors[t] = np.int32(fall) - draws.margin


@inner
def straddling(draws: Filter) -> np.uint32:
    """Return the r above which u may exceed 1: then s + 1 is the site, and u near 0."""
    return np.uint32(_LOW + np.uint64(1) - draws.stretch)


@inner
def settle(chain: Chain, draws: Filter, seed: np.uint64, attempt: int, t: int) -> tuple[int, float]:
    """Return the site and the uniform of the draw at place `t` with 32 more bits."""
    more = _mix(seed + (np.uint64(attempt) | _FAR) * _GAMMA) >> _S32
    rest = np.uint64(chain.rests[t]) << _S32
    u = rest + more * draws.stretch
    return int(chain.sites[t]) + int(u < rest), unit_of(u)


@inner
def draw_one(seed: np.uint64, attempt: int, stretch: int) -> tuple[int, float]:
    """Return the site and the uniform of an attempt, of `stretch` sites, as :func:`settle`."""
    pair = _mix(seed + np.uint64((attempt >> 1) + 1) * _GAMMA)
    word = (pair >> _S32 if attempt & 1 else pair & _LOW) * np.uint64(stretch)
    more = _mix(seed + (np.uint64(attempt) | _FAR) * _GAMMA) >> _S32
    rest = word << _S32
    u = rest + more * np.uint64(stretch)
    return int(word >> _S32) + int(u < rest), unit_of(u)


@inner
def shuffle(seed: np.uint64, spare: int, queue: NDArray[np.uint32]) -> int:
    """Shuffle all sites (Fisher-Yates); return the next spare draw."""
    for i in range(len(queue) - 1, 0, -1):
        j = int(((spare_draw(seed, spare) >> _S32) * np.uint64(i + 1)) >> _S32)
        queue[i], queue[j] = queue[j], queue[i]
        spare += 1
    return spare
