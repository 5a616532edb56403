"""The bugs of ``make mutants`` can still be planted."""

from __future__ import annotations

import ast

from conftest import CHECKOUT
from mutants import MUTANTS


def test_each_bug_applies_once_and_changes_its_file() -> None:
    files = {mutant.file: CHECKOUT / "hopcli" / mutant.file for mutant in MUTANTS}
    trees = {file: ast.parse(path.read_text(encoding="utf-8")) for file, path in files.items()}
    changed = {file: {ast.unparse(tree)} for file, tree in trees.items()}
    for mutant in MUTANTS:
        after = mutant.applied()
        assert after not in changed[mutant.file], mutant.name
        changed[mutant.file].add(after)
        assert mutant.first, mutant.name
        assert all((CHECKOUT / name).is_file() for name in mutant.first), mutant.first
    assert len(MUTANTS) >= 150
