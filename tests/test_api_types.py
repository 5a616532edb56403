"""The types of the Python interface, as a program outside of the checkout sees them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import stubs

import hopcli

PROGRAM = """\
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import hopcli

made = hopcli.recall(temperature=np.float64(0.3), digits=np.array([3, 6]), rule="storkey")
table: pd.DataFrame = made.tables["accuracy"]
figure: Figure = made.figures["accuracy"]
files: list[Path] = made.save(Path("out"), overwrite=True, figure_format="svg")
hopcli.recall(dataset=hopcli.load("mnist"), patterns=made.patterns, keep=("trials",), tests="all")
hopcli.relax(theta=Path("theta.txt"), until_stable=np.bool_(False), progress=False)
rows: pd.DataFrame = hopcli.read(["a", Path("b")], table="accuracy", command="recall")
hopcli.recall(temprature=0.3)  # call-arg
hopcli.recall(rule="stork")  # arg-type
hopcli.recall(tests=1.5)  # arg-type
hopcli.recall(0.3)  # arg-type
made.save(7)  # arg-type
hopcli.grid("recall", vary=["temperature"])  # arg-type
"""
PROGRAM += "".join(f"hopcli.{name}\n" for name in hopcli.__all__)
LINES = enumerate(PROGRAM.splitlines(), 1)
REFUSED = {number: line.partition("# ")[2] for number, line in LINES if "# " in line}


@pytest.mark.parametrize("place", stubs.STUBS)
def test_the_stubs_are_those_of_the_settings(place: str) -> None:
    text = (stubs.PACKAGE / place).read_text(encoding="utf-8")
    assert text == stubs.stub(place)  # run tests/stubs.py


@pytest.mark.slow
def test_types_pass_or_are_refused(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    cache = request.config.rootpath / ".mypy_cache" / "outside"  # of all that the program imports
    arguments = ["--strict", "--python-executable", sys.executable, "--cache-dir", str(cache)]
    command = [sys.executable, "-m", "mypy", *arguments, "--config-file=", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = re.findall(r"^program\.py:([0-9]+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE)
    assert {int(line): kind for line, kind in found} == REFUSED, done.stdout + done.stderr
    assert all(line.startswith("program.py:") for line in done.stdout.splitlines()[:-1])
