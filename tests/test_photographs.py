"""Letters and photographs become patterns that look like them."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hopcli.config import Facts, RecallConfig
from hopcli.datasets import Dataset, Size, load_dataset
from hopcli.datasets.thresholds import levels
from hopcli.errors import DataError

if TYPE_CHECKING:
    from conftest import RunHopcli

Grey = NDArray[np.uint8]


# --- the level of a picture


def _brute_force(grey: Grey) -> int:
    """The lowest level with the greatest variance between classes, in whole numbers."""
    values = [int(v) for v in grey.ravel()]
    best, found = (0, 1), 0
    for t in range(256):
        low, high = [v for v in values if v <= t], [v for v in values if v > t]
        if low and high:
            top = (sum(low) * len(high) - sum(high) * len(low)) ** 2
            bottom = len(low) * len(high)
            if top * best[1] > best[0] * bottom:
                best, found = (top, bottom), t
    return found


@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=20),
    st.lists(st.integers(0, 255), min_size=1, max_size=5),
)
def test_otsu_parts_grey_values_as_well_as_can_be(values: list[int], common: list[int]) -> None:
    grey = np.array(values + common * 7, np.uint8)
    low = grey[grey <= levels(grey[None], "otsu")[0]]
    high = grey[grey > levels(grey[None], "otsu")[0]]
    if len(set(grey.tolist())) == 1:
        return
    best = grey[grey <= _brute_force(grey)], grey[grey > _brute_force(grey)]

    def between(one: Grey, other: Grey) -> float:
        return len(one) * len(other) * float(one.mean() - other.mean()) ** 2

    assert between(low, high) == pytest.approx(between(*best), rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        ({0: 5, 255: 5}, 0),
        ({10: 2, 12: 1, 200: 1, 201: 2}, 12),
        # 8 x 8 example: means 10 and 100 and 150, (60, 3, 1): the small class is apart.
        ({10: 60, 100: 3, 150: 1}, 10),
        ({0: 1, 1: 1, 2: 1, 3: 1}, 1),
        # The textbook's six levels: classes 0..2 and 3..5 of 8, 7, 2, 6, 9, 4 pixels.
        ({0: 8, 1: 7, 2: 2, 3: 6, 4: 9, 5: 4}, 2),
        ({254: 3, 255: 1}, 254),
        ({0: 1, 1: 3}, 0),
    ],
)
def test_otsu_of_known_histograms(counts: dict[int, int], level: int) -> None:
    grey = np.repeat(list(counts), list(counts.values())).astype(np.uint8)
    assert levels(grey[None], "otsu").tolist() == [level]
    assert _brute_force(grey) == level


def test_each_picture_has_a_level_of_its_own() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (5000, 9)).astype(np.uint8)
    assert levels(grey, "otsu")[::700].tolist() == [_brute_force(one) for one in grey[::700]]
    assert levels(grey, "mean").tolist() == grey.mean(axis=1).astype(np.uint8).tolist()
    assert levels(grey, 7).tolist() == [7] * 5000


def test_any_source_takes_a_level_of_each_image() -> None:
    from sklearn.datasets import load_digits

    grey = load_digits().data
    mean = load_dataset("digits", threshold="mean")
    assert np.array_equal(mean.spins > 0, grey > grey.mean(axis=1, keepdims=True))
    assert mean.threshold == "mean"
    otsu = load_dataset("digits", threshold="otsu")
    for image, spins in zip(grey[:50], otsu.spins, strict=False):
        assert np.array_equal(spins > 0, image > _brute_force(image.astype(np.uint8)))


def test_the_threshold_left_open_is_a_matter_of_the_source(tmp_path: Path) -> None:
    for dataset, threshold in (
        ("mnist", 0),
        ("digits", 0),
        ("drawings", 0),
        ("idx:some", 0),
        ("npz:some", 0),
        ("openml:some", 0),
        ("text:some", 0),
        ("images:some", "otsu"),
    ):
        given = RecallConfig(dataset=dataset)
        assert given.threshold is None
        resolved = given.resolve(Facts(dataset, (2, 2), ("a", "b")))
        assert resolved.threshold == threshold
        assert resolved.resolve(Facts(dataset, (2, 2), ("a", "b"))).threshold == threshold
    assert (
        RecallConfig(dataset="images:some", threshold=0)
        .resolve(Facts("images:some", (2, 2), ("a", "b")))
        .to_dict()["threshold"]
        == 0
    )
    assert load_dataset("drawings").threshold == 0


def test_the_manifest_says_what_the_threshold_was(run_hopcli: RunHopcli) -> None:
    Path("pictures").mkdir()
    _letter("H").save("pictures/h.png")
    _letter("L").save("pictures/l.png")
    flags = ["--dataset", "images:pictures", "--size", "16x20", "--crop", "--no-figures", "-q"]
    assert run_hopcli("select", *flags).code == 0
    config = json.loads(Path("results/select/select.json").read_text())["config"]
    assert (config["threshold"], config["size"], config["crop"]) == ("otsu", [16, 20], True)
    assert run_hopcli("run", "results/select/select.json", "-q").code == 0
    again = json.loads(Path("results/select-again/select.json").read_text())
    assert again["config"] == config
    message = run_hopcli("select", *flags, "--threshold", "ostu").refused()
    assert message.startswith("--threshold ")
    assert all(word in message for word in ("0", "255", "otsu", "mean", "'ostu'"))


# --- letters


def _letter(name: str, *, ink: int = 255, paper: int = 0, side: int = 200) -> Image.Image:
    """Strokes of an eighth of the picture's width, drawn with soft edges."""
    large = Image.new("L", (4 * side, 4 * side), paper)
    draw = ImageDraw.Draw(large)
    bars: dict[str, list[tuple[float, float, float, float]]] = {
        "H": [(1, 0, 2, 8), (6, 0, 7, 8), (1, 3.5, 7, 4.5)],
        "L": [(1, 0, 2, 8), (1, 7, 7, 8)],
    }
    for bar in bars[name]:
        draw.rectangle([4 * side * v / 8 for v in bar], fill=ink)
    return large.resize((side, side), Image.Resampling.BICUBIC)


def _runs(row: NDArray[np.int8]) -> list[int]:
    """Lengths of the pieces of ink in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[-1], row, [-1]])))
    return [int(n) for n in (edges[1::2] - edges[::2])]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("side", [16, 30, 50])
def test_a_letter_has_strokes_not_outlines(tmp_path: Path, dark: bool, side: int) -> None:
    grey = (20, 235) if dark else (235, 20)
    _letter("H", ink=grey[0], paper=grey[1]).save(tmp_path / "h.png")
    dataset = load_dataset(f"images:{tmp_path}", size=(side, side), invert=dark)
    picture = dataset.spins.reshape(side, side)
    stroke = side / 8
    for row in (0, side // 4, side - 1):
        runs = _runs(picture[row])
        assert len(runs) == 2, "two uprights, each in one piece"
        assert all(abs(n - stroke) <= 1 for n in runs)
    (bar,) = _runs(picture[side // 2])
    assert abs(bar - 6 * stroke) <= 1
    assert np.mean(picture > 0) == pytest.approx(20 / 64, abs=0.06)


# --- photographs


def _photograph(path: Path, size: tuple[int, int] = (640, 400)) -> NDArray[np.bool_]:
    """A bright disc before a slope of grey, with noise; where the disc is."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    disc = np.hypot(x - 0.6 * width, y - 0.4 * height) < 0.22 * height
    noise = np.random.default_rng(1).standard_normal((height, width), np.float32)
    grey = 50 + 60 * x / width + np.where(disc, 110, 0) + 8 * noise
    rgb = np.stack([np.clip(grey * tint, 1, 255).astype(np.uint8) for tint in (1.05, 1, 0.95)], -1)
    Image.fromarray(rgb).save(path, compress_level=1, method=0)  # of PNG and WebP: fast
    return disc


def _agreement(dataset: Dataset, mask: NDArray[np.bool_]) -> float:
    return float(np.mean((dataset.spins[0].reshape(dataset.shape) > 0) == mask))


def test_a_photograph_is_parted_into_object_and_background(tmp_path: Path) -> None:
    disc = _photograph(tmp_path / "disc.jpg")
    spec = f"images:{tmp_path}"
    whole = load_dataset(spec)
    assert (whole.shape, whole.threshold) == ((400, 640), "otsu")
    assert _agreement(whole, disc) > 0.995
    small = load_dataset(spec, size=(64, 40))
    assert _agreement(small, disc[5::10, 5::10]) > 0.985
    square = load_dataset(spec, size=(64, 64)).spins.reshape(64, 64)
    assert np.array_equal(square[12:52].ravel(), small.spins[0])
    assert np.all(square[:12] == -1), "paper above"
    assert np.all(square[52:] == -1), "and below"
    cropped = load_dataset(spec, size=Size(40, 40, crop=True))
    middle = np.s_[5::10, 125:515:10]
    assert _agreement(cropped, np.pad(disc[middle], ((0, 0), (0, 1)))) > 0.98


def test_at_a_threshold_of_zero_it_is_blank_and_that_is_said(run_hopcli: RunHopcli) -> None:
    Path("pictures").mkdir()
    _photograph(Path("pictures/disc.png"), (64, 40))
    run = ["select", "--dataset", "images:pictures", "--no-figures", "-q"]
    message = run_hopcli(*run, "--threshold", "0").refused()
    assert message.startswith("pictures/disc.png: ")
    assert "--threshold otsu" in message
    for threshold in ("otsu", "mean", "150"):
        assert run_hopcli(*run, "--threshold", threshold, "--overwrite").code == 0
    Image.new("L", (64, 40), 200).save("pictures/wall.png")
    message = run_hopcli(*run, "--overwrite").refused()
    assert message.startswith("pictures/wall.png: ")
    assert message.endswith(" 200")
    message = run_hopcli(*run, "--size", "1x1", "--overwrite").refused()
    assert message.startswith("pictures/disc.png: ")
    assert "--size" in message


def test_equal_pictures_and_inverses_are_refused_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (8, 8)).astype(np.uint8)
    for name, picture in (("a", grey), ("b", grey.T), ("c", grey)):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    with pytest.raises(DataError, match=r"c\.png: .*a\.png, .*otsu"):
        load_dataset(f"images:{tmp_path}")
    Image.fromarray(np.where(grey > 127, 0, 255).astype(np.uint8)).save(tmp_path / "c.png")
    with pytest.raises(DataError, match=r"c\.png: .*a\.png, .*inverse"):
        load_dataset(f"images:{tmp_path}", threshold=127)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_seven_megapixels_are_shrunk_while_they_are_read(tmp_path: Path, suffix: str) -> None:
    disc = _photograph(tmp_path / f"large.{suffix}", (3000, 2400))
    with pytest.raises(DataError, match=r"4,000,000 .* 7,200,000"):
        load_dataset(f"images:{tmp_path}")
    tracemalloc.start()
    dataset = load_dataset(f"images:{tmp_path}", size=(40, 32))
    if suffix != "webp":  # which Pillow cannot decode in parts
        assert tracemalloc.get_traced_memory()[1] < 5e6, "no array of the whole picture"
    tracemalloc.stop()
    assert _agreement(dataset, disc[37::75, 37::75]) > 0.97


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_large_photograph_taken_on_its_side_is_turned(tmp_path: Path, suffix: str) -> None:
    disc = _photograph(tmp_path / "plain.png", (2500, 1700))
    with Image.open(tmp_path / "plain.png") as picture:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
        picture.save(tmp_path / f"turned.{suffix}", exif=exif, compress_level=1)
    (tmp_path / "plain.png").unlink()
    dataset = load_dataset(f"images:{tmp_path}", size=(34, 50))
    upright = np.rot90(disc, -1)
    assert _agreement(dataset, upright[25::50, 25::50]) > 0.97


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("unit.tif", np.array([0, 0.25, 0.75, 1], np.float32)),
        ("whole.tif", np.array([0, 60, 190, 255], np.float32)),
        ("eight.png", np.array([0, 60, 190, 255], np.uint16)),
        ("twelve.png", np.array([0, 1000, 3000, 4095], np.uint16)),
        ("deep.png", np.array([0, 16_000, 48_000, 65_535], np.uint16)),
        ("bit.tif", np.array([0, 0, 1, 1], np.uint16)),
        ("dark.tif", np.array([7, 7, 9, 9], np.uint16)),
        ("wide.tif", np.array([0, 16_000, 48_000, 65_535], np.int32)),
    ],
)
def test_the_range_of_a_file_does_not_change_its_picture(
    tmp_path: Path, name: str, values: NDArray[Any]
) -> None:
    Image.fromarray(np.tile(values, (3, 1))).save(tmp_path / name)
    spins = load_dataset(f"images:{tmp_path}").spins
    assert spins.reshape(3, 4)[2].tolist() == [-1, -1, 1, 1]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.full((4, 4), 40_000, np.uint16), "40000"),
        (np.full((4, 4), 3, np.uint16), "3"),
        (np.full((4, 4), 0.5, np.float32), "0.5"),
        (np.eye(4, dtype=np.float32) - 0.5, "-0.5"),
        (np.eye(4, dtype=np.float32) * 12.5, "12.5"),
        (np.full((4, 4), np.nan, np.float32), "nan"),
        (np.eye(4, dtype=np.int32) * 10**6, "1000000"),
    ],
)
def test_a_refused_picture_is_described_by_its_own_values(
    tmp_path: Path, values: NDArray[Any], found: str
) -> None:
    Image.fromarray(values).save(tmp_path / "p.tif")
    with pytest.raises(DataError, match=rf"p\.tif: .*{found}\b"):
        load_dataset(f"images:{tmp_path}")
