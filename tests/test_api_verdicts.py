"""Verdicts from Python are those of the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hopcli

if TYPE_CHECKING:
    from conftest import RunHopcli


def test_verdicts_are_those_of_the_command(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    found = hopcli.reproduce(only=["six-sites", "selection"], out="python")
    words = ("--only", "six-sites,selection", "--out", "shell", "-q")
    assert run_hopcli("reproduce", *words).code == 0
    assert Path("python/claims.csv").read_bytes() == Path("shell/claims.csv").read_bytes()
    assert found.set_index("id")["verdict"].to_dict() == {
        "six-sites": "reproduced",
        "selection": "reproduced",
    }


def test_a_refusal_is_the_command_s(empty_folder: Path) -> None:
    with pytest.raises(hopcli.HopcliError, match=r"^--only .*'nothing'"):
        hopcli.reproduce(only="nothing")
    assert not list(empty_folder.iterdir())
