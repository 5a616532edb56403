"""Variance components against textbook sums of squares and known models, and coverage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from conftest import few_and_many
from numpy.typing import NDArray

from hopcli.statistics import Z95, exact_interval
from hopcli.statistics.components import Component, Components


def beta(rng: np.random.Generator, mean: Any, variance: Any) -> NDArray[np.float64]:
    """Beta variables of this mean and variance."""
    size = np.maximum(mean * (1 - mean) / np.maximum(variance, 1e-12) - 1, 1e-9)
    return rng.beta(mean * size, (1 - mean) * size)


class Model:
    """Success rates of groups around a mean, of units around their group's: both beta.

    Or of groups of two rates, as far from a normal distribution as can be.
    """

    def __init__(self, mean: float, sd: float, alike: float, *, two_kinds: bool = False) -> None:
        within = mean * (1 - mean) - sd**2
        self.mean, self.sd, self.alike, self.two_kinds = mean, sd, alike, two_kinds
        self.groups, self.units, self.trials = sd**2, alike * within, (1 - alike) * within

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], trials: int) -> Any:
        """Successes, shape (experiments, groups, 1, units)."""
        groups = np.full(shape[:2], self.mean)
        if self.two_kinds:
            groups += self.sd * rng.choice([-1.0, 1.0], shape[:2])
        elif self.sd > 0:
            groups = beta(rng, groups, self.sd**2)
        rates = np.broadcast_to(groups[:, :, None], shape)
        units = beta(rng, rates, self.alike * rates * (1 - rates))
        return rng.binomial(trials, units)[:, :, None]

    def parts(self, units: int, trials: int) -> list[float]:
        """Groups, units, trials, and the variance of a rate of so many."""
        total = self.groups + self.units / units + self.trials / (units * trials)
        return [self.groups, self.units, self.trials, total]


LIKE_A_3 = Model(0.8, 0.09, 0.78)
LIKE_A_1 = Model(0.97, 0.015, 0.65)
NO_SELECTION = Model(0.75, 0.0, 0.5)
TWO_KINDS = Model(0.7, 0.2, 0.7, two_kinds=True)


def _found(components: Components, units: int = 50, trials: int = 10) -> list[Component]:
    parts = [components.groups, components.units, components.trials]
    return [*parts, components.of_rate(units, trials)]


@pytest.mark.parametrize("shape", [(7, 6, 4), (2, 3, 2)])
def test_they_are_the_sums_of_squares_of_the_textbook(shape: tuple[int, int, int]) -> None:
    """Searle, Casella, McCulloch (1992), section 5.2: from single outcomes of 0 and 1."""
    rng = np.random.default_rng(1)
    outcomes = rng.random(shape) < rng.random((*shape[:2], 1))
    n_groups, n_units, n_trials = shape
    of_unit = outcomes.mean(axis=2)
    of_group = of_unit.mean(axis=1)
    between_groups = n_units * n_trials * np.sum((of_group - of_group.mean()) ** 2)
    between_units = n_trials * np.sum((of_unit - of_group[:, None]) ** 2)
    within = np.sum((outcomes - of_unit[:, :, None]) ** 2)
    groups = between_groups / (n_groups - 1)
    units = between_units / (n_groups * (n_units - 1))
    trials = within / (n_groups * n_units * (n_trials - 1))
    found = Components.of(outcomes.sum(axis=2)[:, None], n_trials)
    assert found.trials.variance == pytest.approx(trials)
    assert found.units.variance == pytest.approx((units - trials) / n_trials)
    assert found.groups.variance == pytest.approx((groups - units) / (n_units * n_trials))


@few_and_many("runs", 100, 1500)
@pytest.mark.parametrize(
    ("model", "shape", "least", "most"),
    [
        (LIKE_A_3, (100, 40), 0.95, 0.95),
        (LIKE_A_3, (3, 40), 0.94, 1),
        (LIKE_A_1, (100, 40), 0.95, 0.97),
        (NO_SELECTION, (100, 40), 0.945, 0.98),
        (TWO_KINDS, (100, 40), 0.95, 0.955),
    ],
)
def test_intervals_cover_as_often_as_they_promise(
    model: Model, shape: tuple[int, ...], least: float, most: float, runs: int
) -> None:
    """More often with few groups, or if the contribution of groups is hardly visible."""
    rng = np.random.default_rng(3)
    covered = np.zeros(4)
    for one in model.draw(rng, (runs, *shape), 3):
        parts = zip(_found(Components.of(one, 3)), model.parts(50, 10), strict=True)
        covered += [part.low <= true <= part.high for part, true in parts]
    covered /= runs
    noise = 3 * math.sqrt(0.05 * 0.95 / runs)
    assert np.all((covered >= least - noise) & (covered <= most + noise)), covered


def test_bounds_of_a_variance_are_bonetts() -> None:
    rate = np.array([0.1, 0.2, 0.25, 0.3, 0.32, 0.4, 0.5, 0.55, 0.7, 0.9]) / 2
    found = Components(rate, 0 * rate, 0 * rate, 100, 10).groups
    n, variance = 10, rate.var(ddof=1)
    centre = np.mean(np.sort(rate)[2:-2])  # a share of 1 / (2 sqrt(n - 4)) at each end
    kurtosis = n * np.sum((rate - centre) ** 4) / np.sum((rate - rate.mean()) ** 2) ** 2
    c = n / (n - Z95)
    reach = Z95 * c * np.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    expected = min(c * variance * np.exp(-reach), variance), min(c * variance * np.exp(reach), 0.25)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.high < 0.25


def test_of_the_mean_over_strata() -> None:
    """Units and trials of strata are independent; groups move all strata alike, or apart."""
    rng = np.random.default_rng(4)
    one = LIKE_A_3.draw(rng, (1, 200, 30), 4)[0]
    other = LIKE_A_1.draw(rng, (1, 200, 30), 4)[0]
    found = Components.of(np.concatenate([one, other], axis=1), 4)
    alone = [Components.of(counts, 4) for counts in (one, other)]
    assert found.rate == pytest.approx((alone[0].rate + alone[1].rate) / 2)
    for name in ("units", "trials"):
        together, parts = getattr(found, name), [getattr(each, name) for each in alone]
        assert together.variance == pytest.approx(sum(part.variance for part in parts) / 4)
        reach = math.hypot(*(part.high - part.variance for part in parts)) / 4
        assert together.high - together.variance == pytest.approx(reach, rel=0.15)
    opposite = Components.of(np.concatenate([one, 4 - one], axis=1), 4)
    assert opposite.rate.tolist() == pytest.approx([0.5] * 200)
    assert opposite.groups.variance < 0
    assert opposite.groups.low == 0


def test_where_nothing_ever_differs_the_bounds_are_those_of_what_was_not_seen() -> None:
    """50 groups of 20 units, all of whose trials succeed."""
    found = Components.of(np.full((50, 1, 20), 3), 3)
    low = exact_interval(1000, 1000)[0]
    most = low * (1 - low)
    assert found.groups == pytest.approx((0, 0, most))
    assert found.units == pytest.approx((0, 0, most))
    assert found.trials == pytest.approx((0, 0, (1 - low) / 2))
    assert found.of_rate(100, 10).variance == 0
    assert found.groups.sd == pytest.approx((0, 0, math.sqrt(most)))


def test_a_component_of_a_mean_and_its_sd() -> None:
    assert not Components.of(np.ones((2, 1, 2)), 2).rate.flags.writeable
    part = Component(0.04, 0.01, 0.09)
    assert part.of_mean(4) == (0.01, 0.0025, 0.0225)
    assert part.sd == pytest.approx((0.2, 0.1, 0.3))
    assert Component(-0.01, 0, 0.04).sd == pytest.approx((0, 0, 0.2))
