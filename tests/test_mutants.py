"""The bugs of ``make mutants`` can still be planted."""

from __future__ import annotations

import ast

from conftest import CHECKOUT
from mutants import MUTANTS


def test_each_bug_applies_once_and_changes_its_file() -> None:
    changed = set()
    for mutant in MUTANTS:
        before = ast.parse((CHECKOUT / "hopcli" / mutant.file).read_text(encoding="utf-8"))
        after = mutant.applied()
        assert ast.dump(ast.parse(after)) != ast.dump(before), mutant.name
        assert mutant.first, mutant.name
        assert all((CHECKOUT / name).is_file() for name in mutant.first), mutant.first
        changed.add(after)
    assert len(changed) == len(MUTANTS) >= 150
