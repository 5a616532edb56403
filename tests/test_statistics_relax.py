"""Means of values in groups, and quantiles of times: by hand, and against their own promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import few_and_many

from hopcli.statistics import clustered_interval, mean_sd_sem
from hopcli.statistics.clusters import clustered_mean_sem
from hopcli.statistics.times import time_quantile


def test_groups_of_one_have_the_usual_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=(30, 4))
    mean, _, sem = mean_sd_sem(values)
    found = clustered_mean_sem(values, np.random.default_rng(2).permutation(30))
    np.testing.assert_allclose(found, (mean, sem))


def test_values_that_repeat_in_a_group_tell_no_more() -> None:
    values = np.random.default_rng(3).normal(size=(9, 2))
    often = clustered_mean_sem(np.tile(values, (5, 1)), np.tile(np.arange(9), 5))
    np.testing.assert_allclose(often, clustered_mean_sem(values, np.arange(9)))


def test_one_group_has_no_standard_error() -> None:
    mean, sem = clustered_mean_sem([1.0, 2.0], np.array([4, 4]))
    assert (float(mean), math.isnan(sem)) == (1.5, True)


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


@few_and_many("runs", 40, 300)
@pytest.mark.parametrize("trials", [1, 5])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_of_quantiles_of_times_cover_what_they_promise(
    trials: int, level: float, runs: int
) -> None:
    """Times of 40 images, each of a law of its own, in steps as fine as 1 %."""
    rng = np.random.default_rng(5)
    steps, images = 100, 40
    law = np.arange(1, steps + 1) / steps  # of an image's mean time, uniform
    true = int(np.argmax(law >= level - 1e-12))
    covered = 0
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
    # Clopper and Pearson's interval of a share covers 95 to 99 % with 40 images.
    assert covered / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    if runs == 300:
        assert covered / runs <= 0.99
