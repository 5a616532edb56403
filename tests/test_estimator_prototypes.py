"""Levels and prototypes of the estimator, held to what they are by definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli.datasets import thresholds
from hopcli.estimator import HopfieldClassifier
from hopcli.estimator.binarising import as_spins, levels, otsu
from hopcli.estimator.prototypes import Group, choose, groups
from hopcli.patterns import overlap_loss
from hopcli.storage import project, store


def _variance(values: Any, level: float) -> float:
    """Between-class variance of the two parts, from its definition."""
    low, high = values[values <= level], values[values > level]
    if len(high) == 0:
        return 0.0
    return float(len(low) * len(high) * (low.mean() - high.mean()) ** 2 / len(values) ** 2)


def test_otsu_parts_each_feature_as_well_as_can_be() -> None:
    values = np.random.default_rng(1).normal(size=(40, 6)) ** 3 + 1e6
    for column, level in zip(values.T, otsu(values), strict=True):
        best = max(_variance(column, each) for each in column)
        assert _variance(column, level) == pytest.approx(best, rel=1e-9)
        assert level in column


def test_otsu_of_grey_values_is_that_of_pictures() -> None:
    grey = np.random.default_rng(2).integers(0, 256, (500, 7), dtype=np.uint8)
    grey[:, 3] = np.where(grey[:, 3] > 60, 200, 10)
    histograms = np.array([np.bincount(column, minlength=256) for column in grey.T])
    np.testing.assert_array_equal(otsu(grey), thresholds.otsu(histograms))


def test_levels_are_of_each_feature_and_learnt_from_what_was_fitted() -> None:
    values = np.array([[0.0, 10, 5], [1, 30, 5], [5, 20, 5], [6, 90, 5]])
    assert levels(values, "median").tolist() == [3, 25, 5]
    assert levels(values, "mean").tolist() == [3, 37.5, 5]
    assert levels(values, "otsu").tolist() == [1, 30, 5]
    assert levels(values, 4).tolist() == [4, 4, 4]
    assert levels(values, [1, 2, 3]).tolist() == [1, 2, 3]
    assert levels(values[:1], "otsu").tolist() == [0, 10, 5]
    assert as_spins(values, np.array([1, 30, 5])).tolist() == [
        [-1, -1, -1],
        [-1, -1, -1],
        [1, -1, -1],
        [1, 1, -1],
    ]
    memory = HopfieldClassifier(threshold="median", sweeps=0, samples=None).fit(
        values, [0, 0, 1, 1]
    )
    assert memory.recall(values[3:])[0, 0].tolist() == [1, 1, -1]  # alone, the same levels
    assert memory.threshold_.tolist() == [3, 25, 5]


@pytest.mark.parametrize("seed", range(20))
def test_the_overlap_loss_is_that_of_the_study(seed: int) -> None:
    spins = random_patterns(seed, 12, 30)
    labels = np.repeat([0, 1, 2], 4)
    xi, codes = choose(groups(spins, labels, None, 1, np.random.default_rng(1)), "overlap-loss")
    best = overlap_loss(spins.reshape(3, 4, 30)).loss.argmin(axis=1)
    np.testing.assert_array_equal(xi, spins.reshape(3, 4, 30)[[0, 1, 2], best])
    assert codes.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(10))
def test_other_clusters_of_a_class_are_neither_its_own_samples_nor_of_other_classes(
    seed: int,
) -> None:
    parts = random_patterns(seed, 12, 30).reshape(3, 4, 30)
    chosen, codes = choose(
        [Group(parts[k], label) for k, label in enumerate((0, 0, 1))], "overlap-loss"
    )
    squares = np.einsum("apn,bqn->abpq", parts.astype(int), parts.astype(int)) ** 2
    others = {0: (2,), 1: (2,), 2: (0, 1)}
    for k, of in others.items():
        loss = sum(squares[k, other].sum(axis=1) for other in of) - 4 * squares[k, k].sum(axis=1)
        np.testing.assert_array_equal(chosen[k], parts[k, loss.argmin()])
    assert codes.tolist() == [0, 0, 1]


def test_medoid_and_majority_are_what_they_are_called() -> None:
    spins = random_patterns(4, 25, 40)
    group = [Group(spins, 0)]
    own = spins.astype(int)
    nearest = (own @ own.T).sum(axis=1).argmax()
    np.testing.assert_array_equal(choose(group, "medoid")[0][0], spins[nearest])
    np.testing.assert_array_equal(choose(group, "majority")[0][0], np.sign(own.sum(axis=0)))
    even = [Group(np.array([[1, -1], [1, 1]], np.int8), 0)]
    assert choose(even, "majority")[0].tolist() == [[1, 1]]


def test_so_many_samples_of_a_class_compete_and_each_once() -> None:
    spins = random_patterns(5, 50, 64)
    labels = np.repeat([0, 1], [40, 10])
    few, many = groups(spins, labels, 30, 1, np.random.default_rng(1))
    assert (len(few.spins), len(many.spins)) == (30, 10)
    assert len(np.unique(few.spins, axis=0)) == 30
    other = groups(spins, labels, 30, 1, np.random.default_rng(2))[0]
    assert np.any(few.spins != other.spins)


def test_a_class_of_three_kinds_has_a_prototype_of_each() -> None:
    xi = random_patterns(6, 3, 100)
    rng = np.random.default_rng(6)
    kind = np.repeat([0, 1, 2], 15)
    samples = np.where(rng.random((45, 100)) < 0.1, -xi[kind], xi[kind]).astype(np.int8)
    one_class = np.zeros(45, np.int64)
    found, _ = choose(groups(samples, one_class, None, 3, rng), "majority")
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
