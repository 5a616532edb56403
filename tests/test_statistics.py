"""Intervals against published values, against scipy, and against their own promise."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import few_and_many
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

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
from hopcli.statistics.quantiles import weighted_quantiles


def test_z95_is_the_two_sided_point() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-15) == Z95


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_agrees_with_scipy(counts: tuple[int, int]) -> None:
    hits, trials = counts
    expected = stats.binomtest(hits, trials).proportion_ci(method="exact")
    assert exact_interval(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("trials", [1, 2, 3, 300])
def test_the_exact_interval_of_none_and_all_has_a_closed_form(trials: int) -> None:
    bound = 0.025 ** (1 / trials)
    assert exact_interval(0, trials) == pytest.approx((0, 1 - bound))
    assert exact_interval(trials, trials) == pytest.approx((bound, 1))


@pytest.mark.parametrize("trials", [1, 2, 3, 10, 300])
def test_the_exact_interval_covers_by_enumeration(trials: int) -> None:
    """Of all rates, those included at which a score interval covers 84 %: about 0.18 / n."""
    bounds = np.array([exact_interval(hits, trials) for hits in range(trials + 1)])
    for rate in (0.0, 0.0001, 0.18 / trials, 0.02, 0.3, 0.5, 0.99, 1.0):
        inside = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])
        assert stats.binom.pmf(np.arange(trials + 1), trials, rate)[inside].sum() >= 0.95


# --- groups of trials ------------------------------------------------------------------


def test_groups_that_are_alike_are_told_by_their_number() -> None:
    sums, sizes = [3, 1, 3, 0, 3, 1], [4, 2, 4, 1, 4, 2]
    for interval in (clustered_interval, thermal_interval):
        assert interval(sums, sizes) == interval([3, 1, 0], [4, 2, 1], [3, 2, 1])
        assert interval(sums, sizes) != interval([3, 1, 0], [4, 2, 1])
        assert interval([*sums, 5], [*sizes, 5], [1] * 6 + [0]) == interval(sums, sizes)


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
        groups.append((rng.binomial(sizes, 0.9), sizes, 1))
        groups.append((rng.binomial(sizes, 0.003), sizes, 1))
    together = clustered_intervals(groups)
    alone = [clustered_interval(*each) for each in groups]
    assert np.array_equal(together, alone, equal_nan=True)
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


def test_repeating_every_trial_tells_nothing_new() -> None:
    rng = np.random.default_rng(3)
    success = rng.random(100) < 0.8
    alone = clustered_interval(success, 1)
    tenfold = clustered_interval(10 * success, 10)
    assert tenfold == pytest.approx(alone, abs=1e-12)
    assert alone == exact_interval(success.sum(), 100)


def test_independent_trials_of_an_image_tell_more_than_one() -> None:
    rng = np.random.default_rng(4)
    success = rng.random(1000) < 0.8
    low, high = clustered_interval(success.reshape(100, 10).sum(axis=1), 10)
    naive_low, naive_high = exact_interval(success.sum(), 1000)
    assert 1.0 < (high - low) / (naive_high - naive_low) < 1.4


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
    """As Gaffke's are by definition, here by drawing the weights."""
    weights = np.random.default_rng(6).exponential(size=(200_000, len(sums) + 1))
    own, one_more = weights[:, :-1], weights[:, -1] * np.mean(sizes)
    trials = own @ np.array(sizes) + one_more
    low, high = clustered_interval(sums, sizes)
    # Each share has an SD of 0.00035.
    assert np.mean(own @ np.array(sums) <= low * trials) == pytest.approx(0.025, abs=0.0015)
    assert np.mean(own @ np.array(sums) + one_more >= high * trials) == pytest.approx(
        0.025, abs=0.0015
    )


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
    rate = sum(sums) / sum(sizes)
    assert 0 <= low <= rate <= high <= 1
    assert low < high
    g = place % len(sizes)
    if sums[g]:
        worse = [s - (k == g) for k, s in enumerate(sums)]
        lower, less_high = clustered_interval(worse, sizes)
        assert lower <= low + 1e-8
        assert less_high <= high + 1e-8


def test_one_failure_in_1000_trials_tells_no_more_than_none() -> None:
    none = clustered_interval([10] * 100, [10] * 100)
    one = clustered_interval([10] * 99 + [9], [10] * 100)
    assert one[0] < none[0] == exact_interval(100, 100)[0]


@pytest.mark.parametrize("outcome", [0, 1])
def test_no_failure_seen_is_not_certainty(outcome: int) -> None:
    # Thirty images, ten trials each, all alike: what thirty trials would tell, not 300.
    found = clustered_interval([10 * outcome] * 30, [10] * 30)
    assert found == exact_interval(30 * outcome, 30)


def test_one_image_leaves_nearly_everything_open() -> None:
    low, high = clustered_interval([1], [1])
    assert low < 0.25
    assert high == 1.0


@pytest.mark.parametrize("interval", [clustered_interval, thermal_interval])
def test_no_trial_gives_nan(interval: Any) -> None:
    assert all(math.isnan(bound) for bound in interval([], []))


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


@few_and_many("runs", 80, 800)
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
    # Three standard deviations of so many coins.
    assert covered / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    if images == 100 and runs == 800:
        assert covered / runs < 0.9975


@pytest.mark.parametrize("name", [name for name in POPULATIONS if name != "always or never"])
def test_where_all_images_are_tested_only_the_noise_within_them_is_left(name: str) -> None:
    """Coverage of the mean over these very images; twice as narrow where images differ."""
    _, rates = POPULATIONS[name]
    rng = np.random.default_rng(13)
    images, repeats = 200, 5
    covered, runs, width, wide = 0, 400, 0.0, 0.0
    for run in range(runs):
        own = rates(rng, images)
        trials = (rng.binomial(repeats, own), repeats)
        low, high = thermal_interval(*trials)
        covered += low - 1e-12 <= own.mean() <= high + 1e-12
        if run < 10:
            width += high - low
            wide += np.subtract(*clustered_interval(*trials)[::-1])
    assert covered / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    assert width < wide
    if name in ("a few hard images", "a few never recalled", "a rare outcome", "a beta law"):
        assert width < 0.6 * wide


def test_all_images_tested_once_tell_as_much_as_independent_trials() -> None:
    success = np.random.default_rng(2).random(300) < 0.9
    assert thermal_interval(success, 1) == exact_interval(success.sum(), 300)


def test_images_that_never_waver_leave_the_noise_of_one_trial() -> None:
    low, high = thermal_interval([10, 0] * 50, [10] * 100)
    assert low == pytest.approx(0.5 - 1.96 / 1000, abs=1e-4)
    assert high == pytest.approx(0.5 + 1.96 / 1000, abs=1e-4)


@pytest.mark.parametrize("trials", [1, 2, 10])
@pytest.mark.parametrize("rates", [(0.5,), (0.02,) * 20, (0.0, 1.0, 0.9, 0.99) * 5])
def test_the_thermal_interval_covers_as_promised(rates: tuple[float, ...], trials: int) -> None:
    """Of new trials of the same groups; also of a single group."""
    rng, truth, runs = np.random.default_rng(12), np.mean(rates), 600
    found = rng.binomial(trials, rates, (runs, len(rates)))
    bounds = np.array([thermal_interval(each, [trials] * len(rates)) for each in found])
    covered = np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
    assert covered >= 0.92 - 3 * math.sqrt(0.92 * 0.08 / runs)


@pytest.mark.parametrize("rates", [(0.5,), (0.9, 0.99), (0.0, 0.5, 1.0), (0.97,) * 10])
def test_the_interval_of_a_mean_of_rates_covers(rates: tuple[float, ...]) -> None:
    rng, runs = np.random.default_rng(13), 600
    covered = 0.0
    for hits in rng.binomial(30, rates, (runs, len(rates))):
        bounds = [exact_interval(each, 30) for each in hits]
        low, high = mean_interval(hits / 30, *np.transpose(bounds))
        covered += float(low <= np.mean(rates) <= high)
    assert covered / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


# --- draws of many units ---------------------------------------------------------------


@functools.cache
def _draws_bounds(counts: tuple[int, ...], units: int) -> tuple[float, float]:
    return draws_interval(np.array(counts) / units, units)


@pytest.mark.parametrize("draws", [5, 10])
@pytest.mark.parametrize("units", [16, 39, 110, 392])
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.98, 0.999])
def test_the_interval_over_draws_covers_as_promised(rate: float, units: int, draws: int) -> None:
    """With the correlation within a draw that Hebbian patterns have: variances 1 to 1.25-fold.

    Near the ends it covers more: the draws that show no failure must allow for some.
    """
    rng = np.random.default_rng(7)
    runs = 1200
    for inflation in (1.0, 1.25):
        own = np.full((runs, draws), rate)
        if inflation > 1:
            weight = (units - inflation) / (inflation - 1)
            own = rng.beta(rate * weight, (1 - rate) * weight, (runs, draws))
        counts = np.sort(rng.binomial(units, own), axis=1)
        bounds = np.array([_draws_bounds((*row,), units) for row in counts.tolist()])
        covered = np.mean((bounds[:, 0] <= rate) & (rate <= bounds[:, 1]))
        # Three standard deviations of so many coins.
        assert covered > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
        if rate == 0.5 and draws == 10:
            assert covered < 0.97 + 3 * math.sqrt(0.97 * 0.03 / runs)


def test_student_s_t_would_cover_almost_never_near_the_ends() -> None:
    """What was reported before: no width where all draws are alike."""
    rng = np.random.default_rng(8)
    means = rng.binomial(31, 0.9998, (2000, 10)) / 31
    half = stats.t.ppf(0.975, 9) * means.std(axis=1, ddof=1) / np.sqrt(10)
    assert np.mean(np.abs(means.mean(axis=1) - 0.9998) <= half) < 0.1


@pytest.mark.parametrize("draws", [3, 5, 10])
def test_far_from_the_ends_the_interval_over_draws_is_student_s_t(draws: int) -> None:
    """Where draws of many units differ by more than their units do."""
    means = np.random.default_rng(11).normal(0.5, 0.01, draws)
    found = draws_interval(means, 10**6)
    expected = stats.t.interval(0.95, draws - 1, means.mean(), stats.sem(means))
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_draws_that_are_all_alike_have_the_interval_of_their_units(end: float) -> None:
    low, high = draws_interval([end] * 10, 31)
    assert (low, high) == exact_interval(310 * end, 310)
    assert high - low > 0.01
    scaled = draws_interval([2 * end - 1] * 10, 31, low=-1, high=1)
    assert scaled == pytest.approx((2 * low - 1, 2 * high - 1))


def test_the_interval_of_draws_holds_their_mean_and_needs_two() -> None:
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
    truth, runs, covered = 1 - 2 * 0.02 / 784, 1500, 0
    for _ in range(runs):
        means = 1 - 2 * rng.binomial(50, 0.02, 10) / 50 / 784
        low, high = draws_interval(means, 50, most=50 * 784, low=-1, high=1)
        covered += low <= truth <= high
        assert low > 0.999
    assert covered / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def test_mean_sd_and_sem_are_numpys() -> None:
    values = np.random.default_rng(5).normal(size=(7, 3))
    mean, sd, sem = mean_sd_sem(values)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(sd, values.std(axis=0, ddof=1))
    np.testing.assert_allclose(sem, stats.sem(values, axis=0))


def test_a_single_value_has_no_sd() -> None:
    mean, sd, sem = mean_sd_sem([2.0])
    assert mean == 2.0
    assert np.isnan(sd)
    assert np.isnan(sem)


# --- kinds not met ---------------------------------------------------------------------


def test_chao1_by_hand() -> None:
    """Four kinds met once and two twice, of 23 draws: 22/23 16/4 are missing."""
    counts = [9, 6, 2, 2, 1, 1, 1, 1]
    estimate, low, high = chao1(counts)
    a, r, missing = 22 / 23, 4 / 2, 22 / 23 * 16 / 4
    variance = 2 * (a * r**2 / 2 + a**2 * r**3 + a**2 * r**4 / 4)
    factor = math.exp(1.959964 * math.sqrt(math.log(1 + variance / missing**2)))
    assert estimate == pytest.approx(8 + missing)
    assert (low, high) == pytest.approx((8 + missing / factor, 8 + missing * factor))


def test_chao1_without_a_kind_met_twice_or_once() -> None:
    estimate, low, high = chao1([7, 1, 1, 1])
    assert estimate == pytest.approx(4 + 9 / 10 * 3)
    assert 4 < low < estimate < high
    assert chao1([20, 30, 40])[:2] == (3, 3)
    assert chao1([20, 30, 40])[2] == pytest.approx(3, abs=1e-3)
    assert chao1([4, 5])[2] > 2
    assert chao1([]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("weights", "draws", "least"),
    [
        (np.ones(100), 150, 0.9),
        (np.ones(100), 1000, 0.95),
        (np.repeat([5.0, 1.0], [10, 50]), 100, 0.9),
        (1 / np.arange(1.0, 201), 2000, 0.9),
        (1 / np.arange(1.0, 201), 300, 0.75),
    ],
)
def test_chao1_finds_how_many_kinds_there_are(
    weights: NDArray[np.float64], draws: int, least: float
) -> None:
    """Of a known law; where many kinds are rare the estimate is below the truth, not above."""
    rng = np.random.default_rng(14)
    covered, estimates, met, runs = 0, 0.0, 0.0, 500
    for _ in range(runs):
        counts = rng.multinomial(draws, weights / weights.sum())
        estimate, low, high = chao1(counts[counts > 0])
        assert np.sum(counts > 0) <= low <= estimate <= high
        covered += low <= len(weights) <= high
        estimates += estimate / runs
        met += np.sum(counts > 0) / runs
    assert covered / runs > least
    assert estimates < 1.05 * len(weights)
    assert abs(estimates - len(weights)) <= abs(met - len(weights)) + 0.01
