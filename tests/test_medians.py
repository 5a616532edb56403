"""Median over draws: closed forms of few values, edges, and coverage near a transition."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hopcli import experiments
from hopcli.config import CapacityConfig, ThreadedExecution
from hopcli.experiments import no_progress
from hopcli.experiments.stock import Stock
from hopcli.statistics import draws_interval
from hopcli.statistics.medians import draws_median

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([[0.3], [0.3]], (0.3, 0.0, 1.0)),  # 0 of 2 is up to 0.84: even 0 is not excluded
        ([[0.3], [0.3], [0.3]], (0.3, 0.0, 1.0)),  # 0 of 3 is up to 0.71
        ([[0.3]] * 5, (0.3, 0.0, 1.0)),  # 0 of 5 is up to 0.52
        ([[0.3]] * 6, (0.3, 0.3, 0.3)),  # 0 of 6 is up to 0.46
        ([[1.0, 1.0, 1.0]] * 2, (1.0, 1.0, 1.0)),
        ([[0.0, 0.0, 0.0]] * 2, (0.0, 0.0, 0.0)),
        ([[0.2, 0.4]] * 2, (0.2, 0.0, 1.0)),
    ],
)
def test_few_values_have_the_closed_form_of_the_sign_test(
    values: list[list[float]], found: tuple[float, float, float]
) -> None:
    """0.5 is inside the interval of 0 of n if 1 - 0.025^(1 / n) >= 0.5, for n up to 5."""
    assert (1 - 0.025 ** (1 / 5) >= 0.5, 1 - 0.025 ** (1 / 6) >= 0.5) == (True, False)
    assert draws_median(values) == found


def test_one_draw_has_a_median_and_no_bounds() -> None:
    value, low, high = draws_median([[0.1, 0.2, 0.9]])
    assert value == 0.2
    assert math.isnan(low)
    assert math.isnan(high)


def test_the_range_shifts_with_the_values() -> None:
    values = np.random.default_rng(1).random((6, 7))
    shifted = draws_median(2 * values - 1, low=-1.0)
    assert shifted == pytest.approx(2 * np.array(draws_median(values)) - 1)


# --- near the transition of Hebbian patterns --------------------------------------------------


@functools.cache
def _overlaps(size: int, draws: int) -> NDArray[np.float64]:
    """Final overlaps of the patterns of many draws at load 0.14, shape (draws, tests)."""
    config = CapacityConfig(rule=("hebbian",), sizes=(size,), loads=(0.14,), draws=draws, seed=5)
    parts: dict[int, NDArray[np.float64]] = {}
    experiments.plan(config, Stock()).run(ThreadedExecution(), no_progress, parts)
    measured = np.stack([parts[number] for number in range(draws)])
    return measured[:, 3 : 3 + (measured.shape[1] - 3) // 2]


def _covered(size: int, pool: int, draws: int, runs: int) -> NDArray[np.float64]:
    """How often the intervals of mean, share above 0.9 and median hold those of the pool."""
    overlaps, rng = _overlaps(size, pool), np.random.default_rng(6)
    near, tested = overlaps > 0.9, overlaps.shape[1]
    truths = overlaps.mean(), near.mean(), np.quantile(overlaps, 0.5, method="inverted_cdf")
    covered = np.zeros(3)
    for _ in range(runs):
        own = rng.integers(0, pool, draws)
        intervals = (
            draws_interval(overlaps[own].mean(axis=1), tested, low=-1.0),
            draws_interval(near[own].mean(axis=1), tested),
            draws_median(overlaps[own], low=-1.0)[1:],
        )
        covered += [
            low <= truth <= high for truth, (low, high) in zip(truths, intervals, strict=True)
        ]
    return covered / runs


@pytest.mark.parametrize("draws", [3, 10])
def test_intervals_near_the_transition_cover(draws: int) -> None:
    """Some patterns are lost as a whole: means of draws are skew. Of 150 runs, three SD less."""
    assert np.ptp(np.mean(_overlaps(100, 150) > 0.9, axis=1)) > 0.2
    assert np.all(_covered(100, 150, draws, 150) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 150))


@pytest.mark.slow
@pytest.mark.parametrize("draws", [3, 5, 10, 20])
@pytest.mark.parametrize("size", [100, 200, 400])
def test_intervals_near_the_transition_cover_as_stated(size: int, draws: int) -> None:
    """Shares 94 to 99 %, means and medians 98.5 % or more, less three SD of 600 runs."""
    mean, share, median = _covered(size, 200, draws, 600)
    assert share >= 0.94 - 3 * math.sqrt(0.94 * 0.06 / 600)
    assert min(mean, median) >= 0.985 - 3 * math.sqrt(0.985 * 0.015 / 600)
