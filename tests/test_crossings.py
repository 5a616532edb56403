"""Crossings of curves known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import few_and_many, least
from numpy.typing import NDArray
from scipy.special import stdtrit

from hopcli.statistics.crossings import FEWEST, Crossing, crossing

X = np.linspace(0.8, 1.2, 9)
STEEP = (5.0, 10.0)


def _curves(x: NDArray[np.float64], x0: float, lowest: float = 0.0) -> NDArray[np.float64]:
    """Two curves of the fitted form that meet at x0, shape (2, n)."""
    eta = np.array(STEEP)[:, None] * (x - x0)
    return lowest + (1 - lowest) * (1 - eta / np.sqrt(1 + eta**2)) / 2


def _cross(x: NDArray[np.float64], curves: NDArray[np.float64], lowest: float = 0.0) -> Crossing:
    return crossing(x, curves, np.full(curves.shape, 0.01), STEEP, dof=20, lowest=lowest)


@pytest.mark.parametrize("lowest", [0.0, -1.0])
@pytest.mark.parametrize("x0", [0.9, 0.93, 1.0, 1.1])
def test_curves_of_the_form_cross_where_they_do(x0: float, lowest: float) -> None:
    found = _cross(X, _curves(X, x0, lowest), lowest)
    assert found.value == pytest.approx(x0, abs=1e-3)
    assert found.low < x0 < found.high
    assert found.high - found.low < 0.06


@pytest.mark.parametrize("x0", [0.72, 0.8, 1.2, 1.28])
def test_a_crossing_at_or_beyond_the_edge_has_two_bounds(x0: float) -> None:
    """They are wider than those of a crossing in the middle."""
    found, middle = _cross(X, _curves(X, x0)), _cross(X, _curves(X, 1.0))
    assert np.isfinite(found).all()
    assert found.low < x0 < found.high
    assert found.high - found.low > 1.2 * (middle.high - middle.low)


def test_fewer_degrees_of_freedom_and_larger_errors_widen_the_interval() -> None:
    curves = _curves(X, 1.0)
    widths = [
        np.ptp(crossing(X, curves, np.full(curves.shape, error), STEEP, dof=dof)[1:])
        for error, dof in ((0.005, 60), (0.02, 60), (0.02, 3))
    ]
    assert widths[0] < widths[1]
    assert widths[2] / widths[1] == pytest.approx(stdtrit(3, 0.975) / stdtrit(60, 0.975), rel=0.05)


def test_the_fewest_points_suffice_and_fewer_do_not() -> None:
    few = np.linspace(0.85, 1.15, FEWEST)
    assert _cross(few, _curves(few, 1.0)).value == pytest.approx(1.0, abs=0.01)
    with pytest.raises(ValueError, match="4"):
        _cross(few[1:], _curves(few[1:], 1.0))


@few_and_many("runs", 10, 200)
@pytest.mark.parametrize("x0", [0.82, 1.0])
def test_the_interval_of_a_crossing_covers_it(x0: float, runs: int) -> None:
    """Of curves of the form with normal errors, near the edge too; exact ones: cli_critical."""
    rng, curves = np.random.default_rng(2), _curves(X, x0)
    drawn = [_cross(X, curves + rng.normal(0, 0.01, curves.shape)) for _ in range(runs)]
    covered = np.mean([found.low <= x0 <= found.high for found in drawn])
    assert covered >= least(0.95, runs)
