"""The bootstrap: draws with replacement, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hopcli.statistics.resampling import replicate_interval, resampled_means


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
