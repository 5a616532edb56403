"""Few selections: where intervals over selections begin to cover, and the warning below."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from hopcli import experiments
from hopcli.config import Config, ConsistencyConfig, VarianceConfig
from hopcli.experiments.few import ENOUGH, few_selections
from hopcli.statistics import draws_interval
from hopcli.statistics.components import Components


def _covered(n: int, tail: float, runs: int) -> tuple[float, float]:
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
    assert max(_covered(10, 0.1, 150)) < 0.85
    assert min(_covered(ENOUGH, 0.1, 150)) > 0.92 - 3 * math.sqrt(0.92 * 0.08 / 150)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "tail", "low", "high"),
    [
        (5, 0.1, 0.40, 0.50),
        (15, 0.1, 0.72, 0.85),
        (30, 0.1, 0.90, 0.97),
        (100, 0.1, 0.93, 0.98),
        (30, 0.05, 0.75, 0.86),
        (100, 0.05, 0.91, 0.98),
        (30, 0.03, 0.45, 0.65),
    ],
)
def test_coverage_is_as_the_manual_states(n: int, tail: float, low: float, high: float) -> None:
    for covered in _covered(n, tail, 1000):
        assert low - 0.03 <= covered <= high + 0.03


@pytest.mark.parametrize("n", [1, 2, 3, 10, 29])
def test_the_warning_names_the_share_that_may_be_missing(n: int) -> None:
    """(1 - share)^n is 5 %, and the number advised is no longer warned of."""
    (warning,) = few_selections(n)
    share = float(re.findall(r"([\d.]+) %", warning)[0]) / 100
    assert (1 - share) ** n == pytest.approx(0.05, abs=0.02)
    advised = int(warning.rpartition("--selections ")[2])
    assert few_selections(advised) == few_selections(1000) == []
    assert "--tests" not in warning
    assert "--tests" in few_selections(n, most=ENOUGH - 1)[0]


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (VarianceConfig, {"tests": 2, "repeats": 2, "sweeps": 1, "dataset": "digits"}),
        (ConsistencyConfig, {"tests": 1, "sweeps": 1, "dataset": "digits"}),
    ],
)
@pytest.mark.parametrize(("n", "warnings"), [(29, 1), (30, 0)])
def test_runs_over_few_selections_warn(
    config: type[Config], settings: dict[str, Any], n: int, warnings: int
) -> None:
    found = experiments.run(config.from_values({**settings, "selections": n}))
    assert len(found.notes["warnings"]) == warnings
