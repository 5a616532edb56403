"""Products that are symmetric: what they are, to the last bit alike on both sides."""

from __future__ import annotations

import numpy as np
import pytest
import reference_rules as published
from conftest import random_patterns

from hopcli.storage import RULES, products, store, storkey
from hopcli.storage.products import asymmetry, symmetric_product

SIZES = [1, 7, 8, 9, 24, 25, 60]
"""Rows, around and beyond the squares of 8 and the blocks of 24."""


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_BLOCK", 8)
    monkeypatch.setattr(products, "_ROWS", 24)


@pytest.mark.parametrize("n", SIZES)
def test_a_symmetric_product_is_the_product_and_symmetric_to_the_last_bit(n: int) -> None:
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, n, 5))
    left, right = np.hstack([x, y]), np.hstack([y, x])
    found = symmetric_product(left, right, 3.0)
    np.testing.assert_allclose(found, left @ right.T / 3, rtol=0, atol=1e-14)
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize("n", SIZES)
def test_products_of_whole_numbers_are_exact(n: int) -> None:
    xi = random_patterns(n, 30, n).astype(np.float64)
    counted = np.array([[int((a * b).sum()) for b in xi.T] for a in xi.T])
    assert np.array_equal(symmetric_product(xi.T, xi.T), counted)


@pytest.mark.parametrize(("row", "column"), [(0, 1), (7, 8), (59, 0), (30, 58), (24, 23), (3, 50)])
def test_asymmetry_finds_a_difference_wherever_it_is(row: int, column: int) -> None:
    matrix = np.ones((60, 60))
    assert asymmetry(matrix) == 0.0
    matrix[row, column] -= 0.25
    assert asymmetry(matrix) == 0.25
    matrix[row, column] = np.nan
    assert np.isnan(asymmetry(matrix))
    matrix[row, column] = matrix[column, row] = np.nan
    assert np.isnan(asymmetry(matrix))


def test_a_nan_on_the_diagonal_is_found_too() -> None:
    matrix = np.ones((60, 60))
    matrix[59, 59] = np.nan
    assert np.isnan(asymmetry(matrix))


@pytest.mark.parametrize("at_once", [1, 3, 10, 11])
@pytest.mark.parametrize("first", [0, 4])
def test_storkey_is_its_formula_however_many_patterns_are_added_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int, first: int
) -> None:
    monkeypatch.setattr(storkey, "_AT_ONCE", at_once)
    xi = random_patterns(5, 11, 70)
    earlier = store(xi[:first], "storkey") if first else None
    direct = published.storkey_by_matrices(xi)
    found = store(xi[first:], "storkey", onto=earlier)
    np.testing.assert_allclose(found.dense(), direct, rtol=0, atol=1e-12)
    assert np.array_equal(found.J, found.J.T)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_hands_its_couplings_over_without_a_copy(
    monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """At 16,384 classes a copy is 2 GiB."""
    made = []
    learn = RULES[rule].learn

    def keep(*arguments: object, **parameters: object) -> object:
        made.append(learn(*arguments, **parameters))
        return made[-1]

    object.__setattr__(RULES[rule], "learn", keep)
    try:
        network = store(random_patterns(1, 2, 60), rule)
    finally:
        object.__setattr__(RULES[rule], "learn", learn)
    assert network.J is made[0]
