"""Intervals of rates, means and times: published values, scipy, and coverage."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import few_and_many, least
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from hopcli.statistics import Z95, chao1, draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.comparisons import draws_median, time_quantile
from hopcli.statistics.quantiles import weighted_quantiles
from hopcli.statistics.rates import (
    clustered_interval,
    clustered_intervals,
    clustered_mean_sem,
    replicate_interval,
    resampled_means,
    thermal_interval,
)


def test_z95_is_the_two_sided_point() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-15) == Z95


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@example((0, 1))
@example((300, 300))
def test_the_exact_interval_agrees_with_scipy(counts: tuple[int, int]) -> None:
    hits, trials = counts
    expected = stats.binomtest(hits, trials).proportion_ci(method="exact")
    assert exact_interval(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


# --- groups of trials -------------------------------------------------------------------------


def test_groups_that_are_alike_may_be_given_by_their_number() -> None:
    sums, sizes = [3, 1, 3, 0, 3, 1], [4, 2, 4, 1, 4, 2]
    for interval in (clustered_interval, thermal_interval):
        assert interval(sums, sizes) == interval([3, 1, 0], [4, 2, 1], [3, 2, 1])
        assert interval(sums, sizes) != interval([3, 1, 0], [4, 2, 1])
        assert interval([*sums, 5], [*sizes, 5], [1] * 6 + [0]) == interval(sums, sizes)
        assert all(math.isnan(bound) for bound in interval([], []))


@pytest.mark.parametrize("at_once", [1, 400_000])
def test_intervals_found_together(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of rates with one kind of group and with many, with none, and at the ends."""
    monkeypatch.setattr("hopcli.statistics.quantiles._AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    groups: list[Any] = [([], [], []), ([3], 4, 1), ([3], 3, 7), ([0, 0], [1, 2], 5), ([1], 2, 400)]
    for most in (1, 3, 20):
        sizes = rng.integers(1, most + 1, 300)
        groups += [(rng.binomial(sizes, rate), sizes, 1) for rate in (0.9, 0.003)]
    alone = [clustered_interval(*each) for each in groups]
    assert np.array_equal(clustered_intervals(groups), alone, equal_nan=True)
    assert clustered_intervals([]) == []
    monkeypatch.setattr("hopcli.statistics.rates._DENSE", 0)  # kinds of groups by sorting
    assert np.array_equal(clustered_intervals(groups), alone, equal_nan=True)


@pytest.mark.parametrize("groups", [3, 30, 1_000, 60_000, 1_000_000])
def test_the_quantiles_of_single_trials_are_those_of_beta_laws(groups: int) -> None:
    """As exact as they are written: also where few groups of many decide."""
    for hits in {1, 2, groups // 3, groups // 2, groups - 2, groups - 1}:
        kinds = (np.array([0.0, 1]), np.ones(2), np.array([groups - hits, hits], float))
        (found,) = weighted_quantiles([kinds], [(0.025, 0), (0.975, 1)])
        assert found == pytest.approx(exact_interval(hits, groups), abs=2e-9), hits


@pytest.mark.parametrize("groups", [10, 1_000, 60_000])
def test_a_bound_where_nothing_succeeds_has_a_closed_form(groups: int) -> None:
    """One more group that succeeds outweighs all others with a product of probabilities."""
    sizes = np.array([1, 2, 10])
    numbers = np.array([groups, groups // 2, groups // 5])
    low, high = clustered_interval([0, 0, 0], sizes, numbers)
    mean = sizes @ numbers / numbers.sum()
    outweighed = numbers @ np.log1p(high / (1 - high) * sizes / mean)
    assert low == 0
    assert outweighed == pytest.approx(-math.log(0.025), rel=2e-9 / high)


def test_trials_of_an_image_count_by_what_they_add() -> None:
    success = np.random.default_rng(3).random(100) < 0.8
    alone = clustered_interval(success, 1)
    assert alone == exact_interval(success.sum(), 100)
    assert clustered_interval(10 * success, 10) == pytest.approx(alone, abs=1e-12)
    for outcome in (0, 1):  # thirty images, all alike: what thirty trials would tell, not 300
        found = clustered_interval([10 * outcome] * 30, [10] * 30)
        assert found == exact_interval(30 * outcome, 30)
    success = np.random.default_rng(4).random(1000) < 0.8
    low, high = clustered_interval(success.reshape(100, 10).sum(axis=1), 10)
    assert 1.0 < (high - low) / np.ptp(exact_interval(success.sum(), 1000)) < 1.4


GROUPS = [([5], [10]), ([9, 10], [10, 10]), ([3, 0, 0], [3, 1, 1]), ([1, 3] * 30, [2, 4] * 30)]
GROUPS += [([10] * 50 + [9], [10] * 51), ([10] * 20 + [1] * 3 + [0], [10] * 24)]


@pytest.mark.parametrize(("sums", "sizes"), GROUPS)
def test_bounds_are_quantiles_of_weighted_rates(sums: list[int], sizes: list[int]) -> None:
    """As Gaffke's are by definition, here by drawing the weights; a share has an SD of 0.0005."""
    weights = np.random.default_rng(6).exponential(size=(100_000, len(sums) + 1))
    own, one_more = weights[:, :-1] @ np.array(sums), weights[:, -1] * np.mean(sizes)
    trials = weights[:, :-1] @ np.array(sizes) + one_more
    low, high = clustered_interval(sums, sizes)
    shares = [np.mean(own <= low * trials), np.mean(own + one_more >= high * trials)]
    assert shares == pytest.approx([0.025, 0.025], abs=0.002)


Population = Callable[[np.random.Generator, int], NDArray[np.float64]]

POPULATIONS: dict[str, tuple[float, Population]] = {
    "a few hard images": (0.979, lambda rng, n: np.where(rng.random(n) < 0.03, 0.3, 1.0)),
    "a few never recalled": (0.97, lambda rng, n: np.where(rng.random(n) < 0.03, 0.0, 1.0)),
    "a rare outcome": (0.03, lambda rng, n: rng.beta(0.03, 0.97, n)),
    "all alike, easy": (0.98, lambda _, n: np.full(n, 0.98)),
    "all alike, a coin": (0.5, lambda _, n: np.full(n, 0.5)),
    "always or never": (0.5, lambda rng, n: (rng.random(n) < 0.5).astype(np.float64)),
    "some a coin, some sure": (0.75, lambda rng, n: np.where(rng.random(n) < 0.5, 0.5, 1.0)),
    "a beta law": (0.8, lambda rng, n: rng.beta(0.32, 0.08, n)),
}
"""Mean rate, and the rates of some images, of made-up kinds of images."""


@few_and_many("runs", 40, 800)
@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize(("images", "repeats"), [(100, 10), (25, 4)])
def test_clustered_interval_covers(name: str, images: int, repeats: int, runs: int) -> None:
    """95 % at least, with as much noise as the runs have; and not everything."""
    mean, rates = POPULATIONS[name]
    rng = np.random.default_rng(12)
    found = functools.cache(lambda counts: clustered_interval(list(counts), [repeats] * images))
    covered = 0
    for _ in range(runs):
        low, high = found((*np.sort(rng.binomial(repeats, rates(rng, images))).tolist(),))
        covered += low <= mean <= high
    assert covered / runs > least(0.95, runs)
    if images == 100 and runs == 800:
        assert covered / runs < 0.9975


def test_the_thermal_interval_of_trials_that_do_not_repeat_or_never_differ() -> None:
    success = np.random.default_rng(2).random(300) < 0.9
    assert thermal_interval(success, 1) == exact_interval(success.sum(), 300)
    bounds = thermal_interval([10, 0] * 50, [10] * 100)  # the noise of one trial
    assert bounds == pytest.approx((0.5 - 1.96 / 1000, 0.5 + 1.96 / 1000), abs=1e-4)


# --- draws of many units ----------------------------------------------------------------------


@few_and_many("runs", 200, 1200)
@pytest.mark.parametrize("draws", [5, 10])
@pytest.mark.parametrize("units", [16, 39, 110, 392])
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.98, 0.999])
def test_interval_over_draws_covers(rate: float, units: int, draws: int, runs: int) -> None:
    """With the correlation within a draw that Hebbian patterns have: variances 1.25-fold.

    Near the ends it covers more: the draws that show no failure must allow for some.
    """
    rng, weight = np.random.default_rng(7), (units - 1.25) / 0.25
    bounds = functools.cache(lambda counts: draws_interval(np.array(counts) / units, units))
    own = rng.beta(rate * weight, (1 - rate) * weight, (runs, draws))
    found = [bounds((*row,)) for row in np.sort(rng.binomial(units, own), axis=1).tolist()]
    covered = np.mean([low <= rate <= high for low, high in found])
    assert covered > least(0.95, runs)
    if rate == 0.5 and draws == 10 and runs == 1200:
        assert covered < 0.97 + 3 * math.sqrt(0.97 * 0.03 / runs)


@pytest.mark.parametrize("draws", [3, 5, 10])
def test_far_from_the_ends_the_interval_over_draws_is_student_s_t(draws: int) -> None:
    """Draws of many units differ by more than their units do."""
    means = np.random.default_rng(11).normal(0.5, 0.01, draws)
    expected = stats.t.interval(0.95, draws - 1, means.mean(), stats.sem(means))
    assert draws_interval(means, 10**6) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_draws_that_are_all_alike_have_the_interval_of_their_units(end: float) -> None:
    low, high = draws_interval([end] * 10, 31)
    assert (low, high) == exact_interval(310 * end, 310)
    scaled = draws_interval([2 * end - 1] * 10, 31, low=-1, high=1)
    assert scaled == pytest.approx((2 * low - 1, 2 * high - 1))


# --- medians over draws -----------------------------------------------------------------------


FEW = [([[value]] * n, (value, 0.0, 1.0)) for value, n in ((0.3, 2), (0.3, 5))]
FEW += [([[0.3]] * 6, (0.3, 0.3, 0.3)), ([[0.2, 0.4]] * 2, (0.2, 0.0, 1.0))]
FEW += [([[end] * 3] * 2, (end, end, end)) for end in (0.0, 1.0)]
FEW += [([[0.1, 0.2, 0.9]], (0.2, math.nan, math.nan))]


@pytest.mark.parametrize(("values", "found"), FEW)
def test_medians_of_few(values: list[list[float]], found: tuple[float, float, float]) -> None:
    """Of 5 draws 0 are up to 1 - 0.025^(1/5) = 0.52, so even 0 is not excluded; of 6 up to 0.46."""
    assert draws_median(values) == pytest.approx(found, abs=0, nan_ok=True)


def test_the_range_of_a_median_shifts_with_the_values() -> None:
    values = np.random.default_rng(1).random((6, 7))
    shifted = draws_median(2 * values - 1, low=-1.0)
    assert shifted == pytest.approx(2 * np.array(draws_median(values)) - 1)


# --- means, groups and times ------------------------------------------------------------------


def test_mean_sd_and_sem_are_numpys() -> None:
    values = np.random.default_rng(5).normal(size=(7, 3))
    expected = values.mean(axis=0), values.std(axis=0, ddof=1), stats.sem(values, axis=0)
    np.testing.assert_allclose(mean_sd_sem(values), expected)
    assert np.array_equal(mean_sd_sem([2.0]), [2.0, np.nan, np.nan], equal_nan=True)


def test_groups_count_once_however_often_they_repeat() -> None:
    values = np.random.default_rng(1).normal(size=(30, 4))
    mean, _, sem = mean_sd_sem(values)
    found = clustered_mean_sem(values, np.random.default_rng(2).permutation(30))
    np.testing.assert_allclose(found, (mean, sem))
    often = clustered_mean_sem(np.tile(values, (5, 1)), np.tile(np.arange(30), 5))
    np.testing.assert_allclose(often, (mean, sem))
    alone = clustered_mean_sem([1.0, 2.0], np.array([4, 4]))
    assert (float(alone[0]), math.isnan(alone[1])) == (1.5, True)


def test_a_quantile_is_the_first_time_with_the_share() -> None:
    shares = [(0.1, 0.0, 0.2), (0.3, 0.2, 0.5), (0.5, 0.4, 0.6), (0.9, 0.5, 1.0)]
    asked: list[int] = []

    def share_by(time: int) -> tuple[float, float, float]:
        asked.append(time)
        return shares[time]

    assert time_quantile(share_by, 3, 0.5) == (2, 1, 3)
    assert len(asked) < 10
    assert time_quantile(share_by, 3, 0.05) == (0, 0, 1)
    assert time_quantile(share_by, 2, 0.5)[:2] == (2, 1)
    assert math.isnan(time_quantile(share_by, 2, 0.5)[2])
    assert time_quantile(share_by, 3, 0.3 + 1e-15)[0] == 1


# --- kinds not met ----------------------------------------------------------------------------


def test_chao1_by_hand() -> None:
    """Four kinds met once and two twice, of 23 draws: 22/23 16/4 are missing."""
    a, r, missing = 22 / 23, 4 / 2, 22 / 23 * 16 / 4
    variance = 2 * (a * r**2 / 2 + a**2 * r**3 + a**2 * r**4 / 4)
    factor = math.exp(1.959964 * math.sqrt(math.log(1 + variance / missing**2)))
    expected = 8 + missing, 8 + missing / factor, 8 + missing * factor
    assert chao1([9, 6, 2, 2, 1, 1, 1, 1]) == pytest.approx(expected)
    estimate, low, high = chao1([7, 1, 1, 1])  # none met twice
    assert estimate == pytest.approx(4 + 9 / 10 * 3)
    assert 4 < low < estimate < high
    assert chao1([20, 30, 40]) == pytest.approx((3, 3, 3), abs=1e-3)
    assert chao1([4, 5])[2] > 2
    assert chao1([]) == (0, 0, 0)


# --- the bootstrap


def test_means_are_those_of_draws_with_replacement() -> None:
    """Mean that of the values, covariance theirs (divisor n) divided by n."""
    values = np.random.default_rng(1).normal(size=(12, 2)) @ [[1.0, 0.5], [0.0, 2.0]]
    drawn = resampled_means(values, 100_000, np.random.default_rng(2))
    assert drawn.mean(axis=0) == pytest.approx(values.mean(axis=0), abs=0.02)
    expected = np.cov(values.T, bias=True) / 12
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.005)


def test_one_unit_has_no_interval() -> None:
    assert all(map(math.isnan, replicate_interval([1.0, 1.0], 1)))


def test_a_bound_is_there_as_long_as_few_replicates_are_beyond_it() -> None:
    values = np.linspace(0, 1, 1000)
    few = np.where(values > 0.99, np.inf, values)
    many = np.where(values > 0.95, np.inf, values)
    assert replicate_interval(few, 1000) == pytest.approx((0.025, 0.975), abs=0.002)
    low, high = replicate_interval(many, 1000)
    assert low == pytest.approx(0.025, abs=0.002)
    assert math.isnan(high)
    assert all(map(math.isnan, replicate_interval(np.where(values > 0.9, np.nan, values), 1000)))


# --- edges: small numbers, ties


def test_percentiles_of_five_units_are_further_out() -> None:
    low, high = replicate_interval(np.linspace(0, 1, 100_001), 5)
    tail = stats.norm.cdf(np.sqrt(5 / 4) * stats.t.ppf(0.025, 4))
    assert (low, high) == pytest.approx((tail, 1 - tail), abs=2e-5)


def test_groups_that_agree_allow_for_one_trial() -> None:
    """Of 20 trials at a rate of 1/2: 0.25 x 20^2 independent ones, had one gone otherwise."""
    assert thermal_interval([10, 0], [10, 10]) == pytest.approx(exact_interval(50, 100))
