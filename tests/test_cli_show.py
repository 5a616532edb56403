"""``hopcli show``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from hopcli.cli.show import half_blocks, signs

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]


def _spins(*rows: str) -> Spins:
    return np.array([[1 if c == "#" else -1 for c in row] for row in rows], np.int8)


def _read_back(text: str, width: int) -> Spins:
    """The picture that half blocks draw."""
    halves = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}
    rows = []
    for line in text.split("\n"):
        cells = [halves[c] for c in line.ljust(width)]
        rows += [[upper for upper, _ in cells], [lower for _, lower in cells]]
    return np.where(np.array(rows) > 0, 1, -1).astype(np.int8)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (["#"], "▀"),
        (["."], ""),
        (["#", "#"], "█"),
        ([".", "#"], "▄"),
        ([".#.#", "..##"], " ▀▄█"),
        (["#.", "#.", "#."], "█\n▀"),
        (["...", "...", "..#"], "\n  ▀"),
        (["##..", "#...", "...#", "..##"], "█▀\n  ▄█"),
    ],
)
def test_two_rows_of_pixels_are_a_row_of_half_blocks(rows: list[str], text: str) -> None:
    assert half_blocks(_spins(*rows), 80) == text


def test_an_empty_site_is_no_ink() -> None:
    assert half_blocks(np.array([[1, 0], [0, -1]], np.int8), 80) == "▀"


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 10**6),
    spare=st.integers(0, 3),
)
def test_a_picture_can_be_read_back(height: int, width: int, seed: int, spare: int) -> None:
    picture = np.random.default_rng(seed).choice([-1, 1], (height, width)).astype(np.int8)
    text = half_blocks(picture, width + spare)
    back = _read_back(text, width)
    assert np.array_equal(back[:height], picture)
    assert np.all(back[height:] == -1), "an odd height is filled up without ink"
    assert not any(line.endswith(" ") for line in text.split("\n"))


@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    columns=st.integers(1, 20),
    seed=st.integers(0, 10**6),
)
def test_a_wide_picture_is_shrunk_by_a_whole_factor(
    height: int, width: int, columns: int, seed: int
) -> None:
    picture = np.random.default_rng(seed).choice([-1, -1, -1, 1], (height, width)).astype(np.int8)
    factor = next(f for f in range(1, 21) if width <= f * columns)
    lines = half_blocks(picture, columns).split("\n")
    assert max(map(len, lines)) <= columns
    rows = -(-height // factor)
    assert len(lines) == -(-rows // 2)
    back = _read_back("\n".join(lines), columns)
    for row in range(rows):
        for column in range(-(-width // factor)):
            cell = picture[row * factor : (row + 1) * factor]
            cell = cell[:, column * factor : (column + 1) * factor]
            assert (back[row, column] > 0) == np.any(cell > 0)


def test_a_text_file_is_drawn_with_names(run_hopcli: RunHopcli) -> None:
    Path("two.txt").write_text("left:\n#.\n#.\n\n.#\n.#\n", encoding="utf-8")
    done = run_hopcli("show", "two.txt")
    assert (done.code, done.err) == (0, "")
    assert done.out == "left\n█\n\n2\n █\n\n"


def test_invert_turns_ink_and_paper(run_hopcli: RunHopcli) -> None:
    Path("two.txt").write_text("left:\n#.\n#.\n", encoding="utf-8")
    assert run_hopcli("show", "two.txt", "--invert").out == "left\n █\n\n"


def test_a_shipped_source_is_drawn(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("show", "text:3x3")
    assert done.out == "first\n▄█▀\n ▀\n\nsecond\n▀██\n\n\n"


def test_a_text_file_is_drawn_as_a_source_too(run_hopcli: RunHopcli) -> None:
    Path("two.txt").write_text("left:\n#.\n#.\n", encoding="utf-8")
    assert run_hopcli("show", "text:two.txt").out == "left\n█\n\n"
    Path("own.TXT").write_text("#.\n", encoding="utf-8")
    assert run_hopcli("show", "own.TXT").out == run_hopcli("show", "text:own.TXT").out
    keras = {"x_train": np.full((1, 2, 2), 9, np.uint8), "y_train": np.array([7])}
    np.savez("keras.npz", **keras)  # type: ignore[arg-type]
    assert run_hopcli("show", "npz:keras.npz").out == "7\n██\n\n"


def _save_ramp(path: str) -> None:
    """Eight by four: 10, 40, 70, ... from left to right, brighter below."""
    grey = np.add.outer(np.arange(4) * 5, np.arange(8) * 30 + 10).astype(np.uint8)
    Path(path).parent.mkdir(exist_ok=True)
    Image.fromarray(grey).save(path)


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--threshold", "mean"],
        ["--threshold", "60"],
        ["--size", "4x4"],
        ["--size", "4x4", "--crop"],
        ["--size", "4x4", "--invert"],
        ["--invert", "--threshold", "200"],
    ],
)
@pytest.mark.parametrize("single", [True, False])
def test_what_is_shown_is_what_is_stored(
    run_hopcli: RunHopcli, flags: list[str], single: bool
) -> None:
    _save_ramp("pictures/ramp.png")
    select = ["select", "--dataset", "images:pictures", *flags, "--no-figures", "--quiet"]
    assert run_hopcli(*select).code == 0
    stored = run_hopcli("show", "results/select/patterns.npz").out
    assert set(stored) & set("▄▀█")
    shown = run_hopcli("show", "pictures/ramp.png" if single else "pictures", *flags)
    assert (shown.code, shown.out) == (0, stored)


def test_a_part_of_a_data_set_is_shown(run_hopcli: RunHopcli) -> None:
    train, test = (
        run_hopcli("show", "mnist", "--split", split, "--most", "1").out
        for split in ("train", "test")
    )
    assert (train.split("\n")[0], test.split("\n")[0]) == ("5", "7")
    assert "... and 9,999 more" in test


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drawings", "--threshold", "ostu"], "--threshold must be a whole number from 0 to 255"),
        (["drawings", "--threshold", ""], "--threshold must be a whole number from 0 to 255"),
        (["drawings", "--size", "8"], "--size must be WIDTHxHEIGHT"),
        (["drawings", "--crop"], "--crop has no effect without size"),
        (["digits", "--size", "8x8"], "--size must be left out"),
        (["digits", "--split", "test"], "--split must be train or all"),
        (["digits", "--split", "half"], "--split must be one of train, test, all"),
        (["own.npz", "--threshold", "3"], "--threshold has no effect on a file of patterns"),
        (["digitz"], "FILE must be one of mnist"),
        (["images:"], "FILE must be written images:DIR"),
        (["x" * 5000 + ".txt"], "FILE must be a text of at most 4096 characters"),
        (["x" * 300 + ".txt"], "File name too long"),
        (["x" * 300 + ".png"], "File name too long"),
        (["x" * 300 + ".npz"], "File name too long"),
        (["a\0b.png"], "FILE must be a text of at most 4096 characters, without NUL"),
        (["a\0b.npz"], "a\\x00b.npz: no such file"),
        (["pipe.png"], "pipe.png: must be a file, is none"),
        (["pipe.npz"], "pipe.npz: must be a file, is none"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(
    run_hopcli: RunHopcli, arguments: list[str], message: str
) -> None:
    if arguments[0].startswith("pipe"):
        os.mkfifo(arguments[0])
    assert message in run_hopcli("show", *arguments).refused()


def test_hashes_and_points_are_shown_as_text_files_have_them() -> None:
    assert signs(_spins("#.#", "..#", ".#."), 80) == "#.#\n..#\n.#."
    assert signs(_spins("#...", "....", "..#.", "...."), 2) == "#.\n.#"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "cp437"])
def test_a_terminal_without_half_blocks_gets_hashes(
    empty_folder: Path, child_environment: dict[str, str], encoding: str
) -> None:
    name = "caf\u00e9 \u2318"
    Path("own.txt").write_text(f"{name}:\n#..\n.##\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "hopcli", "show", "own.txt"],
        capture_output=True,
        env={**child_environment, "PYTHONIOENCODING": encoding},
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    named, picture = done.stdout.decode(encoding).split("\n", 1)
    assert named == name.encode(encoding, "replace").decode(encoding)
    blocks = encoding in ("utf-8", "cp437")
    assert picture == ("\u2580\u2584\u2584\n\n" if blocks else "#..\n.##\n\n")


def test_width_shrinks(run_hopcli: RunHopcli) -> None:
    Path("wide.txt").write_text("#...#...\n........\n........\n.......#\n", encoding="utf-8")
    assert run_hopcli("show", "wide.txt", "--width", "8").out == "1\n▀   ▀\n       ▄\n\n"
    assert run_hopcli("show", "wide.txt", "--width", "7").out == "1\n▀ ▀▄\n\n"
    assert run_hopcli("show", "wide.txt", "--width", "2").out == "1\n▀▀\n\n"
    assert run_hopcli("show", "wide.txt", "--width", "1").out == "1\n▀\n\n"


@pytest.mark.parametrize("columns", [20, 64, 100, 128, 200])
def test_drawings_fit_the_terminal(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run_hopcli("show", "drawings").out.split("\n")
    assert max(map(len, lines)) <= columns
    factor = -(-128 // columns)
    rows = -(-128 // factor)
    per_drawing = 1 + -(-rows // 2) + 1  # name, half blocks, empty line
    assert [lines[i * per_drawing] for i in range(3)] == ["boat", "fish", "house"]
    assert len(lines) == 3 * per_drawing + 1


def test_most_limits_how_many(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("show", "text:4x4", "--most", "2")
    assert done.out.split("\n")[0] == "column"
    assert done.out.endswith("\n... and 2 more\n")
    assert "checks" not in done.out
    assert "more" not in run_hopcli("show", "text:4x4", "--most", "4").out


def test_selected_patterns_are_drawn(run_hopcli: RunHopcli) -> None:
    flags = ["--dataset", "text:4x4", "--samples", "1", "--no-figures", "--quiet"]
    assert run_hopcli("select", *flags).code == 0
    shown = run_hopcli("show", "results/select/patterns.npz")
    assert shown.code == 0
    blocks = shown.out.split("\n\n")[:4]
    every = run_hopcli("show", "text:4x4").out.split("\n\n")[:4]
    assert sorted(blocks) == sorted(every)


def test_a_folder_of_pictures_is_drawn(run_hopcli: RunHopcli) -> None:
    Path("pictures").mkdir()
    for name, spot in (("a", (0, 0)), ("b", (1, 1))):
        picture = Image.new("L", (2, 2), 0)
        picture.putpixel(spot, 255)
        picture.save(f"pictures/{name}.png")
    assert run_hopcli("show", "pictures").out == "a\n▀\n\nb\n ▄\n\n"
    assert run_hopcli("show", "images:pictures").out == "a\n▀\n\nb\n ▄\n\n"
    assert run_hopcli("show", "pictures", "--invert").out == "a\n▄█\n\nb\n█▀\n\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nowhere.txt", None, "nowhere.txt: no such file"),
        ("nowhere.png", None, "nowhere.png: no such file"),
        ("images:nowhere.JPG", None, "nowhere.JPG: no such file"),
        (f"{'x' * 300}.png", None, "x.png: cannot be read (File name too long)"),
        ("nowhere.npz", None, "nowhere.npz: no such file; `hopcli select` writes patterns.npz"),
        ("nowhere", None, "must be one of mnist"),
        ("empty.txt", b"", "empty.txt: must hold patterns drawn with '#' and '.', found none"),
        ("wrong.txt", b"#.\n#x\n", "wrong.txt: line 2: "),
        ("uneven.txt", b"#.\n#\n", "uneven.txt: line 2: must be 2 wide"),
        ("bytes.txt", b"\xff\xfe\x00", "bytes.txt: cannot be read"),
        ("bytes.npz", b"not an archive", "bytes.npz: cannot be read (File is not a zip file)"),
        ("empty.npz", b"", "empty.npz: cannot be read (File is not a zip file)"),
    ],
)
def test_bad_files_are_refused_in_one_line(
    run_hopcli: RunHopcli, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    assert words in run_hopcli("show", name).refused()


def test_a_folder_without_pictures_is_refused(run_hopcli: RunHopcli) -> None:
    Path("nothing").mkdir()
    assert "nothing: must hold pictures" in run_hopcli("show", "nothing").refused()


@pytest.mark.parametrize("flags", [["--width", "0"], ["--width", "x"], ["--most", "0"], []])
def test_wrong_options_are_refused_in_one_line(run_hopcli: RunHopcli, flags: list[str]) -> None:
    message = run_hopcli("show", *(["text:3x3", *flags] if flags else [])).refused()
    assert (flags[0] if flags else "FILE") in message
