"""Runs from Make: what is made, what is made again, and what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import CHECKOUT, UNPRIVILEGED, files_below, random_patterns
from PIL import Image
from test_figures_weights import write_patterns

from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

QUICK = "tests = 2\nrepeats = 1\nsweeps = 2\n"
WEIGHTS = 'command = "weights"\ndataset = "text:five.txt"\n'
BARE = WEIGHTS + "figures = false\n"
PROGRAM = """#!/bin/sh
echo "$@" >> said
exec {python} -P -m hopcli "$@"
"""


class Checkout:
    """A checkout with an environment that is set up, where hopcli logs how it is called."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        (folder / "configs").mkdir()
        shutil.copy(CHECKOUT / "Makefile", folder)
        (folder / "pyproject.toml").touch()
        for name in ("dynamics", "plots/page", "cli/run"):
            source = folder / "hopcli" / f"{name}.py"
            source.parent.mkdir(parents=True, exist_ok=True)
            source.touch()
        program = folder / ".venv" / "bin" / "hopcli"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM.format(python=sys.executable))
        program.chmod(0o755)
        (folder / ".venv" / ".run").touch()
        write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
        self.age()

    def age(self) -> None:
        """Let all that there is be older than what comes."""
        for path in sorted(self.folder.rglob("*"), key=lambda path: path.stat().st_mtime_ns):
            then = path.stat().st_mtime - 100
            os.utime(path, (then, then))

    def config(self, name: str, text: str) -> None:
        (self.folder / "configs" / f"{name}.toml").write_text(text)

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def make(self, *arguments: str, code: int = 0) -> list[str]:
        """Run make; what hopcli was asked for but `deps`, in order."""
        said = self.folder / "said"
        said.unlink(missing_ok=True)
        done = subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env={k: v for k, v in self.environment.items() if not k.startswith("MAKE")},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == code, done
        self.err = done.stderr
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
    checkout.config("mine", WEIGHTS)
    assert checkout.make("results/mine") == [ran("mine", again=True)]
    before = files_below(checkout.folder / "results")
    assert {"mine/weights.json", "mine/weights.csv", "mine/weights.png"} < set(before)
    assert checkout.make("results/mine") == []
    assert checkout.make("all") == []
    checkout.config("mine", WEIGHTS + 'rule = "hebbian"\n')
    assert checkout.make("results/mine") == [ran("mine")]
    assert read_manifest(checkout.folder / "results/mine", "weights")["config"]["rule"] == "hebbian"
    checkout.config("mine", WEIGHTS + '# a remark\nrule = "hebbian"\n')
    before = files_below(checkout.folder / "results")
    assert checkout.make("results/mine") == [ran("mine")]
    assert files_below(checkout.folder / "results") == before
    assert checkout.make("results/mine") == []


@pytest.mark.slow
def test_a_deleted_output_is_made_again(checkout: Checkout) -> None:
    checkout.config("mine", WEIGHTS)
    checkout.make("results/mine")
    folder = checkout.folder / "results/mine"
    before = files_below(folder)
    for name in ("weights.csv", "weights.npz", "weights.png", "weights.json"):
        (folder / name).unlink()
        assert len(checkout.make("results/mine")) == 1, name
        after = files_below(folder)
        assert {**after, "weights.json": None} == {**before, "weights.json": None}, name
    assert checkout.make("results/mine") == []


@pytest.mark.slow
def test_an_edit_of_the_plots_draws_and_one_of_the_rest_runs(checkout: Checkout) -> None:
    checkout.config("mine", WEIGHTS)
    checkout.config("bare", BARE)
    checkout.make("all")
    checkout.touch("hopcli/plots/page.py")
    made = [ran("mine"), "plot results/mine"]
    before = files_below(checkout.folder / "results")
    assert checkout.make("all") == made
    assert files_below(checkout.folder / "results") == before
    assert checkout.make("all") == []
    checkout.touch("hopcli/cli/run.py")
    assert checkout.make("all") == []
    for source in ("hopcli/dynamics.py", ".venv/.run"):
        checkout.touch(source)
        assert sorted(checkout.make("all")) == [ran("bare", again=True), ran("mine", again=True)]
        assert checkout.make("all") == []


def test_how_a_file_is_written_matters_as_little_as_in_toml(checkout: Checkout) -> None:
    checkout.config("mine", BARE.replace('"weights"', "'weights'").replace(" = ", "="))
    assert checkout.make("results/mine") == [ran("mine", again=True)]
    assert (checkout.folder / "results/mine/weights.json").exists()


@pytest.mark.slow
def test_what_a_run_reads_is_a_dependency(checkout: Checkout) -> None:
    (checkout.folder / "theta.txt").write_text("0.1 " * 42)
    (checkout.folder / "start.txt").write_text("#.#.#.#\n" * 6)
    checkout.config(
        "mine",
        'command = "recall"\ndataset = "text:five.txt"\ntheta = "theta.txt"\nfigures = false\n'
        f'start = "text:start.txt"\n{QUICK}',
    )
    checkout.make("all")
    assert checkout.make("all") == []
    for name in ("five.txt", "theta.txt", "start.txt"):
        checkout.touch(name)
        assert checkout.make("all") == [ran("mine")], name
    (checkout.folder / "theta.txt").write_text("0.2 " * 42)
    before = files_below(checkout.folder / "results")
    checkout.make("all")
    assert files_below(checkout.folder / "results") != before


def test_a_folder_of_pictures_is_a_dependency_with_what_is_in_it(checkout: Checkout) -> None:
    folder = checkout.folder / "my pictures"
    folder.mkdir()
    for k, pattern in enumerate(random_patterns(2, 3, 42)):
        grey = np.where(pattern.reshape(6, 7) > 0, 255, 0).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{k}.png")
    checkout.config("mine", BARE.replace("text:five.txt", "images:my pictures"))
    checkout.make("all")
    checkout.touch("my pictures/0.png")
    assert checkout.make("all") == [ran("mine")]
    (folder / "2.png").unlink()
    assert checkout.make("all") == [ran("mine")]
    manifest = read_manifest(checkout.folder / "results/mine", "weights")
    assert manifest["config"]["digits"] == ["0", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["-j2"]])
def test_a_run_waits_for_the_one_whose_patterns_it_reads(
    checkout: Checkout, flags: list[str]
) -> None:
    """Though its name comes first."""
    data = 'dataset = "text:five.txt"\nfigures = false\n'
    patterns = 'patterns = "results/zero/patterns.npz"\n'
    checkout.config("after", f'command = "recall"\n{patterns}{data}{QUICK}start = "flip:0.1"\n')
    checkout.config("zero", f'command = "select"\nsamples = 1\n{data}')
    assert checkout.make("all", *flags) == [ran("zero", again=True), ran("after", again=True)]
    assert checkout.make("all", *flags) == []
    checkout.config("zero", f'command = "select"\nsamples = 1\ndigits = ["1", "2", "3"]\n{data}')
    assert checkout.make("results/after", *flags) == [ran("zero"), ran("after")]
    manifest = read_manifest(checkout.folder / "results/after", "recall")
    assert manifest["config"]["digits"] == ["1", "2", "3"]


@pytest.mark.slow
def test_a_wrong_file_stops_its_own_run_and_no_other(checkout: Checkout) -> None:
    checkout.config("mine", BARE)
    for text in ('command = "recal"\n', "tests = \n", BARE + "tests = 1\n"):
        checkout.config("wrong", text)
        checkout.touch("five.txt")
        assert len(checkout.make("results/mine")) == 1, text
        checkout.make("results/wrong", code=2)
        assert "hopcli: configs/wrong.toml: " in checkout.err, text


def test_help_and_clean_ask_nothing_of_hopcli(checkout: Checkout) -> None:
    checkout.config("wrong", "")
    checkout.make("help")
    checkout.make("clean")
    assert not (checkout.folder / "build").exists()


CHARACTERS = [chr(k) for k in (*range(32, 127), 9, 10, 13, 27, 0xA0, 0xE9, 0x2028, 0xDCFF)]
"""Those of ASCII that are printed, and some that are not, or not ASCII, or not UTF-8."""


def _real_make(env: dict[str, str], *flags: str) -> int:
    """Run make over the printed part of a Makefile, with a recipe that touches the manifest."""
    Path("Makefile").write_text(
        "all: results/mine\nresults/%.json:\n\t@mkdir -p $(@D)\n\t@touch $@\nFORCE:\n"
        ".PHONY: FORCE\ninclude runs.mk\n"
    )
    env = {k: v for k, v in env.items() if not k.startswith("MAKE")}
    done = subprocess.run(["make", *flags], env=env, capture_output=True, check=False, timeout=60)
    return done.returncode


def _names(character: str) -> list[str]:
    """Names of pictures with a character inside, before, behind, and in what runs a command."""
    c = character
    return [f"a{c}b.png", f"{c}x.png", f"x.png{c}", f"a{c}touch ran{c}.png", f"$(touch ran){c}"]


@pytest.mark.parametrize("character", [c for c in CHARACTERS if c != "/"])
def test_pictures_of_any_name_are_dependencies(
    run_hopcli: RunHopcli,
    child_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    character: str,
) -> None:
    monkeypatch.setattr("hopcli.cli.deps._is_incomplete", lambda *_: False)  # of touched ones
    folder = Path("mine" if character == "\udcff" else f"my{character}pictures")
    folder.mkdir()
    names = [n for n in _names(character) if not n.startswith(".")]
    for name in names:
        (folder / name).touch()
        os.utime(folder / name, (1, 1))
    os.utime(folder, (1, 1))
    path = json.dumps(f"images:{folder}")
    Path("mine.toml").write_text(f'command = "weights"\ndataset = {path}\nfigures = false\n')
    os.utime("mine.toml", (1, 1))

    def made(*flags: str) -> int:
        done = run_hopcli("deps", "mine.toml")
        assert done.code == 0
        Path("runs.mk").write_text(done.out)
        return _real_make(child_environment, *flags)

    before = {path.name for path in Path().iterdir()} | {"Makefile", "runs.mk", "results"}
    assert made() == 0
    assert made("-q") == 0
    for read in (folder, *(folder / name for name in names)):
        now = read.stat().st_mtime + 4e9
        os.utime(read, (now, now))
        assert made("-q") == 1, read
        os.utime(read, (1, 1))
    assert made("-q") == 0
    assert {path.name for path in Path().iterdir()} == before
    assert [path.name for path in Path("results/mine").iterdir()] == ["weights.json"]


@pytest.mark.parametrize("character", CHARACTERS)
def test_a_name_that_is_no_target_is_refused(
    run_hopcli: RunHopcli, child_environment: dict[str, str], character: str
) -> None:
    if character == "/":
        return
    Path("configs").mkdir()
    path = Path(f"configs/a{character}b.toml")
    path.write_text(BARE)
    done = run_hopcli("deps", "configs")
    if not (character.isalnum() or character in "._+,@-"):
        assert (done.code, done.out) == (2, "")
        assert done.err.count("\n") == 1
        return
    assert done.code == 0
    Path("five.txt").touch()
    Path("results/mine").mkdir(parents=True)
    Path("runs.mk").write_text(done.out + "results/mine:\n\t@true\n")
    assert _real_make(child_environment, f"results/{path.stem}") == 0
    assert Path(f"results/{path.stem}/weights.json").exists()


def test_a_configuration_of_no_name_is_refused(run_hopcli: RunHopcli) -> None:
    for name in ("..toml", "...toml", "$(touch ran).toml", "a b.toml"):
        Path(name).write_text(BARE)
        assert run_hopcli("deps", name).code == 2, name
    Path("a b").mkdir()
    Path("a b/x.toml").write_text(WEIGHTS)
    done = run_hopcli("deps", "a b/x.toml")
    assert "results/x/weights.json: five.txt\n" in done.out
    assert "results/x/weights.json: FORCE\n" in done.out
    assert run_hopcli("deps").out == ""


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "x.toml").write_text(BARE)
    folder.chmod(0)
    code = f"{UNPRIVILEGED}\nfrom hopcli.cli import main\nmain(['deps', 'configs'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    folder.chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "configs" in done.stderr


def test_the_makefile_runs_no_name_of_a_configuration(checkout: Checkout) -> None:
    checkout.config("mine", BARE)
    for name in ("a;touch ran;", "$(shell touch ran)", "`touch ran`", "'; touch ran; '"):
        checkout.config(name, BARE)
        checkout.make("help")
        checkout.make("all", code=2)
        assert not (checkout.folder / "ran").exists()
        (checkout.folder / "configs" / f"{name}.toml").unlink()
    assert checkout.make("all") == [ran("mine", again=True)]


@pytest.mark.slow
def test_a_grid_goes_on_and_makes_only_what_is_new(checkout: Checkout) -> None:
    """Never with --again: its cells know themselves what code has made them."""
    text = WEIGHTS + "[grid]\nrule = ['hebbian', 'storkey']\n"
    checkout.config("mine", text)
    assert checkout.make("results/mine") == [ran("mine")]
    folder = checkout.folder / "results/mine"
    before = files_below(folder)
    assert {"grid.csv", "grid.json", "grid.png", "grid.sqlite"} == set(before)
    assert checkout.make("results/mine") == []

    checkout.touch("hopcli/dynamics.py")  # of the checkout, not of the hopcli that runs
    assert checkout.make("results/mine") == [ran("mine")]
    assert files_below(folder)["grid.csv"] == before["grid.csv"]

    checkout.touch("hopcli/plots/page.py")
    assert checkout.make("results/mine") == [ran("mine"), "plot results/mine"]
    (folder / "grid.png").unlink()
    assert checkout.make("results/mine") == [ran("mine")]
    assert {n: b for n, b in files_below(folder).items() if n in ("grid.csv", "grid.png")} == {
        n: before[n] for n in ("grid.csv", "grid.png")
    }
    checkout.config("mine", text.replace("['hebbian'", "['pseudo-inverse', 'hebbian'"))
    assert checkout.make("results/mine") == [ran("mine")]
    assert (folder / "grid.csv").read_text().splitlines()[1].startswith("pseudo-inverse,")


def test_a_folder_that_cannot_be_listed_is_refused(run_hopcli: RunHopcli) -> None:
    Path("configs").mkdir()
    assert run_hopcli("deps", "configs").out == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "iterdir", _no_access)
        assert run_hopcli("deps", "configs").refused().startswith("configs: ")


def _no_access(folder: Path) -> None:
    raise PermissionError(13, "Permission denied", str(folder))
