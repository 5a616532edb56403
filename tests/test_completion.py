"""Completion, in a real bash on a terminal, and what the other shells are told."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from hopcli.cli import cli

TAB_TAB = "\t\t"
PROMPT = "ready> "


class Bash:
    """An interactive bash in a pseudo-terminal, with hopcli's completion."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        scripts = str(Path(sys.executable).parent)
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            env={
                **environment,
                "PS1": PROMPT,
                "TERM": "dumb",
                "PATH": f"{scripts}{os.pathsep}{environment['PATH']}",
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.say("bind 'set enable-bracketed-paste off'\n", until=PROMPT)
        self.say('eval "$(_HOPCLI_COMPLETE=bash_source hopcli)"; echo set up\n', until="\nset up")

    def say(self, text: str, until: str, seconds: float = 30) -> str:
        """Type something, and read on until something is seen."""
        os.write(self._ours, text.encode())
        seen, end = "", time.monotonic() + seconds
        while until not in seen.replace("\r", "") and time.monotonic() < end:
            if select.select([self._ours], [], [], 0.2)[0]:
                seen += os.read(self._ours, 65536).decode(errors="replace")
        return seen.replace("\r", "")

    def complete(self, line: str, until: str) -> set[str]:
        """The words that two tabs show after a line, and what it became."""
        seen = self.say(f"{line}{TAB_TAB}", until)
        seen += self.say("", until="\0", seconds=0.5)
        os.write(self._ours, b"\x03")  # leave the line
        self.say("", until=PROMPT, seconds=2)
        return set(re.findall(r"[^\s\a]+", seen))

    def close(self) -> None:
        """End the shell."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._ours)


@pytest.mark.slow
def test_bash_completes_on_a_terminal(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    (empty_folder / "patience.toml").write_text("tests = 1\n")
    (empty_folder / "notes.txt").write_text("mine")
    bash = Bash(child_environment)
    try:
        words = bash.complete("hopcli recall --config pa", until="patience.toml")
        assert {"paper", "paper-as-run", "patience.toml"} <= words
        assert "figure1" not in words
        words = bash.complete("hopcli run figure1-", until="figure1-as-run")
        assert "figure1-as-run" in words
        words = bash.complete("hopcli recall --rule ", until="storkey")
        assert {"hebbian", "perceptron", "pseudo-inverse", "storkey"} <= words
        words = bash.complete("hopcli recall --dataset d", until="drawings")
        assert {"digits", "drawings"} <= words
        words = bash.complete("hopcli attractors --rule hebbian,s", until="hebbian,storkey")
        assert "hebbian,storkey" in words
        words = bash.complete("hopcli recall --patterns not", until="notes.txt")
        assert "notes.txt" in words
        words = bash.complete("hopcli tem", until="temperature-scan")
        assert "temperature-scan" in words
    finally:
        bash.close()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "offered", "kept_back"),
    [
        ("recall --rule h", "hebbian", "storkey"),
        ("recall --config fig", "figure1-as-run", "paper"),
        ("run pap", "paper-as-run", "select"),
        ("recall --dataset im", "images:", "mnist"),
        ("capacity --rule storkey,heb", "storkey,hebbian", "pseudo-inverse"),
        ("recall --order f", "fixed", "random"),
    ],
)
def test_every_shell_is_told_the_words(
    empty_folder: Path,
    child_environment: dict[str, str],
    shell: str,
    line: str,
    offered: str,
    kept_back: str,
) -> None:
    last = line.rsplit(maxsplit=1)[-1]
    words = {"_HOPCLI_COMPLETE": f"{shell}_complete", "COMP_WORDS": f"hopcli {line}"}
    count = str(len(line.split()))
    done = subprocess.run(
        [sys.executable, "-c", "from hopcli.cli import main; main()"],
        env={**child_environment, **words, "COMP_CWORD": last if shell == "fish" else count},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert offered in re.split(r"[\n,]" if "," not in offered else r"\n|plain,", done.stdout)
    assert kept_back not in done.stdout
    assert "file" not in done.stdout


@pytest.mark.parametrize("name", ["plot", "report", "check", "runs", "diff"])
def test_folders_are_offered_where_runs_are_asked_for(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    assert arguments
    for argument in arguments:
        offered = argument.shell_complete(click.Context(command), "res")
        assert [(item.value, item.type) for item in offered] == [("res", "dir")]
