"""Refusals whose words depend on other settings or on the data: what each of them names."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import call
from PIL import Image
from shell import Shell, written

LINES = written("refusals.txt")
COMMANDS = list(dict.fromkeys(line.split()[0].partition("{")[0] or "run" for line, _ in LINES))


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
def test_a_refusal_names_what_is_wrong(
    shell: Shell, odd_files: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(odd_files)
    for line, names in LINES:
        if line.startswith("{") and command == "run":
            Path("f.toml").write_text(line[1:].replace("; ", "\n") + "\n", encoding="utf-8")
            shell.refuse("run f.toml", names=names)
        elif line.split()[0] == command:
            shell.refuse(line.replace("\\e", "\x1b"), names=names, whole=True)
