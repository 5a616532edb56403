"""The rejection-free part: waiting for the next flip (n-fold way).

After `patience` attempts without a flip, the number of attempts until the
next one is drawn from its geometric law, and the site from the weights of the codes
(rejection-free, n-fold way), until flips are dense again. The choice depends only on the
past, so the law of the chain is the same. Weights are upper bounds for all rules. They need
no exponential and lie up to a sixteenth above Metropolis' probability. The excess is
refused, so the law is exact. A waiting time continues into the next sweep while the
temperature stays. With a given order of sites only the last case remains: a chain that
cannot change any more is not scanned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hopcli._kernels.chains import LANES, NEVER, TIE, alignment, chance_of, decide, set_site, split
from hopcli._kernels.compiling import inner, step
from hopcli._kernels.draws import OCTAVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli._kernels.chains import Chain, Wiring

_ONE = np.int32(127 * 2**23)  # bits of 1.0
_BLUR = np.float32(512.0)  # bits by which a bound is raised, for roundings of float32
_CHUNK = 64  # sites searched at once


@step
def weigh(network: Wiring, chain: Chain, rule: int, temperature: float) -> float:
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


@step
def _bound_noisy(network: Wiring, chain: Chain, temperature: float) -> None:
    """Bound the probabilities of all codes by Metropolis' one, min(1, exp(-2x / T)).

    The bits of a float32, read as an integer, count octaves: exactly at powers of two, and in
    straight lines between them, which lie above the exponential. Probabilities below 2^-127 are
    0, as no uniform is so small.
    """
    scale = 2.0 * OCTAVE / math.log(2.0) * network.unit / temperature
    steepness = np.float32(min(scale, 1e30))
    margin = np.float32((network.slack + TIE) / network.unit + 1.0)
    bits = chain.chance_bits
    for code in range(len(bits)):
        fall = (np.float32(chain.levels[code]) + margin) * steepness + _BLUR
        fall = min(max(fall, -np.float32(_ONE)), np.float32(0.0))
        bits[code] = np.int32(fall) + _ONE


@step
def _bound_cold(network: Wiring, chain: Chain, rule: int) -> None:
    """Set the probabilities of all codes at T = 0, which are 0, 1/2 or 1."""
    width = network.steps.shape[1]
    for code in range(len(chain.counts)):
        chance = 0.0
        if chain.counts[code] > 0:
            a, spin = split(code, width)
            x = -chain.levels[code] * network.unit
            if abs(x) <= TIE + network.slack:
                x = alignment(network, chain, a, spin)
            chance = chance_of(rule, x, spin, 0.0)
        chain.chances[code] = chance


@step
def _add_up(chain: Chain) -> float:
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


@inner
def wait(total: float, n_sites: int, u: float) -> int:
    """Draw the number of attempts without event before the next event, geometric."""
    if total <= 0.0:
        return NEVER
    if total >= n_sites:
        return 0
    wait = math.log(u) / math.log1p(-total / n_sites)
    return int(wait) if wait < NEVER else NEVER


@inner
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


@step
def turn_one(
    network: Wiring, chain: Chain, rule: int, temperature: float, target: float, u: float
) -> None:
    """Flip the site at `target` (between 0 and the sum of weights), if `u` allows it.

    The code is chosen by weight, then any of its sites. The excess of its weight is refused.
    """
    row, target = _place(chain.rows, target)
    place, target = _place(chain.weights[LANES * row : LANES * (row + 1)], target)
    code = LANES * row + place
    spin = split(code, network.steps.shape[1])[1]
    bound = float(chain.chances[code])
    if decide(network, chain, rule, temperature, code, u * bound) != spin:
        rank = min(int(target / bound), chain.counts[code] - 1)
        set_site(network, chain, _site(chain, code, rank), -spin)


@inner
def _site(chain: Chain, code: int, rank: int) -> int:
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
