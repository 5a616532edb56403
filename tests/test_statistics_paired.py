"""Pairs and ranks: closed forms, enumeration, scipy, and coverage."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from conftest import few_and_many, least
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hopcli import experiments
from hopcli.config import Config, ConsistencyConfig, VarianceConfig
from hopcli.experiments.cautions import ENOUGH
from hopcli.experiments.fit_sweeps import _slack_of_replays
from hopcli.statistics import comparisons, draws_interval, exact_interval
from hopcli.statistics import counts as counting
from hopcli.statistics.comparisons import holm, mcnemar, mean_difference, paired_interval
from hopcli.statistics.components import Components

SEED = np.random.SeedSequence(1)


@pytest.mark.parametrize(
    ("first", "second", "tails"),
    [(0, 0, 1), (1, 0, 1), (0, 5, 2 / 32), (1, 5, 14 / 64), (3, 7, 352 / 1024), (4, 4, 1)],
)
def test_mcnemar_is_what_a_coin_does(first: int, second: int, tails: float) -> None:
    """The probability that a fair coin falls so unevenly, either way, by hand."""
    assert mcnemar(first, second) == pytest.approx(tails, rel=1e-12) == mcnemar(second, first)


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
    """No noise was observed, but the given number of trials allows for some."""
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
        assert comparisons.rank_correlation(x, y) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(comparisons.rank_correlation([1, 1, 1], [1, 2, 3]))
    assert np.isnan(comparisons.permutation_p([1, 2, 3], [1, 1, 1], SEED))
    assert np.isnan(
        comparisons.rank_correlation_interval([1, 1, 1], [[1, 2, 3], [1, 3, 2]], SEED)
    ).all()


@pytest.mark.parametrize("y", [(1, 2, 3, 5, 4), (2, 1, 4, 3, 5), (1, 1, 2, 3, 3), (5, 4, 2, 3, 1)])
def test_p_is_that_of_all_pairings(y: tuple[int, ...]) -> None:
    """Of 100,000 pairings: within 4 standard deviations."""
    x = (1, 2, 3, 4, 5)
    found = abs(stats.spearmanr(x, y).statistic)
    every = comparisons.rank_correlation(np.tile(x, (120, 1)), list(itertools.permutations(y)))
    expected = np.mean(np.abs(every) >= found - 1e-9)
    margin = 4 * np.sqrt(expected * (1 - expected) / 100_000) + 2e-5
    assert comparisons.permutation_p(x, y, SEED) == pytest.approx(expected, abs=margin)
    assert 1 / 100_001 <= comparisons.permutation_p(range(12), range(12), SEED) < 1e-4  # never 0


@few_and_many("trials", 10, 150)
@pytest.mark.parametrize(("n", "sd"), [(10, 0.05), (30, 0.1), (100, 0.2), (100, 0.35)])
def test_the_interval_of_ranks_covers_as_promised(n: int, sd: float, trials: int) -> None:
    """Of ten labels that are 0.1 apart; some of them are as good as equal."""
    rng, covered = np.random.default_rng(7), 0
    for seed in range(trials):
        truth = rng.normal(0.8, 0.1, 10)
        x = truth + rng.normal(0, 0.1, 10)
        draws = truth + rng.normal(0, sd, (n, 10))
        low, high = comparisons.rank_correlation_interval(x, draws, np.random.SeedSequence(seed))
        covered += low - 1e-9 <= float(comparisons.rank_correlation(x, truth)) <= high + 1e-9
    assert covered / trials >= least(0.95, trials)


def test_the_interval_of_ranks_is_as_wide_as_the_noise_makes_it() -> None:
    rng = np.random.default_rng(2)
    truth = np.arange(10) / 10
    draws = truth + rng.normal(0, 0.1, (200, 10))
    assert comparisons.rank_correlation_interval(truth, draws, SEED) == (1, 1)
    draws = truth + rng.normal(0, 1.2, (200, 10))
    low, high = comparisons.rank_correlation_interval(truth, draws, SEED)
    assert 0.6 < low < 0.97 < high == 1
    draws = np.random.default_rng(3).normal(0, 1, (20, 10))
    assert comparisons.rank_correlation_interval(range(10), draws, SEED) == (-1, 1)
    assert np.isnan(comparisons.rank_correlation_interval(range(10), draws[:1], SEED)).all()


@pytest.mark.parametrize(("apart", "low"), [(0.1075, 1.0), (0.1105, -1.0)])
def test_two_draws_are_corrected_for_their_number(apart: float, low: float) -> None:
    """A quarter of the resamples moves a mean by t / 1.96 * sqrt(2) = 9.17 deviations."""
    draws = [[0.0, 1.0 - apart], [0.0, 1.0 + apart]]
    assert comparisons.rank_correlation_interval([0, 1], draws, SEED) == pytest.approx((low, 1.0))


# --- counts with chances of their own, and few selections


def test_chances_are_binomial_or_as_enumerated() -> None:
    for n, p in ((1, 0.3), (10, 0.5), (100, 0.98)):
        expected = stats.binom.pmf(np.arange(n + 1), n, p)
        assert counting.poisson_binomial(np.full(n, p)) == pytest.approx(expected, rel=1e-10)
    small = counting.poisson_binomial(np.full(100, 0.999))
    assert small[60] == pytest.approx(stats.binom.pmf(60, 100, 0.999), rel=1e-9)
    assert 0 < small[0] == pytest.approx(1e-300, rel=1e-6)
    rates = np.random.default_rng(1).uniform(size=(3, 6))
    rates[0, :2] = [0, 1]
    expected = np.zeros((3, 7))
    for ends in itertools.product([0, 1], repeat=6):
        expected[:, sum(ends)] += np.where(ends, rates, 1 - rates).prod(axis=1)
    found = counting.poisson_binomial(rates)
    assert found == pytest.approx(expected, abs=1e-15)
    assert found[0, 0] == found[0, 6] == 0


def test_likelihoods_tend_to_those_of_known_chances() -> None:
    rng = np.random.default_rng(2)
    rates = np.where(rng.uniform(size=100) < 0.7, 1.0, rng.uniform(size=100))
    counts = np.array([(rng.uniform(size=100) < rates).sum() for _ in range(10)])
    expected = np.log(counting.poisson_binomial(rates)[counts]).sum()
    found = counting.counts_log_likelihoods(counts, rng.binomial(20_000, rates), 20_000, 50, SEED)
    assert found.mean() == pytest.approx(expected, abs=0.1)
    assert found.std() < 0.1


@pytest.mark.parametrize("hits", [[0] * 20, [30] * 20, [0] * 10 + [30] * 10, [15] * 20])
def test_replays_that_all_end_alike_are_no_trouble(hits: list[int]) -> None:
    """Also, 400 replays without a failure allow for chances of 1 / 400."""
    expected = round(sum(hits) / 30)
    likely, other = (
        counting.counts_log_likelihoods([count], hits, 30, 200, SEED).mean()
        for count in (expected, (expected + 9) % 20)
    )
    assert np.isfinite([likely, other]).all()
    assert likely > other
    drawn = counting.counts_log_likelihoods([19], [20] * 20, 20, 2000, SEED)
    assert -7 < np.log(np.exp(drawn).mean()) < -3


def test_nested_counts_are_a_normal_distribution_in_many_dimensions() -> None:
    rng = np.random.default_rng(4)
    for n, between, within in ((1, 0.5, 2.0), (4, 3.0, 0.7), (6, 0.0, 1.5)):
        counts = rng.normal(5, 2, n)
        covariance = between * np.ones((n, n)) + within * np.eye(n)
        expected = stats.multivariate_normal.logpdf(counts, np.full(n, 4.5), covariance)
        assert counting.nested_log_likelihood(counts, 4.5, between, within) == pytest.approx(
            expected
        )
        off = counts - 4.5
        chi2 = off @ np.linalg.solve(covariance, off)
        assert counting.nested_chi_square(counts, 4.5, between, within) == pytest.approx(chi2)
    # Noise is at least that of rounding.
    assert np.isfinite(counting.nested_log_likelihood([3.0, 3.0], 3.0, 0.0, 0.0))
    assert counting.nested_chi_square([3, 4], 3.5, 0.0, 0.0) == pytest.approx(0.5 * 12)


def test_inflation_is_never_below_1() -> None:
    assert [counting.overdispersion(*of) for of in ((20, 49), (98, 49), (3, 0))] == [1, 2, 1]
    assert (_slack_of_replays((10, 5), 10), _slack_of_replays((1, 1), 1)) == (np.sqrt(5), 1)
    assert counting.within_reach([0.0, -1.9, -1.95]).tolist() == [True, True, False]
    assert counting.within_reach([0.0, -1.9, -1.95], 2).all()
    reached = counting.within_reach([0.0, -3.0, -9.0], slack=[0, 1.1, 1.1])
    assert reached.tolist() == [True, True, False]


# --- few selections ---------------------------------------------------------------------------


def _covered_of_few(n: int, runs: int) -> Any:
    """Coverage of the mean and of the variance where one kind of selection in ten is much worse."""
    rng, covered = np.random.default_rng(n), np.zeros(2)
    mean, variance = 0.9 * 0.97 + 0.1 * 0.3, 0.1 * 0.9 * (0.97 - 0.3) ** 2
    for _ in range(runs):
        rates = np.where(rng.random(n) < 0.1, 0.3, 0.97)[:, None]
        chances = rng.beta(8 * rates, 8 * (1 - rates), (n, 50))
        found = Components.of(rng.binomial(5, chances)[:, None], 5)
        low, high = draws_interval(found.rate, 50)
        covered += [low <= mean <= high, found.groups.low <= variance <= found.groups.high]
    return covered / runs


def test_thirty_selections_are_about_enough_and_ten_are_not() -> None:
    """A kind that is 1 in 10: in 35 % of runs of ten selections it is missing."""
    assert max(_covered_of_few(10, 60)) < 0.9
    assert min(_covered_of_few(ENOUGH, 60)) > least(0.92, 60)


@pytest.mark.parametrize(("config", "tests"), [(VarianceConfig, 2), (ConsistencyConfig, 1)])
@pytest.mark.parametrize(("n", "warnings"), [(29, 1), (30, 0)])
def test_selections(config: type[Config], tests: int, n: int, warnings: int) -> None:
    settings = {"dataset": "digits", "tests": tests, "sweeps": 1, "selections": n}
    found = experiments.run(config.from_values(settings))
    assert len(found.notes["warnings"]) == warnings
