"""Pairs: McNemar's exact test, Tango's interval, Holm's correction, Student's differences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

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


# --- Tango ---------------------------------------------------------------------------------

COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200)).filter(any)


def _score(first: int, second: int, n: int, difference: float) -> float:
    """The score of a difference, the other rate found by maximising the likelihood."""
    counts = (first, second, n - first - second)

    def loss(rate: float) -> float:
        rates = (rate + difference, rate, 1 - difference - 2 * rate)
        logs = [k * math.log(max(p, 1e-300)) for k, p in zip(counts, rates, strict=True) if k]
        return -sum(logs)

    low, high = max(0.0, -difference), (1 - difference) / 2
    rate = float(optimize.fminbound(loss, low, high, xtol=1e-12))
    variance = n * (2 * rate + difference - difference**2)
    return (first - second - n * difference) / math.sqrt(variance)


@pytest.mark.parametrize(
    ("first", "second", "n"), [(12, 2, 50), (2, 12, 50), (80, 186, 5065), (3, 3, 20), (9, 4, 13)]
)
def test_bounds_are_where_the_score_is_196(first: int, second: int, n: int) -> None:
    low, high = paired_interval(first, second, n)
    assert _score(first, second, n, low) == pytest.approx(1.959964, abs=1e-4)
    assert _score(first, second, n, high) == pytest.approx(-1.959964, abs=1e-4)


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
    assert turned == pytest.approx((-high, -low), abs=1e-9)


def test_without_a_differing_image_the_bounds_have_a_closed_form() -> None:
    """Then z^2 = n d / (1 - d), so d = z^2 / (n + z^2)."""
    z2 = stats.norm.ppf(0.975) ** 2
    for n in (1, 20, 5065):
        bound = z2 / (n + z2)
        assert paired_interval(0, 0, n) == pytest.approx((-bound, bound), rel=1e-9)


def test_where_all_images_differ_one_way_the_other_bound_has_a_closed_form() -> None:
    """Then z^2 = n (1 + d) / (1 - d), so d = (z^2 - n) / (z^2 + n)."""
    z2 = stats.norm.ppf(0.975) ** 2
    for n in (1, 7, 300):
        bound = (n - z2) / (n + z2)
        assert paired_interval(n, 0, n) == pytest.approx((bound, 1), rel=1e-9)
        assert paired_interval(0, n, n) == pytest.approx((-1, -bound), rel=1e-9)


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize(
    ("first", "second"), [(0.3, 0.1), (0.05, 0.05), (0.06, 0.03), (0.02, 0.04), (0.6, 0.35)]
)
def test_tangos_interval_covers(first: float, second: float, n: int) -> None:
    rng = np.random.default_rng(n + round(1000 * first))
    samples = 4000
    drawn = rng.multinomial(n, (first, second, 1 - first - second), samples)[:, :2]
    cases, often = np.unique(drawn, axis=0, return_counts=True)
    bounds = np.array([paired_interval(a, b, n) for a, b in cases.tolist()])
    difference = first - second
    inside = (bounds[:, 0] <= difference) & (difference <= bounds[:, 1])
    # Three SD of the share are 1.0 %.
    assert 0.935 < often[inside].sum() / samples < 0.97


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
