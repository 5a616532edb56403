"""Completion: the words that are offered, and how each shell asks for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete

from hopcli.cli import cli

LINES = [
    # what is typed, what is offered, and what is not
    ("tem", {"temperature-scan"}, {"recall"}),
    ("recall --rule h", {"hebbian"}, {"storkey"}),
    ("recall --rule ", {"hebbian", "perceptron", "pseudo-inverse", "storkey"}, set()),
    ("recall --config pa", {"paper", "paper-as-run", "patience.toml"}, {"figure1", "notes.txt"}),
    ("run figure1-", {"figure1-as-run"}, {"figure1", "paper"}),
    ("recall --dataset d", {"digits", "drawings"}, {"mnist"}),
    ("recall --dataset im", {"images:"}, {"mnist"}),
    ("capacity --rule storkey,heb", {"storkey,hebbian"}, {"pseudo-inverse"}),
    ("attractors --rule hebbian,", {"hebbian,storkey"}, {"hebbian,hebbian"}),
    ("recall --order f", {"fixed"}, {"random"}),
]


@pytest.mark.parametrize(("line", "offered", "kept_back"), LINES)
def test_words_that_begin_as_typed_are_offered(
    empty_folder: Path, line: str, offered: set[str], kept_back: set[str]
) -> None:
    for name in ("patience.toml", "notes.txt"):
        Path(name).touch()
    *done, last = line.split(" ")
    items = BashComplete(cli, {}, "hopcli", "_HOPCLI_COMPLETE").get_completions(done, last)
    words = {item.value for item in items}
    assert words >= offered
    assert not words & kept_back
    assert {item.type for item in items} == {"plain"}


@pytest.mark.parametrize("line", ["recall --patterns not", "recall --config not"])
def test_files_are_offered_where_no_word_begins_so(line: str) -> None:
    *done, last = line.split(" ")
    items = BashComplete(cli, {}, "hopcli", "_HOPCLI_COMPLETE").get_completions(done, last)
    assert [(item.value, item.type) for item in items] == [("not", "file")]


@pytest.mark.parametrize("name", ["plot", "report", "check", "runs", "diff"])
def test_folders_are_offered_where_runs_are_asked_for(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    assert arguments
    for argument in arguments:
        offered = argument.shell_complete(click.Context(command), "res")
        assert [(item.value, item.type) for item in offered] == [("res", "dir")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_the_words(
    empty_folder: Path, child_environment: dict[str, str], shell: str
) -> None:
    words = {"_HOPCLI_COMPLETE": f"{shell}_complete", "COMP_WORDS": "hopcli run pap"}
    done = subprocess.run(
        [sys.executable, "-c", "from hopcli.cli import main; main()"],
        env={**child_environment, **words, "COMP_CWORD": "pap" if shell == "fish" else "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert {"paper", "paper-as-run"} <= set(re.split(r"[\n,]", done.stdout))
    assert "select" not in done.stdout


def test_bash_completes_with_the_script_that_it_is_told(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    scripts = str(Path(sys.executable).parent)
    program = (
        'eval "$(_HOPCLI_COMPLETE=bash_source hopcli)"\n'
        "COMP_WORDS=(hopcli attractors --rule hebbian,s) COMP_CWORD=3\n"
        '_hopcli_completion hopcli hebbian,s --rule; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", program],
        env={**child_environment, "PATH": f"{scripts}{os.pathsep}{child_environment['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["hebbian,storkey"]
