"""Files from courses and data sites, small and large: the same spins, or a reason."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHopcli
from numpy.typing import NDArray
from PIL import Image

import hopcli
from hopcli.datasets import load_dataset
from hopcli.errors import DataError, HopcliWarning, SettingError
from hopcli.patterns import overlap_loss_of

SPINS = np.array(
    [[-1, 1, 1, -1, 1, -1, -1, -1, 1], [1, 1, -1, -1, 1, 1, -1, 1, -1]], np.int8
)  # two pictures of 3 x 3, neither of them symmetric
INK = SPINS > 0

IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def write_idx(path: Path, values: NDArray[Any], *, packed: bool = False) -> None:
    """Write an array as IDX."""
    code = IDX_TYPES[values.dtype.str[1:]]
    content = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    content += values.astype(values.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)


CONTAINERS = ("idx", "idx alone", "npy", "npy flat", "npz alone", "npz", "csv", "text")


def written(container: str, path: Path, values: NDArray[Any]) -> str:
    """Write two pictures in a container; return the source that reads it."""
    kind = container.partition(" ")[0]
    match container:
        case "idx":
            path.mkdir()
            write_idx(path / "train-images-idx3-ubyte", values)
            write_idx(path / "train-labels-idx1-ubyte", np.array([3, 7], np.uint8))
        case "idx alone":
            write_idx(path, values)
        case "npz":
            path = path.with_suffix(".npz")
            np.savez(path, x_train=values, y_train=[3, 7])
        case "npz alone":
            path = path.with_suffix(".npz")
            np.savez_compressed(path, values)
        case "npy" | "npy flat":
            path = path.with_suffix(".npy")
            np.save(path, values.reshape(2, 9) if container == "npy flat" else values)
        case _:
            np.savetxt(path, values.reshape(2, 9), "%g", "," if kind == "csv" else " ")
    return f"{kind}:{path}"


RANGES = {"spins": (-1, 1), "bits": (0, 1), "grey": (0, 255)}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", IDX_TYPES)
def test_the_same_picture_in_every_container(tmp_path: Path, container: str, dtype: str) -> None:
    for name, (low, high) in RANGES.items():
        if dtype[0] in "ui" and not np.iinfo(dtype).min <= low < high <= np.iinfo(dtype).max:
            continue
        array = np.where(INK, high, low).astype(dtype).reshape(2, 3, 3)
        spec = written(container, tmp_path / name, array)
        for threshold in (None, 127, "otsu"):
            dataset = load_dataset(spec, threshold=threshold)
            assert np.array_equal(dataset.spins, SPINS), (name, threshold)
            assert dataset.shape == (3, 3)
            labels = ["3", "7"] if container in ("idx", "npz") else ["1", "2"]
            assert dataset.labels.tolist() == labels
            assert np.array_equal(hopcli.load(array, threshold=threshold).spins, SPINS)
    assert np.array_equal(hopcli.load(INK, invert=True).spins, -SPINS)


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # blank images
@pytest.mark.parametrize("container", CONTAINERS)
def test_floats_from_0_to_1_are_grey_values(tmp_path: Path, container: str) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (2, 3, 3))
    unit = (grey / 255).astype(np.float32)
    spec = written(container, tmp_path / "data", unit)
    for threshold in (0, 60, 127, 200, "otsu", "mean"):
        expected = hopcli.load(grey, threshold=threshold).spins
        assert np.array_equal(load_dataset(spec, threshold=threshold).spins, expected)
        assert np.array_equal(hopcli.load(unit, threshold=threshold).spins, expected)
    # They are rounded: 254.49 and 254.75 of 255 are 254 and 255.
    assert hopcli.load([[0.0, 0.998, 0.999]], threshold=254).spins.tolist() == [[-1, -1, 1]]


def test_other_numbers_are_refused_alike(tmp_path: Path) -> None:
    for found, shown in ((-0.5, "-0.5"), (1.5, "0.5"), (256, "256.0"), (np.nan, "nan")):
        images = np.array([[[0.0, 1.0], [0.5 if found == 1.5 else 3, found]]] * 2)
        spec = written("npy", tmp_path / "data", images)
        with pytest.raises(DataError, match=f"found {shown}$"):
            load_dataset(spec)
        with pytest.raises(DataError, match=f"found {shown}$"):
            hopcli.load(images)


def test_pixels_above_the_threshold_alone_are_said(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).random((3, 8, 8)) / 2 + 0.5
    spec = written("npy", tmp_path / "data", grey)
    with pytest.warns(HopcliWarning, match="3 of 3 .* 0; .* otsu"):
        assert np.all(load_dataset(spec).spins == 1)
    with pytest.warns(HopcliWarning, match="1 of 2"):  # nothing is above its brightest
        hopcli.load([[3, 5, 5, 4], [3, 5, 6, 4]], threshold=5)
    parted = load_dataset(spec, threshold="otsu").spins.reshape(3, 8, 8) > 0
    assert np.mean(parted == (np.rint(grey * 255) > 191)) > 0.9


@pytest.mark.parametrize(
    "asked", ["npz:x.npy", "csv:x.npy", "idx:x.npz", "npy:x.npz", "images:x.csv", "idx:p", "text:p"]
)
def test_a_refusal_names_the_source_that_reads_the_file(tmp_path: Path, asked: str) -> None:
    x = np.array([[1, -1, 1, -1], [1, 1, 1, -1]])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", x)
    np.savetxt(tmp_path / "x.csv", x, "%d", ",")
    (tmp_path / "p").mkdir()
    for name, row in zip("ab", x.reshape(2, 2, 2), strict=True):
        Image.fromarray(row > 0).save(tmp_path / "p" / f"{name}.png")
    source, _, name = asked.partition(":")
    with pytest.raises(DataError) as refused:
        load_dataset(f"{source}:{tmp_path / name}")
    (way,) = re.findall(r"give (\S+)$", str(refused.value))
    assert np.array_equal(load_dataset(way).spins, x)
    (tmp_path / "x.mat").write_bytes(b"\x89\0\0\x08\0")
    with pytest.raises(DataError, match=r"numpy\.save .*npy:FILE"):
        load_dataset(f"{source}:{tmp_path / 'x.mat'}")


# --- EMNIST, and several sets in a folder

SEVEN = np.zeros((3, 28, 28), np.uint8)
SEVEN[:, 4:7, 6:22] = SEVEN[:, 4:24, 19:22] = 255
ON_ITS_SIDE = SEVEN.transpose(0, 2, 1).copy()
SEVENS = np.full(3, 7, np.uint8)


def _set(folder: Path, prefix: str, test: str = "test", *, packed: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    end = "-ubyte.gz" if packed else "-ubyte"
    for part in ("train", test):
        for name, values in ((f"images-idx3{end}", ON_ITS_SIDE), (f"labels-idx1{end}", SEVENS)):
            file = f"{prefix}{part}-{name}"
            path = folder / (file.upper() if prefix.isupper() else file)
            write_idx(path, values, packed=packed)


def _is_upright(dataset: hopcli.Dataset) -> bool:
    return np.array_equal(dataset.spins.reshape(3, 28, 28) > 0, SEVEN > 0)


@pytest.mark.parametrize(
    "prefix", ["emnist-digits-", "EMNIST-digits-", "Emnist-", "gzip-emnist-letters-", "EMNIST_x-"]
)
def test_emnist_is_known_by_its_name_in_any_case(tmp_path: Path, prefix: str) -> None:
    for packed in (False, True):
        _set(tmp_path / f"{packed}", prefix, packed=packed)
        for split in ("train", "test"):
            for transpose in (False, True):
                spec = f"idx:{tmp_path}/{packed}"
                assert _is_upright(load_dataset(spec, split=split, transpose=transpose))


@pytest.mark.parametrize("prefix", ["", "qmnist-", "kemnist-", "MNIST-"])
def test_emnist_under_other_names_is_transposed_when_asked(tmp_path: Path, prefix: str) -> None:
    _set(tmp_path / "set", prefix, "t10k")
    assert not _is_upright(load_dataset(f"idx:{tmp_path}/set"))
    arrays = [written(kind, tmp_path / "n", ON_ITS_SIDE) for kind in ("npy", "npz alone")]
    for spec in (f"idx:{tmp_path}/set", *arrays):
        dataset = hopcli.load(spec, transpose=True)
        assert _is_upright(dataset)
        assert dataset.request["transpose"] is True


def test_the_way_to_one_of_several_sets_works_as_printed(run_hopcli: RunHopcli) -> None:
    for prefix in ("emnist-digits-", "emnist-letters-", ""):
        _set(Path("raw"), prefix, packed=True)
    message = run_hopcli("data", "--dataset", "idx:raw").refused()
    ways = re.findall(r"idx:raw/([\w-]+)", message)
    assert ways == ["emnist-digits", "emnist-letters", "MNIST"]
    for way in (*ways, "EMNIST-Digits"):
        lines = run_hopcli("data", "--dataset", f"idx:raw/{way}").out.splitlines()
        assert ["7", "3"] in [line.split()[:2] for line in lines]
    for wrong in ("emnist-byclass", "digits"):
        message = run_hopcli("data", "--dataset", f"idx:raw/{wrong}").refused()
        assert ways[0] in re.findall(r"idx:raw/([\w-]+)", message)


# --- text and tables


def _spins_of(source: str, path: Path, text: str, **settings: Any) -> hopcli.Dataset:
    """Return the spins of a file with this text."""
    path.write_text(text, encoding="utf-8", newline="")
    return load_dataset(f"{source}:{path}", **settings)


ALPHABETS = ["#.", "10", "+-", "#-", "X.", "xo", "*-", "@o", "XO", "ba", "#0", "1.", "█░", "TF"]
SEPARATORS = ["", " ", ",", ", ", "\t", ";", "  "]


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_text_drawn_with_two_characters(tmp_path: Path, alphabet: str) -> None:
    for separator, named in itertools.product(SEPARATORS[:-1], (False, True)):
        blocks = [
            (f"p{k}:\n" if named else "")
            + "\n".join(separator.join(alphabet[0 if ink else 1] for ink in row) for row in rows)
            for k, rows in enumerate(INK.reshape(2, 3, 3))
        ]
        text = "\n\n".join(blocks) + "\n"
        for invert in (False, True):
            dataset = _spins_of("text", tmp_path / "p.txt", text, invert=invert)
            assert np.array_equal(dataset.spins, -SPINS if invert else SPINS), (separator, named)
            assert dataset.shape == (3, 3)
            assert dataset.labels.tolist() == (["p0", "p1"] if named else ["1", "2"])


def test_names_and_blank_lines_of_a_drawn_text(tmp_path: Path) -> None:
    text = "\ufeff\n##.\n.#.\n\n\nletter T:\n###\n.#.\n\n...\n..#\n"
    dataset = _spins_of("text", tmp_path / "p.txt", text)
    assert dataset.labels.tolist() == ["1", "letter T", "3"]
    assert dataset.shape == (2, 3)
    drawn = "".join("#" if spin > 0 else "." for spin in dataset.spins.ravel())
    assert drawn == "##..#.###.#......#"
    again = _spins_of("text", tmp_path / "p.txt", text, threshold=254)
    assert np.array_equal(again.spins, dataset.spins)
    own = _spins_of("text", tmp_path / "4x4.txt", "##\n")  # not the one that ships
    assert own.spins.tolist() == [[1, 1]]


@pytest.mark.parametrize(
    "pair", [("1", "-1"), ("+1", "-1"), ("1", "0"), ("1.0", "-1.0"), ("2", "1"), ("True", "False")]
)
@pytest.mark.parametrize("source", ["text", "csv"])
def test_rows_of_numbers_are_patterns(tmp_path: Path, pair: tuple[str, str], source: str) -> None:
    for separator, end in itertools.product(SEPARATORS[1:], ("\n", "\r\n")):
        text = end.join(separator.join(pair[0 if ink else 1] for ink in row) for row in INK)
        dataset = _spins_of(source, tmp_path / "p", text)
        assert np.array_equal(dataset.spins, SPINS), (separator, end)
        assert dataset.shape == (3, 3)


@pytest.mark.parametrize(
    "text",
    [
        ",".join(map(str, SPINS.ravel())),
        "\n".join(map(str, SPINS.ravel())),
        "\n".join(" ".join(map(str, row)) for row in SPINS.reshape(6, 3)),
    ],
    ids=["one line", "one column", "rows of pictures"],
)
def test_patterns_on_other_lines_are_cut_by_their_size(tmp_path: Path, text: str) -> None:
    with pytest.warns(HopcliWarning, match="of 18|6 patterns of 3"):
        _spins_of("text", tmp_path / "p", text)
    dataset = _spins_of("text", tmp_path / "p", text, size=(3, 3))
    assert np.array_equal(dataset.spins, SPINS)
    assert _spins_of("text", tmp_path / "p", text, size=(9, 1)).shape == (1, 9)
    with pytest.raises(DataError, match="3 x 4"):
        _spins_of("text", tmp_path / "p", text, size=(3, 4))


def test_drawn_lines_are_cut_by_their_size(tmp_path: Path) -> None:
    rows = ["".join("#" if ink else "." for ink in row) for row in INK]
    with pytest.warns(HopcliWarning, match="9 x 2.*--size 3x3"):
        _spins_of("text", tmp_path / "p", "\n".join(rows))
    for text in ("\n".join(rows), "".join(rows)):
        assert np.array_equal(_spins_of("text", tmp_path / "p", text, size=(3, 3)).spins, SPINS)
    one_by_one = load_dataset(written("npy", tmp_path / "a", SPINS.reshape(1, 18)), size=(3, 3))
    assert np.array_equal(one_by_one.spins, SPINS)


def test_numbers_parted_by_blank_lines_are_pictures(tmp_path: Path) -> None:
    parts = ["\n".join(",".join(map(str, row)) + "," for row in p) for p in SPINS.reshape(2, 3, 3)]
    dataset = _spins_of("text", tmp_path / "p.txt", "# a comment\n" + "\n\n".join(parts))
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.shape == (3, 3)


HEADERS = {
    "kaggle": ["label", *(f"pixel{k}" for k in range(9))],
    "tests": ["label", *(f"{1 + k // 3}x{1 + k % 3}" for k in range(9))],
    "class": ["class", *(f"p{k}" for k in range(9))],
    "openml": [*(f"pixel{k + 1}" for k in range(9)), "class"],
    "other": ["letter", *(f"px_{k}" for k in range(9))],
    "pandas": ["", *map(str, range(9))],
    "numbers": ["y", *map(str, range(9))],
    "from one": ["y", *map(str, range(1, 10))],
    "quoted": ['"label"', *(f'"V{k}"' for k in range(9))],
    "none": [],
    "none, labels last": [],
}


@pytest.mark.parametrize("header", HEADERS)
def test_tables_with_labels(tmp_path: Path, header: str) -> None:
    names = HEADERS[header]
    last = "class" in names[-1:] or header.endswith("last")
    for labels, kind, separator in itertools.product(("37", "AB", "10", "yn"), RANGES, ",;\t"):
        if not names and (labels == "10" or (last and labels == "37")) and kind != "grey":
            continue  # by the rule there are no labels, or they are first
        low, high = RANGES[kind]
        rows = [[str(high if ink else low) for ink in row] for row in INK]
        pairs = zip(rows, labels, strict=True)
        lines = [[*row, label] if last else [label, *row] for row, label in pairs]
        text = "\n".join(separator.join(line) for line in ([names] if names else []) + lines)
        dataset = _spins_of("csv", tmp_path / "t.csv", text + "\n")
        assert dataset.labels.tolist() == list(labels), (labels, kind, separator)
        assert np.array_equal(dataset.spins, SPINS), (labels, kind, separator)


@pytest.mark.parametrize("header", [HEADERS["kaggle"][1:], [*"012345678"], [*"abcdefghi"], None])
def test_tables_without_labels(tmp_path: Path, header: list[str] | None) -> None:
    grey = np.where(INK, 200, 10) + np.arange(9) % 3
    lines = ([",".join(header)] if header else []) + [",".join(map(str, row)) for row in grey]
    dataset = _spins_of("csv", tmp_path / "t.csv", "\n".join(lines), threshold="otsu")
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.labels.tolist() == ["1", "2"]


@pytest.mark.parametrize("header", ["", "p0,p1,p2,p3,label,\n"])
def test_a_comma_at_the_end_of_every_line_begins_no_value(tmp_path: Path, header: str) -> None:
    found = _spins_of("csv", tmp_path / "t.csv", header + "1,-1,1,1,x,\n-1,-1,1,1,y,\n")
    assert found.labels.tolist() == ["x", "y"]
    assert found.spins.tolist() == [[1, -1, 1, 1], [-1, -1, 1, 1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("source", ["csv", "text"])
def test_text_is_read_in_either_encoding(tmp_path: Path, source: str, encoding: str) -> None:
    lines = [",".join(map(str, row)) for row in SPINS.tolist()]
    (tmp_path / "p.csv").write_text("\n".join(lines), encoding=encoding)
    assert np.array_equal(load_dataset(f"{source}:{tmp_path / 'p.csv'}").spins, SPINS)


# --- pictures given for patterns, and files given for sources


@pytest.mark.parametrize(("shape", "warned"), [((8, 8), True), ((100, 3), True), ((3, 8), False)])
def test_one_picture_is_not_many(tmp_path: Path, shape: tuple[int, int], warned: bool) -> None:
    array = np.random.default_rng(0).choice([-1, 1], shape)
    spec = written("npy", tmp_path / "a", array)
    for call in (lambda: hopcli.store(array, rule="hebbian"), lambda: load_dataset(spec)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        of_one = [str(w.message) for w in caught if issubclass(w.category, HopcliWarning)]
        assert len(of_one) == int(warned)
        assert all(f"{shape[0]} patterns of {shape[1]} sites" in message for message in of_one)
    assert hopcli.store(array[None], rule="hebbian").n_sites == array.size
    one = load_dataset(spec, size=shape[::-1])
    assert (len(one), one.shape) == (1, shape)


# --- files that claim more than they should are refused in little memory


MIB = 2**20


def _array(shape: str) -> bytes:
    """The beginning of an array that claims a shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


SHAPES = {
    "infinite": "(1e999, 2, 2)",
    "huge": f"({10**24}, 28, 28)",
    "images": f"({6 * 10**7}, 1, 1)",
    "pixels": "(2, 4000, 4000)",
    "lying": "(1000000, 28, 28)",
    "big": "(1000, 1000, 1000)",
}
LINES = {"drawn": (b"#.", 25 * MIB), "word": (b"a", 50 * MIB), "rows": (b"1,2\n", 3 * MIB)}


def _hostile(folder: Path) -> list[str]:
    """Write a file of each kind; return the sources that must refuse them, long texts last."""
    claim = struct.pack(">4I", 0x803, 200_000, 28, 28)
    noise = np.random.default_rng(0).bytes(1_600_000)
    files = {
        **{f"{name}.npy": _array(shape) for name, shape in SHAPES.items()},
        "big.csv": b"1,2,3\n",
        "big.txt": b"##\n",
        "p.pgm": b"P5 60000 60000 255\n",
        # 157 MB are possible in the first, but not there; and there in the second.
        "a-images-idx3-ubyte.gz": gzip.compress(claim + noise, 1),
        "b-images-idx3-ubyte.gz": gzip.compress(claim + bytes(150 * MIB), 1),
        **{name: line * times for name, (line, times) in LINES.items()},
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
        if name.startswith("big"):
            os.truncate(folder / name, 3 * 10**9)
    archives = {name: _array(shape) for name, shape in SHAPES.items() if name != "big"}
    for name, content in {**archives, "bomb": _array("(400, 512, 512)") + bytes(100 * MIB)}.items():
        with zipfile.ZipFile(folder / f"{name}.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x_train.npy", content, compresslevel=1)
    np.save(folder / "object.npy", np.array([[None, 1]], object), allow_pickle=True)
    source = {"npy": "npy", "npz": "npz", "csv": "csv", "txt": "text", "gz": "idx"}
    alone = sorted(path.name for path in folder.iterdir() if path.suffix)
    specs = [f"{source.get(name.rpartition('.')[2], 'images')}:{name}" for name in alone]
    return specs + [f"{kind}:{name}" for name in LINES for kind in ("text", "csv")]


_LOADING = """
import json, resource, sys
import PIL.Image
from hopcli.datasets import load_dataset
from hopcli.errors import DataError
PIL.Image.init()
load_dataset("drawings")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = {}
for spec in json.loads(sys.argv[1]):
    try:
        load_dataset(spec)
    except DataError as error:
        said[spec] = str(error)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said[spec] = (said.get(spec, ""), (after - before) / 1024)
print(json.dumps(said))
"""


def test_what_claims_too_much_is_refused_in_little_memory(tmp_path: Path) -> None:
    specs = _hostile(tmp_path)
    command = [sys.executable, "-W", "ignore", "-c", _LOADING, json.dumps(specs)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    said = json.loads(done.stdout)
    assert list(said) == specs
    for spec, (message, mib) in said.items():
        assert spec.partition(":")[2] in message, spec
        assert "\n" not in message
        is_text = spec.partition(":")[2] in LINES  # which is read line by line
        assert mib < (250 if is_text else 40), spec


def test_many_patterns_are_no_choice() -> None:
    many = np.ones((60_000, 784), np.int8)
    many[::2] = -1
    with pytest.raises(SettingError, match="10,000"):
        hopcli.select(hopcli.load(many[:10_001, :4]))
    assert len(hopcli.select(hopcli.load(many[:500, :4]), samples=1).labels) == 500
    with pytest.raises(SettingError) as error:
        overlap_loss_of(many[:, :600], np.zeros((100, 10_000), np.int64))
    assert error.value.setting == "samples"


def test_images_that_compress_well_are_not_refused(tmp_path: Path) -> None:
    """Two kinds of pixels in floats of eight bytes: 69 MB in an archive of 0.6."""
    spins = np.random.default_rng(0).random((11_000, 784)) < 0.03
    np.savez_compressed(tmp_path / "a.npz", spins.astype(np.float64))
    n_packed = (tmp_path / "a.npz").stat().st_size
    assert 800 * n_packed > 8 * spins.size > max(100 * n_packed, 2**26)
    assert len(hopcli.load(f"npz:{tmp_path / 'a.npz'}", size="28x28")) == 11_000
