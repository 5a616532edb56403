"""Rank correlations: against scipy, against enumeration, and against their own promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from conftest import few_and_many
from scipy import stats

from hopcli.statistics.ranks import (
    permutation_p,
    rank_correlation,
    rank_correlation_interval,
)

SEED = np.random.SeedSequence(1)


def test_correlations_are_those_of_scipy_ties_too() -> None:
    rng = np.random.default_rng(1)
    for n in (3, 5, 10):
        x, y = rng.integers(0, 6, (2, 20, n)).astype(float)
        x[:, :2], y[:, :2] = [0, 7], [9, -1]  # never all equal
        expected = [stats.spearmanr(one, other).statistic for one, other in zip(x, y, strict=True)]
        assert rank_correlation(x, y) == pytest.approx(expected, abs=1e-12)


def test_what_does_not_vary_correlates_with_nothing() -> None:
    assert np.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
    assert np.isnan(permutation_p([1, 2, 3], [1, 1, 1], SEED))
    assert np.isnan(rank_correlation_interval([1, 1, 1], [[1, 2, 3], [1, 3, 2]], SEED)).all()


@pytest.mark.parametrize("y", [(1, 2, 3, 5, 4), (2, 1, 4, 3, 5), (1, 1, 2, 3, 3), (5, 4, 2, 3, 1)])
def test_p_is_that_of_all_pairings(y: tuple[int, ...]) -> None:
    x = (1, 2, 3, 4, 5)
    found = abs(stats.spearmanr(x, y).statistic)
    every = [abs(stats.spearmanr(x, pairing).statistic) for pairing in itertools.permutations(y)]
    expected = np.mean(np.array(every) >= found - 1e-9)
    # Of 100,000 pairings: within 4 standard deviations.
    margin = 4 * np.sqrt(expected * (1 - expected) / 100_000) + 2e-5
    assert permutation_p(x, y, SEED) == pytest.approx(expected, abs=margin)


def test_p_is_never_0() -> None:
    p = permutation_p(range(12), range(12), SEED)
    assert 1 / 100_001 <= p < 1e-4


@few_and_many("trials", 20, 150)
@pytest.mark.parametrize(("n", "sd"), [(10, 0.05), (30, 0.1), (100, 0.2), (100, 0.35)])
def test_the_interval_covers_as_promised(n: int, sd: float, trials: int) -> None:
    """Of ten labels that are 0.1 apart; some of them are as good as equal."""
    rng, covered = np.random.default_rng(7), 0
    for seed in range(trials):
        truth = rng.normal(0.8, 0.1, 10)
        x = truth + rng.normal(0, 0.1, 10)
        draws = truth + rng.normal(0, sd, (n, 10))
        low, high = rank_correlation_interval(x, draws, np.random.SeedSequence(seed))
        covered += low - 1e-9 <= float(rank_correlation(x, truth)) <= high + 1e-9
    assert covered / trials >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / trials)


def test_the_interval_is_no_wider_than_it_must_be() -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(10) / 10
    draws = truth + rng.normal(0, 0.1, (200, 10))
    assert rank_correlation_interval(truth, draws, SEED) == (1, 1)
    noisier = rng.normal(0, 1.2, (200, 10)) + truth
    low, high = rank_correlation_interval(truth, noisier, SEED)
    assert 0.6 < low < 0.97
    assert high == 1


def test_means_that_are_not_told_apart_tell_nothing() -> None:
    draws = np.random.default_rng(3).normal(0, 1, (20, 10))
    assert rank_correlation_interval(range(10), draws, SEED) == (-1, 1)
    assert np.isnan(rank_correlation_interval(range(10), draws[:1], SEED)).all()


@pytest.mark.parametrize(("apart", "low"), [(0.1075, 1.0), (0.1105, -1.0)])
def test_two_draws_are_corrected_for_their_number(apart: float, low: float) -> None:
    """A quarter of the resamples moves a mean by t / 1.96 * sqrt(2) = 9.17 deviations."""
    draws = [[0.0, 1.0 - apart], [0.0, 1.0 + apart]]
    assert rank_correlation_interval([0, 1], draws, SEED) == pytest.approx((low, 1.0))
