"""The command line as a whole: help, names, examples, flags and files together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from conftest import SpawnHopcli, call
from shell import CONTROL, Shell, read_json

import hopcli
from hopcli.catalogue import CATALOGUE
from hopcli.cli import cli
from hopcli.cli.once import Command

COMMANDS = cli.list_commands(click.Context(cli))
SMALL = "tests = 2\nrepeats = 1\nfigures = false\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_manual_with_an_example(shell: Shell, command: str) -> None:
    done = shell.run(f"{command} --help")
    assert done.err == ""
    assert f"Usage: hopcli {command}" in done.out
    assert not CONTROL.search(done.out)
    assert re.search(rf"^ +hopcli {command}( |$)", done.out, re.MULTILINE)


@pytest.mark.parametrize("command", CATALOGUE)
def test_a_manual_has_settings_and_valid_examples(shell: Shell, command: str) -> None:
    """Flags and names of an example are accepted: its last flag alone is refused."""
    text = shell.run(f"{command} --help").out
    for name in CATALOGUE[command].settings:
        assert f"--{name.replace('_', '-')}" in text
    assert "[default: mnist]" in text
    examples = re.findall(rf"^ +hopcli {command}((?: .*)?)$", text, re.MULTILINE)
    assert examples
    for example in examples:
        message = shell.refuse(f"{command} {example} --threshold 256")
        assert message.startswith("--threshold")


def test_version_and_usage(shell: Shell, spawn_hopcli: SpawnHopcli) -> None:
    assert hopcli.__version__ in shell.run("--version").out
    done = spawn_hopcli("--help")
    assert (done.code, done.err, done.out[:14]) == (0, "", "Usage: hopcli ")
    assert spawn_hopcli("recall", "--tests", "0").refused().startswith("--tests ")


def test_help_fits_a_screen(shell: Shell) -> None:
    welcome = shell.run("").out
    assert len(welcome.splitlines()) == 12
    examples = [line.split()[1] for line in welcome.splitlines() if "  hopcli " in line]
    assert {"recall", "show", "reproduce"} <= {*examples}
    grid = cli.get_command(click.Context(cli), "grid")
    assert isinstance(grid, click.Group)
    for command in ("", *COMMANDS, *(f"grid {name}" for name in grid.commands)):
        lines = shell.run(f"{command} -h").out.splitlines()
        assert f"Usage: hopcli {command}" in lines[0]
        assert len(lines) <= 40, command
        assert max(map(len, lines)) <= 80, command
        options = [line for line in lines if re.match("^  -", line)]
        assert len(options) <= 14, command


def test_help_explains_commands_options_keys_and_words(shell: Shell) -> None:
    for topic, named in {
        "recall": "hopcli recall",
        "grid run": "hopcli grid run",
        "--temperature": "temperature = ",
        "attempts_per_sweep": "--attempts-per-sweep",
        "overlap": "m_\\mu(S)",
        "Site class": "784 sites",
        "as run": "`paper-as-run`",
        "fixed-point": "`fixed_point`",
    }.items():
        assert named in shell.run(f"help {topic}").out


def test_docs_lists_and_prints_pages(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hopcli.cli.docs._BUILT", Path("missing"))
    pages = [line.split()[0] for line in shell.run("docs").out.split("\n\n")[0].splitlines()]
    assert {"grids", "questions", "study"} <= set(pages)
    for page in pages:
        assert shell.run(f"docs {page}").out.startswith("# ")
    assert "grids" in shell.refuse("docs grid")


def test_a_defect_keeps_its_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only errors that a user can cause are one line."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hopcli.experiments.plan", fail)
    with pytest.raises(ZeroDivisionError):
        call("select")
    assert not Path("results").exists()


def test_every_command_looks_for_options_that_are_given_twice(shell: Shell) -> None:
    def leaves(command: Any) -> Iterator[click.Command]:
        if {param.name for param in command.params} - {"help", "version"}:
            yield command
        ctx = click.Context(command)
        for name in command.list_commands(ctx) if isinstance(command, click.Group) else ():
            yield from leaves(command.get_command(ctx, name))

    commands = list(leaves(cli))
    assert len(commands) > 25
    assert all(isinstance(command, Command) for command in commands)
    # A switch may be repeated.
    line = "select --dataset text:4x4 -q --quiet --no-figures --no-figures"
    assert call(*line.split(), whole=True).code == 0


def test_an_option_is_no_value_of_the_one_before_it(shell: Shell) -> None:
    for line in ("--out --quiet", "--out -q", "--digits --seed=3", "--figure-format --out x"):
        shell.refuse(f"select --dataset text:4x4 {line}")
    assert not [*Path().iterdir()]


# --- files and flags -------------------------------------------------------------------


def test_flags_win_over_the_file(shell: Shell) -> None:
    """Also over wrong values in it; the message of a wrong flag does not name the file."""
    Path("mine.toml").write_text("tests = 0\nrepeats = 1\ntemperature = 0.3\nfigures = true\n")
    shell.refuse("recall --config mine.toml", names="mine.toml: tests")
    mine = "recall --config mine.toml --temperature 0.1 --no-figures -q"
    shell.run(f"{mine} --tests 2")
    (folder,) = Path("results").iterdir()
    manifest = read_json(folder / "recall.json")
    assert (manifest["config"]["tests"], manifest["config"]["temperature"]) == (2, 0.1)
    assert manifest["execution"]["figures"] is False
    assert shell.refuse(f"{mine} --tests -1").startswith("--tests ")


def test_results_go_where_asked_or_by_name_or_key(shell: Shell) -> None:
    """Flags that change a file never write to its folder; threads change nothing."""
    Path("mine.toml").write_text(f'dataset = "digits"\n{SMALL}')
    shell.run("recall -q --config mine.toml")
    manifest = Path("results/mine/recall.json")
    before = manifest.read_bytes()
    shell.run("recall -q --config mine.toml --tests 2 --threads 1")
    shell.run("recall -q --config mine.toml --out else/where")
    assert [path.name for path in Path("results").iterdir()] == ["mine"]
    shell.run("recall -q --dataset digits --tests 2 --repeats 1 --no-figures")
    for flags in ("--temperature 0.4", "--seed 2 --tests 2"):
        shell.run(f"recall --config mine.toml -q {flags}")
    keyed = sorted(path for path in Path("results").iterdir() if path.name != "mine")
    assert [path.name[:-8] for path in keyed] == ["mine-", "mine-", "recall-"]
    for path in keyed:
        assert read_json(path / "recall.json")["key"][:8] == path.name[-8:]
    assert manifest.read_bytes() == before
    assert read_json(Path("else", "where", manifest.name))["config"]["tests"] == 2


def test_a_near_miss_names_what_was_meant(shell: Shell) -> None:
    Path("pics").mkdir()
    for line, meant in {
        "recall paper": "recall --config paper",
        "figure1": "hopcli run figure1",
        "recal": "'recall'",
        "help overlp": "overlap",
        "recall --rule heb": "'hebbian'",
        "recall --rule pseudoinverse": "'pseudo-inverse'",
        "recall --start flip:20%": "flip:0.2?",
        "recall --start pattern,oclude:top:0.5": "'occlude'",
        "recall --size 32": "32x32?",
        "recall --dataset pics": "images:pics",
        "recall --dataset txt:p.txt": "text:",
        "grid run recall --set seed=1:3": "seed=1:3:1",
        "grid run recall --set temprature=1": "'temperature'",
        "show 3": "hopcli select",
    }.items():
        assert meant in shell.refuse(line)


def test_a_grid_needs_no_file(shell: Shell) -> None:
    few = "--set tests=2 --set repeats=1 --no-figures"
    shell.run(f"grid run recall --set temperature=0.1,0.2 {few}")
    (folder,) = Path("results").iterdir()
    assert re.fullmatch("recall-[0-9a-f]{8}", folder.name)
    assert len(set(pd.read_csv(folder / "grid.csv")["temperature"])) == 2
