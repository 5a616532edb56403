"""Sittings as they are typed: a student at 80 columns, a scripter, a researcher, a lecturer."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")

COLUMNS = 80
SILENT: Any = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False}
SMALL = "--digits 3,1 --tests 4 --repeats 2"
INTERRUPTED = """
import os, signal, sys
import hopcli.__main__ as program
from hopcli.grids.store import Store
write = Store.write

def write_and_stop(store, made):
    write(store, made)
    os.kill(os.getpid(), signal.SIGINT)

Store.write = write_and_stop
program.start()
"""
"""The command line, interrupted after the first cell of a grid."""


class Sitting:
    """A folder in which lines are typed, with `hopcli` among the programs."""

    def __init__(self, environment: dict[str, str], programs: Path) -> None:
        for name, module in {"hopcli": "-m hopcli", "interrupted": programs / "stop.py"}.items():
            programs.joinpath(name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
            programs.joinpath(name).chmod(0o755)
        (programs / "stop.py").write_text(INTERRUPTED)
        kept = {name: value for name, value in environment.items() if not name.startswith("MAKE")}
        self._environment = {**kept, "PATH": f"{programs}:{kept['PATH']}", "TERM": "xterm"}

    def pipe(self, line: str, code: int = 0) -> str:
        """Type a line whose output a script reads; it ends with this exit code."""
        done = subprocess.run(["sh", "-c", line], env=self._environment, **SILENT)
        assert done.returncode == code, (line, done)
        assert "Traceback" not in done.stderr
        return done.stdout

    def type(self, line: str, code: int = 0) -> str:
        """Type a line at the terminal; return what it shows, at most 80 columns wide."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        environment = {key: v for key, v in self._environment.items() if key != "COLUMNS"}
        with subprocess.Popen(
            ["sh", "-c", line], env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        ) as child:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):  # of Linux, at the end
                while read := os.read(ours, 65536):
                    shown += read
            os.close(ours)
        assert child.returncode == code, (line, shown)
        text = shown.decode().replace("\r\n", "\n")
        # A message on stderr is one line; all else fits.
        shown_lines = [each for each in re.split("[\r\n]", text) if not each.startswith("hopcli: ")]
        assert [each for each in shown_lines if len(each) > COLUMNS] == [], line
        return text


@pytest.fixture
def sitting(empty_folder: Path, child_environment: dict[str, str]) -> Sitting:
    programs = empty_folder.parent / "programs"
    programs.mkdir()
    return Sitting(child_environment, programs)


def folders(pattern: str) -> list[str]:
    return sorted(str(path) for path in Path().glob(pattern) if path.is_dir())


def test_a_student_reproduces_the_study(sitting: Sitting) -> None:
    assert sitting.type("hopcli").count("hopcli ") >= 6
    assert len(sitting.type("hopcli -h").splitlines()) <= 40
    assert len(sitting.type("hopcli recall -h").splitlines()) <= 40
    assert folders("*") == []
    shown = sitting.type("hopcli recall")
    accuracy = re.search(r"overall +5000 +([0-9.]+) .* 80 ± 10", shown)
    assert accuracy is not None
    assert float(accuracy[1]) == pytest.approx(80, abs=10)
    assert Path("results", "recall", "accuracy.png").is_file()
    misspelt = {"recal": "recall", "recall --rule pseudoinverse": "pseudo-inverse"}
    for words, meant in misspelt.items():
        assert meant in sitting.type(f"hopcli {words}", code=2)
    sitting.type(f"hopcli recall --temperature 0.3 {SMALL} --no-figures")
    assert len(folders("results/recall-*")) == 1
    bars = sitting.type("hopcli show results/recall")
    assert "█" in bars
    shown = sitting.type("hopcli reproduce --quick --only order-worst")
    assert re.search("^order-worst +reproduced ", shown, re.MULTILINE)
    assert Path("results", "reproduce-quick-some", "report.html").is_file()
    sitting.type("hopcli report results/recall results/recall-*")
    page = Path("report.html").read_text(encoding="utf-8")
    assert {"results/recall", *folders("results/recall-*")} <= set(re.findall("[^<>]+", page))


DRY = "hopcli run --dry-run configs/*.toml --format json"
SMALL_RUN = """
command = "recall"
temperature = {}
digits = [3, 1]
tests = 4
repeats = 2
figures = false
"""
NOISE = """
command = "weights"
dataset = "text:3x3"
[grid]
rule = ["hebbian", "storkey", "pseudo-inverse"]
"""


def test_a_scripter_runs_a_batch(sitting: Sitting) -> None:
    sitting.pipe("hopcli init")
    for name, temperature in {"cold": 0.1, "hot": 0.9}.items():
        Path("configs", f"{name}.toml").write_text(SMALL_RUN.format(temperature))
    planned = [json.loads(line) for line in sitting.pipe(DRY).splitlines()]
    assert [run["out"] for run in planned] == ["results/cold", "results/hot"]
    assert {run["state"] for run in planned} == {"to do"}
    assert folders("results") == []
    sitting.pipe("make -j2")
    made = [json.loads(line) for line in sitting.pipe(DRY).splitlines()]
    assert {run["state"] for run in made} == {"finished"}

    Path("noise.toml").write_text(NOISE)
    sitting.pipe("interrupted grid run noise.toml --threads 1", code=130)
    status = "hopcli grid status results/noise --format json"
    assert json.loads(sitting.pipe(status))["missing"] > 0
    sitting.type("hopcli grid run noise.toml")
    assert json.loads(sitting.pipe(status))["finished"] == 3
    shown = sitting.type("hopcli grid table results/noise --pivot rule --format table")
    assert {"hebbian", "storkey", "pseudo-inverse"} <= {*shown.split()}
    rows = list(csv.DictReader(sitting.pipe("hopcli grid table results/noise").splitlines()))
    assert [*dict.fromkeys(row["rule"] for row in rows)] == ["hebbian", "storkey", "pseudo-inverse"]
    printed = "--figure-style paper --width 3.4in"
    sitting.pipe(f"hopcli grid plot results/noise --out figures/noise.pdf {printed}")
    size = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+)", Path("figures/noise.pdf").read_bytes())
    assert size is not None
    assert float(size[1]) == pytest.approx(3.4 * 72, abs=0.1)

    runs = json.loads(sitting.pipe("hopcli runs results --format json"))
    assert {run["folder"] for run in runs} == {"results/cold", "results/hot", "results/noise"}
    found = json.loads(sitting.pipe("hopcli diff results/cold results/hot --format json", code=1))
    (one,) = found["settings"]
    assert (one["name"], one["a"], one["b"]) == ("temperature", 0.1, 0.9)
    again = sitting.pipe("hopcli run results/cold/recall.json --format json")
    assert json.loads(again)["out"] == "results/cold-again"
    sitting.pipe("hopcli diff results/cold results/cold-again")
    sitting.pipe("hopcli plot results/cold results/hot --out figures")
    assert {"cold-accuracy.png", "hot-accuracy.png"} <= set(os.listdir("figures"))  # noqa: PTH208
    sitting.pipe("hopcli check results")
    changed = Path("results", "hot", "accuracy.csv")
    changed.write_text("label\n")
    assert str(changed) in sitting.pipe("hopcli check results", code=1)


COLD = "--dynamics async --until-stable --tests 2 --repeats 1"


def test_a_lecturer_shows_five_own_pictures(sitting: Sitting) -> None:
    y, x = np.mgrid[:60, :60] - 29.5
    ink = {"bar": abs(y) < 9, "flag": (y // 10) % 2 == 0, "moon": x**2 + y**2 < 500}
    ink |= {"plus": (abs(x) < 6) | (abs(y) < 6), "tent": abs(x) < (y + 26) / 2}
    light = dict.fromkeys(ink, (220, 40)) | {"bar": (20, 180), "flag": (150, 110)}
    Path("own").mkdir()
    for name, shape in ink.items():
        paper, dark = light[name]
        Image.fromarray(np.where(shape, dark, paper).astype(np.uint8)).save(f"own/{name}.png")
    Path("own/pictures.toml").write_text("bar = {invert = false}\nflag = {threshold = 130}\n")
    damaged = np.where(ink["tent"] ^ ((x // 3 + y // 3) % 4 == 0), 40, 220)
    Image.fromarray(damaged.astype(np.uint8)).save("damaged.png")

    shown = sitting.type("hopcli pictures own --size 30x30 --invert --out own.npz")
    assert [line.split()[0] for line in shown.splitlines()[:5]] == [*ink]
    stored = dict(zip(ink, np.load("own.npz")["xi"].reshape(-1, 30, 30) > 0, strict=True))
    for name, shape in ink.items():
        assert np.mean(stored[name] == shape[::2, ::2]) > 0.9
    noisy = f"hopcli recall --patterns own.npz --start flip-rows:7 {COLD} --animate run.gif"
    assert "overall  10       100.0" in sitting.type(f"{noisy} --out results/noise")
    with Image.open("results/noise/run.gif") as frames:
        assert getattr(frames, "n_frames", 1) > 3
    start = f"hopcli recall --patterns own.npz --start images:damaged.png:invert {COLD}"
    assert re.search(
        "damaged +pattern +tent +2 +100.0", sitting.type(f"{start} --out results/hurt")
    )
    sitting.type("hopcli report results --out lecture.html")
    page = Path("lecture.html").read_text(encoding="utf-8")
    assert {*folders("results/*")} <= set(re.findall("[^<>]+", page))
    assert len(folders("results/*")) == 2
