"""Levels and prototypes of the estimator agree with their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli.datasets import Dataset, thresholds
from hopcli.estimator import HopfieldClassifier
from hopcli.estimator.prototypes import Group, as_spins, choose, groups, levels, otsu
from hopcli.patterns import overlap_loss
from hopcli.rules import project, store

# --- levels ------------------------------------------------------------------------------


def _variance(values: Any, level: float) -> float:
    """Between-class variance of the two parts, from its definition."""
    low, high = values[values <= level], values[values > level]
    if len(high) == 0:
        return 0.0
    return float(len(low) * len(high) * (low.mean() - high.mean()) ** 2 / len(values) ** 2)


def test_otsu_divides_each_feature_as_well_as_can_be() -> None:
    values = np.random.default_rng(1).normal(size=(40, 6)) ** 3 + 1e6
    for column, level in zip(values.T, otsu(values), strict=True):
        best = max(_variance(column, each) for each in column)
        assert _variance(column, level) == pytest.approx(best, rel=1e-9)
        assert level in column
    shades = np.random.default_rng(2).integers(0, 256, (500, 7), dtype=np.uint8)
    shades[:, 3] = np.where(shades[:, 3] > 60, 200, 10)
    histograms = np.array([np.bincount(column, minlength=256) for column in shades.T])
    np.testing.assert_array_equal(otsu(shades), thresholds.otsu(histograms))


OF_A_NAME = {"median": [3, 25, 5], "mean": [3, 37.5, 5], "otsu": [1, 30, 5]}
GIVEN = [(4, [4, 4, 4]), ([1, 2, 3], [1, 2, 3])]


@pytest.mark.parametrize(("threshold", "found"), [*OF_A_NAME.items(), *GIVEN])
def test_levels_are_learnt_for_each_feature(threshold: Any, found: list[float]) -> None:
    values = np.array([[0.0, 10, 5], [1, 30, 5], [5, 20, 5], [6, 90, 5]])
    assert levels(values, threshold).tolist() == found
    assert levels(values[:1], "otsu").tolist() == [0, 10, 5]
    expected = np.where(values > found, 1, -1)
    np.testing.assert_array_equal(as_spins(values, np.array(found)), expected)
    memory = HopfieldClassifier(threshold=threshold, sweeps=0, samples=None)
    memory.fit(values, [0, 0, 1, 1])
    assert memory.recall(values[3:])[0, 0].tolist() == expected[3].tolist()  # alone, the same
    assert memory.threshold_.tolist() == found


@pytest.mark.parametrize("threshold", ["otsu", "median", "mean", 0.0, 7.0, -3])
def test_two_values_are_kept_at_any_level(mnist: Dataset, threshold: Any) -> None:
    """Spins, booleans, other numbers, also other ones in each feature; some stay constant."""
    spins = mnist.spins[:400]
    varies = np.ptp(spins, axis=0) > 0
    assert 100 < np.sum(~varies) < 300
    of_each = np.random.default_rng(1).normal(size=(2, spins.shape[1]))
    own = np.where(spins > 0, of_each.max(axis=0), of_each.min(axis=0))
    for data, sign in (
        (spins, 1),
        (-spins, -1),
        (spins > 0, 1),
        (np.where(spins > 0, np.float32(8.5), np.float32(8.25)), 1),
        (np.where(spins > 0, -1e300, -2e300), 1),
    ):
        found = as_spins(data, levels(data, threshold))
        np.testing.assert_array_equal(sign * found, spins)
    found = as_spins(own, levels(own, threshold))
    np.testing.assert_array_equal(found[:, varies], spins[:, varies])


@pytest.mark.parametrize("threshold", ["otsu", "median", "mean"])
def test_a_feature_of_two_values_among_others_is_not_made_constant(threshold: str) -> None:
    rng = np.random.default_rng(2)
    data = rng.normal(size=(200, 4))
    data[:, 0] = 3.0 * (rng.random(200) < 0.02)
    data[:, 1] = -1.0 * (rng.random(200) < 0.98)
    found = as_spins(data, levels(data, threshold))
    np.testing.assert_array_equal(found[:, :2] > 0, data[:, :2] > data[:, :2].min(axis=0))
    at = levels(data, 5)  # a level that is given divides two values, too
    assert at.tolist() == [1.5, -0.5, 5, 5]
    near = np.array([[1.0], [np.nextafter(1.0, 2)]])
    assert as_spins(near, levels(near, 9)).ravel().tolist() == [-1, 1]


# --- prototypes --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_the_overlap_loss_is_that_of_the_study_and_of_other_classes_only(seed: int) -> None:
    parts = random_patterns(seed, 12, 30).reshape(3, 4, 30)
    made = groups(parts.reshape(12, 30), np.repeat([0, 1, 2], 4), None, 1, np.random.default_rng(1))
    xi, codes = choose(made, "overlap-loss")
    best = overlap_loss(parts).loss.argmin(axis=1)
    np.testing.assert_array_equal(xi, parts[[0, 1, 2], best])
    assert codes.tolist() == [0, 1, 2]

    two_of_one = [Group(parts[k], label) for k, label in enumerate((0, 0, 1))]
    chosen, codes = choose(two_of_one, "overlap-loss")
    squares = np.einsum("apn,bqn->abpq", parts.astype(int), parts.astype(int)) ** 2
    for k, others in {0: (2,), 1: (2,), 2: (0, 1)}.items():
        loss = sum(squares[k, o].sum(axis=1) for o in others) - 4 * squares[k, k].sum(axis=1)
        np.testing.assert_array_equal(chosen[k], parts[k, loss.argmin()])
    assert codes.tolist() == [0, 0, 1]


def test_medoid_and_majority_are_what_they_are_called() -> None:
    spins = random_patterns(4, 25, 40)
    group, own = [Group(spins, 0)], spins.astype(int)
    nearest = (own @ own.T).sum(axis=1).argmax()
    np.testing.assert_array_equal(choose(group, "medoid")[0][0], spins[nearest])
    np.testing.assert_array_equal(choose(group, "majority")[0][0], np.sign(own.sum(axis=0)))
    even = [Group(np.array([[1, -1], [1, 1]], np.int8), 0)]
    assert choose(even, "majority")[0].tolist() == [[1, 1]]


def test_so_many_samples_of_a_class_compete_and_each_once() -> None:
    spins = random_patterns(5, 50, 64)
    labels = np.repeat([0, 1], [40, 10])
    few, many = groups(spins, labels, 30, 1, np.random.default_rng(1))
    assert (len(np.unique(few.spins, axis=0)), len(few.spins), len(many.spins)) == (30, 30, 10)
    other = groups(spins, labels, 30, 1, np.random.default_rng(2))[0]
    assert np.any(few.spins != other.spins)


def test_a_class_of_three_kinds_has_a_prototype_of_each() -> None:
    xi, rng = random_patterns(6, 3, 100), np.random.default_rng(6)
    kind = np.repeat([0, 1, 2], 15)
    samples = np.where(rng.random((45, 100)) < 0.1, -xi[kind], xi[kind]).astype(np.int8)
    found, _ = choose(groups(samples, np.zeros(45, np.int64), None, 3, rng), "majority")
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, xi.tolist()))
    twice = np.vstack([xi, xi])
    assert len(groups(twice, np.zeros(6, np.int64), None, 5, rng)) == 3  # no more differ


@pytest.mark.parametrize("p", [4, 9, 30])
def test_dependent_patterns_give_the_projector_on_their_span(p: int) -> None:
    xi = random_patterns(7, p, 12)
    xi = np.vstack([xi, xi[:2], -xi[1:2]])
    full = xi.T @ np.linalg.pinv(xi.T.astype(np.float64))
    np.fill_diagonal(full, 0)
    network = project(xi)
    np.testing.assert_allclose(network.dense(), full, atol=1e-12)
    np.testing.assert_array_equal(network.xi, xi)


def test_independent_patterns_are_stored_to_the_bit_as_by_the_rule() -> None:
    xi = random_patterns(8, 5, 60)
    np.testing.assert_array_equal(project(xi, 0.1).J, store(xi, theta=0.1).J)
    twice = project(np.vstack([xi, xi]), np.arange(60.0))
    np.testing.assert_array_equal(twice.theta[twice.site_class], np.arange(60.0))


# --- edges: small numbers, ties


def test_samples_of_two_minds_make_a_prototype_of_ink() -> None:
    xi, _ = choose([Group(np.array([[1, -1], [-1, -1]], np.int8), 0)], "majority")
    assert xi.tolist() == [[1, -1]]


def test_a_level_at_the_larger_of_two_values_is_between_them() -> None:
    assert levels(np.array([[0.0], [5.0]]), 5.0).tolist() == [2.5]
