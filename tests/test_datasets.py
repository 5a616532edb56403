"""Every source: what it loads, and the one line it says when it cannot."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
from PIL import Image

from hopcli import data
from hopcli.data import drawings
from hopcli.datasets import (
    SOURCES,
    Dataset,
    Size,
    embedded_files,
    load_dataset,
    mnist,
    pictures,
    texts,
    verify_embedded,
)
from hopcli.datasets import shipped as shipped_files
from hopcli.datasets.idx import read_idx
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, HopcliWarning, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def data_error(*pieces: str, spec: str, **settings: Any) -> str:
    """Load, expect a DataError of one line that has all pieces, return it."""
    with pytest.raises(DataError) as caught:
        load_dataset(spec, **settings)
    message = str(caught.value)
    assert "\n" not in message
    for piece in pieces:
        assert piece in message
    return message


def rows(dataset: Dataset, index: int) -> list[str]:
    """One image as text."""
    image = dataset.spins[index].reshape(dataset.shape)
    return ["".join("#" if spin > 0 else "." for spin in row) for row in image]


# The embedded MNIST.


@pytest.fixture(scope="module")
def train() -> Dataset:
    return load_dataset()


def test_the_default_is_the_training_set_as_spins(train: Dataset) -> None:
    assert (train.name, train.threshold, train.shape) == ("mnist:train", 0, (28, 28))
    assert train.spins.shape == (60_000, 784)
    assert (train.spins.dtype.name, train.n_sites, len(train)) == ("int8", 784, 60_000)
    assert set(np.unique(train.spins[::50])) == {-1, 1}
    assert train.spins.flags.c_contiguous
    assert not train.spins.flags.writeable
    assert not train.labels.flags.writeable
    assert train.sha256 == data.MNIST_SHA256


def test_the_training_set_keeps_its_original_order(train: Dataset) -> None:
    # The study's ten patterns, digits 0 to 9, and the first ten published labels.
    study = [39155, 7411, 38406, 21607, 28089, 38060, 25559, 55147, 52050, 49358]
    assert train.labels[study].tolist() == [str(digit) for digit in range(10)]
    assert "".join(train.labels[:10]) == "5041921314"


def test_overlap_of_the_images_in_the_study(train: Dataset) -> None:
    q = train.spins[[9, 28089]].astype(int) @ train.spins[[56, 39155]].astype(int).T / 784
    assert np.diag(q) == pytest.approx([0.441, 0.554], abs=5e-4)


def test_counts_of_each_digit_are_the_published_ones(train: Dataset) -> None:
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert train.counts() == {str(digit): count for digit, count in enumerate(counts)}
    test = load_dataset(split="test")
    assert list(test.counts().values()) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_all_is_train_then_test(train: Dataset) -> None:
    everything, test = load_dataset(split="all"), load_dataset(split="test")
    assert test.name == "mnist:test"
    assert np.array_equal(everything.spins[:60_000], train.spins)
    assert np.array_equal(everything.spins[60_000:], test.spins)
    assert np.array_equal(everything.labels, np.concatenate([train.labels, test.labels]))


@pytest.mark.parametrize(
    "split", ["test", *(pytest.param(s, marks=pytest.mark.slow) for s in ("train", "all"))]
)
def test_reading_with_and_without_grey_values_agrees(split: str) -> None:
    grey = mnist.load_mnist(split, binary=False).grey
    bits = mnist.load_mnist(split, binary=True).grey
    assert np.array_equal(grey > 0, bits)
    for threshold in (127, 254, 255):
        spins = load_dataset(split=split, threshold=threshold).spins
        assert np.array_equal(spins > 0, grey > threshold)
    assert not np.any(spins > 0)


def test_the_four_original_hashes_come_back() -> None:
    checks = verify_embedded()
    assert [check.name for check in checks] == [
        "mnist.npz",
        *(original.name for original in data.ORIGINALS),
        *(f"drawings/{name}.png" for name in ("boat", "fish", "house")),
        *(f"texts/{name}.txt" for name in ("3x3-start", "3x3", "4x4-start", "4x4", "6-start", "6")),
    ]
    assert all(check.ok for check in checks)
    assert checks[1].found.startswith("ba891046e6505d7a")
    assert checks[4].found.startswith("ff7bcfd416de3373")


def test_the_default_threshold_does_not_open_the_grey_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    original = Archive.read

    def spy(self: Archive, name: str) -> NDArray[Any]:
        read.append(name)
        return original(self, name)

    monkeypatch.setattr(Archive, "read", spy)
    load_dataset(split="test")
    assert read == ["bits", "labels"]
    load_dataset(split="test", threshold=1)
    assert read[2:] == ["bits", "labels", "grey"]


def test_loading_imports_nothing_heavy() -> None:
    code = (
        "import sys, hopcli.datasets as d; d.load_dataset(split='test');"
        "print([m for m in ('sklearn', 'PIL', 'pandas', 'scipy', 'numba') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def _damaged(tmp_path: Path, change: Callable[[bytearray], bytearray]) -> Path:
    path = tmp_path / "mnist.npz"
    path.write_bytes(change(bytearray(data.MNIST_FILE.read_bytes())))
    return path


def _flip(content: bytearray) -> bytearray:
    content[1_000_000] ^= 0xFF
    return content


@pytest.mark.parametrize("change", [_flip, lambda c: c[:5_000_000], lambda c: c[:0]])
def test_a_damaged_embedded_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[bytearray], bytearray]
) -> None:
    path = _damaged(tmp_path, change)
    monkeypatch.setattr(mnist, "MNIST_FILE", path)
    data_error(str(path), "cannot be read", "install hopcli again", spec="mnist")
    checks = verify_embedded()
    assert [check.ok for check in checks[:6]] == [False] * 5 + [True]
    assert checks[0].found == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "cannot be read" in checks[1].found


def test_another_archive_in_its_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mnist.npz"
    np.savez(path, bits=np.zeros((70_000, 98), np.uint8), labels=np.zeros(70_000, np.uint8))
    monkeypatch.setattr(mnist, "MNIST_FILE", path)
    data_error("CRC-32 of bits must be dc3ba0f3, found", spec="mnist")


def test_a_missing_embedded_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "MNIST_FILE", tmp_path / "mnist.npz")
    data_error("mnist.npz: no such file", spec="mnist")
    assert verify_embedded()[0].found.startswith("nothing: ")


@pytest.mark.parametrize(
    ("spec", "name"),
    [("drawings", "fish.png"), ("text:4x4", "4x4.txt"), ("text:3x3-start", "3x3-start.txt")],
)
@pytest.mark.parametrize("damage", ["a pixel", "cut", "missing"])
def test_a_damaged_drawing_or_text_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, name: str, damage: str
) -> None:
    shipped = {}
    for constant in ("DRAWINGS", "TEXTS"):
        original = getattr(data, constant)
        copy = tmp_path / original.name
        shutil.copytree(original, copy)
        shipped[copy] = data.SHIPPED_SHA256[original]
        monkeypatch.setattr(pictures if constant == "DRAWINGS" else texts, constant, copy)
    for module in (pictures, texts, shipped_files, mnist):
        monkeypatch.setattr(module, "SHIPPED_SHA256", shipped)
    (path,) = tmp_path.glob(f"*/{name}")
    load_dataset(spec)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    elif name == "fish.png":
        with Image.open(path) as picture:
            picture.putpixel((0, 0), 1)
            picture.save(path)
    else:
        path.write_text(path.read_text().replace("#", ".", 1))
    data_error(name, spec=spec)
    wrong = [check for check in verify_embedded() if not check.ok]
    assert [check.name for check in wrong] == [f"{path.parent.name}/{name}"]
    assert wrong[0].found.startswith("nothing:") == (damage == "missing")


def test_own_texts_of_the_names_that_ship_are_free(tmp_path: Path) -> None:
    path = tmp_path / "4x4.txt"
    path.write_text("##\n")
    assert rows(load_dataset(f"text:{path}"), 0) == ["##"]


def test_embedded_files_are_there() -> None:
    names = [path.name for path in embedded_files()]
    assert names == ["mnist.npz", "boat.png", "fish.png", "house.png"]
    assert all(path.is_file() for path in embedded_files())


# The record.


def _dataset(spins: NDArray[np.int8], labels: list[str], shape: tuple[int, int]) -> Dataset:
    return Dataset("own", spins, np.array(labels), shape, 0, "")


def test_labels_are_in_numeric_order_then_by_name() -> None:
    dataset = _dataset(np.ones((5, 2), np.int8), ["10", "b", "9", "a", "10"], (1, 2))
    assert dataset.label_names == ("9", "10", "a", "b")
    assert dataset.counts() == {"9": 1, "10": 2, "a": 1, "b": 1}
    assert dataset.indices_of("10").tolist() == [0, 4]
    assert dataset.indices_of("10").dtype == np.int64
    assert dataset.indices_of("10") is dataset.indices_of("10")
    assert not dataset.indices_of("10").flags.writeable
    with pytest.raises(SettingError, match=r"^label must be one of 9, 10, a, b \(own\), found '1'"):
        dataset.indices_of("1")


@pytest.mark.parametrize(
    ("spins", "shape"),
    [
        (np.zeros((2, 4), np.int8), (2, 2)),
        (np.full((2, 4), 3, np.int8), (2, 2)),
        (np.full((2, 4), -3, np.int8), (2, 2)),
        (np.ones((2, 4), np.int8), (2, 3)),
        (np.ones((3, 4), np.int8), (2, 2)),
        (np.ones((4, 2), np.int8).T, (2, 2)),
        (np.ones((0, 4), np.int8), (2, 2)),
    ],
)
def test_the_record_refuses_what_are_no_spins(
    spins: NDArray[np.int8], shape: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="spins"):
        _dataset(spins, ["0", "1"][: len(spins)], shape)


# Settings.


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        ("mnits", {}, r"dataset must be one of mnist, .*\(did you mean mnist\?\), found 'mnits'"),
        ("Digit", {}, r"did you mean digits\?"),
        ("idxx:some", {}, r"did you mean idx:DIR\?"),
        ("", {}, r"dataset must be one of mnist, .*text:FILE.*found ''"),
        ("mnist:test", {}, r"dataset must be written mnist \(the split is a setting of its own\)"),
        ("digits:", {}, r"dataset must be written digits, found 'digits:'"),
        ("idx", {}, r"dataset must be written idx:DIR, found 'idx'"),
        ("images:", {}, r"dataset must be written images:DIR, found 'images:'"),
        ("mnist", {"split": "validation"}, r"split must be one of train, test, all, found 'val"),
        ("digits", {"split": "test"}, r"split must be train or all: digits has no test set"),
        ("mnist", {"threshold": -1}, r"threshold must .*255, or otsu or mean, found -1"),
        ("mnist", {"threshold": "ostu"}, r"threshold must .*255, or otsu or mean, found 'ostu'"),
        ("mnist", {"threshold": 256}, r"threshold must .*found 256"),
        ("mnist", {"threshold": 0.5}, r"threshold must .*found 0.5"),
        ("mnist", {"threshold": True}, r"threshold must .*found True"),
        ("mnist", {"size": (8, 8)}, r"size must be left out .*drawings.*images:DIR"),
        ("drawings", {"size": (0, 8)}, r"size must be \(width, height\).*found \(0, 8\)"),
        ("drawings", {"size": (10**6, 10**6)}, r"size must .*4,000,000 pixels, found"),
    ],
)
def test_impossible_settings(spec: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        load_dataset(spec, **settings)
    assert "\n" not in str(caught.value)


def test_sources_describe_themselves_in_one_line() -> None:
    for name, source in SOURCES.items():
        assert source.name == name
        assert 0 < len(source.description) < 80
        assert source.usage.partition(":")[0] == name


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.argument])
def test_a_missing_path_is_one_line(name: str, tmp_path: Path, offline: Path) -> None:
    path = tmp_path / "not-there"
    data_error("not-there", spec=f"{name}:{path.name if name == 'openml' else path}")
    data_error("no-such-user", spec=f"{name}:~no-such-user/x")
    data_error(spec=f"{name}:a\0b")
    if name != "openml":
        data_error("File name too long", spec=f"{name}:{'x' * 5000}")
        data_error("File name too long", spec=f"{name}:{tmp_path}/{'x' * 300}")


@pytest.mark.parametrize("name", ["images"])
def test_a_file_in_place_of_a_folder(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    data_error(str(path), "must be a folder", spec=f"{name}:{path}")


@pytest.mark.parametrize("name", ["npz", "text"])
def test_a_folder_in_place_of_a_file(name: str, tmp_path: Path) -> None:
    data_error(str(tmp_path), "must be a file, is a folder", spec=f"{name}:{tmp_path}")


@pytest.mark.parametrize("name", ["npz", "text"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data_error("pipe: must be a file, is none (a pipe", spec=f"{name}:{tmp_path / 'pipe'}")
    data_error("/dev/zero: must be a file, is none", spec=f"{name}:/dev/zero")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_pipe_in_a_folder_of_idx_files_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"train-images-idx3-ubyte{suffix}")
    os.mkfifo(tmp_path / f"train-labels-idx1-ubyte{suffix}")
    data_error(f"train-images-idx3-ubyte{suffix}: must be a file", spec=f"idx:{tmp_path}")


# scikit-learn's digits.


def test_digits_are_compared_with_their_own_grey_values() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    for threshold in (0, 7, 15, 16):
        dataset = load_dataset("digits", threshold=threshold)
        assert np.array_equal(dataset.spins > 0, digits.data > threshold)
    assert (dataset.name, dataset.shape, len(dataset)) == ("digits", (8, 8), 1797)
    assert dataset.labels.tolist() == [str(label) for label in digits.target]
    assert np.array_equal(load_dataset("digits", split="all").labels, dataset.labels)


def test_invert_negates_every_spin() -> None:
    plain = load_dataset("digits", threshold=5)
    inverted = load_dataset("digits", threshold=5, invert=True)
    assert np.array_equal(inverted.spins, -plain.spins)
    assert (plain.inverted, inverted.inverted) == (False, True)
    assert inverted.sha256 != plain.sha256


def test_the_hash_depends_on_spins_labels_and_shape(tmp_path: Path) -> None:
    def hash_of(text: str) -> str:
        path = tmp_path / "patterns.txt"
        path.write_text(text)
        return load_dataset(f"text:{path}").sha256

    texts = ["##\n..\n", "##\n.#\n", "a:\n##\n..\n", "##..\n"]
    assert len({hash_of(text) for text in texts}) == len(texts)
    assert hash_of(texts[0]) == hash_of("\n ##\r\n ..\r\n\r\n")


# IDX folders.

IMAGES = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3) * 20


def _idx(array: NDArray[np.uint8]) -> bytes:
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    return header + array.tobytes()


def _write_idx(
    directory: Path,
    *,
    images: NDArray[np.uint8] = IMAGES,
    labels: tuple[int, ...] = (7, 3),
    part: str = "train",
    packed: bool = False,
) -> None:
    arrays = {"images-idx3": images, "labels-idx1": np.array(labels, np.uint8)}
    for name, array in arrays.items():
        path = directory / f"{part}-{name}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(_idx(array), mtime=0) if packed else _idx(array))


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
@pytest.mark.parametrize("packed", [False, True])
def test_idx_folder(tmp_path: Path, packed: bool) -> None:
    _write_idx(tmp_path, packed=packed)
    _write_idx(tmp_path, images=IMAGES[:1], labels=(1,), part="t10k", packed=packed)
    dataset = load_dataset(f"idx:{tmp_path}", split="all", threshold=100)
    assert np.array_equal(
        dataset.spins > 0, np.concatenate([IMAGES, IMAGES[:1]]).reshape(3, 6) > 100
    )
    assert (dataset.labels.tolist(), dataset.shape) == (["7", "3", "1"], (2, 3))
    assert load_dataset(f"idx:{tmp_path}", split="test").labels.tolist() == ["1"]
    assert load_dataset(f"idx:{tmp_path}").name == f"idx:{tmp_path}:train"


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_a_raw_file_wins_over_a_packed_one(tmp_path: Path) -> None:
    _write_idx(tmp_path, labels=(7, 3))
    _write_idx(tmp_path, labels=(1, 2), packed=True)
    assert load_dataset(f"idx:{tmp_path}").labels.tolist() == ["7", "3"]


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_emnist_images_are_turned_upright(tmp_path: Path) -> None:
    _write_idx(tmp_path, part="emnist-letters-train", packed=True)
    _write_idx(tmp_path, part="emnist-letters-test", labels=(1, 2), packed=True)
    dataset = load_dataset(f"idx:{tmp_path}", split="test", threshold=100)
    assert dataset.shape == (3, 2)
    assert np.array_equal(dataset.spins[0].reshape(3, 2) > 0, IMAGES[0].T > 100)


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_two_data_sets_in_one_folder_are_refused(tmp_path: Path) -> None:
    _write_idx(tmp_path)
    _write_idx(tmp_path, part="emnist-letters-train")
    data_error(f"idx:{tmp_path}/MNIST", f"idx:{tmp_path}/emnist-letters", spec=f"idx:{tmp_path}")
    for name, shape in (("MNIST", (2, 3)), ("emnist-letters", (3, 2)), ("EMNIST-Letters", (3, 2))):
        assert load_dataset(f"idx:{tmp_path}/{name}").shape == shape
    (tmp_path / "MNIST").mkdir()
    path = tmp_path / "train-images-idx3-ubyte"
    data_error(f"idx:{path}", spec=f"idx:{tmp_path}")
    assert load_dataset(f"idx:{path}").shape == (2, 3)


def test_missing_idx_files_are_named(tmp_path: Path) -> None:
    data_error("images of the train set, found no IDX files", spec=f"idx:{tmp_path}")
    _write_idx(tmp_path)
    data_error("images of the test set, found train-images", spec=f"idx:{tmp_path}", split="test")
    data_error("images of the test set", spec=f"idx:{tmp_path}", split="all")
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    data_error("labels of the train set", spec=f"idx:{tmp_path}")


def test_idx_counts_that_differ(tmp_path: Path) -> None:
    _write_idx(tmp_path, labels=(1, 2, 3))
    data_error("train-labels", "shape (3,) for 2 images", spec=f"idx:{tmp_path}")


def test_idx_parts_of_different_sizes(tmp_path: Path) -> None:
    _write_idx(tmp_path)
    _write_idx(tmp_path, images=IMAGES.reshape(2, 3, 2), part="t10k")
    data_error("one size, found 3 x 2 and 2 x 3", spec=f"idx:{tmp_path}", split="all")


_GOOD = _idx(IMAGES)


@pytest.mark.parametrize(
    ("content", "pieces"),
    [
        (b"", ("found nothing",)),
        (_GOOD[:10], ("magic number 0x00000803", "found 00000803")),
        (_idx(IMAGES[:, 0, 0]), ("magic number 0x00000803", "found 00000801")),
        (b"not an IDX file at all", ("magic number",)),
        (_GOOD[:-1], ("must hold 12 bytes", "found 11")),
        (_GOOD + b"\0", ("must hold 12 bytes", "found more")),
        (struct.pack(">4I", 0x803, 0, 28, 28), ("holds nothing, found lengths (0, 28, 28)",)),
        (struct.pack(">4I", 0x803, 2**32 - 1, 28, 28) + b"\0" * 99, ("3,367,254,359,280",)),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx_images(
    tmp_path: Path, content: bytes, pieces: tuple[str, ...], packed: bool
) -> None:
    _write_idx(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    if packed:
        path.unlink()
        path = path.with_name(f"{path.name}.gz")
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    data_error(str(path), *pieces, spec=f"idx:{tmp_path}")


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(_GOOD, mtime=0)[:-9],
        b"\x1f\x8b broken",
        _GOOD,
        gzip.compress(_GOOD, mtime=0)[:-8] + b"\0" * 8,
    ],
    ids=["cut", "broken", "not packed", "wrong check sum"],
)
def test_damaged_gzip(tmp_path: Path, content: bytes) -> None:
    _write_idx(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    data_error("train-images-idx3-ubyte.gz", "cannot be read", spec=f"idx:{tmp_path}")


def test_a_claim_of_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    # 157 MB are possible for a gzip file of this size and below the limit, but are not there.
    path = tmp_path / "train-images-idx3-ubyte.gz"
    noise = np.random.default_rng(0).bytes(1_600_000)
    path.write_bytes(gzip.compress(struct.pack(">4I", 0x803, 200_000, 28, 28) + noise, 1, mtime=0))
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(DataError, match="must hold 156,800,000 bytes after its header, found 1"):
        read_idx(path, 3)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


# NumPy archives.


def _keras(path: Path, **arrays: NDArray[Any] | None) -> str:
    defaults = {
        "x_train": IMAGES,
        "y_train": np.array([7, 3]),
        "x_test": IMAGES[:1],
        "y_test": np.array([1]),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {**defaults, **arrays}.items():
            if array is not None:
                with archive.open(f"{name}.npy", "w") as file:
                    np.lib.format.write_array(file, array)
    return f"npz:{path}"


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_npz_in_the_layout_of_keras(tmp_path: Path) -> None:
    spec = _keras(tmp_path / "a.npz")
    dataset = load_dataset(spec, split="all", threshold=100)
    assert np.array_equal(
        dataset.spins > 0, np.concatenate([IMAGES, IMAGES[:1]]).reshape(3, 6) > 100
    )
    assert (dataset.labels.tolist(), dataset.shape) == (["7", "3", "1"], (2, 3))
    assert dataset.name == f"{spec}:all"


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_npz_takes_other_dtypes_of_the_same_values(tmp_path: Path) -> None:
    plain = load_dataset(_keras(tmp_path / "a.npz"))
    spec = _keras(
        tmp_path / "b.npz",
        x_train=np.asfortranarray(IMAGES[..., None].astype(np.float64)),
        y_train=np.array([[7.0], [3.0]]),
    )
    other = load_dataset(spec)
    assert other.sha256 == plain.sha256
    assert load_dataset(_keras(tmp_path / "c.npz", y_train=np.array(["cat", "dog"]))).labels[0] == (
        "cat"
    )


@pytest.mark.parametrize(
    ("arrays", "pieces"),
    [
        ({"x_train": None}, ("must hold x_train", "found y_train")),
        ({"y_train": None}, ("must hold an array 'y_train', found x_train",)),
        ({"y_train": np.array([1, 2, 3])}, ("y_train", "shape (3,) for 2 images")),
        ({"y_train": np.eye(2)}, ("y_train", "shape (2, 2) for 2 images")),
        ({"y_train": np.array([0.5, 1.0])}, ("y_train", "whole numbers or text, found dtype fl")),
        ({"x_train": IMAGES.reshape(1, 1, 2, 6)}, ("found (1, 1, 2, 6)",)),
        ({"x_train": np.zeros((0, 2, 3))}, ("holds no images, found shape (0, 2, 3)",)),
        ({"x_train": IMAGES + 0.5}, ("x_train", "found 0.5")),
        ({"x_train": IMAGES + 200.0}, ("x_train", "found 4")),
        ({"x_train": IMAGES.astype(int) - 1}, ("x_train", "found -1")),
        ({"x_train": np.full((2, 2, 3), np.nan)}, ("x_train", "found nan")),
        ({"x_train": np.full((2, 2, 3), "a")}, ("must be numbers, found dtype <U1",)),
        ({"x_train": np.full((2, 2, 3), None)}, ("x_train", "Python objects are refused")),
    ],
)
def test_npz_of_another_layout(
    tmp_path: Path, arrays: dict[str, NDArray[Any] | None], pieces: tuple[str, ...]
) -> None:
    path = tmp_path / "a.npz"
    data_error(str(path), *pieces, spec=_keras(path, **arrays))


def _npy(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("member", "pieces"),
    [
        (_npy((10**9, 28, 28)), ("x_train", "1,000,000,000")),
        (_npy((2, 2, 3)) + b"\0" * 11, ("x_train", "(12, at most", "found")),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((  ", ("x_train: cannot be read",)),
        (b"\x93NUMPY\x09\x00", ("x_train: cannot be read",)),
        (b"", ("x_train: cannot be read",)),
    ],
)
def test_npz_with_a_false_header(tmp_path: Path, member: bytes, pieces: tuple[str, ...]) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", member)
    data_error(str(path), *pieces, spec=f"npz:{path}")


def test_damaged_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    spec = _keras(path, x_train=np.random.default_rng(0).integers(0, 256, (9, 28, 28)))
    content = path.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        data_error(str(path), "cannot be read", spec=spec)
    damaged = bytearray(content)
    damaged[500] ^= 0xFF
    path.write_bytes(damaged)
    data_error(str(path), "x_train: cannot be read", spec=spec)


# OpenML, through scikit-learn's own client and stored responses.


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Block the network; scikit-learn keeps its data in the folder returned."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("the network is blocked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    home = tmp_path / "scikit_learn_data"
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    return home


def _store_openml(
    home: Path,
    lines: tuple[str, ...] = ("0,255,17,0,six", "9,0,0,130,two", "1,2,3,4,six"),
    *,
    n_pixels: int = 4,
    target: bool = True,
    nominal: bool = False,
    sparse: bool = False,
) -> None:
    """Store what openml.org answers for a data set named "tiny", as the client caches it."""
    labels = ["six", "two"]
    features: list[dict[str, Any]] = [
        {"name": f"pixel{i + 1}", "data_type": "numeric"} for i in range(n_pixels)
    ]
    if nominal:
        features[-1] |= {"data_type": "nominal", "nominal_value": labels}
    if target:
        features.append({"name": "class", "data_type": "nominal", "nominal_value": labels})
    for index, feature in enumerate(features):
        feature |= {
            "index": str(index),
            "is_target": str(feature["name"] == "class").lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
    attributes = [f"@ATTRIBUTE pixel{i + 1} NUMERIC" for i in range(n_pixels)]
    if nominal:
        attributes[-1] = attributes[-1].replace("NUMERIC", "{six,two}")
    attributes += ["@ATTRIBUTE class {six,two}"] if target else []
    arff = "\n".join(["@RELATION tiny", *attributes, "@DATA", *lines, ""]).encode()
    where = "data/v1/download/77"
    description = {
        "id": "42",
        "name": "tiny",
        "version": "1",
        "description": "Three images.",
        "format": "Sparse_ARFF" if sparse else "ARFF",
        "status": "active",
        "file_id": "77",
        "url": f"https://www.openml.org/{where}",
        "md5_checksum": hashlib.md5(arff).hexdigest(),
    }
    entry = {"did": 42, "name": "tiny", "version": 1, "status": "active", "format": "ARFF"}
    api = "api/v1/json/data"
    responses: dict[str, object] = {
        f"{api}/list/data_name/tiny/limit/2/status/active/": {"data": {"dataset": [entry]}},
        f"{api}/42": {"data_set_description": description},
        f"{api}/features/42": {"data_features": {"feature": features}},
        f"{api}/qualities/42": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(len(lines))}]}
        },
    }
    contents = {name: json.dumps(response).encode() for name, response in responses.items()}
    for name, content in {**contents, where: arff}.items():
        path = home / "openml" / "openml.org" / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0))


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
def test_openml_from_stored_responses(offline: Path) -> None:
    _store_openml(offline)
    dataset = load_dataset("openml:tiny", threshold=16)
    assert [rows(dataset, index) for index in range(3)] == [
        [".#", "#."],
        ["..", ".#"],
        ["..", ".."],
    ]
    assert dataset.labels.tolist() == ["six", "two", "six"]
    assert (dataset.name, dataset.shape) == ("openml:tiny", (2, 2))


@pytest.mark.parametrize(
    ("stored", "piece"),
    [
        ({"lines": ("1,2,3,six",), "n_pixels": 3}, "images must be square, found 3 pixels"),
        ({"lines": ("1,2,3,4",), "target": False}, "must have one label an image, found none"),
        ({"lines": ("1,2,3,six,six",), "nominal": True}, "must be numbers, found dtype object"),
        ({"lines": ("1,2,3,256,six",)}, "found 256"),
        ({"lines": ("1,2,3,?,six",)}, "found nan"),
        ({"lines": ("{0 1, 4 six}",), "sparse": True}, "must hold dense arrays, found"),
    ],
)
def test_openml_of_another_layout(offline: Path, stored: dict[str, Any], piece: str) -> None:
    _store_openml(offline, **stored)
    data_error("openml:tiny", piece, spec="openml:tiny")


def test_openml_without_network_or_with_a_damaged_cache(offline: Path) -> None:
    data_error("openml:tiny: cannot be fetched", "network is blocked", spec="openml:tiny")
    _store_openml(offline)
    (offline / "openml/openml.org/data/v1/download/77.gz").write_bytes(b"damaged")
    data_error("openml:tiny: cannot be fetched", spec="openml:tiny")


# Pictures.

PICTURE = np.array([[0, 255, 0], [255, 128, 0]], np.uint8)
OTHER = np.array([[255, 255, 255], [0, 0, 255]], np.uint8)


def _save(array: NDArray[np.uint8], path: Path, **options: Any) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    _save(PICTURE, tmp_path / "b.png")
    _save(np.dstack([OTHER] * 3), tmp_path / "a.BMP")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_bytes(b"not a picture")
    (tmp_path / "folder.png").mkdir()
    with pytest.warns(HopcliWarning, match=r"4 entries, 2 .*folder\.png, notes\.txt"):
        dataset = load_dataset(f"images:{tmp_path}", threshold=127)
    assert dataset.labels.tolist() == ["a", "b"]
    assert (dataset.name, dataset.shape) == (f"images:{tmp_path}", (2, 3))
    assert rows(dataset, 0) == ["###", "..#"]
    assert rows(dataset, 1) == [".#.", "##."]


@pytest.mark.parametrize("name", ["a.png", "a.BMP", "a.gif", "a.webp", "a.tif", "a.TIFF"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_picture_of_each_format(tmp_path: Path, name: str, alone: bool) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    path = _save(PICTURE, tmp_path / name, **options)
    dataset = load_dataset(f"images:{path if alone else tmp_path}", threshold=127)
    assert dataset.labels.tolist() == ["a"]
    assert rows(dataset, 0) == [".#.", "##."]


def test_dark_ink_on_white_paper(tmp_path: Path) -> None:
    _save(255 - PICTURE, tmp_path / "a.png")
    dataset = load_dataset(f"images:{tmp_path}", threshold=127, invert=True)
    assert rows(dataset, 0) == [".#.", "##."]


def test_jpeg(tmp_path: Path) -> None:
    halves = np.repeat(np.array([[0, 255]], np.uint8), 16, axis=0).repeat(16, axis=1)
    _save(halves, tmp_path / "a.jpg", quality=95)
    dataset = load_dataset(f"images:{tmp_path}", threshold=127)
    assert np.array_equal(dataset.spins.reshape(16, 32) > 0, halves > 0)


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_every_page_and_frame_is_a_picture(tmp_path: Path, name: str) -> None:
    frames = [Image.fromarray(picture) for picture in (PICTURE, OTHER)]
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
    for spec in (f"images:{tmp_path}", f"images:{tmp_path / name}"):
        dataset = load_dataset(spec, threshold=127)
        assert dataset.labels.tolist() == ["a-1", "a-2"]
        assert rows(dataset, 0) == [".#.", "##."]
        assert rows(dataset, 1) == ["###", "..#"]
    frames[0].save(tmp_path / "a-2.png")
    data_error("a-2", "its own name", spec=f"images:{tmp_path}", threshold=127)


def test_sixteen_bits_and_transparency(tmp_path: Path) -> None:
    Image.fromarray(PICTURE.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    # Black everywhere, but only opaque where PICTURE has ink: the rest is paper.
    _save(
        np.dstack([np.zeros((2, 3, 3), np.uint8), PICTURE[..., None]]), tmp_path / "transparent.png"
    )
    for name, expected in (("deep", [".#.", "##."]), ("transparent", ["#.#", "..#"])):
        plain = load_dataset(f"images:{tmp_path / name}.png", threshold=127)
        assert rows(plain, 0) == expected
    spec = f"images:{tmp_path}"
    data_error("transparent.png: must differ from deep.png, is the inverse of it", spec=spec)


def test_pictures_are_resized_to_width_and_height(tmp_path: Path) -> None:
    _save(np.kron(np.eye(2, dtype=np.uint8) * 255, np.ones((8, 8), np.uint8)), tmp_path / "a.png")
    _save(np.tile(np.arange(9, dtype=np.uint8) * 28, (5, 1)), tmp_path / "b.png")
    spec = f"images:{tmp_path}"
    data_error("b.png", "must be 16 x 16 pixels as a.png is", "found 9 x 5", spec=spec)
    dataset = load_dataset(spec, size=(4, 2), threshold=127)
    assert dataset.shape == (2, 4)
    assert rows(dataset, 0) == [".#..", "..#."], "paper at both sides"
    inverted = load_dataset(spec, size=(4, 2), threshold=127, invert=True)
    assert rows(inverted, 0) == ["..#.", ".#.."], "paper is what is not ink"
    cropped = load_dataset(spec, size=Size(4, 2, crop=True), threshold=127)
    assert rows(cropped, 0) == ["##..", "..##"], "rows above and below are cut off"
    tall = load_dataset(spec, size=(2, 6), threshold=127)
    assert rows(tall, 0) == ["..", "..", "#.", ".#", "..", ".."]


def test_pictures_that_cannot_be_loaded(tmp_path: Path) -> None:
    spec = f"images:{tmp_path}"
    data_error(".png .apng .jpg", ".pgm", "found none", spec=spec)
    path = _save(np.random.default_rng(0).integers(0, 256, (9, 9), np.uint8), tmp_path / "a.png")
    other = _save(PICTURE, tmp_path / "a.gif")
    data_error("a.png", "its own name, found also a.gif", spec=spec)
    other.unlink()
    content = path.read_bytes()
    for size in (0, 20, 45, len(content) // 2):
        path.write_bytes(content[:size])
        data_error(str(path), spec=spec)
    assert "cannot be read (" in data_error(spec=spec)
    path.write_text("text under another name")
    data_error(f"{path}: must be PNG, JPEG, GIF", "PPM", spec=spec)


def _png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13)
    return start + header + struct.pack(">II", zlib.crc32(header), 100) + b"IDAT"


@pytest.mark.parametrize(
    ("side", "most"),
    [(2001, "4,000,000 pixels (or give a size)"), (10_001, "4,000,000"), (60_000, "100,000,000")],
)
def test_huge_pictures_are_refused_before_they_are_read(
    tmp_path: Path, side: int, most: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(_png_that_claims(side, side))
    data_error(str(path), f"must have at most {most}", "found", spec=f"images:{tmp_path}")
    if side > 10_000:
        most = "must have at most 100,000,000 pixels, found"
        data_error(str(path), most, spec=f"images:{tmp_path}", size=(9, 9))


def test_too_many_pixels_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 11)
    for name, picture in (("a", PICTURE), ("b", OTHER)):
        _save(picture, tmp_path / f"{name}.png")
    data_error("must hold at most 11 pixels, found 12", spec=f"images:{tmp_path}")


# The drawings.


def test_drawings_are_what_their_code_draws(tmp_path: Path) -> None:
    dataset = load_dataset("drawings")
    assert (dataset.name, dataset.shape) == ("drawings", (128, 128))
    assert dataset.labels.tolist() == sorted(drawings.PICTURES)
    for label, spins in zip(dataset.labels, dataset.spins, strict=True):
        assert np.array_equal(spins.reshape(128, 128) > 0, drawings.draw(str(label)))
        assert 0.05 < np.mean(spins > 0) < 0.2
    written = drawings.write(tmp_path / "new")
    assert sorted(path.name for path in written) == [path.name for path in embedded_files()[1:]]
    assert np.array_equal(load_dataset(f"images:{tmp_path / 'new'}").spins, dataset.spins)


def test_drawings_are_hardly_more_alike_than_blank_paper_makes_them() -> None:
    spins = load_dataset("drawings").spins.astype(int)
    means = spins.mean(axis=1)
    excess = spins @ spins.T / spins.shape[1] - np.outer(means, means)
    assert np.all(np.abs(excess[np.triu_indices(3, 1)]) < 0.1)


def test_a_line_is_as_wide_as_it_says() -> None:
    # The mast of the boat is vertical, at x = 62: three pixels in a row without sails.
    row = drawings.draw("boat")[80]
    assert np.flatnonzero(row).tolist() == [61, 62, 63]


# Text.


def test_text_patterns(tmp_path: Path) -> None:
    path = tmp_path / "patterns.txt"
    path.write_text("\n##.\n.#.\n\n\nletter T:\n###\n.#.\n\n...\n..#\n", encoding="utf-8-sig")
    dataset = load_dataset(f"text:{path}")
    assert dataset.labels.tolist() == ["1", "letter T", "3"]
    assert [rows(dataset, index) for index in range(3)] == [
        ["##.", ".#."],
        ["###", ".#."],
        ["...", "..#"],
    ]
    assert np.array_equal(load_dataset(f"text:{path}", threshold=254).spins, dataset.spins)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ("must hold patterns", "found none")),
        ("\n \n", ("must hold patterns", "found none")),
        ("##\n#o\n.#", ("line 3", "found '.' besides '#', 'o'")),
        ("##\n#. #\n", ("line 2", "found '#. #'")),
        ("# #\n###\n", ("line 2", "wide")),
        ("# #\n# #\n", ("found '#' alone",)),
        ("xx\nxx\n", ("found 'x' alone",)),
        ("1-11\n-111\n", ("separated, found '1-11'",)),
        ("#:#\n:::\n#:#\n", ("':'",)),
        ("1 -1 2 3\n", ("found -1",)),
        ("1 0.5\n1 x\n", ("line 2", "found 'x'")),
        ("1 -1\n1 -1 1\n", ("line 2", "found 3")),
        ("\n##\n#\n", ("line 3: must be 2 wide", "found 1")),
        ("##\n\n##\n##\n", ("line 3: patterns must all be 2 x 1, found 2 x 2",)),
        ("a:\n##\n\na:\n..\n", ("line 5", "own name, found 'a' again")),
        ("2:\n##\n\n..\n", ("own name, found '2' again",)),
        ("a:\n\n##\n", ("line 2: must draw the pattern named above",)),
        ("a:\nb:\n##\n", ("line 3", "'b'")),
    ],
)
def test_wrong_text(tmp_path: Path, text: str, pieces: tuple[str, ...]) -> None:
    path = tmp_path / "patterns.txt"
    path.write_text(text)
    data_error(str(path), *pieces, spec=f"text:{path}")


def test_text_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "patterns.txt"
    shutil.copy(data.DRAWINGS / "boat.png", path)
    data_error(str(path), "UTF-8", spec=f"text:{path}")
