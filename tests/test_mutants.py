"""The bugs that ``make mutants`` plants can still be planted; and what some of them showed."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from conftest import CHECKOUT
from mutants import MUTANTS, Mutant

from hopcli.errors import PatternError
from hopcli.storage import store


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_applies_once_and_changes_the_file(mutant: Mutant) -> None:
    before = (CHECKOUT / "hopcli" / mutant.file).read_text(encoding="utf-8")
    after = mutant.applied()
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
    assert mutant.first
    assert all((CHECKOUT / name).is_file() for name in mutant.first), mutant.first


def test_every_bug_is_another() -> None:
    assert len({mutant.applied() for mutant in MUTANTS}) == len(MUTANTS) >= 44


def test_at_kappa_zero_a_field_of_zero_is_not_enough() -> None:
    """The second site would have to be up in one pattern and down in the other, alike else."""
    xi = np.array([[1, 1, 1], [1, -1, 1]], np.int8)
    with pytest.raises(PatternError, match="kappa = 0 "):
        store(xi, "perceptron", kappa=0.0, epochs=50)
