"""The bugs that ``make mutants`` plants can still be planted."""

from __future__ import annotations

import ast

import pytest
from conftest import CHECKOUT
from mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_applies_once_and_changes_the_file(mutant: Mutant) -> None:
    before = (CHECKOUT / "hopcli" / mutant.file).read_text(encoding="utf-8")
    after = mutant.applied()
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
    assert mutant.first
    assert all((CHECKOUT / name).is_file() for name in mutant.first), mutant.first


def test_every_bug_is_another() -> None:
    assert len({mutant.applied() for mutant in MUTANTS}) == len(MUTANTS) >= 44
