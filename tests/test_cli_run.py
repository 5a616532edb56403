"""``hopcli run``: configurations and manifests, checked before the first of them is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import files_below
from shell import Shell, change, read_json

from hopcli.experiments import Plan, Result

RECALL = 'command = "recall"\ntests = 2\nrepeats = 1\nfigures = false\n'
SCAN = 'command = "temperature-scan"\ntemperatures = [0.5]\nrepeats = 2\nfigures = false\n'
RESULTS = Path("results")
MANIFEST = RESULTS / "mine" / "recall.json"
SCANNED = RESULTS / "yours" / "temperature-scan.json"


@pytest.fixture
def two(shell: Shell) -> Shell:
    """A shell in a folder with two configurations."""
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    return shell


def test_each_configuration_runs_with_its_own_command(two: Shell) -> None:
    """As by the command itself; a shipped name is enough."""
    done = two.run("run mine.toml yours.toml select")
    assert done.err == ""
    assert read_json(MANIFEST)["config"]["tests"] == 2
    assert read_json(SCANNED)["config"]["repeats"] == 2
    assert read_json(RESULTS / "select" / "select.json")["seed"] == 9
    two.run("recall --config mine.toml --out here -q")
    for path in Path("here").glob("*.csv"):
        assert path.read_bytes() == Path("results/mine", path.name).read_bytes()


def test_all_files_are_checked_before_the_first_is_run(two: Shell) -> None:
    """Also which runs may not be overwritten."""
    Path("wrong.toml").write_text('command = "recall"\ntests = 0\n')
    two.refuse("run mine.toml wrong.toml", names="wrong.toml: tests")
    Path("wrong.toml").write_text('command = "recall"\nstart = "blend:3:7:fill"\n')
    two.refuse("run mine.toml wrong.toml", names="wrong.toml: start")
    two.run("run yours.toml -q")
    Path("yours.toml").write_text(SCAN.replace("0.5", "0.6"))
    two.refuse("run mine.toml yours.toml", names="results/yours: temperatures [0.5] [0.6]")
    two.run("run mine.toml yours.toml --overwrite -q")
    assert read_json(SCANNED)["config"]["temperatures"] == [0.6]


def test_a_dry_run_lists_runs_and_writes_nothing(two: Shell) -> None:
    two.run("run yours.toml -q")
    before = files_below(Path())
    done = two.run("run --dry-run mine.toml yours.toml --format json")
    mine, yours = (json.loads(line) for line in done.out.splitlines())
    assert (mine["command"], mine["out"], mine["state"]) == ("recall", "results/mine", "to do")
    assert (yours["state"], yours["least_seconds"]) == ("finished", 0)
    assert yours["key"] == read_json(SCANNED)["key"]
    assert mine["least_seconds"] > 0
    printed = two.run("run --dry-run mine.toml yours.toml")
    assert printed.out.count("\n") == 3
    assert files_below(Path()) == before


@pytest.mark.parametrize(("stopped", "named"), [(1, "written"), (2, "results/mine")])
def test_an_interrupted_line_goes_on_where_it_was(
    two: Shell, monkeypatch: pytest.MonkeyPatch, stopped: int, named: str
) -> None:
    made: list[str] = []
    run = Plan.run

    def interrupt(self: Plan, *arguments: Any) -> Result:
        made.append(self.config.command)
        if len(made) == stopped:
            raise KeyboardInterrupt
        return run(self, *arguments)

    monkeypatch.setattr(Plan, "run", interrupt)
    done = two.run("run mine.toml yours.toml", code=130)
    assert named in done.err
    finished = [path.parent.name for path in Path().rglob("*.json")]
    assert finished == ["mine"][: stopped - 1]
    rest = two.run("run mine.toml yours.toml")
    assert rest.err == ""
    runs = ["recall", "temperature-scan"]
    assert made == [*runs[:stopped], *runs[stopped - 1 :]]


def test_a_run_is_repeated_from_its_manifest(shell: Shell) -> None:
    Path("mine.toml").write_text(SCAN)
    shell.run("run mine.toml -q")
    before = files_below(Path("results/mine"))
    done = shell.run("run results/mine/temperature-scan.json")
    assert done.err == ""
    tables = {path for path in before if path.endswith(".csv")}
    same = {line.split()[1] for line in done.out.splitlines() if line.startswith("same ")}
    assert same == tables
    after = files_below(Path("results/mine-again"))
    assert {path: after[path] for path in tables} == {path: before[path] for path in tables}
    assert files_below(Path("results/mine")) == before


def test_a_repetition_that_differs_is_exit_code_1(shell: Shell) -> None:
    """As when code, versions or data have changed; here the manifest has."""
    shell.make("recall --tests 2 --repeats 1 --no-figures --dataset mnist", "results/mine")
    change(MANIFEST, lambda m: m["config"].update(seed=2))
    done = shell.run(f"run {MANIFEST} --out here", code=1)
    assert ["DIFFERS", "gallery.csv"] in [line.split() for line in done.out.splitlines()]
    assert done.err.startswith("hopcli: here: ")
    quiet = shell.run(f"run {MANIFEST} --out here -q", code=1)
    assert (quiet.out, quiet.err) == ("", done.err)
    change(MANIFEST, lambda m: m["config"].update(seed=1))
    shell.refuse(f"run {MANIFEST} --out here", names="here: seed")


def test_a_repetition_names_the_file_that_has_changed(shell: Shell) -> None:
    Path("theta.txt").write_text("0.1 " * 784)
    Path("mine.toml").write_text(f'{RECALL}theta = "theta.txt"\n')
    shell.run("run mine.toml -q")
    Path("theta.txt").write_text("0.9 " * 784)
    assert " theta " in shell.run(f"run {MANIFEST} -q", code=1).err
