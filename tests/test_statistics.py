"""Intervals against published values, against scipy, and against their own promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hopcli.statistics import Z95, clustered_interval, mean_sd_sem, wilson_interval


# Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_values(hits: int, trials: int, low: float, high: float) -> None:
    found = wilson_interval(hits / trials, trials)
    assert found == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts: tuple[int, int]) -> None:
    hits, trials = counts
    expected = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    low, high = wilson_interval(hits / trials, trials)
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= low <= hits / trials + 1e-12
    assert hits / trials - 1e-12 <= high <= 1


def test_z95_is_the_two_sided_point() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-15) == Z95


def test_repeating_every_trial_tells_nothing_new() -> None:
    rng = np.random.default_rng(3)
    images = np.arange(100)
    success = rng.random(100) < 0.8
    alone = clustered_interval(success, images)
    tenfold = clustered_interval(np.tile(success, 10), np.tile(images, 10))
    assert tenfold == pytest.approx(alone, abs=1e-12)
    assert alone == pytest.approx(wilson_interval(success.mean(), 99), abs=1e-12)


def test_independent_trials_of_an_image_tell_more_than_one() -> None:
    rng = np.random.default_rng(4)
    images = np.repeat(np.arange(100), 10)
    success = rng.random(1000) < 0.8
    low, high = clustered_interval(success, images)
    naive_low, naive_high = wilson_interval(success.mean(), 1000)
    assert 0.7 < (high - low) / (naive_high - naive_low) < 1.4


def test_groups_may_be_of_different_sizes() -> None:
    # Ratio estimator by hand: sums 3, 0, 0 of sizes 3, 1, 1; rate 3/5.
    success, group = [1, 1, 1, 0, 0], ["a", "a", "a", "b", "c"]
    variance = 3 / 2 * (1.2**2 + 0.6**2 + 0.6**2) / 25
    effective = 0.6 * 0.4 / variance
    assert clustered_interval(success, group) == pytest.approx(wilson_interval(0.6, effective))


def test_never_more_trials_than_there_are() -> None:
    # 48 images once recalled and once not, one twice, one never: the variance over images
    # is that of 50/49 2/100^2, as if 1225 coins had been tossed. There were 100.
    success, group = [1, 0] * 48 + [1, 1, 0, 0], np.repeat(np.arange(50), 2)
    assert pytest.approx(1225) == 0.25 / (50 / 49 * 2 / 100**2)
    assert clustered_interval(success, group) == pytest.approx(wilson_interval(0.5, 100))


def test_without_variance_as_many_trials_as_groups() -> None:
    # Every image once recalled and once not: the images do not differ, still a coin.
    success, group = [1, 0] * 50, np.repeat(np.arange(50), 2)
    assert clustered_interval(success, group) == pytest.approx(wilson_interval(0.5, 50))


@pytest.mark.parametrize("outcome", [0, 1])
def test_no_failure_seen_is_not_certainty(outcome: int) -> None:
    # Thirty images, ten trials each, all alike: what thirty trials would tell, not 300.
    found = clustered_interval([outcome] * 300, np.repeat(np.arange(30), 10))
    assert found == pytest.approx(wilson_interval(float(outcome), 30))


def test_one_image_leaves_nearly_everything_open() -> None:
    low, high = clustered_interval([True], [7])
    assert low < 0.25
    assert high == 1.0


def test_no_trial_gives_nan() -> None:
    assert all(math.isnan(bound) for bound in clustered_interval([], []))


@pytest.mark.parametrize(("images", "repeats", "spread"), [(100, 10, 0.4), (60, 5, 5.0)])
def test_the_clustered_interval_covers_as_promised(
    images: int, repeats: int, spread: float
) -> None:
    """Images differ in how easy they are (beta law, mean 0.8); 95 % must hold the mean."""
    rng = np.random.default_rng(12)
    group = np.repeat(np.arange(images), repeats)
    covered = 0
    runs = 600
    for _ in range(runs):
        ease = rng.beta(0.8 * spread, 0.2 * spread, images)
        low, high = clustered_interval(rng.random(len(group)) < ease[group], group)
        covered += low <= 0.8 <= high
    # 95 % +- 3 standard deviations of 600 coins.
    assert abs(covered / runs - 0.95) < 3 * math.sqrt(0.95 * 0.05 / runs)


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
