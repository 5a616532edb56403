"""The user's own pictures and small patterns, from files to restored patterns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]

FORMATS = ("png", "jpg", "gif", "bmp")
QUIET = ["--no-figures", "--quiet"]
KEPT = [*QUIET, "--keep", "trials"]


def _ink(seed: int, side: int = 16) -> NDArray[np.bool_]:
    """A coarse random picture, in squares of 8 x 8 pixels as JPEG has them."""
    cells = np.random.default_rng(seed).random((side // 8 + 3, side // 8 + 3)) < 0.5
    return np.kron(cells, np.ones((8, 8), bool))[:side, :side].astype(np.bool_)


def _save(path: str, ink: NDArray[np.bool_], *, dark: bool = False) -> None:
    grey = np.where(ink != dark, 255, 0).astype(np.uint8)
    Path(path).parent.mkdir(exist_ok=True)
    Image.fromarray(grey).save(path)


def _save_four(*, dark: bool = False, side: int = 32) -> dict[str, NDArray[np.bool_]]:
    """One picture in each format."""
    inks = {f"in-{name}": _ink(seed, side) for seed, name in enumerate(FORMATS)}
    for (label, ink), name in zip(inks.items(), FORMATS, strict=True):
        _save(f"pictures/{label}.{name}", ink, dark=dark)
    return inks


def _patterns(folder: str = "results/select") -> dict[str, Spins]:
    with np.load(Path(folder) / "patterns.npz") as file:
        return dict(zip(file["labels"].tolist(), file["xi"], strict=True))


def test_select_takes_every_picture_of_every_format(run_hopcli: RunHopcli) -> None:
    inks = _save_four()
    flags = ["--dataset", "images:pictures", "--threshold", "128", *QUIET]
    assert run_hopcli("select", *flags).code == 0
    patterns = _patterns()
    assert sorted(patterns) == sorted(inks)
    for label, ink in inks.items():
        assert np.array_equal(patterns[label] > 0, ink.ravel())
    table = pd.read_csv("results/select/patterns.csv")
    assert sorted(table["label"]) == sorted(inks)
    assert sorted(table["source_index"]) == [0, 1, 2, 3]


def test_dark_ink_on_white_paper_is_inverted(run_hopcli: RunHopcli) -> None:
    inks = _save_four(dark=True)
    flags = ["--dataset", "images:pictures", "--threshold", "127", "--invert", *QUIET]
    assert run_hopcli("select", *flags).code == 0
    for label, spins in _patterns().items():
        assert np.array_equal(spins > 0, inks[label].ravel())


def test_pictures_of_any_size_are_resized(run_hopcli: RunHopcli) -> None:
    """The left half is ink; the picture keeps its proportions, so there is paper around."""
    expected = {}
    for name, (width, height), inside in (
        ("small", (8, 8), (4, 12, 0, 8)),
        ("wide", (40, 10), (0, 16, 2, 6)),
        ("tall", (10, 40), (7, 9, 0, 8)),
    ):
        grey = np.zeros((height, width), np.uint8)
        grey[:, : width // 2] = 255
        Path("pictures").mkdir(exist_ok=True)
        Image.fromarray(grey).save(f"pictures/{name}.png")
        left, right, top, bottom = inside
        expected[name] = np.zeros((8, 16), np.bool_)
        expected[name][top:bottom, left : (left + right) // 2] = True
    flags = ["--dataset", "images:pictures", "--size", "16x8", *QUIET]
    assert run_hopcli("select", *flags).code == 0
    for name, spins in _patterns().items():
        assert np.array_equal(spins.reshape(8, 16) > 0, expected[name])
    # They fill the size, and all are one half then.
    message = run_hopcli("select", *flags, "--crop").refused()
    assert all(name in message for name in ("tall.png", "small.png", "otsu"))
    assert "--threshold" not in message  # none would tell them apart
    message = run_hopcli("select", "--dataset", "images:pictures", "--crop", *QUIET).refused()
    assert message.startswith("--crop ")


@pytest.mark.parametrize("rule", ["pseudo-inverse", "storkey", "hebbian"])
def test_own_pictures_are_restored_from_a_quarter_of_flips(
    run_hopcli: RunHopcli, rule: str
) -> None:
    for seed in range(3):
        _save(f"pictures/random-{seed}.png", np.random.default_rng(seed).random((40, 40)) < 0.5)
    run = ["recall", "--dataset", "images:pictures", "--rule", rule, "--start", "flip:0.25"]
    run += ["--dynamics", "async", "--order", "permutation", "--until-stable"]
    assert run_hopcli(*run, "--tests", "10", "--repeats", "2", *KEPT).code == 0
    trials = pd.read_csv("results/recall/trials.csv")
    assert trials["label"].value_counts().to_dict() == {f"random-{i}": 20 for i in range(3)}
    assert trials["outcome"].tolist() == ["own"] * 60
    assert trials["overlap_own"].tolist() == [1] * 60


def test_selected_pictures_are_recalled_from_their_file(run_hopcli: RunHopcli) -> None:
    _save_four()
    data = ["--dataset", "images:pictures", "--threshold", "128"]
    assert run_hopcli("select", *data, *QUIET).code == 0
    run = ["recall", *data, "--patterns", "results/select/patterns.npz", "--start", "flip:0.1"]
    assert run_hopcli(*run, "--dynamics", "async", "--tests", "3", *KEPT).code == 0
    trials = pd.read_csv("results/recall/trials.csv")
    assert sorted(set(trials["label"])) == [f"in-{name}" for name in sorted(FORMATS)]
    assert (trials["outcome"] == "own").all()


def test_digits_names_which_pictures_are_stored(run_hopcli: RunHopcli) -> None:
    _save_four()
    run = ["weights", "--dataset", "images:pictures", "--threshold", "128", *QUIET]
    assert run_hopcli(*run, "--digits", "in-gif,in-bmp").code == 0
    table = pd.read_csv("results/weights/weights.csv")
    assert table["label"].tolist() == ["in-gif", "in-bmp"]
    message = run_hopcli(*run, "--digits", "in-gif,in-tiff").refused()
    assert message.startswith("--digits ")
    assert "in-tiff" in message
    assert "in-bmp" in message, "the labels there are"


def test_two_pictures_are_blended_by_name(run_hopcli: RunHopcli) -> None:
    for name, seed in (("here", 0), ("there", 1)):
        _save(f"pictures/{name}.png", np.random.default_rng(seed).random((20, 20)) < 0.5)
    run = ["recall", "--dataset", "images:pictures", "--dynamics", "async", "--until-stable"]
    run += ["--start", "blend:here:there:fill", "--order", "permutation", "--tests", "60"]
    assert run_hopcli(*run, "--repeats", "1", *QUIET).code == 0
    outcomes = pd.read_csv("results/recall/outcomes.csv").query("count > 0")
    assert sorted(outcomes["pattern"]) == ["here", "there"]
    assert outcomes["outcome"].tolist() == ["pattern"] * 2
    assert outcomes["count"].sum() == 60
    message = run_hopcli(*run, "--start", "blend:here:nowhere").refused()
    assert message.startswith("--start ")
    assert "here, there" in message


# --- what a user may have wrong


def _bad(name: str) -> None:
    """Make a folder of pictures with something wrong in it."""
    _save("pictures/good.png", _ink(0))
    path = Path("pictures", name)
    if name == "empty.png":
        path.write_bytes(b"")
    elif name == "text.jpg":
        path.write_text("this is no picture", encoding="utf-8")
    elif name == "cut.png":
        path.write_bytes(Path("pictures/good.png").read_bytes()[:48])
    elif name == "huge.bmp":
        Image.new("1", (2500, 2500)).save(path)
    elif name == "bomb.png":
        Image.new("1", (20_000, 20_000)).save(path)
    elif name == "other-size.gif":
        _save(str(path), _ink(0, 24))
    elif name == "good.bmp":
        _save(str(path), _ink(0))
    elif name == "other-kind.png":
        Image.new("L", (16, 16)).save(path, "PCX")


BAD = {
    "empty.png": ("PNG",),
    "text.jpg": ("PNG",),
    "other-kind.png": ("PNG",),
    "cut.png": (),
    "huge.bmp": ("4,000,000", "6,250,000"),
    "bomb.png": ("100,000,000",),
    "other-size.gif": ("16 x 16", "good.png"),
    "good.bmp": ("good.png",),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_are_refused_in_one_line(run_hopcli: RunHopcli, name: str) -> None:
    _bad(name)
    commands = ["select", "recall", "show"] if name == "cut.png" else ["select"]
    for command in commands:
        flags = ["--dataset", "images:pictures", *QUIET]
        message = run_hopcli(command, *(["pictures"] if command == "show" else flags)).refused()
        assert all(word in message for word in ("pictures", name, *BAD[name]))
        assert not Path("results").exists()


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("images:nowhere", "nowhere:"),
        ("images:empty", "notes.txt"),
        ("images:file.txt", "file.txt:"),
        ("images:", "--dataset"),
        ("images", "--dataset"),
        ("pictures", "--dataset"),
    ],
)
def test_folders_without_pictures_are_refused_in_one_line(
    run_hopcli: RunHopcli, dataset: str, words: str
) -> None:
    Path("empty").mkdir()
    Path("empty/notes.txt").write_text("no picture", encoding="utf-8")
    _save("pictures/one.png", _ink(0))
    Path("file.txt").write_bytes(Path("pictures/one.png").read_bytes())
    assert words in run_hopcli("select", "--dataset", dataset, *QUIET).refused()


def test_a_size_is_width_by_height_of_few_pixels_and_of_pictures(run_hopcli: RunHopcli) -> None:
    _save("pictures/one.png", _ink(0))
    for size in ("0x5", "5", "5x", "axb", "5x5x5", "-5x5", "5.5x5", "", "100000x100000"):
        flags = ["--dataset", "images:pictures", f"--size={size}", *QUIET]
        assert run_hopcli("select", *flags).refused().startswith("--size ")
    assert run_hopcli("select", "--size", "14x14", *QUIET).refused().startswith("--size ")


def test_own_patterns_as_text_are_restored(run_hopcli: RunHopcli) -> None:
    rng = np.random.default_rng(0)
    rows = [["".join(rng.choice(["#", "."], 30)) for _ in range(30)] for _ in range(3)]
    Path("own.txt").write_text("\n\n".join("\n".join(r) for r in rows), encoding="utf-8")
    run = ["recall", "--dataset", "text:own.txt", "--start", "flip:0.2", "--dynamics", "async"]
    assert run_hopcli(*run, "--order", "permutation", *KEPT).code == 0
    trials = pd.read_csv("results/recall/trials.csv")
    assert sorted(set(trials["label"])) == [1, 2, 3]
    assert (trials["outcome"] == "own").all()
    assert (trials["overlap_own"] == 1).all()
