"""Refusals whose words depend on other settings or on the data: what each of them names."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import UNPRIVILEGED, SpawnHopcli, call
from PIL import Image

if TYPE_CHECKING:
    from shell import Shell

LINES = [
    tuple(line.split("  =>  "))
    for line in Path(__file__).with_name("refusals.txt").read_text(encoding="utf-8").splitlines()
    if "  =>  " in line
]
COMMANDS = list(dict.fromkeys(line.split()[0].partition("{")[0] or "run" for line, _ in LINES))
HUGE = "9" * 23


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the lines name."""
    folder = tmp_path_factory.mktemp("odd") / "files"
    shutil.copytree(Path(__file__).with_name("refused"), folder)
    with contextlib.chdir(folder):
        Path("nothing").mkdir()
        Path("pictures").mkdir()
        for name, shape in (("a", (8, 6)), ("b", (5, 9))):
            grey = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
            Image.fromarray(grey).save(f"pictures/{name}.png")
        np.savez("letters.npz", theta=np.array(["a"] * 784))
        flags = "--dataset digits --digits 4 --samples 1 --no-figures -q --out selected"
        assert call("select", *flags.split()).code == 0
        Path("selected/patterns.npz").rename("eight.npz")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refusal_names_what_is_wrong_and_nothing_is_written(
    shell: Shell, odd_files: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(odd_files)
    for line, names in LINES:
        if line.startswith("{") and command == "run":
            Path("f.toml").write_text(line[1:].replace("; ", "\n") + "\n", encoding="utf-8")
            shell.refuse("run f.toml", names=names)
        elif line.split()[0] == command:
            shell.refuse(line, names=names, whole=True)


@pytest.mark.parametrize(
    ("command", "flag", "value"),
    [
        ("recall", "--out", ""),
        ("recall", "--seed", "9" * 5000),
        ("recall", "--attempts-per-sweep", f"{HUGE}N"),
        ("recall", "--rule", "x" * 5000),
        ("recall", "--rule", "a\nb\x1b[31m"),
        ("recall", "--dataset", "npz:a\x1b[31m"),
        ("recall", "--config", "a\x1b[31m"),
        ("recall", "--patterns", "a\x00b"),
        ("recall", "--digits", "\udcff"),
        ("data", "--dataset", f"npz:{'x' * 4000}"),
        ("data", "--dataset", "text:a\0b"),
        ("show", "", "x" * 5000 + ".txt"),
        ("show", "", "x" * 300 + ".png"),
        ("show", "", "x" * 300 + ".npz"),
        ("show", "", "a\0b.npz"),
    ],
    ids=ascii,
)
def test_endless_and_unprintable_values_are_one_line(
    shell: Shell, command: str, flag: str, value: str
) -> None:
    message = shell.refuse(command, *filter(None, [flag]), value)
    begin = value.partition("\x1b")[0].removeprefix("npz:").removeprefix("text:")[:9]
    assert (flag or "FILE") in message or begin.replace("\0", "\\x00") in message


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from hopcli.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "line",
    [
        f"recall --repeats {HUGE}",
        "recall --sweeps 1000000000000 --tests 1",
        *(
            pytest.param(line, marks=pytest.mark.slow)
            for line in (
                "recall --repeats 1000000000",
                "recall --replay-authors --digits 4 --tests 1000000",
                "temperature-scan --repeats 1000000000",
                "select --digits 1 --samples 30000000",
            )
        ),
    ],
)
def test_what_no_memory_can_hold_is_one_line(spawn_hopcli: SpawnHopcli, line: str) -> None:
    """In 6 GB, and before 20 CPU seconds are spent on it."""
    spawn_hopcli(*line.split(), "--no-figures", code=LIMITED).refused()
    assert list(Path().iterdir()) == []


def test_a_file_that_may_not_be_read_is_one_line(
    empty_folder: Path, spawn_hopcli: SpawnHopcli
) -> None:
    code = f"{UNPRIVILEGED}\nfrom hopcli.cli import main\nimport sys\nmain(sys.argv[1:])"
    for name, flag in (("secret.toml", "--config"), ("secret.npz", "--patterns")):
        (empty_folder / name).write_text("tests = 1\n")
        (empty_folder / name).chmod(0)
        assert spawn_hopcli("recall", flag, name, code=code).refused().startswith(f"{name}: ")
