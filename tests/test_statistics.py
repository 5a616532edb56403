"""Intervals of rates, means and times: published values, scipy, and their own promise."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import few_and_many, least
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from hopcli import experiments
from hopcli.config import CapacityConfig, ThreadedExecution
from hopcli.experiments import no_progress
from hopcli.experiments.stock import Stock
from hopcli.statistics import (
    Z95,
    chao1,
    clustered_interval,
    clustered_intervals,
    draws_interval,
    exact_interval,
    mean_interval,
    mean_sd_sem,
    thermal_interval,
)
from hopcli.statistics.clusters import clustered_mean_sem
from hopcli.statistics.medians import draws_median
from hopcli.statistics.quantiles import weighted_quantiles
from hopcli.statistics.times import time_quantile


def test_z95_is_the_two_sided_point() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-15) == Z95


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_agrees_with_scipy(counts: tuple[int, int]) -> None:
    hits, trials = counts
    expected = stats.binomtest(hits, trials).proportion_ci(method="exact")
    assert exact_interval(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("trials", [1, 2, 3, 10, 300])
def test_the_exact_interval_covers_by_enumeration(trials: int) -> None:
    """Of all rates, those included at which a score interval covers 84 %: about 0.18 / n."""
    end = 0.025 ** (1 / trials)
    assert exact_interval(0, trials) == pytest.approx((0, 1 - end))
    assert exact_interval(trials, trials) == pytest.approx((end, 1))
    bounds = np.array([exact_interval(hits, trials) for hits in range(trials + 1)])
    for rate in (0.0, 0.0001, 0.18 / trials, 0.02, 0.3, 0.5, 0.99, 1.0):
        inside = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])
        assert stats.binom.pmf(np.arange(trials + 1), trials, rate)[inside].sum() >= 0.95


# --- groups of trials -------------------------------------------------------------------------


def test_groups_that_are_alike_may_be_given_by_their_number() -> None:
    sums, sizes = [3, 1, 3, 0, 3, 1], [4, 2, 4, 1, 4, 2]
    for interval in (clustered_interval, thermal_interval):
        assert interval(sums, sizes) == interval([3, 1, 0], [4, 2, 1], [3, 2, 1])
        assert interval(sums, sizes) != interval([3, 1, 0], [4, 2, 1])
        assert interval([*sums, 5], [*sizes, 5], [1] * 6 + [0]) == interval(sums, sizes)
        assert all(math.isnan(bound) for bound in interval([], []))


@pytest.mark.parametrize("at_once", [1, 400_000])
def test_intervals_that_are_found_together_are_those_found_alone(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    monkeypatch.setattr("hopcli.statistics.rates._FEW_CODES", 0)  # kinds of groups by sorting
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


@pytest.mark.parametrize(
    ("sums", "sizes"),
    [
        ([5], [10]),
        ([9, 10], [10, 10]),
        ([3, 0, 0], [3, 1, 1]),
        ([10] * 50 + [9], [10] * 51),
        ([10] * 20 + [1] * 3 + [0], [10] * 24),
        ([1, 3] * 30, [2, 4] * 30),
    ],
)
def test_the_bounds_are_quantiles_of_randomly_weighted_rates(
    sums: list[int], sizes: list[int]
) -> None:
    """As Gaffke's are by definition, here by drawing the weights; a share has an SD of 0.0005."""
    weights = np.random.default_rng(6).exponential(size=(100_000, len(sums) + 1))
    own, one_more = weights[:, :-1] @ np.array(sums), weights[:, -1] * np.mean(sizes)
    trials = weights[:, :-1] @ np.array(sizes) + one_more
    low, high = clustered_interval(sums, sizes)
    shares = [np.mean(own <= low * trials), np.mean(own + one_more >= high * trials)]
    assert shares == pytest.approx([0.025, 0.025], abs=0.002)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=12).flatmap(
        lambda sizes: st.tuples(
            st.just(sizes), st.tuples(*(st.integers(0, size) for size in sizes)), st.integers(0, 11)
        )
    )
)
def test_one_failure_more_never_raises_a_bound(
    case: tuple[list[int], tuple[int, ...], int],
) -> None:
    sizes, sums, place = case
    low, high = clustered_interval(list(sums), sizes)
    assert 0 <= low <= sum(sums) / sum(sizes) <= high <= 1
    assert low < high
    g = place % len(sizes)
    if sums[g]:
        lower, less_high = clustered_interval([s - (k == g) for k, s in enumerate(sums)], sizes)
        assert lower <= low + 1e-8
        assert less_high <= high + 1e-8


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
def test_the_clustered_interval_covers_as_promised(
    name: str, images: int, repeats: int, runs: int
) -> None:
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


@few_and_many("runs", 100, 400)
@pytest.mark.parametrize("name", [name for name in POPULATIONS if name != "always or never"])
def test_where_all_images_are_tested_only_the_noise_within_them_is_left(
    name: str, runs: int
) -> None:
    """Coverage of the mean over these very images; twice as narrow where images differ."""
    _, rates = POPULATIONS[name]
    rng = np.random.default_rng(13)
    covered, width, wide = 0, 0.0, 0.0
    for run in range(runs):
        own = rates(rng, 200)
        hits = rng.binomial(5, own)
        low, high = thermal_interval(hits, 5)
        covered += low - 1e-12 <= own.mean() <= high + 1e-12
        if run < 10:
            width += high - low
            wide += np.ptp(clustered_interval(hits, 5))
    assert covered / runs > least(0.95, runs)
    assert width < wide
    if name in ("a few hard images", "a few never recalled", "a rare outcome", "a beta law"):
        assert width < 0.6 * wide


def test_the_thermal_interval_of_trials_that_do_not_repeat_or_never_differ() -> None:
    success = np.random.default_rng(2).random(300) < 0.9
    assert thermal_interval(success, 1) == exact_interval(success.sum(), 300)
    bounds = thermal_interval([10, 0] * 50, [10] * 100)  # the noise of one trial
    assert bounds == pytest.approx((0.5 - 1.96 / 1000, 0.5 + 1.96 / 1000), abs=1e-4)


@pytest.mark.parametrize("trials", [1, 2, 10])
@pytest.mark.parametrize("rates", [(0.5,), (0.02,) * 20, (0.0, 1.0, 0.9, 0.99) * 5])
def test_the_thermal_interval_covers_as_promised(rates: tuple[float, ...], trials: int) -> None:
    """Of new trials of the same groups; also of a single group."""
    rng, truth, runs = np.random.default_rng(12), np.mean(rates), 600
    found = rng.binomial(trials, rates, (runs, len(rates)))
    bounds = np.array([thermal_interval(each, [trials] * len(rates)) for each in found])
    covered = np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
    assert covered >= least(0.92, runs)


@pytest.mark.parametrize("rates", [(0.5,), (0.9, 0.99), (0.0, 0.5, 1.0), (0.97,) * 10])
def test_the_interval_of_a_mean_of_rates_covers(rates: tuple[float, ...]) -> None:
    covered = 0
    for hits in np.random.default_rng(13).binomial(30, rates, (600, len(rates))):
        bounds = [exact_interval(each, 30) for each in hits]
        low, high = mean_interval(hits / 30, *np.transpose(bounds))
        covered += bool(low <= np.mean(rates) <= high)
    assert covered / 600 >= least(0.95, 600)


# --- draws of many units ----------------------------------------------------------------------


@functools.cache
def _draws_bounds(counts: tuple[int, ...], units: int) -> tuple[float, float]:
    return draws_interval(np.array(counts) / units, units)


@few_and_many("runs", 200, 1200)
@pytest.mark.parametrize("draws", [5, 10])
@pytest.mark.parametrize("units", [16, 39, 110, 392])
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.98, 0.999])
def test_the_interval_over_draws_covers_as_promised(
    rate: float, units: int, draws: int, runs: int
) -> None:
    """With the correlation within a draw that Hebbian patterns have: variances 1 to 1.25-fold.

    Near the ends it covers more: the draws that show no failure must allow for some.
    """
    rng = np.random.default_rng(7)
    for inflation in (1.0, 1.25):
        own = np.full((runs, draws), rate)
        if inflation > 1:
            weight = (units - inflation) / (inflation - 1)
            own = rng.beta(rate * weight, (1 - rate) * weight, (runs, draws))
        counts = np.sort(rng.binomial(units, own), axis=1)
        bounds = np.array([_draws_bounds((*row,), units) for row in counts.tolist()])
        covered = np.mean((bounds[:, 0] <= rate) & (rate <= bounds[:, 1]))
        assert covered > least(0.95, runs)
        if rate == 0.5 and draws == 10 and runs == 1200:
            assert covered < 0.97 + 3 * math.sqrt(0.97 * 0.03 / runs)


@pytest.mark.parametrize("draws", [3, 5, 10])
def test_far_from_the_ends_the_interval_over_draws_is_student_s_t(draws: int) -> None:
    """Where draws of many units differ by more than their units do."""
    means = np.random.default_rng(11).normal(0.5, 0.01, draws)
    expected = stats.t.interval(0.95, draws - 1, means.mean(), stats.sem(means))
    assert draws_interval(means, 10**6) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_draws_that_are_all_alike_have_the_interval_of_their_units(end: float) -> None:
    low, high = draws_interval([end] * 10, 31)
    assert (low, high) == exact_interval(310 * end, 310)
    scaled = draws_interval([2 * end - 1] * 10, 31, low=-1, high=1)
    assert scaled == pytest.approx((2 * low - 1, 2 * high - 1))


def test_the_interval_of_draws_contains_their_mean_and_needs_two() -> None:
    rng = np.random.default_rng(9)
    for _ in range(200):
        means = rng.random(rng.integers(2, 8)) ** rng.choice([0.01, 1, 20])
        low, high = draws_interval(means, 20)
        assert 0 <= low <= means.mean() <= high <= 1
        assert low < high
    assert all(math.isnan(bound) for bound in draws_interval([0.5], 20))


def test_overlaps_may_stand_for_more_trials_than_there_are_patterns() -> None:
    """Of 50 patterns of 784 sites a few sites are wrong: the draws say how many, not 50."""
    rng = np.random.default_rng(10)
    truth, runs, covered = 1 - 2 * 0.02 / 784, 500, 0
    for _ in range(runs):
        means = 1 - 2 * rng.binomial(50, 0.02, 10) / 50 / 784
        low, high = draws_interval(means, 50, most=50 * 784, low=-1, high=1)
        covered += low <= truth <= high
        assert low > 0.999
    assert covered / runs > least(0.95, runs)


# --- medians over draws -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([[0.3], [0.3]], (0.3, 0.0, 1.0)),  # 0 of 2 is up to 0.84: even 0 is not excluded
        ([[0.3]] * 5, (0.3, 0.0, 1.0)),  # 0 of 5 is up to 1 - 0.025^(1/5) = 0.52
        ([[0.3]] * 6, (0.3, 0.3, 0.3)),  # 0 of 6 is up to 0.46
        ([[1.0, 1.0, 1.0]] * 2, (1.0, 1.0, 1.0)),
        ([[0.0, 0.0, 0.0]] * 2, (0.0, 0.0, 0.0)),
        ([[0.2, 0.4]] * 2, (0.2, 0.0, 1.0)),
        ([[0.1, 0.2, 0.9]], (0.2, math.nan, math.nan)),
    ],
)
def test_few_values_have_the_closed_form_of_the_sign_test(
    values: list[list[float]], found: tuple[float, float, float]
) -> None:
    assert draws_median(values) == pytest.approx(found, abs=0, nan_ok=True)


def test_the_range_of_a_median_shifts_with_the_values() -> None:
    values = np.random.default_rng(1).random((6, 7))
    shifted = draws_median(2 * values - 1, low=-1.0)
    assert shifted == pytest.approx(2 * np.array(draws_median(values)) - 1)


@functools.cache
def _overlaps(size: int, draws: int) -> NDArray[np.float64]:
    """Final overlaps of the patterns of many draws at load 0.14, shape (draws, tests)."""
    config = CapacityConfig(rule=("hebbian",), sizes=(size,), loads=(0.14,), draws=draws, seed=5)
    parts: dict[int, NDArray[np.float64]] = {}
    experiments.plan(config, Stock()).run(ThreadedExecution(), no_progress, parts)
    measured = np.stack([parts[number] for number in range(draws)])
    return measured[:, 3 : 3 + (measured.shape[1] - 3) // 2]


@pytest.mark.parametrize(
    ("size", "pool", "runs", "share", "least_share", "least_mean"),
    [
        (100, 150, 150, 0.95, 0.95, 0.95),
        *(pytest.param(n, 200, 600, 0, 0.94, 0.985, marks=pytest.mark.slow) for n in (100, 400)),
    ],
)
@pytest.mark.parametrize("draws", [3, 10])
def test_intervals_near_the_transition_cover(
    size: int, pool: int, runs: int, share: float, least_share: float, least_mean: float, draws: int
) -> None:
    """Some patterns are lost as a whole, so means of draws are skew.

    Shares above 0.9 cover 94 to 99 %, means and medians 98.5 % or more.
    """
    overlaps, rng = _overlaps(size, pool), np.random.default_rng(6)
    near, tested = overlaps > 0.9, overlaps.shape[1]
    if share:
        assert np.ptp(np.mean(near, axis=1)) > 0.2
    truths = overlaps.mean(), near.mean(), np.quantile(overlaps, 0.5, method="inverted_cdf")
    covered = np.zeros(3)
    for _ in range(runs):
        own = rng.integers(0, pool, draws)
        intervals = (
            draws_interval(overlaps[own].mean(axis=1), tested, low=-1.0),
            draws_interval(near[own].mean(axis=1), tested),
            draws_median(overlaps[own], low=-1.0)[1:],
        )
        covered += [a <= truth <= b for truth, (a, b) in zip(truths, intervals, strict=True)]
    mean, of_share, median = covered / runs
    assert of_share >= least(least_share, runs)
    assert min(mean, median) >= least(least_mean, runs)


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


@pytest.mark.parametrize("sizes", [(1, 1), (4, 4), (1, 9)])
def test_intervals_of_clustered_means_cover_what_they_promise(sizes: tuple[int, int]) -> None:
    """Groups of these sizes whose means differ by as much as values within."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(80), rng.integers(sizes[0], sizes[1] + 1, 80))
    runs = 1500
    values = rng.exponential(size=(80, runs))[group] + rng.normal(size=(len(group), runs))
    mean, sem = clustered_mean_sem(values, group)
    assert 0.93 <= np.mean(np.abs(mean - 1) < 1.96 * sem) <= 0.97
    assert sem.mean() == pytest.approx(mean.std(), rel=0.1)


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


@few_and_many("runs", 20, 300)
@pytest.mark.parametrize("trials", [1, 5])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_of_quantiles_of_times_cover_what_they_promise(
    trials: int, level: float, runs: int
) -> None:
    """Times of 40 images, each of a law of its own, in steps as fine as 1 %."""
    rng, steps, images, covered = np.random.default_rng(5), 100, 40, 0
    law = np.arange(1, steps + 1) / steps  # of an image's mean time, uniform
    true = int(np.argmax(law >= level - 1e-12))
    for _ in range(runs):
        times = np.repeat(rng.integers(0, steps, images)[:, None], trials, axis=1)

        def share_by(time: int, times: np.ndarray = times) -> tuple[float, float, float]:
            by = (times <= time).sum(axis=1)
            low, high = clustered_interval(by, np.full(images, trials))
            return float(by.mean() / trials), low, high

        middle, low, high = time_quantile(share_by, steps - 1, level)
        assert low <= middle
        assert math.isnan(high) or middle <= high
        covered += low <= true and not high < true
    assert covered / runs >= least(0.95, runs)
    if runs == 300:  # Clopper and Pearson's interval covers 95 to 99 % with 40 images
        assert covered / runs <= 0.99


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


@pytest.mark.parametrize(
    ("weights", "draws", "least_covered"),
    [
        (np.ones(100), 150, 0.9),
        (np.ones(100), 1000, 0.95),
        (np.repeat([5.0, 1.0], [10, 50]), 100, 0.9),
        (1 / np.arange(1.0, 201), 2000, 0.9),
        (1 / np.arange(1.0, 201), 300, 0.75),
    ],
)
def test_chao1_finds_how_many_kinds_there_are(
    weights: NDArray[np.float64], draws: int, least_covered: float
) -> None:
    """Of a known law; where many kinds are rare the estimate is below the truth, not above."""
    rng, runs, n = np.random.default_rng(14), 500, len(weights)
    covered, estimates, met = 0, 0.0, 0.0
    for _ in range(runs):
        counts = rng.multinomial(draws, weights / weights.sum())
        estimate, low, high = chao1(counts[counts > 0])
        assert np.sum(counts > 0) <= low <= estimate <= high
        covered += low <= n <= high
        estimates += estimate / runs
        met += np.sum(counts > 0) / runs
    assert covered / runs > least_covered
    assert estimates < 1.05 * n
    assert abs(estimates - n) <= abs(met - n) + 0.01
