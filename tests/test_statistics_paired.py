"""Pairs and ranks: closed forms, enumeration, scipy, and their own promise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from conftest import few_and_many, least
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hopcli.statistics import exact_interval
from hopcli.statistics.paired import holm, mcnemar, mean_difference, paired_interval
from hopcli.statistics.ranks import permutation_p, rank_correlation, rank_correlation_interval

SEED = np.random.SeedSequence(1)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 32),
        (1, 5, 2 * (1 + 6) / 64),
        (3, 7, 2 * (1 + 10 + 45 + 120) / 1024),
        (4, 4, 1.0),
    ],
)
def test_mcnemar_is_what_a_coin_does(first: int, second: int, p: float) -> None:
    """By hand: how often a fair coin falls so unevenly, either way."""
    assert mcnemar(first, second) == pytest.approx(p, rel=1e-12)
    assert mcnemar(second, first) == pytest.approx(p, rel=1e-12)


# --- differences on the same images -----------------------------------------------------------


@given(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200)).filter(any))
def test_an_interval_contains_its_difference(counts: tuple[int, int, int]) -> None:
    first, second, _ = counts
    n = sum(counts)
    low, high = paired_interval(first, second, n)
    assert -1 <= low <= (first - second) / n <= high <= 1
    assert low < high
    assert paired_interval(second, first, n) == pytest.approx((-high, -low), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 5065])
def test_intervals_at_the_ends_have_closed_forms(n: int) -> None:
    """One more image that differs weighs 1 - 0.025^(1 / n) of all, at most."""
    root = 0.025 ** (1 / n)
    assert paired_interval(0, 0, n) == pytest.approx((root - 1, 1 - root), abs=1e-8)
    assert paired_interval(n, 0, n) == pytest.approx((2 * root - 1, 1), abs=1e-8)
    low, high = exact_interval(3, 10)  # images that all differ are coins
    assert paired_interval(3, 7, 10) == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3, 12])
@pytest.mark.parametrize(
    ("first", "second"),
    [(0.001, 0.0), (0.03, 0.0), (0.08, 0.0), (0.02, 0.02), (0.1, 0.02), (0.3, 0.1), (0.75, 0.25)],
)
def test_the_interval_covers_by_enumeration(first: float, second: float, n: int) -> None:
    counts = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    found = np.array([paired_interval(a, b, n) for a, b, _ in counts])
    chances = stats.multinomial.pmf(counts, n, [first, second, 1 - first - second])
    difference = first - second
    inside = (found[:, 0] <= difference + 1e-9) & (difference - 1e-9 <= found[:, 1])
    assert chances[inside].sum() >= 0.95


# --- Holm -------------------------------------------------------------------------------------


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    # The first is not significant, so none after it is, however small times its rank.
    assert holm([0.02, 0.021, 0.022]).tolist() == pytest.approx([0.06, 0.06, 0.06])
    assert holm([0.5, 0.9, 0.4]).tolist() == [1, 1, 1]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_refuses_what_closed_testing_refuses(p: list[float]) -> None:
    """All sets of hypotheses that one is in, each by Bonferroni [Marcus, Peritz, Gabriel 1976]."""
    n = len(p)
    sets = [c for size in range(1, n + 1) for c in itertools.combinations(range(n), size)]
    closed = [
        max(min(len(c) * min(p[j] for j in c), 1.0) for c in sets if k in c) for k in range(n)
    ]
    assert holm(p).tolist() == pytest.approx(closed)


# --- Student ----------------------------------------------------------------------------------


def test_a_mean_difference_by_hand() -> None:
    """SEM 0.1 / sqrt(3) of 0.2, 0.3, 0.4; t with two degrees of freedom is 4.30265."""
    mean, low, high, p = mean_difference([0.2, 0.3, 0.4], units=50)
    half, t = 4.30265 * 0.1 / math.sqrt(3), 0.3 / (0.1 / math.sqrt(3))
    assert (mean, low, high) == pytest.approx((0.3, 0.3 - half, 0.3 + half), abs=1e-5)
    assert p == pytest.approx(1 - t / math.sqrt(2 + t * t))  # of t with two degrees
    assert mean_difference([-0.2, -0.3, -0.4], units=50)[3] == pytest.approx(p)
    _, low, high, p = mean_difference([0.1, 0.9], units=50)  # rates differ by one at most
    assert (low, high) == (-1, 1)
    assert 0.2 < p < 0.5


def test_differences_that_are_alike_are_no_certainty() -> None:
    """No noise has been seen; of so many trials it might be."""
    half = 2 * exact_interval(250, 500)[1] - 1
    assert mean_difference([0.0] * 5, units=100) == pytest.approx((0, -half, half, 1))
    mean, low, high, p = mean_difference([0.25] * 3, units=100)
    assert low < mean == 0.25 < high
    assert p == 0.25  # a coin falls three times the same way
    rounded = np.array([0.3, 0.8]) - np.array([0.2, 0.7])
    assert mean_difference(rounded, 10) == pytest.approx(mean_difference([0.1, 0.1], 10))


# --- ranks ------------------------------------------------------------------------------------


def test_correlations_are_those_of_scipy_ties_too() -> None:
    rng = np.random.default_rng(1)
    for n in (3, 5, 10):
        x, y = rng.integers(0, 6, (2, 20, n)).astype(float)
        x[:, :2], y[:, :2] = [0, 7], [9, -1]  # never all equal
        expected = [stats.spearmanr(one, other).statistic for one, other in zip(x, y, strict=True)]
        assert rank_correlation(x, y) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
    assert np.isnan(permutation_p([1, 2, 3], [1, 1, 1], SEED))
    assert np.isnan(rank_correlation_interval([1, 1, 1], [[1, 2, 3], [1, 3, 2]], SEED)).all()


@pytest.mark.parametrize("y", [(1, 2, 3, 5, 4), (2, 1, 4, 3, 5), (1, 1, 2, 3, 3), (5, 4, 2, 3, 1)])
def test_p_is_that_of_all_pairings(y: tuple[int, ...]) -> None:
    """Of 100,000 pairings: within 4 standard deviations."""
    x = (1, 2, 3, 4, 5)
    found = abs(stats.spearmanr(x, y).statistic)
    every = rank_correlation(np.tile(x, (120, 1)), list(itertools.permutations(y)))
    expected = np.mean(np.abs(every) >= found - 1e-9)
    margin = 4 * np.sqrt(expected * (1 - expected) / 100_000) + 2e-5
    assert permutation_p(x, y, SEED) == pytest.approx(expected, abs=margin)


def test_p_is_never_0() -> None:
    assert 1 / 100_001 <= permutation_p(range(12), range(12), SEED) < 1e-4


@few_and_many("trials", 10, 150)
@pytest.mark.parametrize(("n", "sd"), [(10, 0.05), (30, 0.1), (100, 0.2), (100, 0.35)])
def test_the_interval_of_ranks_covers_as_promised(n: int, sd: float, trials: int) -> None:
    """Of ten labels that are 0.1 apart; some of them are as good as equal."""
    rng, covered = np.random.default_rng(7), 0
    for seed in range(trials):
        truth = rng.normal(0.8, 0.1, 10)
        x = truth + rng.normal(0, 0.1, 10)
        draws = truth + rng.normal(0, sd, (n, 10))
        low, high = rank_correlation_interval(x, draws, np.random.SeedSequence(seed))
        covered += low - 1e-9 <= float(rank_correlation(x, truth)) <= high + 1e-9
    assert covered / trials >= least(0.95, trials)


def test_the_interval_of_ranks_is_as_wide_as_the_noise_makes_it() -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(10) / 10
    draws = truth + rng.normal(0, 0.1, (200, 10))
    assert rank_correlation_interval(truth, draws, SEED) == (1, 1)
    low, high = rank_correlation_interval(truth, rng.normal(0, 1.2, (200, 10)) + truth, SEED)
    assert 0.6 < low < 0.97
    assert high == 1
    draws = np.random.default_rng(3).normal(0, 1, (20, 10))
    assert rank_correlation_interval(range(10), draws, SEED) == (-1, 1)
    assert np.isnan(rank_correlation_interval(range(10), draws[:1], SEED)).all()


@pytest.mark.parametrize(("apart", "low"), [(0.1075, 1.0), (0.1105, -1.0)])
def test_two_draws_are_corrected_for_their_number(apart: float, low: float) -> None:
    """A quarter of the resamples moves a mean by t / 1.96 * sqrt(2) = 9.17 deviations."""
    draws = [[0.0, 1.0 - apart], [0.0, 1.0 + apart]]
    assert rank_correlation_interval([0, 1], draws, SEED) == pytest.approx((low, 1.0))
