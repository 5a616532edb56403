"""The same line typed again: not repeated, repeated if damaged, never over another run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished, files_below
from shell import Shell, change, read_json

from hopcli.experiments import Plan, Result

FOLDER = Path("results/recall")
FEW = "recall --dataset digits --temperature 0.1 --tests 3 --repeats 2"
QUICK = f"{FEW} --no-figures --out {FOLDER}"
GRID = "grid run --command weights --set dataset=text:3x3 --set rule=hebbian,storkey"
DRAWN = f"recall --dataset digits --digits 1,2 --tests 2 --repeats 1 --out {FOLDER}"
MANIFEST = FOLDER / "recall.json"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands whose runs were made, one after the other."""
    commands: list[str] = []
    run = Plan.run

    def counted(self: Plan, *arguments: Any) -> Result:
        commands.append(self.config.command)
        return run(self, *arguments)

    monkeypatch.setattr(Plan, "run", counted)
    return commands


def test_a_finished_run_is_not_run_again(shell: Shell, made: list[str]) -> None:
    first = shell.run(QUICK)
    before = files_below(Path())
    second = shell.run(QUICK)
    assert (second.err, made) == ("", ["recall"])
    table, last = second.out.rsplit("\n\n", 1)
    assert table == first.out.rsplit("\n\n", 1)[0]
    assert (last.split()[0], last.count("\n")) == ("results/recall/", 1)
    assert shell.run(f"{QUICK} -q") == Finished(0, "", "")
    assert files_below(Path()) == before
    assert shell.run(f"{QUICK} --again").out == first.out
    assert made == ["recall"] * 2


BOTH = [(DRAWN, "recall.json"), (f"{GRID} --out {FOLDER}", "grid.json")]


@pytest.mark.parametrize(("line", "name"), BOTH)
def test_a_repeated_run_changes_no_file_of_the_same_numbers(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, line: str, name: str
) -> None:
    """Versions, commit and seconds are of the first; not after another hopcli or other settings."""
    shell.run(line)
    before = {key: value for key, value in files_below(FOLDER).items() if "sqlite" not in key}
    versions = read_json(FOLDER / name)["versions"]
    monkeypatch.setattr("hopcli.results.folder.own_commit", lambda: "ab12")
    monkeypatch.setattr("hopcli.results.folder.versions", lambda: {**versions, "numpy": "9"})
    shell.run(f"{line} --again")
    assert files_below(FOLDER).items() >= before.items()
    monkeypatch.setattr("hopcli.results.folder.versions", lambda: {**versions, "hopcli": "9"})
    shell.run(f"{line} --again")
    assert read_json(FOLDER / name)["source_commit"] == "ab12"
    assert read_json(FOLDER / name)["outputs"] == json.loads(before[name] or "")["outputs"]
    monkeypatch.setattr("hopcli.results.folder.own_commit", lambda: "cd34")
    shell.run(f"{line} --again --no-figures")
    assert (read_json(FOLDER / name)["source_commit"] == "cd34") == (line == DRAWN)


@pytest.mark.parametrize("name", ["accuracy.csv", "recall.npz"])
def test_a_damaged_run_is_run_again(shell: Shell, made: list[str], name: str) -> None:
    run = f"{QUICK} -q"
    shell.run(run)
    before = files_below(FOLDER)
    path = FOLDER / name
    path.write_bytes(path.read_bytes() + b" ")
    shell.run(run)
    path.unlink()
    shell.run(run)
    assert len(made) == 3
    assert {**files_below(FOLDER), MANIFEST.name: None} == {**before, MANIFEST.name: None}


def test_the_run_of_another_version_is_run_again(shell: Shell, made: list[str]) -> None:
    shell.run(f"{QUICK} -q")
    now = read_json(MANIFEST)["versions"]
    for name in ("hopcli", "streams"):
        change(MANIFEST, lambda m: m["versions"].update({name: "0.0.1"}))  # noqa: B023
        shell.run(f"{QUICK} -q")
        assert read_json(MANIFEST)["versions"] == now
    assert len(made) == 3


@pytest.mark.parametrize("flags", ["--animate run.gif", "--keep trials"])
def test_a_missing_file_makes_it_run_again(shell: Shell, made: list[str], flags: str) -> None:
    run = f"{QUICK} --sweeps 2 -q"
    shell.run(run)
    before = files_below(FOLDER)
    for line in (f"{run} {flags}", run):
        shell.run(line)
        after = files_below(FOLDER)
        assert len(made) == 2
        assert after.keys() & {"run.gif", "trials.csv"}
        assert all(after[each] == before[each] for each in before if each.endswith(".csv"))


def test_another_run_is_not_overwritten_unasked(shell: Shell) -> None:
    shell.run(f"{QUICK} -q")
    for flags in ("", "--again", "-q"):
        named = "results/recall: temperature 0.1 0.4 --out --overwrite"
        shell.refuse(f"{QUICK} --temperature 0.4 {flags}", names=named)
    MANIFEST.write_text('{"notes": "mine"}')
    shell.refuse(QUICK, names=f"{MANIFEST}:")
    shell.run(f"{QUICK} --temperature 0.4 --overwrite -q")
    assert read_json(MANIFEST)["config"]["temperature"] == 0.4
    select = "select --dataset digits --no-figures -q --out"
    shell.refuse(f"{select} results/recall", names="results/recall: recall --out --overwrite")
    shell.run(f"{select} chosen")
    patterns = "chosen/patterns.npz"
    shell.run(f"{QUICK} --patterns {patterns} --out given -q")
    shell.run(f"{select} chosen --seed 3 --overwrite")
    shell.refuse(f"{QUICK} --patterns {patterns} --out given", names="given: patterns")
