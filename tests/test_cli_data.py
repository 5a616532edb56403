"""``hopcli data`` and ``hopcli notebooks``: what is shipped, counted, verified and copied."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pandas as pd
from conftest import CHECKOUT, Finished, files_below
from shell import Shell

from hopcli.datasets import SOURCES, Dataset

SHIPPED = CHECKOUT / "hopcli" / "notebooks"
NOTEBOOKS = ["own-pictures.ipynb", "phase-diagram.ipynb", "study.ipynb"]


def test_sources_are_listed_and_digits_counted_part_by_part(shell: Shell, mnist: Dataset) -> None:
    done = shell.run("data")
    assert done.err == ""
    rows = [line.split() for line in done.out.splitlines()]
    words = {word for row in rows for word in row}
    assert words >= {source.usage for source in SOURCES.values()}
    assert mnist.sha256 in done.out
    for row in (["0", "5,923", "980"], ["5", "5,421", "892"], ["total", "60,000", "10,000"]):
        assert row in rows
    said = json.loads(shell.run("data --format json").out)
    assert "mnist" in said["sources"]
    train, test = said["parts"]
    assert (train["name"], train["shape"]) == ("mnist:train", [28, 28])
    assert sum(train["images"].values()) == 60_000
    assert test["images"]["0"] == 980
    verified = shell.run("data verify").out.splitlines()
    assert {line.split()[0] for line in verified} == {"ok"}
    out = shell.run("data --dataset digits").out
    assert [number in out for number in ("1,797", "8 x 8")] == [True, True]


def test_every_command_of_the_exercises_works_when_typed(shell: Shell) -> None:
    assert shell.run("notebooks mine --exercises").out == "mine/exercises.md\n"
    sheet = Path("mine/exercises.md").read_text("utf-8")
    minutes = [int(number) for number in re.findall(r"^## .*\((\d+) minutes\)$", sheet, re.M)]
    assert (len(minutes), sum(minutes)) == (8, 90)
    folders = []
    for line in "".join(re.findall(r"```sh\n(.*?)```", sheet, re.S)).splitlines():
        if line.startswith("printf "):
            subprocess.run(["sh", "-c", line], check=True)
            continue
        shell.run(line.removeprefix("hopcli "))
        folders.append(line.rpartition(" --out ")[2])
    assert len({*folders}) == len(folders) > 15
    for suffix in ("csv", "png"):
        assert all([*Path(folder).glob(f"*.{suffix}")] for folder in folders)
    outcomes = pd.read_csv("results/sum/outcomes.csv")
    assert outcomes["count"].tolist() == (outcomes["outcome"] == "mixture").tolist()


def test_notebooks_are_copied_and_missing_ones_added(shell: Shell) -> None:
    *listed, last = shell.run("notebooks").out.splitlines()
    assert listed == [f"notebooks/{name}" for name in NOTEBOOKS]
    assert "jupyter lab notebooks" in last
    copied = files_below(Path("notebooks"))
    assert copied == {name: (SHIPPED / name).read_bytes() for name in NOTEBOOKS}
    Path("notebooks", NOTEBOOKS[1]).unlink()
    out = shell.run("notebooks").out
    assert [len(line.split()) > 1 for line in out.splitlines()[:3]] == [True, False, True]
    assert files_below(Path("notebooks")) == copied
    assert shell.run("notebooks a/b --quiet") == Finished(0, "", "")
    assert files_below(Path("a/b")) == copied
    Path("a/b", NOTEBOOKS[2]).write_bytes(b"mine")
    Path("file").touch()
    shell.refuse("notebooks a/b", names=f"a/b/{NOTEBOOKS[2]}:")
    shell.refuse("notebooks file", names="file:")
