"""Sources, what each loads, and how the embedded file is built (refusals: bad_inputs.txt)."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import sparse
from test_data_formats import write_idx

from hopcli import data
from hopcli.data import build
from hopcli.datasets import Dataset, embedded_files, load_dataset, mnist, verify_embedded
from hopcli.datasets.grey import at_most
from hopcli.errors import DataError, SettingError

# Of blank images.
pytestmark = pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")


def data_error(*pieces: str, spec: str, **settings: Any) -> None:
    """Load, expect a DataError of one line that has all pieces."""
    with pytest.raises(DataError) as caught:
        load_dataset(spec, **settings)
    assert "\n" not in str(caught.value)
    assert all(piece in str(caught.value) for piece in pieces), caught.value


# --- what ships


def test_the_default_is_the_training_set_as_spins(mnist: Dataset) -> None:
    assert (mnist.name, mnist.threshold, mnist.shape) == ("mnist:train", 0, (28, 28))
    assert (mnist.spins.shape, mnist.spins.dtype.name) == ((60_000, 784), "int8")
    assert (mnist.n_sites, len(mnist), mnist.spins.flags.c_contiguous) == (784, 60_000, True)
    assert set(np.unique(mnist.spins[::50])) == {-1, 1}
    assert not mnist.spins.flags.writeable | mnist.labels.flags.writeable
    assert mnist.sha256 == data.MNIST_SHA256


def test_the_training_set_is_the_studys_in_its_original_order(mnist: Dataset) -> None:
    """The study's ten patterns, two of its overlaps, and the first ten published labels."""
    study = [39155, 7411, 38406, 21607, 28089, 38060, 25559, 55147, 52050, 49358]
    assert mnist.labels[study].tolist() == [str(digit) for digit in range(10)]
    assert "".join(mnist.labels[:10]) == "5041921314"
    q = mnist.spins[[9, 28089]].astype(int) @ mnist.spins[[56, 39155]].astype(int).T / 784
    assert np.diag(q) == pytest.approx([0.441, 0.554], abs=5e-4)


def test_all_is_train_then_test_with_the_published_counts(mnist: Dataset) -> None:
    everything, test = load_dataset(split="all"), load_dataset(split="test")
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.counts == {str(digit): count for digit, count in enumerate(counts)}
    assert list(test.counts.values()) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.name == "mnist:test"
    assert np.array_equal(everything.spins, np.concatenate([mnist.spins, test.spins]))
    assert np.array_equal(everything.labels, np.concatenate([mnist.labels, test.labels]))


def test_reading_with_and_without_grey_values_agrees() -> None:
    grey = mnist.load_mnist("test", binary=False).grey
    for threshold in (0, 127, 255):
        spins = load_dataset(split="test", threshold=threshold).spins
        assert np.array_equal(spins > 0, grey > threshold)
    assert not np.any(spins > 0)


def test_the_hashes_of_all_that_ships_come_back() -> None:
    """Those of the four originals among them, as published."""
    checks = verify_embedded()
    texts = ("3x3-start", "3x3", "4x4-start", "4x4", "6-start", "6")
    assert [check.name for check in checks] == [
        "mnist.npz",
        *(original.name for original in data.ORIGINALS),
        *(f"drawings/{name}.png" for name in ("boat", "fish", "house")),
        *(f"texts/{name}.txt" for name in texts),
    ]
    assert all(check.ok for check in checks)
    assert checks[1].found.startswith("ba891046e6505d7a")
    assert checks[4].found.startswith("ff7bcfd416de3373")
    names = ["mnist.npz", "boat.png", "fish.png", "house.png"]
    assert [path.name for path in embedded_files()] == names


def _flip(content: bytearray) -> bytearray:
    content[1_000_000] ^= 0xFF
    return content


@pytest.mark.parametrize("change", [_flip, lambda c: c[:5_000_000], lambda c: c[:0], None])
def test_damaged_mnist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    path = tmp_path / "mnist.npz"
    if change:
        path.write_bytes(change(bytearray(data.MNIST_FILE.read_bytes())))
    monkeypatch.setattr(mnist, "MNIST_FILE", path)
    data_error(str(path), "install", spec="mnist")
    checks = verify_embedded()
    assert [check.ok for check in checks[:6]] == [False] * 5 + [True]
    if change:
        assert checks[0].found == hashlib.sha256(path.read_bytes()).hexdigest()
    assert all(str(path) in check.found for check in checks[1:5])


@pytest.mark.parametrize(("spec", "name"), [("drawings", "fish.png"), ("text:4x4", "4x4.txt")])
def test_a_damaged_drawing_is_named(monkeypatch: pytest.MonkeyPatch, spec: str, name: str) -> None:
    """A file with an unknown hash."""
    folder = data.DRAWINGS if spec == "drawings" else data.TEXTS
    originals = [check.sha256 for check in data.ORIGINALS]
    monkeypatch.setattr(mnist, "_original_hashes", lambda: originals)
    monkeypatch.setitem(data.SHIPPED_SHA256[folder], name, "0" * 64)
    data_error(name, spec=spec)
    wrong = [check.name for check in verify_embedded() if not check.ok]
    assert wrong == [f"{folder.name}/{name}"]


# --- the record


def _dataset(spins: NDArray[np.int8], labels: list[str], shape: tuple[int, int]) -> Dataset:
    return Dataset("own", spins, np.array(labels), shape, 0, "")


def test_labels_are_in_numeric_order_then_by_name() -> None:
    dataset = _dataset(np.ones((5, 2), np.int8), ["10", "b", "9", "a", "10"], (1, 2))
    assert dataset.label_names == ("9", "10", "a", "b")
    assert dataset.counts == {"9": 1, "10": 2, "a": 1, "b": 1}
    assert dataset.indices_of("10").tolist() == [0, 4]
    assert dataset.indices_of("10").dtype == np.int64
    assert dataset.indices_of("10") is dataset.indices_of("10")
    assert not dataset.indices_of("10").flags.writeable
    with pytest.raises(SettingError, match=r"9, 10, a, b.*'1'") as error:
        dataset.indices_of("1")
    assert error.value.setting == "label"


@pytest.mark.parametrize(
    "spins",
    [
        *(np.full((2, 4), value, np.int8) for value in (0, 3, -3)),
        *(np.ones(shape, np.int8) for shape in ((2, 5), (3, 4), (0, 4))),
        np.ones((4, 2), np.int8).T,
    ],
)
def test_the_record_refuses_what_are_no_spins(spins: NDArray[np.int8]) -> None:
    with pytest.raises(ValueError, match="spins"):
        _dataset(spins, ["0", "1"][: len(spins)], (2, 2))


def test_the_hash_depends_on_spins_labels_and_shape(tmp_path: Path) -> None:
    def hash_of(text: str, *, invert: bool = False) -> str:
        path = tmp_path / "patterns.txt"
        path.write_text(text)
        return load_dataset(f"text:{path}", invert=invert).sha256

    different = ["##\n..\n", "##\n.#\n", "a:\n##\n..\n", "##..\n"]
    hashes = {hash_of(text) for text in different} | {hash_of(different[0], invert=True)}
    assert len(hashes) == len(different) + 1
    assert hash_of(different[0]) == hash_of("\n ##\r\n ..\r\n\r\n")


# --- settings and the registry


def test_digits_are_compared_with_their_own_grey_values() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    for threshold in (0, 7, 15, 16):
        dataset = load_dataset("digits", threshold=threshold)
        assert np.array_equal(dataset.spins > 0, digits.data > threshold)
    inverted = load_dataset("digits", threshold=16, invert=True)
    assert np.array_equal(inverted.spins, -dataset.spins)
    mean = load_dataset("digits", threshold="mean")
    assert np.array_equal(mean.spins > 0, digits.data > digits.data.mean(axis=1, keepdims=True))
    assert (dataset.name, dataset.shape, len(dataset)) == ("digits", (8, 8), 1797)
    assert dataset.labels.tolist() == [str(label) for label in digits.target]
    assert np.array_equal(load_dataset("digits", split="all").labels, dataset.labels)


# --- folders of IDX files, and archives as Keras has them

IMAGES = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3) * 20
AS_SPINS = np.concatenate([IMAGES, IMAGES[:1]]).reshape(3, 6) > 100


def write_part(folder: Path, part: str, labels: list[int], *, packed: bool = False) -> None:
    """Write the first images and their labels as IDX files, raw or gzip."""
    for name, array in (("images", IMAGES[: len(labels)]), ("labels", np.array(labels, np.uint8))):
        path = folder / f"{part}-{name}-idx{array.ndim}-ubyte{'.gz' if packed else ''}"
        write_idx(path, array, packed=packed)


@pytest.mark.parametrize("kind", ["raw", "packed", "npz"])
def test_parts_of_a_data_set(tmp_path: Path, kind: str) -> None:
    spec = f"idx:{tmp_path}"
    write_part(tmp_path, "train", [7, 3], packed=kind == "packed")
    write_part(tmp_path, "t10k", [1], packed=kind == "packed")
    if kind == "npz":
        spec = f"npz:{tmp_path / 'a.npz'}"
        test = {"x_test": IMAGES[:1], "y_test": [1]}
        np.savez(tmp_path / "a.npz", x_train=IMAGES, y_train=[7, 3], **test)  # type: ignore[arg-type]
    dataset = load_dataset(spec, split="all", threshold=100)
    assert np.array_equal(dataset.spins > 0, AS_SPINS)
    assert (dataset.labels.tolist(), dataset.shape) == (["7", "3", "1"], (2, 3))
    assert dataset.name == f"{spec}:all"
    part = load_dataset(spec, split="test", threshold=100)
    assert (part.name, part.labels.tolist()) == (f"{spec}:test", ["1"])
    turned = load_dataset(spec, threshold=100, transpose=True)
    assert turned.shape == (3, 2)
    assert np.array_equal(turned.spins[0].reshape(3, 2) > 0, IMAGES[0].T > 100)


def test_a_raw_file_wins_over_a_packed_one(tmp_path: Path) -> None:
    write_part(tmp_path, "train", [7, 3])
    write_part(tmp_path, "train", [1, 2], packed=True)
    assert load_dataset(f"idx:{tmp_path}").labels.tolist() == ["7", "3"]


# --- OpenML, through scikit-learn


def _load_from_openml(pixels: Any, labels: Any, **settings: Any) -> Dataset:
    """Load a data set that the client of scikit-learn finds."""
    found = SimpleNamespace(data=pixels, target=labels)
    with mock.patch("sklearn.datasets.fetch_openml", side_effect=[found]) as fetch:
        dataset = load_dataset("openml:tiny", **settings)
    fetch.assert_called_once_with("tiny", version="active", as_frame="auto")
    return dataset


LABELS = pd.Series(["six", "two", "six"], dtype="category")


def test_openml() -> None:
    pixels = pd.DataFrame([[0, 255, 17, 0], [9, 0, 0, 130], [1, 2, 3, 4]])
    dataset = _load_from_openml(pixels, LABELS, threshold=16)
    ink = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert np.array_equal(dataset.spins > 0, np.array(ink) > 0)
    assert dataset.labels.tolist() == ["six", "two", "six"]
    assert (dataset.name, dataset.shape) == ("openml:tiny", (2, 2))


@pytest.mark.parametrize(
    ("pixels", "labels", "piece"),
    [
        (np.ones((3, 4)), None, "none"),
        ([[1, 2, 3, "six"]] * 3, LABELS, "dtype object"),
        ([[1, 2, 3, 256]] * 3, LABELS, "256"),
        (np.ones((3, 4)), LABELS[:2], r"\(2,\)"),
        (None, LABELS, "dense"),
    ],
)
def test_openml_of_another_layout(pixels: Any, labels: Any, piece: str) -> None:
    given = sparse.csr_matrix(np.ones((3, 4))) if pixels is None else pd.DataFrame(pixels)
    with pytest.raises(DataError, match=f"openml:tiny.*{piece}"):
        _load_from_openml(given, labels)


def test_openml_out_of_reach() -> None:
    with mock.patch("sklearn.datasets.fetch_openml", side_effect=OSError("blocked\nand more")):
        data_error("openml:tiny", "blocked", spec="openml:tiny")


# --- the embedded file can be built again from what it holds, and from nothing else


def test_an_archive_does_not_depend_on_the_clock() -> None:
    grey = np.array([[0, 3, 0, 0, 0, 0, 0, 0, 255], [0] * 9], np.uint8)
    members = build.pack(grey, np.array([4, 2], np.uint8))
    assert members["bits"].tolist() == [[0b01000000, 0b10000000], [0, 0]]
    assert members["grey"].tolist() == [3, 255]
    content = build._archive(members)
    assert content == build._archive(members)
    assert content.count(struct.pack("<HH", 0, 0x21)) >= 6  # 1 January 1980, in DOS time


def test_a_limit_belongs_to_what_is_allowed() -> None:
    at_most("x", 5, 5, "units")
    with pytest.raises(DataError, match=r"^x: .* 5 units, found 6$"):
        at_most("x", 6, 5, "units")
