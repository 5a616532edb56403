"""Runs from Make: made, repeated, or left unchanged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from conftest import CHECKOUT, RunHopcli, files_below, random_patterns, write_patterns

from hopcli.results import read_manifest

SLOW = pytest.mark.slow
QUICK = "tests = 2\nrepeats = 1\nsweeps = 2\nfigures = false\n"
WEIGHTS = 'command = "weights"\ndataset = "text:five.txt"\n'
BARE = WEIGHTS + "figures = false\n"
PROGRAM = f'#!/bin/sh\necho "$@" >> said\nexec {sys.executable} -P -m hopcli "$@"\n'


def _make(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run make; exit code and standard error."""
    env = {key: value for key, value in environment.items() if not key.startswith("MAKE")}
    how: Any = {"capture_output": True, "text": True, "check": False, "timeout": 100}
    done = subprocess.run(["make", *arguments], cwd=folder, env=env, **how)
    return done.returncode, done.stderr


class Checkout:
    """A checkout with an environment that is set up, where hopcli logs how it is called."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        (folder / "configs").mkdir()
        shutil.copy(CHECKOUT / "Makefile", folder)
        program = folder / ".venv" / "bin" / "hopcli"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(0o755)
        for name in ("dynamics", "plots/page", "cli/run"):
            (folder / "hopcli" / name).parent.mkdir(parents=True, exist_ok=True)
            self.touch(f"hopcli/{name}.py")
        self.touch("pyproject.toml", ".venv/.run")
        write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
        self.age()

    def age(self) -> None:
        """Make all existing files older than new ones."""
        for path in sorted(self.folder.rglob("*"), key=lambda path: path.stat().st_mtime_ns):
            then = path.stat().st_mtime - 100
            os.utime(path, (then, then))

    def config(self, name: str, text: str) -> None:
        (self.folder / "configs" / f"{name}.toml").write_text(text)

    def touch(self, *names: str) -> None:
        for name in names:
            (self.folder / name).touch()

    def files(self) -> dict[str, bytes | None]:
        return files_below(self.folder / "results")

    def make(self, *arguments: str, code: int = 0) -> list[str]:
        """Run make; return the calls of hopcli except `deps`, in order."""
        said = self.folder / "said"
        said.unlink(missing_ok=True)
        found, self.err = _make(self.folder, self.environment, *arguments)
        assert found == code, self.err
        self.age()
        lines = said.read_text().splitlines() if said.exists() else []
        return [line for line in lines if not line.startswith("deps")]


@pytest.fixture
def checkout(tmp_path: Path, child_environment: dict[str, str]) -> Checkout:
    return Checkout(tmp_path, child_environment)


def ran(name: str, *, again: bool = False) -> str:
    command = f"run configs/{name}.toml --out results/{name} --overwrite"
    return f"{command} --again" if again else command


def test_a_run_is_made_once_and_after_an_edit_again(checkout: Checkout) -> None:
    checkout.config("mine", WEIGHTS.replace('"weights"', "'weights'").replace(" = ", "="))
    assert checkout.make("results/mine") == [ran("mine", again=True)]
    assert {"mine/weights.json", "mine/weights.csv", "mine/weights.png"} < set(checkout.files())
    assert checkout.make("all") == []
    checkout.config("mine", WEIGHTS + 'rule = "hebbian"\n')
    assert checkout.make("results/mine") == [ran("mine")]
    assert read_manifest(checkout.folder / "results/mine", "weights")["config"]["rule"] == "hebbian"


@SLOW
def test_what_is_missing_is_made_and_what_has_changed_is_made_anew(checkout: Checkout) -> None:
    checkout.config("mine", WEIGHTS)
    checkout.config("bare", BARE)
    checkout.make("all")
    before = checkout.files()
    for name in ("weights.csv", "weights.npz", "weights.png", "weights.json"):
        (checkout.folder / "results/mine" / name).unlink()
        assert len(checkout.make("results/mine")) == 1, name
        after = {**checkout.files(), "mine/weights.json": None}
        assert after == {**before, "mine/weights.json": None}, name
    before = checkout.files()
    checkout.touch("hopcli/plots/page.py")
    assert checkout.make("all") == [ran("mine"), "plot results/mine"]
    assert checkout.files() == before
    checkout.touch("hopcli/cli/run.py")
    assert checkout.make("all") == []
    for source in ("hopcli/dynamics.py", ".venv/.run"):
        checkout.touch(source)
        assert sorted(checkout.make("all")) == [ran("bare", again=True), ran("mine", again=True)]
        assert checkout.make("all") == []
    for text in ('command = "recal"\n', "tests = \n", BARE + "tests = 1\n"):
        checkout.config("wrong", text)  # stops its own run and no other
        checkout.touch("five.txt")
        assert len(checkout.make("results/mine")) == 1, text
        checkout.make("results/wrong", code=2)
        refused = re.findall(r"hopcli: (\S+): ", checkout.err)
        assert refused == ["configs/wrong.toml"], text


@SLOW
def test_what_a_run_reads_is_a_dependency(checkout: Checkout) -> None:
    """Files, pictures and the patterns of another run, though its name comes later."""
    (checkout.folder / "theta.txt").write_text("0.1 " * 42)
    (checkout.folder / "start.txt").write_text("#.#.#.#\n" * 6)
    recall = f'command = "recall"\ndataset = "text:five.txt"\n{QUICK}'
    checkout.config("mine", f'{recall}theta = "theta.txt"\nstart = "text:start.txt"\n')
    read = 'patterns = "results/zero/patterns.npz"\nstart = "flip:0.1"\n'
    checkout.config("after", recall + read)
    select = 'command = "select"\nsamples = 1\ndataset = "text:five.txt"\nfigures = false\n'
    checkout.config("zero", select)
    made = checkout.make("all", "-j2")
    assert made.index(ran("zero", again=True)) < made.index(ran("after", again=True))
    assert checkout.make("all") == []
    for name in ("theta.txt", "start.txt"):
        checkout.touch(name)
        assert checkout.make("all") == [ran("mine")], name
    before = checkout.files()
    (checkout.folder / "theta.txt").write_text("0.2 " * 42)
    checkout.make("all")
    assert checkout.files() != before
    checkout.config("zero", f'{select}digits = ["1", "2", "3"]\n')
    assert checkout.make("results/after") == [ran("zero"), ran("after")]
    manifest = read_manifest(checkout.folder / "results/after", "recall")
    assert manifest["config"]["digits"] == ["1", "2", "3"]


@SLOW
def test_a_grid_goes_on_and_makes_only_what_is_new(checkout: Checkout) -> None:
    """Never with --again: its cells know themselves what code has made them."""
    text = WEIGHTS + "[grid]\nrule = ['hebbian', 'storkey']\n"
    checkout.config("mine", text)
    assert checkout.make("results/mine") == [ran("mine")]
    before = checkout.files()
    assert checkout.make("results/mine") == []
    checkout.touch("hopcli/dynamics.py")  # of the checkout, not of the hopcli that runs
    assert checkout.make("results/mine") == [ran("mine")]
    checkout.touch("hopcli/plots/page.py")
    assert checkout.make("results/mine") == [ran("mine"), "plot results/mine"]
    (checkout.folder / "results/mine/grid.png").unlink()
    assert checkout.make("results/mine") == [ran("mine")]
    after = checkout.files()
    assert all(after[f"mine/grid.{kind}"] == before[f"mine/grid.{kind}"] for kind in ("csv", "png"))


def test_the_makefile_runs_no_name_of_a_configuration(checkout: Checkout) -> None:
    checkout.config("mine", BARE)
    for name in ("a;touch ran;", "$(shell touch ran)", "`touch ran`", "'; touch ran; '"):
        checkout.config(name, BARE)
        checkout.make("help")
        checkout.make("all", code=2)
        assert not (checkout.folder / "ran").exists()
        (checkout.folder / "configs" / f"{name}.toml").unlink()
    assert checkout.make("clean") == []  # which asks nothing of hopcli


# --- names ------------------------------------------------------------------------------------

CHARACTERS = [chr(k) for k in (*range(32, 127), 9, 10, 13, 27, 0xA0, 0xE9, 0x2028, 0xDCFF)]
"""Those of ASCII that are printed, and some that are not, or not ASCII, or not UTF-8."""
CHARACTERS.remove("/")
SAMPLE = [c if c in " $#%:a~\n\udcff" else pytest.param(c, marks=SLOW) for c in CHARACTERS]
EVERY = pytest.mark.parametrize("c", SAMPLE)
"""A sample in the fast suite."""


def _real_make(env: dict[str, str], *flags: str) -> int:
    """Run make over the printed part of a Makefile, with a recipe that touches the manifest."""
    rules = "all: results/mine\nresults/%.json:\n\t@mkdir -p $(@D)\n\t@touch $@\nFORCE:\n"
    Path("Makefile").write_text(rules + ".PHONY: FORCE\ninclude runs.mk\n")
    return _make(Path(), env, *flags)[0]


@EVERY
def test_pictures_of_any_name_are_dependencies(
    run_hopcli: RunHopcli, child_environment: dict[str, str], c: str
) -> None:
    """With a character inside, before, behind, and in what runs a command."""
    folder = Path("mine" if c == "\udcff" else f"my{c}pictures")
    folder.mkdir()
    names = [f"a{c}b.png", f"{c}x.png", f"x.png{c}", f"a{c}touch ran{c}.png", f"$(touch ran){c}"]
    read = [folder, *(folder / name for name in names if not name.startswith("."))]
    path = json.dumps(f"images:{folder}")
    Path("mine.toml").write_text(f'command = "weights"\ndataset = {path}\nfigures = false\n')
    for each in (*read[1:], folder, Path("mine.toml")):
        each.touch()
        os.utime(each, (1, 1))

    def made(*flags: str) -> int:
        with mock.patch("hopcli.runs.dependencies._is_incomplete", return_value=False):
            Path("runs.mk").write_text(run_hopcli("deps", "mine.toml").out)
        return _real_make(child_environment, *flags)

    assert (made(), made("-q")) == (0, 0)
    before = {path.name for path in Path().iterdir()}
    for each in read:
        os.utime(each, (4e9, 4e9))
        assert made("-q") == 1, each
        os.utime(each, (1, 1))
    assert {path.name for path in Path().iterdir()} == before
    assert [path.name for path in Path("results/mine").iterdir()] == ["weights.json"]


@EVERY
def test_names_of_targets(run_hopcli: RunHopcli, child_environment: dict[str, str], c: str) -> None:
    Path("configs").mkdir()
    assert run_hopcli("deps", "configs").out == ""
    assert "`hopcli deps -h`" in run_hopcli("deps").refused()
    path = Path(f"configs/a{c}b.toml")
    path.write_text(BARE)
    done = run_hopcli("deps", "configs")
    if not (c.isalnum() or c in "._+,@-"):
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        return
    assert done.code == 0
    Path("five.txt").touch()
    Path("results/mine").mkdir(parents=True)
    Path("runs.mk").write_text(done.out + "results/mine:\n\t@true\n")
    assert _real_make(child_environment, f"results/{path.stem}") == 0
    assert Path(f"results/{path.stem}/weights.json").exists()
