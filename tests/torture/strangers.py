"""A stranger's folder: every replacement of every file, for every command."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from strangers import cases, check_case
from test_strangers import base, check_lies, drawn_at_once, place

__all__ = ["base", "drawn_at_once", "place"]


@pytest.mark.parametrize(("name", "kind"), cases(), ids=str)
def test_a_file_is_something_else(base: Path, tmp_path: Path, name: str, kind: str) -> None:
    check_case(base, tmp_path / "place", name, kind)


@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("command", ["recall", "select", "grid"])
def test_a_manifest_that_lies(place: Path, command: str, part: int) -> None:
    numbers = itertools.count()
    check_lies(place, command, lambda: next(numbers) % 8 == part)
