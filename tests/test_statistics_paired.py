"""Pairs: McNemar's exact test, intervals of differences, Holm's correction."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from conftest import few_and_many
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hopcli.statistics import exact_interval
from hopcli.statistics.paired import holm, mcnemar, mean_difference, paired_interval

# --- McNemar -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 32),
        (1, 5, 2 * (1 + 6) / 64),
        (3, 7, 2 * (1 + 10 + 45 + 120) / 1024),
        (4, 4, 1.0),
    ],
)
def test_mcnemar_is_what_a_coin_does(first: int, second: int, p: float) -> None:
    """By hand: how often a fair coin falls so unevenly, either way."""
    assert mcnemar(first, second) == pytest.approx(p, rel=1e-12)
    assert mcnemar(second, first) == pytest.approx(p, rel=1e-12)


# --- differences on the same images --------------------------------------------------------

COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200)).filter(any)


@given(COUNTS)
def test_an_interval_holds_what_was_found_and_turns_with_the_sign(
    counts: tuple[int, int, int],
) -> None:
    first, second, _ = counts
    n = sum(counts)
    low, high = paired_interval(first, second, n)
    assert -1 <= low <= (first - second) / n <= high <= 1
    assert low < high, "a width also where nothing differs"
    turned = paired_interval(second, first, n)
    assert turned == pytest.approx((-high, -low), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 5065])
def test_without_a_differing_image_the_bounds_have_a_closed_form(n: int) -> None:
    """One more image that differs weighs 1 - 0.025^(1 / n) of all, at most."""
    bound = 1 - 0.025 ** (1 / n)
    assert paired_interval(0, 0, n) == pytest.approx((-bound, bound), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 300])
def test_where_all_images_differ_one_way_the_interval_is_that_of_a_rate(n: int) -> None:
    """Clopper and Pearson's of n of n, from -1 to 1."""
    bound = 2 * 0.025 ** (1 / n) - 1
    assert paired_interval(n, 0, n) == pytest.approx((bound, 1), abs=1e-8)
    assert paired_interval(0, n, n) == pytest.approx((-1, -bound), abs=1e-8)


def test_images_that_all_differ_are_coins() -> None:
    """Then the difference is twice a rate less 1."""
    low, high = exact_interval(3, 10)
    assert paired_interval(3, 7, 10) == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3, 12])
@pytest.mark.parametrize(
    ("first", "second"),
    [(0.001, 0.0), (0.03, 0.0), (0.08, 0.0), (0.02, 0.02), (0.1, 0.02), (0.3, 0.1), (0.75, 0.25)],
)
def test_the_interval_covers_by_enumeration(first: float, second: float, n: int) -> None:
    """The probability of all counts whose interval holds the difference."""
    counts = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    found = np.array([paired_interval(a, b, n) for a, b, _ in counts])
    chances = stats.multinomial.pmf(counts, n, [first, second, 1 - first - second])
    difference = first - second
    inside = (found[:, 0] <= difference + 1e-9) & (difference - 1e-9 <= found[:, 1])
    assert chances[inside].sum() >= 0.95


@few_and_many("samples", 150, 1000)
@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize(
    ("first", "second"), [(0.3, 0.1), (0.05, 0.05), (0.06, 0.03), (0.02, 0.0), (0.6, 0.35)]
)
def test_the_interval_covers_of_many_images(
    first: float, second: float, n: int, samples: int
) -> None:
    rng = np.random.default_rng(n + round(1000 * first))
    drawn = rng.multinomial(n, (first, second, 1 - first - second), samples)[:, :2]
    cases, often = np.unique(drawn, axis=0, return_counts=True)
    bounds = np.array([paired_interval(a, b, n) for a, b in cases.tolist()])
    difference = first - second
    inside = (bounds[:, 0] <= difference) & (difference <= bounds[:, 1])
    assert often[inside].sum() / samples > 0.95 - 3 * np.sqrt(0.95 * 0.05 / samples)
    if samples == n == 1000 and first > 0.02:
        assert often[inside].sum() / samples < 0.99


# --- Holm ----------------------------------------------------------------------------------


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9, 0.4]).tolist() == [1, 1, 1]
    assert holm([0.02]).tolist() == [0.02]
    assert holm([]).tolist() == []
    # The first is not significant, so none after it is, however small times its rank.
    assert holm([0.02, 0.021, 0.022]).tolist() == pytest.approx([0.06, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.999))
def test_holm_refuses_what_closed_testing_refuses(p: list[float], level: float) -> None:
    """All sets of hypotheses that one is in, each by Bonferroni [Marcus, Peritz, Gabriel 1976]."""
    n = len(p)
    sets = [c for size in range(1, n + 1) for c in itertools.combinations(range(n), size)]
    closed = [
        max(min(len(c) * min(p[j] for j in c), 1.0) for c in sets if k in c) for k in range(n)
    ]
    assert holm(p).tolist() == pytest.approx(closed)
    assert (holm(p) <= level).tolist() == [value <= level for value in holm(p).tolist()]


# --- Student -------------------------------------------------------------------------------


def test_a_mean_difference_by_hand() -> None:
    """SEM 0.1 / sqrt(3) of 0.2, 0.3, 0.4; t with two degrees of freedom is 4.30265."""
    mean, low, high, p = mean_difference([0.2, 0.3, 0.4], units=50)
    half = 4.30265 * 0.1 / math.sqrt(3)
    assert (mean, low, high) == pytest.approx((0.3, 0.3 - half, 0.3 + half), abs=1e-5)
    t = 0.3 / (0.1 / math.sqrt(3))
    assert p == pytest.approx(1 - t / math.sqrt(2 + t * t))  # of t with two degrees
    assert mean_difference([-0.2, -0.3, -0.4], units=50)[3] == pytest.approx(p)


def test_rates_differ_by_one_at_most() -> None:
    _, low, high, p = mean_difference([0.1, 0.9], units=50)
    assert (low, high) == (-1, 1)
    assert 0.2 < p < 0.5


def test_differences_that_are_alike_are_no_certainty() -> None:
    """No noise has been seen; of so many trials it might be."""
    mean, low, high, p = mean_difference([0.0] * 5, units=100)
    half = 2 * exact_interval(250, 500)[1] - 1
    assert (mean, p) == (0, 1)
    assert (low, high) == pytest.approx((-half, half))
    mean, low, high, p = mean_difference([0.25] * 3, units=100)
    assert low < mean == 0.25 < high
    assert p == 0.25  # a coin falls three times the same way
    rounded = np.array([0.3, 0.8]) - np.array([0.2, 0.7])
    assert mean_difference(rounded, 10) == pytest.approx(mean_difference([0.1, 0.1], 10))


def test_students_interval_covers_differences_of_rates() -> None:
    """Rates of two selectors on the same 200 images, of a new selection each time."""
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(2000):
        common = rng.normal(0.7, 0.04, 20)
        first = rng.binomial(200, common + rng.normal(0.01, 0.02, 20)) / 200
        second = rng.binomial(200, common) / 200
        _, low, high, _ = mean_difference(first - second, 200)
        covered += low <= 0.01 <= high
    assert 0.935 < covered / 2000 < 0.965
