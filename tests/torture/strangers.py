"""A stranger's folder, whole: every file as everything that it may be, for every command."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest
from strangers import SHOWN, cases, check_case
from test_strangers import base, check_lies, check_unreadable, drawn_at_once

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["base", "drawn_at_once"]


@pytest.mark.parametrize(("name", "kind"), cases(), ids=str)
def test_a_file_is_something_else(base: Path, tmp_path: Path, name: str, kind: str) -> None:
    check_case(base, tmp_path / "place", name, kind)


@pytest.mark.parametrize("name", ["", *SHOWN])
def test_a_file_that_may_not_be_read(base: Path, tmp_path: Path, name: str) -> None:
    check_unreadable(base, tmp_path, [name])


@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("command", ["recall", "select", "grid"])
def test_a_manifest_that_lies(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, part: int
) -> None:
    shutil.copytree(base, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    numbers = itertools.count()
    check_lies(tmp_path / "place", command, lambda: next(numbers) % 8 == part)
