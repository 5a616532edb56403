"""Quantiles of rates with random group weights, for the intervals of clustered trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hopcli.records import Floats, Ints

_NORMAL = 1.96  # 95 % point of the normal distribution
_SLOPE = 2.4  # slope of its log odds there
_GUESSES = 2
_WIDER = 40  # first guess of the factor by which a rate may be rarer than observed
_DIGITS = 9  # decimals of a quantile, which is computed by iteration
_NEAR = 1e-8  # last step in log odds; the result is about 1,000 times closer
_MOST_STEPS = 200  # usually three to seven
_MOST_LOG_ODDS = 40.0
_FAR = 8.0
_NOTHING = 1e-15  # negligible integrand
_LOG_T_STEP = 1 / 16
_LOG_T = np.arange(-23, 30, _LOG_T_STEP)
_SMALL, _T = np.split(np.exp(_LOG_T), [round(17 / _LOG_T_STEP)])
_SUMS = [float(np.sum(_SMALL**power)) for power in (1, 2, 3)]
_COARSE = 16  # step, in values of t, for examining the decay of the integrand
_ANGLE = np.pi / 8  # rotation of the integration path
_GROWN = 20.0  # largest ln |phi| allowed beside that path
_AT_ONCE = 400_000  # values of an integrand, few enough for the cache


def weighted_quantiles(
    rates: Sequence[tuple[Floats, ...]], ends: Sequence[tuple[float, float]]
) -> Floats:
    """Compute quantiles of sum w s / sum w n with exponential weights w and one added group.

    The ratio is at most c with the probability that sum w (s - c n) <= 0.

    Parameters
    ----------
    rates : sequence of (ndarray, ndarray, ndarray) of float64, shape (kinds,) each
        For each rate the different groups: s, n >= 1, and the number of equal groups, >= 1.
    ends : sequence of (float, float)
        Quantiles to compute for each rate: the probability that the ratio is below, 0 to 1
        (fast near 0.025 or 0.975); and 0 or 1, the rate of the added group, which has the mean
        size of the others.

    Returns
    -------
    ndarray of float64, shape (rates, ends)
        From 0 to 1, rounded to nine decimals; the error is at most two units in the last.
    """
    most = max((len(sums) for sums, _, _ in rates), default=0)
    filled = np.zeros((3, len(rates), most))
    for place, kinds in enumerate(rates):
        filled[:, place, : len(kinds[0])] = kinds
    sums, sizes, numbers = np.repeat(filled, len(ends), axis=1)
    level, last = np.tile(np.transpose(ends), len(rates))
    found = last.copy()  # which a rate like it stays
    others = np.flatnonzero(np.any(sums != last[:, None] * sizes, axis=1))
    at_once = max(1, _AT_ONCE // (len(_T) * (most + 1)))
    for first in range(0, len(others), at_once):
        rows = others[first : first + at_once]
        found[rows] = _quantiles(sums[rows], sizes[rows], numbers[rows], level[rows], last[rows])
    # Further digits depend on the machine.
    return np.round(found, _DIGITS).reshape(len(rates), len(ends))


def _quantiles(sums: Floats, sizes: Floats, numbers: Floats, level: Floats, last: Floats) -> Floats:
    """Compute several quantiles together, one per row; rows with fewer kinds are padded."""
    size = np.sum(sizes * numbers, axis=1) / np.sum(numbers, axis=1)
    sums, sizes = np.c_[sums, size * last], np.c_[sizes, size]
    numbers = np.c_[numbers, np.ones(len(numbers))]

    def excess(log_odds: Floats, rows: Ints) -> Floats:
        scales = sums[rows] - _rate(log_odds)[:, None] * sizes[rows]
        below = 1 - _probability_above_zero(scales, numbers[rows])
        return _log_odds(below) - _log_odds(level[rows])

    # A slightly skewed normal distribution [Cornish, Fisher 1938] is a good first guess.
    total = np.sum(sizes * numbers, axis=1)
    rate = np.sum(sums * numbers, axis=1) / total
    normal, guess = np.where(level > 0.5, _NORMAL, -_NORMAL), rate
    for _ in range(_GUESSES):
        scales = sums - guess[:, None] * sizes
        variance, third = (np.sum(scales**power * numbers, axis=1) for power in (2, 3))
        sd, skew = np.sqrt(variance), (_NORMAL**2 - 1) / 3 * third / variance
        guess = rate + (normal * sd + skew) / total
        guess = np.clip(guess, rate / _WIDER, 1 - (1 - rate) / _WIDER)
    slope = _SLOPE * guess * (1 - guess) * total / sd
    return _rate(_roots(excess, _log_odds(guess), slope))


def _rate(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _log_odds(rate: Floats) -> Floats:
    rate = np.clip(rate, 1e-17, 1 - 1e-16)
    return np.log(rate / (1 - rate))


def _roots(rising: Callable[[Floats, Ints], Floats], guess: Floats, slope: Floats) -> Floats:
    """Find the zeros of increasing functions by secants, or by bisection if secants fail.

    A library function would take as long to import as all quantiles of a run to compute.
    """
    found, rows = guess.copy(), np.arange(len(guess))
    low, high = np.full_like(guess, -_MOST_LOG_ODDS), np.full_like(guess, _MOST_LOG_ODDS)
    x, value = guess, rising(guess, rows)
    for _ in range(_MOST_STEPS):
        low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
        following = x - value / slope
        inside = (low <= following) & (following <= high)
        found[rows] = following = np.where(inside, following, (low + high) / 2)
        far = np.flatnonzero(np.abs(following - x) > _NEAR)
        if not len(far):
            break
        rows, low, high, slope = rows[far], low[far], high[far], slope[far]
        step, before = following[far] - x[far], value[far]
        x, value = following[far], rising(following[far], rows)
        rise = value - before
        slope = np.where(rise * step > 0, rise / step, slope)
    return found


def _probability_above_zero(scales: Floats, numbers: Floats) -> Floats:
    """Compute P(X > 0), X = sum_k scales_k Gamma(numbers_k), per row from its characteristic phi.

    P = 1/2 + (1/pi) int_0^inf Im phi(t) dt / t with phi(t) = prod_k (1 - i t scales_k)^-numbers_k
    [Gil-Pelaez 1951], as a sum over ln t, which converges exponentially. If few groups
    dominate, phi decays slowly and oscillates fast, but not on a ray t exp(-i angle). The path
    of integration is rotated to this ray; the rotation itself adds -angle / pi. For small t,
    phi is approximated by a cubic.
    """
    scales = scales / np.sqrt(np.sum(scales**2 * numbers, axis=1, keepdims=True))
    total = np.sum(numbers, axis=1)
    mean, third = np.sum(scales * numbers, axis=1), np.sum(scales**3 * numbers, axis=1)
    angle, n_points = _way(scales, numbers)
    small = (
        mean * _SUMS[0] * np.cos(angle)
        + (1 + mean**2) / 2 * _SUMS[1] * np.sin(2 * angle)
        - (third / 3 + mean / 2 + mean**3 / 6) * _SUMS[2] * np.cos(3 * angle)
    )
    # 1 - i t scale on the ray is cos(angle) exp(-i angle) (1 - i tilted).
    tilted = scales[:, :, None] * _T[:n_points] - np.sin(angle)[:, None, None]
    tilted /= np.cos(angle)[:, None, None]
    counts = numbers[:, None, :]
    phase = (counts @ np.arctan(tilted))[:, 0] + (angle * total)[:, None]
    np.multiply(tilted, tilted, out=tilted)
    np.log(np.add(tilted, 1, out=tilted), out=tilted)  # log1p is ten times slower
    size = np.exp(-0.5 * (counts @ tilted)[:, 0] - (np.log(np.cos(angle)) * total)[:, None])
    swings = np.sum(size * np.sin(phase), axis=1)
    found = 0.5 - angle / np.pi + _LOG_T_STEP / np.pi * (small + swings)
    # By Cantelli's inequality this lies beyond the requested quantiles.
    return np.where(np.abs(mean) >= _FAR, mean > 0, found)


def _way(scales: Floats, numbers: Floats) -> tuple[Floats, int]:
    """Return the angle of the ray for each row, and the number of t with relevant integrands.

    The ray is rotated to the side on which |phi| grows less. If |phi| grows much on both sides,
    the angle is 0: then there are many groups of both signs, and phi decays as fast as for a
    normal distribution.
    """

    def log_size(angle: Floats | float) -> Floats:
        squared = scaled * (scaled - 2 * np.sin(angle)) + 1  # |1 - i t scale|^2 on the ray
        return -0.5 * (numbers[:, None, :] @ np.log(squared))[:, 0]

    scaled = scales[:, :, None] * _T[::_COARSE]
    # The accuracy of the sum depends on the smoothness of phi up to twice the angle.
    one, other = (np.max(log_size(side * 2 * _ANGLE), axis=1) for side in (1, -1))
    angle = np.where(one <= other, _ANGLE, -_ANGLE)
    angle[np.minimum(one, other) > _GROWN] = 0
    alive = np.flatnonzero(np.any(log_size(angle[:, None, None]) > np.log(_NOTHING), axis=0))
    return angle, _COARSE * (2 + int(np.max(alive, initial=0)))
