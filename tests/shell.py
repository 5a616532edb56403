"""A shell in an empty folder: typed lines, and finished runs that are made once and copied."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Finished, call, files_below, random_patterns, write_patterns

Files = dict[str, bytes | None]
Table = pd.DataFrame

CONTROL = re.compile(r"[^\n\x20-\x7e\x80-\U0010ffff]")
"""Control sequences of a terminal."""

SMALL_RUNS = {
    "select": "--samples 3",
    "recall": "--digits 1,2 --start pattern,flip:0.2 --tests 3 --repeats 3 --sweeps 9 "
    "--temperature 0.1 --trace",
    "temperature-scan": "--temperatures 0.3:1.5:0.6 --repeats 7 --sweeps 5",
    "weights": "--rule hebbian --pixel 1,3",
    "attractors": "--rule hebbian,storkey --starts 70",
    "capacity": "--patterns images --loads 0.05,0.11 --draws 3",
    "critical": "--temperatures 0.5:1.5:0.5 --chains 5 --sweeps 20",
    "compare": "--dataset digits --split train --digits 1,2,3 --tests 6 --training 20 "
    "--selector-samples 2,5 --selections 3 --selector-tests 4 --candidates 2 --tuning 3 --sweeps 3",
    "variance": "--start flip:0.2 --selections 3 --tests 4 --repeats 2",
    "consistency": "--dataset digits --selections 3 --tests 5 --sweeps 3",
    "fit-sweeps": "--dataset digits --sweeps 1,2 --replays 2 --orders 2",
    "relax": "--start flip:0.2 --tests 3 --repeats 3 --sweeps 6",
}
"""Options of a small run of every command."""


def commands(*fast: str) -> list[Any]:
    """Return parameters of every command; only some of them are in the fast suite."""
    slow = pytest.mark.slow
    return [pytest.param(name, marks=[] if name in fast else slow) for name in SMALL_RUNS]


def written(name: str) -> list[list[str]]:
    """Read the lines of a list beside the tests: what is typed, and what the message names."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.split("  =>  ") for line in lines if "  =>  " in line]


class Shell:
    """The command line in an empty folder.

    Parameters
    ----------
    made : dict
        Folders of finished runs, by command line; `make` adds to them.
    new_folder : callable
        Makes an empty folder that outlives the test.
    """

    def __init__(self, made: dict[str, Path], new_folder: Callable[[], Path]) -> None:
        self.made, self.new_folder = made, new_folder

    def run(self, line: str, *more: str, code: int = 0) -> Finished:
        """Type a line; check its exit code."""
        done = call(*shlex.split(line), *more)
        assert done.code == code, done
        return done

    def refuse(self, line: str, *more: str, names: str = "", whole: bool = False) -> str:
        """Type a line that is refused; the message contains these words, and no file changes."""
        before = files_below(Path())
        message = call(*shlex.split(line), *more, whole=whole).refused()
        assert [word for word in names.split() if word not in message] == [], message
        assert len(message) < 600
        assert not CONTROL.search(message)
        assert files_below(Path()) == before
        return message

    def make(self, line: str, out: str = "out") -> Files:
        """Put a finished run of five random patterns into a folder; return its files."""
        write_patterns("five.txt", random_patterns(1, 5, 42), (6, 7))
        if line not in self.made:
            command, *flags = shlex.split(line)
            data = ["--set", "dataset=text:five.txt"] if command == "grid" else []
            if command != "grid" and "--dataset" not in flags:
                data = ["--dataset", "text:five.txt"]
            done = call(command, *flags, *data, "--out", "being-made")
            # Runs as small as these may be warned of; anything else on stderr is a fault.
            assert re.sub("hopcli: warning: .*\n", "", done.err) == "", done
            assert done.code == 0, done
            self.made[line] = self.new_folder() / "run"
            shutil.move("being-made", self.made[line])
        shutil.copytree(self.made[line], out, dirs_exist_ok=True)
        return files_below(Path(out))

    def make_small(self, command: str, out: str = "out") -> Files:
        """Put the small run of a command into a folder, with its pictures."""
        return self.make(f"{command} {SMALL_RUNS[command]}", out)


def table(path: str | Path) -> pd.DataFrame:
    """Read a table of a run; labels are texts, even if they are digits."""
    return pd.read_csv(path, dtype=dict.fromkeys(["label", "nearest", "other"], str))


def read_json(path: str | Path) -> Any:
    """Read a manifest or another file of JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def change(path: str | Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest."""
    manifest = read_json(path)
    edit(manifest)
    Path(path).write_text(json.dumps(manifest), encoding="utf-8")
