"""Letters, drawings and photographs become patterns that look like them, and are restored."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHopcli
from numpy.typing import NDArray
from PIL import Image

from hopcli.data import drawings
from hopcli.datasets import Dataset, Size, embedded_files, load_dataset, pictures
from hopcli.datasets.pictures import EXTENSIONS
from hopcli.datasets.thresholds import levels
from hopcli.errors import DataError, HopcliWarning
from hopcli.patterns import read_patterns

Grey = NDArray[np.uint8]


def save(array: NDArray[Any], path: Path | str, **options: Any) -> None:
    """Write an array as a picture, in a folder that is made."""
    Path(path).parent.mkdir(exist_ok=True)
    Image.fromarray(array).save(path, **options)


def grey_of(ink: NDArray[np.bool_]) -> Grey:
    """Black paper with white ink."""
    return np.where(ink, 255, 0).astype(np.uint8)


def picture_of(dataset: Dataset, row: int = 0) -> list[str]:
    """One picture as text."""
    image = dataset.spins[row].reshape(dataset.shape)
    return ["".join("#" if spin > 0 else "." for spin in line) for line in image]


# --- the level of a picture


def _otsu(grey: Grey) -> int:
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


HISTOGRAMS: list[tuple[int, dict[int, int]]] = [
    (0, {0: 5, 255: 5}),
    (12, {10: 2, 12: 1, 200: 1, 201: 2}),
    (1, {0: 1, 1: 1, 2: 1, 3: 1}),
    (254, {254: 3, 255: 1}),
    (0, {0: 1, 1: 3}),
    (10, {10: 60, 100: 3, 150: 1}),  # the small class is apart
    (2, {0: 8, 1: 7, 2: 2, 3: 6, 4: 9, 5: 4}),  # the textbook's six levels
]


@pytest.mark.parametrize(("level", "counts"), HISTOGRAMS)
def test_otsu_of_known_histograms(level: int, counts: dict[int, int]) -> None:
    grey = np.repeat(list(counts), list(counts.values())).astype(np.uint8)
    assert levels(grey[None], "otsu").tolist() == [level] == [_otsu(grey)]


def test_each_picture_has_a_level_of_its_own() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (5000, 9)).astype(np.uint8)
    assert levels(grey, "otsu")[::700].tolist() == [_otsu(one) for one in grey[::700]]
    assert levels(grey, "mean").tolist() == grey.mean(axis=1).astype(np.uint8).tolist()
    assert levels(grey, 7).tolist() == [7] * 5000


# --- files of all kinds

PICTURE = np.array([[0, 255, 0], [255, 128, 0]], np.uint8)
OTHER = np.array([[255, 255, 255], [0, 0, 255]], np.uint8)
DEEP = (("deep.png", "u2"), ("wide.tif", "i4"))


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    save(PICTURE, tmp_path / "b.png")
    save(np.dstack([OTHER] * 3), tmp_path / "a.BMP")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_bytes(b"not a picture")
    (tmp_path / "folder.png").mkdir()
    with pytest.warns(HopcliWarning, match=r"4 .* 2 .*folder\.png, notes\.txt"):
        dataset = load_dataset(f"images:{tmp_path}", threshold=127)
    assert dataset.labels.tolist() == ["a", "b"]
    assert (dataset.name, dataset.shape) == (f"images:{tmp_path}", (2, 3))
    assert [picture_of(dataset, row) for row in (0, 1)] == [["###", "..#"], [".#.", "##."]]
    inverted = load_dataset(f"images:{tmp_path / 'b.png'}", threshold=127, invert=True)
    assert picture_of(inverted) == ["#.#", "..#"]


OWN = {"a": [0, 60, 120, 240], "b": [0, 60, 240, 120], "c": [240, 0, 240, 10]}
TREATED = {"a": "..##", "b": "#...", "c": ".#.#"}


def _own(folder: Path, *subfolders: str, treatments: str) -> Path:
    """Three pictures of one row, in a folder or in subfolders, and the file beside them."""
    for (name, row), sub in zip(OWN.items(), subfolders or ("",) * 3, strict=True):
        (folder / sub).mkdir(parents=True, exist_ok=True)
        save(np.array([row], np.uint8), folder / sub / f"{name}.png")
    (folder / "pictures.toml").write_text(treatments)
    return folder


def test_single_pictures_have_their_own_threshold_and_inversion(tmp_path: Path) -> None:
    text = "a = {threshold = 100, invert = false}\n'b.png' = {threshold = 50}"
    _own(tmp_path / "own", treatments=text)
    given: dict[str, Any] = {"threshold": 130, "invert": True}
    dataset = load_dataset(f"images:{tmp_path}/own", **given)
    assert [picture_of(dataset, row) for row in range(3)] == [[line] for line in TREATED.values()]
    wide = load_dataset(f"images:{tmp_path}/own", size=(6, 1), **given)
    assert [picture_of(wide, row)[0][1:-1] for row in range(3)] == [*TREATED.values()]
    assert np.all(wide.spins[:, [0, -1]] == -1)  # paper of its own colour
    assert picture_of(load_dataset(f"images:{tmp_path}/own/b.png", **given)) == ["#..."]
    of_classes = "'x/a' = {threshold = 100, invert = false}\n'x/b.png' = {threshold = 50}"
    classes = load_dataset(f"images:{_own(tmp_path / 'in', 'x', 'x', 'y', treatments=of_classes)}")
    assert classes.labels.tolist() == ["x", "x", "y"]
    assert classes.label_names == ("x", "y")
    assert picture_of(classes) == ["..##"]


TREATMENTS = {"d = {}": "'d'", "a = 60": "a", "a = {size = 3}": "a", "a = {": "pictures.toml"}
TREATMENTS |= {"a = {threshold = 300}": "300", "a = {threshold = true}": "True"}
TREATMENTS |= {"a = {invert = 1}": "1", "a = {threshold = 240}": "a.png"}


@pytest.mark.parametrize(("text", "named"), TREATMENTS.items())
def test_impossible_treatments_are_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        load_dataset(f"images:{_own(tmp_path, treatments=text)}")


def test_pictures_become_a_file_of_patterns_and_a_sheet(run_hopcli: RunHopcli) -> None:
    text = "a = {threshold = 100, invert = false}\nb = {threshold = 50}"
    _own(Path("own"), treatments=text)
    words = ["pictures", "own", "--threshold", "130", "--invert", "--out", "own.npz"]
    assert run_hopcli(*words).code == 0
    made = read_patterns(Path("own.npz"))
    assert (made.labels, made.shape, made.dataset) == (("a", "b", "c"), (1, 4), "images:own")
    assert np.array_equal(made.xi > 0, [[c == "#" for c in line] for line in TREATED.values()])
    assert run_hopcli("live", "--patterns", "own.npz", "--rule", "hebbian").code == 0
    before = Path("own.npz").read_bytes()
    with Image.open("own.png") as sheet:
        assert sheet.width > 2 * sheet.height
    assert "own.npz" in run_hopcli(*words[:-2], "--out", "own.npz").refused()
    run_hopcli(*words[:-1], "own.txt").refused()
    assert Path("own.npz").read_bytes() == before
    assert run_hopcli(*words[:2], "--overwrite", *words[-2:]).code == 0
    assert Path("own.npz").read_bytes() != before


@pytest.mark.parametrize("extension", [*EXTENSIONS, ".BMP", ".TIFF"])
def test_pictures_with_every_extension_are_read(tmp_path: Path, extension: str) -> None:
    ink = np.kron([[0, 1], [1, 1]], np.ones((8, 8))) > 0
    picture = Image.fromarray(grey_of(ink).astype(np.float32 if extension == ".pfm" else np.uint8))
    picture.convert("1" if extension == ".pbm" else picture.mode).save(tmp_path / f"p{extension}")
    for spec in (f"images:{tmp_path}", f"images:{tmp_path}/p{extension}"):
        found = load_dataset(spec)
        assert np.array_equal(found.spins.reshape(16, 16) > 0, ink)
        assert found.labels.tolist() == ["p"]


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_every_page_and_frame_is_a_picture(tmp_path: Path, name: str) -> None:
    frames = [Image.fromarray(picture) for picture in (PICTURE, OTHER)]
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
    for spec in (f"images:{tmp_path}", f"images:{tmp_path / name}"):
        dataset = load_dataset(spec, threshold=127)
        assert dataset.labels.tolist() == ["a-1", "a-2"]
        assert [picture_of(dataset, row) for row in (0, 1)] == [[".#.", "##."], ["###", "..#"]]
    frames[0].save(tmp_path / "a-2.png")
    with pytest.raises(DataError, match=rf"{name} page 2: .*a-2\.png|a-2\.png: .*{name}"):
        load_dataset(f"images:{tmp_path}", threshold=127)


@pytest.mark.parametrize(("ink", "rows"), [(0, ["#.#", "..#"]), (255, [".#.", "##."])])
def test_transparent_is_paper(tmp_path: Path, ink: int, rows: list[str]) -> None:
    """One colour everywhere, but only opaque where PICTURE has ink."""
    save(np.dstack([np.full((2, 3, 3), ink, np.uint8), PICTURE[..., None]]), tmp_path / "a.png")
    assert picture_of(load_dataset(f"images:{tmp_path}", threshold=127)) == rows


GREYS: list[tuple[str, str, tuple[float, ...]]]
GREYS = [("unit.tif", "f4", (0, 0.25, 0.75, 1)), ("whole.tif", "f4", (0, 60, 190, 255))]
GREYS += [("eight.png", "u2", (0, 60, 190, 255)), ("twelve.png", "u2", (0, 1000, 3000, 4095))]
GREYS += [(name, dtype, (0, 16_000, 48_000, 65_535)) for name, dtype in DEEP]
GREYS += [("bit.tif", "u2", (0, 0, 1, 1)), ("dark.tif", "u2", (7, 7, 9, 9))]


@pytest.mark.parametrize(("name", "dtype", "values"), GREYS)
def test_ranges_of_grey(tmp_path: Path, name: str, dtype: str, values: tuple[float, ...]) -> None:
    save(np.tile(np.array(values, dtype), (3, 1)), tmp_path / name)
    for threshold in ("otsu",) if name == "dark.tif" else ("otsu", 127):
        assert picture_of(load_dataset(f"images:{tmp_path}", threshold=threshold)) == ["..##"] * 3


def test_the_threshold_that_would_tell_two_pictures_apart_is_named(tmp_path: Path) -> None:
    """Above 9 both are one half; the level of each parts its own lights."""
    save(np.array([[0, 10, 250, 250]], np.uint8), tmp_path / "a.png")
    save(np.array([[0, 200, 200, 210]], np.uint8), tmp_path / "b.png")
    with pytest.raises(DataError, match=r"b\.png: .*a\.png.* --threshold otsu.* --threshold mean"):
        load_dataset(f"images:{tmp_path}", threshold=9)
    assert picture_of(load_dataset(f"images:{tmp_path}"), 1) == [".###"]
    save(np.array([[0, 10, 250, 250]], np.uint8), tmp_path / "b.png")
    with pytest.raises(DataError) as error:
        load_dataset(f"images:{tmp_path}")
    assert "--threshold" not in str(error.value)  # none would tell them apart
    same = np.array([[60, 0, 0, 0], [0, 200, 100, 100]], np.uint8)  # inverses by otsu alone
    with pytest.raises(DataError, match=r"b: .* otsu \(try --threshold mean, or leave"):
        pictures.check_different(
            np.where(same > 0, 1, -1).astype(np.int8), ("a", "b"), "otsu", same
        )


# --- drawings


def test_drawings_are_what_their_code_draws(tmp_path: Path) -> None:
    """And hardly more alike than blank paper makes them; a line is as wide as it says."""
    dataset = load_dataset("drawings")
    assert (dataset.name, dataset.shape) == ("drawings", (128, 128))
    assert dataset.labels.tolist() == sorted(drawings.PICTURES)
    for label, spins in zip(dataset.labels, dataset.spins, strict=True):
        assert np.array_equal(spins.reshape(128, 128) > 0, drawings.draw(str(label)))
        assert 0.05 < np.mean(spins > 0) < 0.2
    spins, means = dataset.spins.astype(int), dataset.spins.mean(axis=1)
    excess = spins @ spins.T / spins.shape[1] - np.outer(means, means)
    assert np.all(np.abs(excess[np.triu_indices(3, 1)]) < 0.1)
    # The mast of the boat is vertical, at x = 62: three pixels in a row without sails.
    assert np.flatnonzero(drawings.draw("boat")[80]).tolist() == [61, 62, 63]
    written = drawings.write(tmp_path / "new")
    assert sorted(path.name for path in written) == [path.name for path in embedded_files()[1:]]
    assert np.array_equal(load_dataset(f"images:{tmp_path / 'new'}").spins, dataset.spins)


# --- sizes


def test_pictures_are_resized_to_width_and_height(tmp_path: Path) -> None:
    """They keep their proportions, with paper around, or fill the size."""
    save(np.kron(grey_of(np.eye(2) > 0), np.ones((8, 8), np.uint8)), tmp_path / "a.png")
    save(np.tile(np.arange(9, dtype=np.uint8) * 28, (5, 1)), tmp_path / "b.png")
    for size, invert, picture in (
        (Size(4, 2), False, [".#..", "..#."]),
        (Size(4, 2), True, ["..#.", ".#.."]),
        (Size(4, 2, crop=True), False, ["##..", "..##"]),
        (Size(2, 6), False, ["..", "..", "#.", ".#", "..", ".."]),
    ):
        dataset = load_dataset(f"images:{tmp_path}", size=size, threshold=127, invert=invert)
        assert dataset.shape == (size.height, size.width)
        assert picture_of(dataset) == picture


def test_a_pixel_is_the_mean_of_the_area_that_it_covers(tmp_path: Path) -> None:
    """Two of five columns are light: 255 * 2 / 5 = 102."""
    save(np.tile(grey_of(np.array([1, 0, 1, 0, 0]) > 0), (5, 4)), tmp_path / "a.png")
    (page,) = pictures.read_pages(tmp_path / "a.png", Size(4, 1))
    assert page.tolist() == [[102] * 4]


def test_a_folder_has_limited_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 11)
    for name, picture in (("a", PICTURE), ("b", OTHER)):
        save(picture, tmp_path / f"{name}.png")
    with pytest.raises(DataError, match=r"11 .* 12"):
        load_dataset(f"images:{tmp_path}")


def _photograph(path: Path, size: tuple[int, int] = (640, 400)) -> NDArray[np.bool_]:
    """A bright disc before a slope of grey, with noise; where the disc is."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    disc = np.hypot(x - 0.6 * width, y - 0.4 * height) < 0.22 * height
    noise = np.random.default_rng(1).standard_normal((height, width), np.float32)
    grey = 50 + 60 * x / width + np.where(disc, 110, 0) + 8 * noise
    rgb = np.stack([np.clip(grey * tint, 1, 255).astype(np.uint8) for tint in (1.05, 1, 0.95)], -1)
    save(rgb, path, compress_level=1, method=0)  # of PNG and WebP: fast
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
    cropped = load_dataset(spec, size=Size(40, 40, crop=True))
    middle = np.s_[5::10, 125:515:10]
    assert _agreement(cropped, np.pad(disc[middle], ((0, 0), (0, 1)))) > 0.98


@pytest.mark.parametrize("suffix", ["jpg", "png", pytest.param("webp", marks=pytest.mark.slow)])
def test_large_photographs_are_shrunk_while_they_are_read(tmp_path: Path, suffix: str) -> None:
    disc = _photograph(tmp_path / f"large.{suffix}", (2400, 1800))
    with pytest.raises(DataError, match=r"4,000,000 .* 4,320,000"):
        load_dataset(f"images:{tmp_path}")
    tracemalloc.start()
    dataset = load_dataset(f"images:{tmp_path}", size=(40, 30))
    if suffix != "webp":  # which Pillow cannot decode in parts
        assert tracemalloc.get_traced_memory()[1] < 3e6, "no array of the whole picture"
    tracemalloc.stop()
    assert _agreement(dataset, disc[30::60, 30::60]) > 0.97


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_large_photograph_taken_on_its_side_is_turned(tmp_path: Path, suffix: str) -> None:
    disc = _photograph(tmp_path / "plain.png", (2500, 1700))
    with Image.open(tmp_path / "plain.png") as picture:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
        picture.save(tmp_path / f"turned.{suffix}", exif=exif, compress_level=1)
    (tmp_path / "plain.png").unlink()
    dataset = load_dataset(f"images:{tmp_path}", size=(34, 50))
    assert _agreement(dataset, np.rot90(disc, -1)[25::50, 25::50]) > 0.97
