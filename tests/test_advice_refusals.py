"""Advice in refusals and failures: the same command passes once it is followed."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from advice import commands_in, options_in, two_bars
from PIL import Image
from sklearn.datasets import load_digits

import hopcli
from hopcli import plots
from hopcli.errors import DataError, HopcliWarning, SettingError
from hopcli.estimator import HopfieldClassifier

if TYPE_CHECKING:
    from conftest import RunHopcli

GRID = """
command = "recall"
dataset = "text:p.txt"
start = "flip:0.1"
tests = 2
repeats = 1
[grid]
"""


SELECTED = "recall --digits 36 --tests 2 --repeats 1 --no-figures"
BARS = "recall --dataset text:p.txt --start flip:0.1 --tests 2 --repeats 1 --no-figures"
RELAX = "relax --dataset text:p.txt --start flip:0.1 --tests 2 --repeats 1 --sweeps 4 --no-figures"

REFUSED: dict[str, tuple[list[str], str]] = {
    "a folder of another run": ([f"{BARS} --out r"], f"{BARS} --sweeps 3 --out r"),
    "a grid of another command": (
        ["grid run grid.toml --no-figures --out g"],
        "grid run relax.toml --no-figures --out g",
    ),
    "a page that is not ours": ([f"{BARS} --out r"], "report r --out mine.html"),
    "two runs in a folder": (
        [f"{BARS} --out a", f"{RELAX} --out a", f"{BARS} --out b", f"{RELAX} --out b"],
        "diff a b",
    ),
    "an impossible cell": ([], "grid run impossible.toml --no-figures"),
    "a table of no format": (
        ["grid run grid.toml --no-figures --out g"],
        "grid table g --out table.dat",
    ),
    "a name without a name": ([], "recall --config ./..toml --no-figures"),
}
FILLS = {
    "a grid of another command": "other",
    "a folder of another run": "other",
    "a page that is not ours": "other.html",
    "two runs in a folder": "recall",
    "a table of no format": "csv",
    "a name without a name": "named",
}


def _files() -> None:
    """What the commands of :data:`REFUSED` read."""
    two_bars()
    Path("grid.toml").write_text(f"{GRID}temperature = [0.1, 0.2]\n", encoding="utf-8")
    relax = GRID.replace("recall", "relax").replace("[grid]", "sweeps = 4\n[grid]")
    Path("relax.toml").write_text(f"{relax}temperature = [0.1, 0.2]\n", encoding="utf-8")
    Path("impossible.toml").write_text(
        f'{GRID}dynamics = ["metropolis", "async"]\ntemperature = [0.1, 0]\n', encoding="utf-8"
    )
    Path("mine.html").write_text("<p>mine</p>\n", encoding="utf-8")
    Path("..toml").write_text('dataset = "text:p.txt"\nstart = "flip:0.1"\n', encoding="utf-8")


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_refused_passes_with_each_option_that_is_advised(
    run_hopcli: RunHopcli, name: str
) -> None:
    _files()
    setup, command = REFUSED[name]
    for line in setup:
        assert run_hopcli(*line.split()).code == 0
    message = run_hopcli(*command.split()).refused()
    path = " ".join(command.split()[: 2 if command.startswith("grid") else 1])
    advised = re.split(r"give |must be told|must be given|, or ", message)
    ways = [way for part in advised for way in options_in(part, path, FILLS.get(name, ""))]
    ways = [way for way in ways if "must" not in way]
    assert ways
    for way in ways:
        assert run_hopcli(*command.split(), *way).code == 0


# --- grids -----------------------------------------------------------------------------------


def _aged(folder: str) -> None:
    """Let another version have made the cells of a grid."""
    with sqlite3.connect(Path(folder, "grid.sqlite")) as sql:
        sql.execute("UPDATE cells SET version = 'older'")


def test_cells_of_another_version_are_taken_or_made_anew(run_hopcli: RunHopcli) -> None:
    _files()
    made = ["grid", "run", "grid.toml", "--no-figures", "--out"]
    assert run_hopcli(*made, "g").code == 0
    _aged("g")
    message = run_hopcli(*made, "g").refused()
    ways = options_in(message, "grid run")
    assert len(ways) == 2
    for number, way in enumerate(ways):
        shutil.copytree("g", f"g{number}")
        assert run_hopcli(*made, f"g{number}", *way).code == 0


def test_shards_of_two_versions_come_together(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    _files()
    for number in (1, 2):
        shard = ["--shard", f"{number}/2", "--out", f"s{number}", "--threads", "1"]
        for module in ("grids.cells", "runs.grids"):
            version = f"hopcli.{module}.code_version"
            monkeypatch.setattr(version, lambda number=number: f"version {number}")
        assert run_hopcli("grid", "run", "grid.toml", "--no-figures", *shard).code == 0
    merged = ["grid", "merge", "s1", "s2", "--out", "all", "--no-figures"]
    (way,) = options_in(run_hopcli(*merged).refused(), "grid merge")
    assert run_hopcli(*merged, *way).code == 0


def test_failed_cells_are_tried_again(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    _files()
    made = ["grid", "run", "grid.toml", "--no-figures", "--out", "g", "--threads", "1"]
    with monkeypatch.context() as broken:
        broken.setattr("hopcli.experiments.recall.accuracy_table", None)
        failed = run_hopcli(*made)
    assert failed.code == 1
    (way,) = options_in(failed.err, "grid run")
    again = run_hopcli(*made, *way)
    assert (again.code, again.err) == (0, "")


def test_the_line_of_a_grid_names_where_its_warnings_are(run_hopcli: RunHopcli) -> None:
    _files()
    Path("hot.toml").write_text(f"{GRID}temperature = '0.80:0.94:0.01'\n", encoding="utf-8")
    made = run_hopcli("grid", "run", "hot.toml", "--no-figures", "--out", "a grid")
    assert made.err.count("\n") == 1
    (named,) = re.findall("`hopcli (grid status) '([^']+)'`", made.err)
    status = run_hopcli(*named[0].split(), named[1])
    assert status.out.count("warning: temperature=") == 12
    (way,) = options_in(status.out.splitlines()[-1], "grid status")
    whole = json.loads(run_hopcli(*named[0].split(), named[1], *way).out)
    assert len(whole["warnings"]) == 15


def test_the_configuration_of_a_grid_is_run_by_the_commands_named(run_hopcli: RunHopcli) -> None:
    _files()
    commands = commands_in(run_hopcli("recall", "--config", "grid.toml").refused())
    assert len(commands) == 2
    for command in commands:
        assert run_hopcli(*command).code == 0


def test_a_damaged_grid_is_begun_anew_without_its_file(run_hopcli: RunHopcli) -> None:
    _files()
    made = ["grid", "run", "grid.toml", "--no-figures", "--out", "g"]
    assert run_hopcli(*made).code == 0
    Path("g/grid.sqlite").write_bytes(b"SQLite" * 1000)
    Path(run_hopcli(*made).refused().partition(": ")[0]).unlink()
    assert run_hopcli(*made).code == 0


# --- files and folders -----------------------------------------------------------------------


def test_a_file_of_patterns_is_made_by_the_command_named(run_hopcli: RunHopcli) -> None:
    asked = ["recall", "--patterns", "here/patterns.npz", "--tests", "2", "--no-figures"]
    (command,) = commands_in(run_hopcli(*asked).refused())
    assert run_hopcli(*command, "--out", "here", "--no-figures").code == 0
    assert run_hopcli(*asked).code == 0


def test_a_run_that_was_interrupted_while_drawing_is_drawn(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_bars()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(plots, "drawing", lambda *_: stop)
        done = run_hopcli(*BARS.replace("--no-figures", "").split(), "--out", "r")
    assert done.code == 130
    (command,) = commands_in(done.err)
    assert run_hopcli(*command).code == 0
    assert Path("r/accuracy.png").exists()


def test_an_animation_needs_a_run_that_keeps_frames(run_hopcli: RunHopcli) -> None:
    two_bars()
    assert run_hopcli(*BARS.split(), "--out", "r").code == 0
    asked = ["plot", "r", "--animate", "a.gif"]
    (way,) = options_in(run_hopcli(*asked).refused(), "recall", "a.gif")
    assert run_hopcli(*BARS.split(), "--out", "r", *way).code == 0
    assert run_hopcli(*asked).code == 0


def test_notebooks_that_were_changed_go_to_another_folder(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("notebooks", "n").code == 0
    first = sorted(Path("n").iterdir())[0]
    first.write_text("{}", encoding="utf-8")
    assert "FOLDER" in run_hopcli("notebooks", "n").refused()
    assert run_hopcli("notebooks", "other").code == 0


def _pictures(*pictures: list[list[int]]) -> None:
    Path("pictures").mkdir()
    for name, picture in zip("abc", pictures, strict=False):
        Image.fromarray(np.array(picture, np.uint8)).save(f"pictures/{name}.png")


STORED = ["weights", "--dataset", "images:pictures", "--no-figures"]


@pytest.mark.parametrize(
    ("pictures", "asked"),
    [
        # All on one side of the threshold.
        ([[[9, 90], [90, 90]], [[90, 9], [90, 90]]], ["--threshold", "200"]),
        # Equal above 50, different by their own levels.
        ([[[0, 60], [90, 0]], [[0, 60], [200, 0]]], ["--threshold", "50"]),
    ],
)
def test_another_threshold_where_it_helps(
    run_hopcli: RunHopcli, pictures: list[list[list[int]]], asked: list[str]
) -> None:
    _pictures(*pictures)
    message = run_hopcli(*STORED, *asked).refused()
    ways = options_in(message, "weights")
    assert ways
    for way in ways:
        assert run_hopcli(*STORED, *asked, *way, "--out", "".join(way)).code == 0


def test_no_threshold_tells_equal_pictures_apart(run_hopcli: RunHopcli) -> None:
    _pictures([[0, 90], [90, 0]], [[0, 90], [90, 0]], [[0, 90], [90, 90]])
    message = run_hopcli(*STORED).refused()
    assert options_in(message, "weights") == []
    Path("pictures/b.png").unlink()  # "leave one out"
    assert run_hopcli(*STORED).code == 0


def test_a_larger_size_where_it_helps(run_hopcli: RunHopcli) -> None:
    fine = (255 * np.indices((8, 8)).sum(axis=0) % 510 > 0) * 255
    other = np.where(np.arange(8) < 4, 255, 0)[None].repeat(8, axis=0)
    _pictures(fine.tolist(), other.tolist())
    ((name, _),) = options_in(run_hopcli(*STORED, "--size", "2x2").refused(), "weights")
    assert run_hopcli(*STORED, name, "8x8").code == 0
    _pictures_blank = Image.fromarray(np.full((8, 8), 7, np.uint8))
    _pictures_blank.save("pictures/c.png")
    assert options_in(run_hopcli(*STORED, "--size", "8x8").refused(), "weights") == []


# --- settings --------------------------------------------------------------------------------


def test_a_start_with_undecided_sites(run_hopcli: RunHopcli) -> None:
    two_bars()
    asked = ["recall", "--dataset", "text:p.txt", "--tests", "2", "--repeats", "1", "--no-figures"]
    message = run_hopcli(*asked, "--start", "blend:a:b").refused()
    (more,) = re.findall(r"add (\S+),", message)
    assert run_hopcli(*asked, "--start", f"blend:a:b{more}", "--out", "filled").code == 0
    (rules,) = re.findall(r"use ([a-z, ]+)\)", message)
    for rule in rules.split(", "):
        with_rule = ["--start", "blend:a:b", "--dynamics", rule, "--out", rule]
        assert run_hopcli(*asked, *with_rule).code == 0


@pytest.mark.parametrize(
    "asked",
    [
        "--gamma 3 --tests 2 --repeats 1",
        "--dataset text:p.txt --samples 1 --tests 1 --repeats 1",
        "--tests 1000 --dataset digits --repeats 1",
        "--digits 3,x --tests 2 --repeats 1 --dataset digits",
    ],
)
def test_a_value_that_a_refusal_names(run_hopcli: RunHopcli, asked: str) -> None:
    two_bars()
    message = run_hopcli("recall", *asked.split(), "--no-figures").refused()
    named = re.findall(r"(?:is|with) (dynamics|start) ([a-z:0-9.]+)", message)
    ways = [[f"--{name}", value.strip(".")] for name, value in named]
    ways += map(list, re.findall(r"(--tests) must be at most ([1-9]\d*)", message))
    labels = re.findall(r"\(((?:\d, )+\d)\)", message)
    ways += [["--digits", known.replace(", ", ",")] for known in labels]
    assert ways
    for way in ways:
        assert run_hopcli("recall", *asked.split(), *way, "--no-figures").code == 0


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("recal --dataset text:p.txt --start pattern", "recal"),
        ("recall --dataset txt:p.txt --start pattern", "txt:p.txt"),
        ("recall --dataset text:p.txt --start pattern --config min", "min"),
        ("recall --config spelt.toml", "rull"),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(
    run_hopcli: RunHopcli, command: str, wrong: str
) -> None:
    two_bars()
    Path("mine").mkdir()
    Path("spelt.toml").write_text(
        'dataset = "text:p.txt"\nstart = "pattern"\nrull = "hebbian"\n', encoding="utf-8"
    )
    if wrong == "min":
        wrong, command = "papr", command.replace("--config min", "--config papr")
    small = ["--tests", "2", "--repeats", "1", "--no-figures", "--out", "r"]
    message = run_hopcli(*command.split(), *small).refused()
    (meant,) = re.findall(r"(?:Did you mean|did you mean|nearest is) '?([a-zA-Z:_-]+)", message)
    if wrong == "rull":
        text = Path("spelt.toml").read_text(encoding="utf-8").replace("rull", meant)
        Path("spelt.toml").write_text(text, encoding="utf-8")
    meant = meant.replace("FILE", "p.txt")
    right = [meant if word == wrong else word for word in command.split()]
    if wrong == "papr":
        right = ["recall", "--config", meant, "--digits", "36"]
    assert run_hopcli(*right, *small).code == 0


@pytest.mark.parametrize("asked", ["--kappa 10 --epochs 200", "--epochs 2"])
def test_parameters_with_which_a_perceptron_learns(run_hopcli: RunHopcli, asked: str) -> None:
    command = ["weights", "--rule", "perceptron", *asked.split(), "--no-figures"]
    advised = run_hopcli(*command).refused().partition(";")[2]
    ways = [[f"--{name}", value] for name, value in re.findall(r"(\w+) = (\S+)", advised)]
    assert ways
    assert run_hopcli(*command, *(text for way in ways for text in way)).code == 0


def test_no_parameters_are_advised_that_do_not_help(run_hopcli: RunHopcli) -> None:
    command = ["weights", "--rule", "perceptron", "--kappa", "1000", "--no-figures"]
    assert ";" not in run_hopcli(*command, "--epochs", "20").refused()


# --- Python ----------------------------------------------------------------------------------


def test_states_are_repeated_by_repeats() -> None:
    memory = hopcli.store({"a": [[1, 1], [0, 0]], "b": [[1, 0], [1, 0]]}, rule="hebbian")
    with pytest.raises(SettingError) as refused:
        memory.recall([[1, 1, 1, 0]], tests=3)
    (name,) = re.findall(r"with (\w+)", str(refused.value))
    again: dict[str, Any] = {name: 3}
    assert len(memory.recall([[1, 1, 1, 0]], **again)) == 3


def test_grey_states_are_made_spins_by_the_function_named() -> None:
    memory = hopcli.store({"a": [[1, 1], [0, 0]], "b": [[1, 0], [1, 0]]}, rule="hebbian")
    grey = np.array([[[200, 190], [3, 7]]], np.uint8)
    with pytest.raises(DataError) as refused:
        memory.recall(grey)
    (name,) = re.findall(r"hopcli\.(\w+)", str(refused.value))
    images = getattr(hopcli, name)(grey, threshold=100)
    assert memory.recall(images, dynamics="async").nearest.tolist() == ["a"]


@pytest.mark.parametrize(
    "settings", [{"rule": "hebbian"}, {"dynamics": "glauber", "temperature": 2.0}]
)
def test_settings_under_which_prototypes_stay(settings: dict[str, Any]) -> None:
    data, classes = load_digits(return_X_y=True)
    asked: dict[str, Any] = {"threshold": 7, "random_state": 1, **settings}
    with pytest.warns(HopcliWarning) as told:
        before = HopfieldClassifier(**asked).fit(data, classes)
    ways = re.findall(r"(\w+)=('[^']+'|[\d.]+)", str(told[0].message))
    assert ways
    for name, value in ways:
        read = value.strip("'") if value.startswith("'") else float(value)
        with warnings.catch_warnings():
            warnings.simplefilter("error", HopcliWarning)
            after = HopfieldClassifier(**{**asked, name: read}).fit(data, classes)
        assert after.score(data, classes) > before.score(data, classes)
