"""Quantiles of a rate whose groups have random weights, as the intervals of groups need them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["weighted_quantile"]

_NORMAL = 1.96  # the 95 % points of the normal law are a first guess
_DIGITS = 9  # decimals of a quantile, which is found by iteration
_NEAR = 1e-12  # how near it is found
_FAR = 8.0
_NOTHING = 1e-18  # of an integrand
_LOG_T_STEP = 0.05
_LOG_T = np.arange(-23, 30, _LOG_T_STEP)


@functools.lru_cache(maxsize=4096)
def weighted_quantile(
    successes: tuple[float, ...],
    trials: tuple[float, ...],
    number: tuple[float, ...],
    level: float,
    last: float,
) -> float:
    """Quantile of sum w s / sum w n with exponential weights w, one group more at the rate `last`.

    The ratio is at most c with the probability that sum w (s - c n) <= 0.

    Parameters
    ----------
    successes, trials, number : tuple of float
        Of each kind of groups that are alike: s, n >= 1, and how many there are, >= 1.
    level : float
        Probability that the ratio is below, 0 to 1; near 0.025 or 0.975 it is found fastest.
    last : {0.0, 1.0}
        Rate of one group more, of the mean size of the others.

    Returns
    -------
    float
        From 0 to 1, to nine decimals.
    """
    sums, sizes, numbers = np.array(successes), np.array(trials), np.array([*number, 1.0])
    if np.all(sums == last * sizes):
        return last
    size = float(sizes @ numbers[:-1] / numbers[:-1].sum())

    def excess(c: float) -> float:
        scales = np.append(sums - c * sizes, size * (last - c))
        return 1 - _probability_above_zero(scales, numbers) - level

    # The normal law is a good guess; where it is not, the root is looked for farther out.
    rate = float(np.append(sums, size * last) @ numbers / (size * numbers.sum()))
    spread = np.append(sums - rate * sizes, size * (last - rate))
    sd = float(np.sqrt(spread**2 @ numbers)) / (size * float(numbers.sum()))
    guess = rate + (_NORMAL if level > 0.5 else -_NORMAL) * sd
    found = _root(excess, guess, 0.3 * sd)
    return float(np.round(found, _DIGITS))  # what is beyond differs from machine to machine


def _root(rising: Callable[[float], float], guess: float, width: float) -> float:
    """Where a function that rises from 0 to 1 is 0, by the Illinois method [Dowell, Jarratt 1971].

    A library's would do, were it not that its import takes as long as all quantiles of a run.
    """
    low, high = max(0.0, guess - width), min(1.0, guess + width)
    at_low, at_high = rising(low), rising(high)
    while at_low > 0 and low > 0:
        width *= 4
        high, at_high, low = low, at_low, max(0.0, low - width)
        at_low = rising(low)
    while at_high < 0 and high < 1:
        width *= 4
        low, at_low, high = high, at_high, min(1.0, high + width)
        at_high = rising(high)
    side = 0
    while high - low > _NEAR:
        middle = high - at_high * (high - low) / (at_high - at_low)
        middle = min(max(middle, low + _NEAR / 2), high - _NEAR / 2)
        value = rising(middle)
        if abs(value) < _NEAR:
            return middle
        if value < 0:
            low, at_low = middle, value
            at_high /= 2 if side < 0 else 1
            side = -1
        else:
            high, at_high = middle, value
            at_low /= 2 if side > 0 else 1
            side = 1
    return (low + high) / 2


def _probability_above_zero(scales: NDArray[np.float64], numbers: NDArray[np.float64]) -> float:
    """P(X > 0), X = sum_k scales_k Gamma(numbers_k), from its characteristic function.

    P = 1/2 + (1/pi) int_0^inf Im phi(t) dt / t with phi(t) = prod_k (1 - i t scales_k)^-numbers_k
    [Gil-Pelaez 1951], as a sum over ln t, which converges exponentially.
    """
    mean, sd = float(scales @ numbers), float(np.sqrt(scales**2 @ numbers))
    if abs(mean) >= _FAR * sd:  # by Cantelli beyond the quantiles that are looked for
        return float(mean > 0)
    t = np.outer(np.exp(_LOG_T) / sd, scales)
    size = np.exp(-0.5 * (np.log1p(t * t) @ numbers))
    end = int(np.searchsorted(-size, -_NOTHING))  # it only falls
    phase = np.arctan(t[:end]) @ numbers
    return float(0.5 + _LOG_T_STEP / np.pi * np.sum(size[:end] * np.sin(phase)))
