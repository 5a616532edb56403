"""Options that are given twice: refused by name, where the first would be lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from conftest import call

from hopcli.cli import cli
from hopcli.cli.once import Command

if TYPE_CHECKING:
    from conftest import RunHopcli

BASE = ["--set", "tests=2", "--set", "repeats=1", "--dry-run"]


@pytest.mark.parametrize(
    ("sets", "name"),
    [
        (["temperature=0.1,0.2", "temperature=0.3,0.4"], "temperature"),
        (["temperature=0.1,0.2", "rule=hebbian", "rule=storkey"], "rule"),
        (["rule=hebbian", "rule=storkey"], "rule"),
        (["seed=1,2", "attempts-per-sweep=9", "attempts_per_sweep=8"], "attempts_per_sweep"),
        (["digits, selection_seed=[[[3, 6], 1]]", "digits=3,6"], "digits"),
        (["seed=1,2", "seed=1,2"], "seed"),
    ],
)
def test_a_setting_is_set_once(run_hopcli: RunHopcli, sets: list[str], name: str) -> None:
    flags = [word for text in sets for word in ("--set", text)]
    refused = call("grid", "run", "paper", *BASE, *flags, whole=True).refused()
    assert refused.startswith("--set ")
    assert name in refused


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("recall --temperature 0.1 --temperature 0.2", "--temperature"),
        ("recall --rule hebbian --seed 2 --rule=storkey", "--rule"),
        ("recall --out a --out b", "--out"),
        ("recall --until-stable --no-until-stable", "--until-stable"),
        ("select --config paper --config figure1", "--config"),
        ("plot results/paper --dpi 20 --dpi 30", "--dpi"),
        ("grid run paper --set seed=1,2 --out a --out b", "--out"),
        ("grid run paper --set seed=1,2 --figures --no-figures", "--figures"),
        ("data --dataset drawings --dataset mnist", "--dataset"),
        ("reproduce --only a --only b", "--only"),
        ("runs --format json --format table", "--format"),
    ],
)
def test_an_option_of_one_value_is_given_once(run_hopcli: RunHopcli, line: str, name: str) -> None:
    assert name in call(*line.split(), whole=True).refused()
    assert not any(Path().iterdir())


def test_the_same_switch_twice_is_the_same(run_hopcli: RunHopcli) -> None:
    line = "weights --dataset drawings --size 8x8 -q --quiet --no-figures --no-figures"
    assert run_hopcli(*line.split()).code == 0


def test_every_command_looks_for_options_that_are_given_twice() -> None:
    def leaves(command: click.Command, ctx: click.Context) -> list[click.Command]:
        if not isinstance(command, click.Group):
            return [command]
        own = [param for param in command.params if param.name not in ("help", "version")]
        found: list[click.Command] = [command] if own else []
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            assert child is not None
            found += leaves(child, click.Context(child, info_name=name, parent=ctx))
        return found

    commands = leaves(cli, click.Context(cli, info_name="hopcli"))
    assert len(commands) > 25
    assert [one.name for one in commands if not isinstance(one, Command)] == []
