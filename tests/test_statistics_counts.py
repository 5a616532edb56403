"""Counts with chances of their own, and few selections: closed forms, enumeration, coverage."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from conftest import least
from scipy import stats

from hopcli import experiments
from hopcli.config import Config, ConsistencyConfig, VarianceConfig
from hopcli.experiments.few import ENOUGH
from hopcli.experiments.fit_sweeps import _slack_of_replays
from hopcli.statistics import draws_interval
from hopcli.statistics.components import Components
from hopcli.statistics.counts import (
    counts_log_likelihoods,
    nested_chi_square,
    nested_log_likelihood,
    overdispersion,
    poisson_binomial,
    within_reach,
)

SEED = np.random.SeedSequence(1)


def test_chances_are_binomial_or_as_enumerated() -> None:
    for n, p in ((1, 0.3), (10, 0.5), (100, 0.98)):
        expected = stats.binom.pmf(np.arange(n + 1), n, p)
        assert poisson_binomial(np.full(n, p)) == pytest.approx(expected, rel=1e-10)
    small = poisson_binomial(np.full(100, 0.999))
    assert small[60] == pytest.approx(stats.binom.pmf(60, 100, 0.999), rel=1e-9)
    assert 0 < small[0] == pytest.approx(1e-300, rel=1e-6)
    rates = np.random.default_rng(1).uniform(size=(3, 6))
    rates[0, :2] = [0, 1]
    expected = np.zeros((3, 7))
    for ends in itertools.product([0, 1], repeat=6):
        expected[:, sum(ends)] += np.where(ends, rates, 1 - rates).prod(axis=1)
    found = poisson_binomial(rates)
    assert found == pytest.approx(expected, abs=1e-15)
    assert found[0, 0] == found[0, 6] == 0


def test_likelihoods_tend_to_those_of_known_chances() -> None:
    rng = np.random.default_rng(2)
    rates = np.where(rng.uniform(size=100) < 0.7, 1.0, rng.uniform(size=100))
    counts = np.array([(rng.uniform(size=100) < rates).sum() for _ in range(10)])
    expected = np.log(poisson_binomial(rates)[counts]).sum()
    found = counts_log_likelihoods(counts, rng.binomial(20_000, rates), 20_000, 50, SEED)
    assert found.mean() == pytest.approx(expected, abs=0.1)
    assert found.std() < 0.1


@pytest.mark.parametrize("hits", [[0] * 20, [30] * 20, [0] * 10 + [30] * 10, [15] * 20])
def test_replays_that_all_end_alike_are_no_trouble(hits: list[int]) -> None:
    """Also, 400 replays without a failure allow for chances of 1 / 400."""
    expected = round(sum(hits) / 30)
    likely, other = (
        counts_log_likelihoods([count], hits, 30, 200, SEED).mean()
        for count in (expected, (expected + 9) % 20)
    )
    assert np.isfinite([likely, other]).all()
    assert likely > other
    drawn = counts_log_likelihoods([19], [20] * 20, 20, 2000, SEED)
    assert -7 < np.log(np.exp(drawn).mean()) < -3


def test_nested_counts_are_a_normal_distribution_in_many_dimensions() -> None:
    rng = np.random.default_rng(4)
    for n, between, within in ((1, 0.5, 2.0), (4, 3.0, 0.7), (6, 0.0, 1.5)):
        counts = rng.normal(5, 2, n)
        covariance = between * np.ones((n, n)) + within * np.eye(n)
        expected = stats.multivariate_normal.logpdf(counts, np.full(n, 4.5), covariance)
        assert nested_log_likelihood(counts, 4.5, between, within) == pytest.approx(expected)
        off = counts - 4.5
        chi2 = off @ np.linalg.solve(covariance, off)
        assert nested_chi_square(counts, 4.5, between, within) == pytest.approx(chi2)
    # Noise is at least that of rounding.
    assert np.isfinite(nested_log_likelihood([3.0, 3.0], 3.0, 0.0, 0.0))
    assert nested_chi_square([3, 4], 3.5, 0.0, 0.0) == pytest.approx(0.5 * 12)


def test_inflation_is_never_below_1() -> None:
    assert overdispersion(20.0, 49) == 1
    assert overdispersion(98.0, 49) == 2
    assert overdispersion(3.0, 0) == 1
    assert within_reach([0.0, -1.9, -1.95]).tolist() == [True, True, False]
    assert within_reach([0.0, -1.9, -1.95], 2).all()
    assert within_reach([0.0, -3.0, -9.0], slack=[0, 1.1, 1.1]).tolist() == [True, True, False]


# --- the number of sweeps that made a table ---------------------------------------------------


def test_slack_is_that_of_the_replays() -> None:
    assert _slack_of_replays((10, 5), 10) == pytest.approx(np.sqrt(5))
    assert _slack_of_replays((1, 1), 1) == 1


# --- few selections ---------------------------------------------------------------------------


def _covered_of_few(n: int, tail: float, runs: int) -> tuple[float, float]:
    """Coverage of the mean and of the variance where a kind of selection is much worse."""
    good, bad, units, trials = 0.97, 0.3, 50, 5
    rng = np.random.default_rng(n)
    mean = (1 - tail) * good + tail * bad
    variance = tail * (1 - tail) * (good - bad) ** 2
    covered = np.zeros(2)
    for _ in range(runs):
        rates = np.where(rng.random(n) < tail, bad, good)[:, None]
        chances = rng.beta(8 * rates, 8 * (1 - rates), (n, units))
        found = Components.of(rng.binomial(trials, chances)[:, None], trials)
        low, high = draws_interval(found.rate, units)
        covered += [low <= mean <= high, found.groups.low <= variance <= found.groups.high]
    covered /= runs
    return float(covered[0]), float(covered[1])


def test_thirty_selections_are_about_enough_and_ten_are_not() -> None:
    """A kind that is 1 in 10: in 35 % of runs of ten selections it is missing."""
    assert max(_covered_of_few(10, 0.1, 60)) < 0.9
    assert min(_covered_of_few(ENOUGH, 0.1, 60)) > least(0.92, 60)


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (VarianceConfig, {"tests": 2, "repeats": 2, "sweeps": 1, "dataset": "digits"}),
        (ConsistencyConfig, {"tests": 1, "sweeps": 1, "dataset": "digits"}),
    ],
)
@pytest.mark.parametrize(("n", "warnings"), [(29, 1), (30, 0)])
def test_selections(config: type[Config], settings: dict[str, Any], n: int, warnings: int) -> None:
    found = experiments.run(config.from_values({**settings, "selections": n}))
    assert len(found.notes["warnings"]) == warnings
