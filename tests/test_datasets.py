"""Sources and what each loads; what every one refuses is in bad_inputs.txt."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest

from hopcli import data
from hopcli.datasets import (
    SOURCES,
    Dataset,
    embedded_files,
    load_dataset,
    mnist,
    pictures,
    texts,
    verify_embedded,
)
from hopcli.datasets import shipped as shipped_files
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

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
    assert mnist.spins.shape == (60_000, 784)
    assert (mnist.spins.dtype.name, mnist.n_sites, len(mnist)) == ("int8", 784, 60_000)
    assert set(np.unique(mnist.spins[::50])) == {-1, 1}
    assert mnist.spins.flags.c_contiguous
    assert not mnist.spins.flags.writeable
    assert not mnist.labels.flags.writeable
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
    assert mnist.counts() == {str(digit): count for digit, count in enumerate(counts)}
    assert list(test.counts().values()) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.name == "mnist:test"
    assert np.array_equal(everything.spins, np.concatenate([mnist.spins, test.spins]))
    assert np.array_equal(everything.labels, np.concatenate([mnist.labels, test.labels]))


@pytest.mark.parametrize(
    "split", ["test", *(pytest.param(s, marks=pytest.mark.slow) for s in ("train", "all"))]
)
def test_reading_with_and_without_grey_values_agrees(split: str) -> None:
    grey = mnist.load_mnist(split, binary=False).grey
    assert np.array_equal(grey > 0, mnist.load_mnist(split, binary=True).grey)
    for threshold in (127, 254, 255):
        spins = load_dataset(split=split, threshold=threshold).spins
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


def _flip(content: bytearray) -> bytearray:
    content[1_000_000] ^= 0xFF
    return content


@pytest.mark.parametrize("change", [_flip, lambda c: c[:5_000_000], lambda c: c[:0], None])
def test_a_damaged_or_missing_embedded_file_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[bytearray], bytearray] | None,
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


def test_another_archive_in_its_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mnist.npz"
    np.savez(path, bits=np.zeros((70_000, 98), np.uint8), labels=np.zeros(70_000, np.uint8))
    monkeypatch.setattr(mnist, "MNIST_FILE", path)
    data_error("CRC-32", "bits", "dc3ba0f3", spec="mnist")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with copies of the drawings and texts, which are read in their place."""
    hashes = {}
    for constant, module in (("DRAWINGS", pictures), ("TEXTS", texts)):
        original = getattr(data, constant)
        copy = tmp_path / original.name
        shutil.copytree(original, copy)
        hashes[copy] = data.SHIPPED_SHA256[original]
        monkeypatch.setattr(module, constant, copy)
    for module in (pictures, texts, shipped_files, mnist):
        monkeypatch.setattr(module, "SHIPPED_SHA256", hashes)
    monkeypatch.setattr(
        mnist, "_original_hashes", lambda: [check.sha256 for check in data.ORIGINALS]
    )
    return tmp_path


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("drawings", "drawings/fish.png"),
        ("text:4x4", "texts/4x4.txt"),
        ("text:3x3-start", "texts/3x3-start.txt"),
    ],
)
@pytest.mark.parametrize("damage", ["a byte", "cut", "missing"])
def test_a_damaged_drawing_or_text_is_named(
    shipped: Path, spec: str, name: str, damage: str
) -> None:
    path = shipped / name
    load_dataset(spec)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        cut = damage == "cut"
        path.write_bytes(content[:-3] if cut else content[:-9] + b"#" + content[-8:])
    data_error(path.name, spec=spec)
    (wrong,) = [check for check in verify_embedded() if not check.ok]
    assert wrong.name == name
    assert (len(wrong.found) == 64) == (damage != "missing")


# --- the record


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
    with pytest.raises(SettingError, match=r"9, 10, a, b.*'1'") as error:
        dataset.indices_of("1")
    assert error.value.setting == "label"


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


@pytest.mark.parametrize(
    ("spec", "settings", "setting"),
    [
        ("mnist", {"threshold": True}, "threshold"),
        ("drawings", {"size": (0, 8)}, "size"),
        ("mnist", {"size": (8, 8)}, "size"),
        ("images:some", {"transpose": True}, "transpose"),
    ],
)
def test_impossible_settings_are_blamed(spec: str, settings: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_dataset(spec, **settings)
    assert caught.value.setting == setting
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
    data_error(spec=f"{name}:a\0b")
    if name != "openml":
        data_error("too long", spec=f"{name}:{tmp_path}/{'x' * 300}")
        os.mkfifo(path)
        data_error(str(path), spec=f"{name}:{path}")


def test_digits_are_compared_with_their_own_grey_values() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    for threshold in (0, 7, 15, 16):
        dataset = load_dataset("digits", threshold=threshold)
        assert np.array_equal(dataset.spins > 0, digits.data > threshold)
        inverted = load_dataset("digits", threshold=threshold, invert=True)
        assert np.array_equal(inverted.spins, -dataset.spins)
        assert (dataset.inverted, inverted.inverted) == (False, True)
    mean = load_dataset("digits", threshold="mean")
    assert np.array_equal(mean.spins > 0, digits.data > digits.data.mean(axis=1, keepdims=True))
    assert (dataset.name, dataset.shape, len(dataset)) == ("digits", (8, 8), 1797)
    assert dataset.labels.tolist() == [str(label) for label in digits.target]
    assert np.array_equal(load_dataset("digits", split="all").labels, dataset.labels)


# --- folders of IDX files, and archives as Keras has them

IMAGES = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3) * 20
AS_SPINS = np.concatenate([IMAGES, IMAGES[:1]]).reshape(3, 6) > 100


def write_idx_set(
    folder: Path,
    images: NDArray[np.uint8] = IMAGES,
    labels: tuple[int, ...] = (7, 3),
    part: str = "train",
    *,
    packed: bool = False,
) -> None:
    """Write images and labels of a part of a data set as IDX files, raw or gzip."""
    for name, array in (("images", images), ("labels", np.array(labels, np.uint8))):
        content = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
        content += array.tobytes()
        path = folder / f"{part}-{name}-idx{array.ndim}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)


def _keras(path: Path, **arrays: NDArray[Any]) -> str:
    defaults: dict[str, Any] = {
        "x_train": IMAGES,
        "y_train": [7, 3],
        "x_test": IMAGES[:1],
        "y_test": [1],
    }
    np.savez(path, **{**defaults, **arrays})
    return f"npz:{path}"


@pytest.mark.parametrize("kind", ["raw", "packed", "npz"])
def test_parts_of_a_data_set(tmp_path: Path, kind: str) -> None:
    spec = f"idx:{tmp_path}"
    write_idx_set(tmp_path, packed=kind == "packed")
    write_idx_set(tmp_path, IMAGES[:1], (1,), "t10k", packed=kind == "packed")
    if kind == "npz":
        spec = _keras(tmp_path / "a.npz")
    dataset = load_dataset(spec, split="all", threshold=100)
    assert np.array_equal(dataset.spins > 0, AS_SPINS)
    assert (dataset.labels.tolist(), dataset.shape) == (["7", "3", "1"], (2, 3))
    assert dataset.name == f"{spec}:all"
    test = load_dataset(spec, split="test", threshold=100)
    assert (test.name, test.labels.tolist()) == (f"{spec}:test", ["1"])


def test_a_raw_file_wins_over_a_packed_one(tmp_path: Path) -> None:
    write_idx_set(tmp_path, labels=(7, 3))
    write_idx_set(tmp_path, labels=(1, 2), packed=True)
    assert load_dataset(f"idx:{tmp_path}").labels.tolist() == ["7", "3"]


def test_one_of_two_data_sets_in_a_folder_is_chosen_by_its_name(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    write_idx_set(tmp_path, part="emnist-letters-train")
    data_error(f"idx:{tmp_path}/MNIST", f"idx:{tmp_path}/emnist-letters", spec=f"idx:{tmp_path}")
    for name, shape in (("MNIST", (2, 3)), ("emnist-letters", (3, 2)), ("EMNIST-Letters", (3, 2))):
        assert load_dataset(f"idx:{tmp_path}/{name}").shape == shape
    (tmp_path / "MNIST").mkdir()
    path = tmp_path / "train-images-idx3-ubyte"
    data_error(f"idx:{path}", spec=f"idx:{tmp_path}")
    assert load_dataset(f"idx:{path}").shape == (2, 3)


def test_npz_takes_other_dtypes_of_the_same_values(tmp_path: Path) -> None:
    plain = load_dataset(_keras(tmp_path / "a.npz"))
    floats = np.asfortranarray(IMAGES[..., None].astype(np.float64))
    same = _keras(tmp_path / "b.npz", x_train=floats, y_train=np.array([[7.0], [3.0]]))
    assert load_dataset(same).sha256 == plain.sha256
    words = _keras(tmp_path / "c.npz", y_train=np.array(["cat", "dog"]))
    assert load_dataset(words).labels.tolist() == ["cat", "dog"]


# --- OpenML, through scikit-learn's own client and stored responses


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Block the network; scikit-learn keeps its data in the folder returned."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("blocked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    home = tmp_path / "scikit_learn_data"
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(home))
    return home


def _store_openml(
    home: Path,
    *lines: str,
    n_pixels: int = 4,
    target: bool = True,
    nominal: bool = False,
    sparse: bool = False,
) -> None:
    """Store what openml.org answers for a data set named "tiny", as the client caches it."""
    names = [f"pixel{i + 1}" for i in range(n_pixels)] + (["class"] if target else [])
    words = {"class"} | ({f"pixel{n_pixels}"} if nominal else set())
    features = [
        {
            "name": name,
            "index": str(index),
            "data_type": "nominal" if name in words else "numeric",
            **({"nominal_value": ["six", "two"]} if name in words else {}),
            "is_target": str(name == "class").lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, name in enumerate(names)
    ]
    attributes = [f"@ATTRIBUTE {n} {'{six,two}' if n in words else 'NUMERIC'}" for n in names]
    arff = "\n".join(["@RELATION tiny", *attributes, "@DATA", *lines, ""]).encode()
    where, api = "data/v1/download/77", "api/v1/json/data"
    entry = {"name": "tiny", "version": 1, "status": "active", "format": "ARFF"}
    description = {
        **entry,
        "id": "42",
        "description": "Three images.",
        "format": "Sparse_ARFF" if sparse else "ARFF",
        "file_id": "77",
        "url": f"https://www.openml.org/{where}",
        "md5_checksum": hashlib.md5(arff).hexdigest(),
    }
    quality = [{"name": "NumberOfInstances", "value": str(len(lines))}]
    responses: dict[str, object] = {
        f"{api}/list/data_name/tiny/limit/2/status/active/": {
            "data": {"dataset": [{"did": 42, **entry}]}
        },
        f"{api}/42": {"data_set_description": description},
        f"{api}/features/42": {"data_features": {"feature": features}},
        f"{api}/qualities/42": {"data_qualities": {"quality": quality}},
    }
    contents = {name: json.dumps(response).encode() for name, response in responses.items()}
    for name, content in {**contents, where: arff}.items():
        path = home / "openml" / "openml.org" / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0))


THREE = ("0,255,17,0,six", "9,0,0,130,two", "1,2,3,4,six")


def test_openml_from_stored_responses(offline: Path) -> None:
    data_error("openml:tiny", spec="openml:tiny")
    _store_openml(offline, *THREE)
    dataset = load_dataset("openml:tiny", threshold=16)
    ink = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert np.array_equal(dataset.spins > 0, np.array(ink) > 0)
    assert dataset.labels.tolist() == ["six", "two", "six"]
    assert (dataset.name, dataset.shape) == ("openml:tiny", (2, 2))
    (offline / "openml/openml.org/data/v1/download/77.gz").write_bytes(b"damaged")
    data_error("openml:tiny", spec="openml:tiny")


@pytest.mark.parametrize(
    ("line", "stored", "piece"),
    [
        ("1,2,3,six", {"n_pixels": 3}, "3 pixels"),
        ("1,2,3,4", {"target": False}, "none"),
        ("1,2,3,six,six", {"nominal": True}, "dtype object"),
        ("1,2,3,256,six", {}, "256"),
        ("1,2,3,?,six", {}, "nan"),
        ("{0 1, 4 six}", {"sparse": True}, "dense"),
    ],
)
def test_openml_of_another_layout(
    offline: Path, line: str, stored: dict[str, Any], piece: str
) -> None:
    _store_openml(offline, line, **stored)
    data_error("openml:tiny", piece, spec="openml:tiny")
