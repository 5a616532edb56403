"""Crossing of two measured curves, such as the Binder ratios of two sizes."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from hopcli.records import ArrayLike, Floats

FEWEST = 4
"""Fewest points from which a crossing is estimated."""

_TAIL = 0.025  # probability beyond each bound
_EXPECTED = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Prior means: a0 to a3, then the differences of the two curves in w, w^2 and w^3."""
_SPREAD = np.array([0.4, 0.5, 0.5, 0.25, 0.3, 0.15, 0.1])
"""Prior SDs; exactly known Binder ratios of two patterns lie well inside."""
_LEAST_ERROR = 0.01  # of a curve; the form that is fitted is only approximate
_SIDES = np.array([-0.5, 0.5])[:, None]
_STRAIGHT = 2.0  # scaled distance from x0 beyond which eta tends to a straight line
_STARTS = 5  # places from which the fit starts; it may have more than one minimum
_FARTHEST = 32.0  # search for a bound, in units of the scaled variable
_STEP = 0.1  # first step of the search
_TOLERANCE = 1e-6


class Crossing(NamedTuple):
    """A crossing and its 95 % interval, all finite.

    Attributes
    ----------
    value, low, high : float
        Estimate and bounds, in the unit of the points.
    """

    value: float
    low: float
    high: float


def crossing(
    x: ArrayLike,
    curves: ArrayLike,
    errors: ArrayLike,
    steepness: tuple[float, float],
    *,
    dof: int,
    lowest: float = 0.0,
) -> Crossing:
    """Fit two falling curves jointly and find where they cross.

    The curve of size k is lowest + (1 - lowest) (1 - s) / 2 with s = eta / sqrt(1 + eta^2)
    and eta = a0 + a1 z + a2 w^2 + a3 w^3 of z = steepness_k (x - x0), where w is z cut off at
    2: both curves are functions of one scaled variable and meet at x0 [Fisher, Barber 1972].
    The form approaches its ends like 1 / eta^2, as Binder ratios do. Terms of w by which the
    two curves differ allow for corrections to scaling. Wide normal priors keep the
    coefficients, of which a1 is about 1, in the range of Binder ratios where data are few or
    noisy; many data override them. The interval holds all x0 that the likelihood ratio of
    the penalised fit does not reject, with Student's t in place of the normal deviate.

    In simulations with exactly known crossings it covers 93 to 99 % if the crossing lies
    inside the points, also close to their edge.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Points, n >= 4.
    curves, errors : array-like of float, shape (2, n)
        Value and standard error of each curve; the second one is steeper.
    steepness : tuple of float
        Scale of the variable of each curve, > 0: sqrt(N) / (2 T_c) at a mean-field transition.
    dof : int
        Degrees of freedom of the standard errors, >= 1.
    lowest : float
        Value below 1 that both curves tend to on the right.

    Returns
    -------
    Crossing
        Estimate and bounds; they may lie beyond the points.

    Raises
    ------
    ValueError
        If there are fewer than four points.

    Examples
    --------
    >>> x = np.linspace(0.8, 1.2, 9)
    >>> eta = np.array([[5], [10]]) * (x - 1)
    >>> found = crossing(x, (1 - eta / np.sqrt(1 + eta**2)) / 2, 0.01 + 0 * eta, (5, 10), dof=30)
    >>> [round(value, 2) for value in found]
    [1.0, 0.99, 1.01]
    """
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    fit = _Fit(x, curves, errors, steepness, lowest)
    reach = float(stdtrit(dof, 1 - _TAIL)) ** 2
    best, least = fit.best()
    fit.start = best[1:]

    def excess(x0: float) -> float:
        return fit.cost(x0) - least - reach

    def bound(side: int) -> float:
        inside, step = best[0], _STEP
        while step < _FARTHEST:
            outside = best[0] + side * step
            if excess(outside) > 0:
                return float(brentq(excess, inside, outside, xtol=_TOLERANCE))
            inside, step = outside, 2 * step
        return float(inside)

    return Crossing(*(fit.place(value) for value in (best[0], bound(-1), bound(1))))


class _Fit:
    """The joint fit; its x0 counts from the middle of the points in units of mean steepness.

    Its other parameters are those of `_EXPECTED`.
    """

    def __init__(
        self,
        x: ArrayLike,
        curves: ArrayLike,
        errors: ArrayLike,
        steepness: tuple[float, float],
        lowest: float,
    ) -> None:
        places = np.asarray(x, dtype=np.float64)
        if len(places) < FEWEST:
            raise ValueError(f"x must have at least {FEWEST} points, found {len(places)}")
        self._middle, self._unit = float(places.mean()), float(np.mean(steepness))
        self._z = (places - self._middle) * self._unit
        self._scales = np.array(steepness)[:, None] / self._unit
        self._shares = (np.asarray(curves) - lowest) / (1 - lowest)
        self._errors = np.hypot(np.asarray(errors), _LEAST_ERROR) / (1 - lowest)
        self.start = _EXPECTED

    def place(self, x0: float) -> float:
        """The same x0 in the unit of the points."""
        return self._middle + float(x0) / self._unit

    def best(self) -> tuple[Floats, float]:
        """Best x0 and other parameters, shape (8,), and their cost."""
        from scipy.optimize import least_squares

        def misfit(fit: Floats) -> Floats:
            return self._misfit(fit[0], fit[1:])

        def slopes(fit: Floats) -> Floats:
            return self._slopes(fit[0], fit[1:])

        places = np.linspace(self._z[0], self._z[-1], _STARTS)
        fits = (least_squares(misfit, np.array([x0, *self.start]), slopes) for x0 in places)
        found = min(fits, key=lambda each: float(each.cost))
        return found.x, 2 * float(found.cost)

    def cost(self, x0: float) -> float:
        """Least sum of squares at this x0."""
        from scipy.optimize import least_squares

        def slopes(fit: Floats) -> Floats:
            return self._slopes(x0, fit)[:, 1:]

        found = least_squares(functools.partial(self._misfit, x0), self.start, slopes)
        return 2 * float(found.cost)

    def _eta(self, x0: float, fit: Floats) -> tuple[Floats, ...]:
        """Eta of all points, shape (2, n), with its derivatives by z and by all parameters."""
        z = self._scales * (self._z - x0)
        bend = 1 / np.sqrt(1 + (z / _STRAIGHT) ** 2)
        w = z * bend
        terms = np.stack([np.ones_like(z), z, w**2, w**3, *(_SIDES * w**k for k in (1, 2, 3))])
        bent = bend**3  # dw / dz
        rises = [np.zeros_like(z), np.ones_like(z), 2 * w * bent, 3 * w**2 * bent]
        rises += [_SIDES * k * w ** (k - 1) * bent for k in (1, 2, 3)]
        return np.tensordot(fit, terms, 1), np.tensordot(fit, np.stack(rises), 1), terms

    def _misfit(self, x0: float, fit: Floats) -> Floats:
        eta, *_ = self._eta(x0, fit)
        shares = (1 - eta / np.sqrt(1 + eta**2)) / 2
        data = (shares - self._shares) / self._errors
        return np.concatenate([data.ravel(), (fit - _EXPECTED) / _SPREAD])

    def _slopes(self, x0: float, fit: Floats) -> Floats:
        """Derivatives of the misfit, shape (2 n + 7, 8)."""
        eta, rise, terms = self._eta(x0, fit)
        every = np.concatenate([(-self._scales * rise)[None], terms])
        data = -0.5 / (1 + eta**2) ** 1.5 / self._errors * every
        prior = np.hstack([np.zeros((len(fit), 1)), np.diag(1 / _SPREAD)])
        return np.concatenate([data.reshape(len(every), -1).T, prior])
