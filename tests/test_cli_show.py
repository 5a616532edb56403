"""``hopcli show``: patterns, text files, pictures and data sets as half blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from shell import Shell

from hopcli.cli.show import half_blocks, signs

Spins = NDArray[np.int8]


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 24), st.integers(0, 10**6))
def test_a_picture_is_read_back_shrunk(height: int, width: int, columns: int, seed: int) -> None:
    picture = np.random.default_rng(seed).choice([-1, -1, -1, 1], (height, width)).astype(np.int8)
    factor = next(f for f in range(1, 21) if width <= f * columns)
    text = half_blocks(picture, columns)
    assert half_blocks(np.maximum(picture, 0), columns) == text  # an empty site is no ink
    lines = text.split("\n")
    assert max(map(len, lines)) <= columns
    assert not any(line.endswith(" ") for line in lines)
    n_rows, n_columns = -(-height // factor), -(-width // factor)
    assert len(lines) == -(-n_rows // 2)
    halves = np.array([[" ▄▀█".index(one) for one in line.ljust(columns)] for line in lines])
    back = np.stack([halves // 2, halves % 2], axis=1).reshape(-1, columns)
    assert not np.any(back[n_rows:])  # an odd height is filled up
    filled = np.pad(picture > 0, ((0, -height % factor), (0, -width % factor)))
    cells = filled.reshape(n_rows, factor, n_columns, factor).any(axis=(1, 3))
    assert np.array_equal(back[:n_rows, :n_columns], cells)


def test_hashes_and_points_are_shown_as_text_files_have_them() -> None:
    picture = np.array([[1, -1, -1, -1], [-1] * 4, [-1, -1, 1, -1], [-1] * 4], np.int8)
    assert signs(picture, 80) == "#...\n....\n..#.\n...."
    assert signs(picture, 2) == "#.\n.#"


def test_texts_archives_and_shipped_sources_are_drawn_with_names(shell: Shell) -> None:
    Path("two.txt").write_text("left:\n#.\n#.\n\n.#\n.#\n", encoding="utf-8")
    Path("own.TXT").write_text("#.\n", encoding="utf-8")
    keras = {"x_train": np.full((1, 2, 2), 9, np.uint8), "y_train": np.array([7])}
    np.savez("keras.npz", **keras)  # type: ignore[arg-type]
    for line, picture in {
        "two.txt": "left\n█\n\n2\n █\n\n",
        "text:two.txt": "left\n█\n\n2\n █\n\n",
        "two.txt --invert": "left\n █\n\n2\n█\n\n",
        "own.TXT": "1\n▀\n\n",
        "text:own.TXT": "1\n▀\n\n",
        "npz:keras.npz": "7\n██\n\n",
        "text:3x3": "first\n▄█▀\n ▀\n\nsecond\n▀██\n\n\n",
    }.items():
        done = shell.run(f"show {line}")
        assert (done.out, done.err) == (picture, "")


@pytest.mark.parametrize("flags", ["", "--size 4x4 --crop", "--size 4x4 --invert --threshold 60"])
def test_pictures_are_shown_as_they_are_stored(shell: Shell, flags: str) -> None:
    """Eight by four: 10, 40, 70, ... from left to right, brighter below."""
    grey = np.add.outer(np.arange(4) * 5, np.arange(8) * 30 + 10).astype(np.uint8)
    Path("pictures").mkdir()
    Image.fromarray(grey).save("pictures/ramp.png")
    shell.run(f"select --dataset images:pictures {flags} --no-figures --quiet --out out")
    stored = shell.run("show out/patterns.npz").out
    assert set(stored) & set("▄▀█")
    for name in ("pictures/ramp.png", "pictures", "images:pictures"):
        assert shell.run(f"show {name} {flags}").out == stored


@pytest.mark.parametrize(("flags", "width"), [("", 80), ("--width 30", 30), ("--width 300", 128)])
def test_drawings_fit_the_terminal_or_the_width(shell: Shell, flags: str, width: int) -> None:
    Image.fromarray(np.eye(128, dtype=np.uint8) * 255).save("line.png")
    lines = shell.run(f"show line.png {flags}").out.splitlines()[1:]
    factor = -(-128 // width)
    assert max(map(len, lines)) == -(-128 // factor) <= width
    assert len([line for line in lines if line]) == -(-128 // factor // 2)


def test_most_limits_how_many_of_a_part_are_shown(shell: Shell) -> None:
    for line, first, more in (
        ("mnist --split train --most 1", "5", "59,999"),
        ("mnist --split test --most 1", "7", "9,999"),
        ("text:4x4 --most 2", "column", "2"),
    ):
        lines = shell.run(f"show {line}").out.splitlines()
        assert (lines[0], lines[-1].split()[-2]) == (first, more)
    assert shell.run("show text:4x4 --most 4").out == shell.run("show text:4x4").out


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_a_terminal_without_half_blocks_gets_hashes(
    empty_folder: Path, child_environment: dict[str, str], encoding: str
) -> None:
    name = "caf\u00e9 \u2318"
    Path("own.txt").write_text(f"{name}:\n#..\n.##\n", encoding="utf-8")
    line = [sys.executable, "-m", "hopcli", "show", "own.txt"]
    environment = {**child_environment, "PYTHONIOENCODING": encoding}
    done = subprocess.run(line, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    named, picture = done.stdout.decode(encoding).split("\n", 1)
    assert named == name.encode(encoding, "replace").decode(encoding)
    assert picture == ("▀▄▄\n\n" if encoding == "cp437" else "#..\n.##\n\n")
