"""Damaged stores of grids, and every bad value of every setting, of which a test tries a sample."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from bad_inputs import Tried
from test_bad_input import (  # noqa: F401
    TRIED,
    WRITTEN,
    _id,
    check_flags,
    check_in_grids,
    check_keys,
    check_written,
    lying_about,
    refusal,
    stands,
)

from hopcli.grids.store import FILE
from torture.faults import Place, configure, end, flipped, made, start

__all__ = ["made"]


@pytest.mark.parametrize("number", range(40))
def test_a_damaged_store(made: dict[str, Place], tmp_path: Path, number: int) -> None:
    """A flipped bit or a cut is found, or has no effect; it never changes a table."""
    whole, rng = made["grid"], random.Random(number)
    place = Place(whole.subject, tmp_path, {}, whole.later, whole.seconds)
    configure(tmp_path, 2)
    shutil.copytree(whole.folder / "out", tmp_path / "out")
    file = tmp_path / "out" / FILE
    content = file.read_bytes()
    cut = content[: rng.randrange(len(content))]
    file.write_bytes(cut if number % 5 == 0 else flipped(content, rng))
    checked, _ = end(start(tmp_path, "grid", "check", "out"))
    assert checked in (0, 1, 2)
    code, err = end(start(tmp_path, *whole.subject.command))
    if code:
        assert (code, len(err.splitlines())) == (2, 1), err
        assert checked != 0
        file.unlink()
    place.go_on()


@pytest.mark.parametrize("tried", TRIED, ids=_id)
def test_no_setting_takes_a_bad_value(
    request: pytest.FixtureRequest, tmp_path: Path, tried: Tried
) -> None:
    refused = request.getfixturevalue("refusal")
    check_flags(refused, tried, tried.flags)
    check_keys(refused, tmp_path / "f.toml", tried, tried.keys)
    check_in_grids(refused, tmp_path / "f.toml", tried, tried.keys)


@pytest.mark.parametrize(("line", "name"), WRITTEN, ids=_id)
def test_every_written_bad_input_is_refused(
    request: pytest.FixtureRequest, line: str, name: str
) -> None:
    check_written(request.getfixturevalue("refusal"), line, name)
