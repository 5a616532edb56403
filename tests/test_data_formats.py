"""Files as courses and data sites hand them out: every kind gives the same spins, or a reason."""

from __future__ import annotations

import gzip
import json
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hopcli
from hopcli.datasets import load_dataset, spec_of
from hopcli.datasets.pictures import EXTENSIONS
from hopcli.errors import DataError, HopcliWarning, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RunHopcli
    from numpy.typing import NDArray

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


def _idx(path: Path, values: NDArray[Any]) -> str:
    path.mkdir()
    write_idx(path / "train-images-idx3-ubyte", values)
    write_idx(path / "train-labels-idx1-ubyte", np.array([3, 7], np.uint8))
    return f"idx:{path}"


def _idx_alone(path: Path, values: NDArray[Any]) -> str:
    write_idx(path, values)
    return f"idx:{path}"


def _npy(path: Path, values: NDArray[Any]) -> str:
    np.save(path.with_suffix(".npy"), values)
    return f"npy:{path.with_suffix('.npy')}"


def _npy_flat(path: Path, values: NDArray[Any]) -> str:
    return _npy(path, values.reshape(2, 9))


def _npz_alone(path: Path, values: NDArray[Any]) -> str:
    np.savez_compressed(path.with_suffix(".npz"), values)
    return f"npz:{path.with_suffix('.npz')}"


def _npz(path: Path, values: NDArray[Any]) -> str:
    np.savez(path.with_suffix(".npz"), x_train=values, y_train=[3, 7])
    return f"npz:{path.with_suffix('.npz')}"


def _csv(path: Path, values: NDArray[Any]) -> str:
    np.savetxt(path, values.reshape(2, 9), "%g", ",")
    return f"csv:{path}"


def _text(path: Path, values: NDArray[Any]) -> str:
    np.savetxt(path, values.reshape(2, 9))
    return f"text:{path}"


CONTAINERS = (_idx, _idx_alone, _npy, _npy_flat, _npz_alone, _npz, _csv, _text)
RANGES = {"spins": (-1, 1), "bits": (0, 1), "grey": (0, 255)}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("values", list(RANGES))
@pytest.mark.parametrize("threshold", [None, 127, "otsu"])
def test_the_same_picture_in_every_container_type_and_range(
    tmp_path: Path,
    container: Callable[[Path, NDArray[Any]], str],
    dtype: str,
    values: str,
    threshold: int | str | None,
) -> None:
    low, high = RANGES[values]
    if dtype[0] in "ui" and not np.iinfo(dtype).min <= low < high <= np.iinfo(dtype).max:
        return
    array = np.where(INK, high, low).astype(dtype).reshape(2, 3, 3)
    spec = container(tmp_path / "data", array)
    dataset = load_dataset(spec, threshold=threshold)
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.shape == (3, 3)
    assert dataset.labels.tolist() == (["3", "7"] if container in (_idx, _npz) else ["1", "2"])
    if container in (_npy, _npz):
        from_python = hopcli.load(array, threshold=threshold)
        assert np.array_equal(from_python.spins, dataset.spins)


@pytest.mark.parametrize("container", CONTAINERS)
def test_floats_from_0_to_1_are_grey_values(
    tmp_path: Path, container: Callable[[Path, NDArray[Any]], str]
) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (2, 3, 3))
    unit = (grey / 255).astype(np.float32)
    spec = container(tmp_path / "data", unit)
    for threshold in (0, 60, 127, 200, "otsu", "mean"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = hopcli.load(grey, threshold=threshold).spins
            found = load_dataset(spec, threshold=threshold).spins
            assert np.array_equal(hopcli.load(unit, threshold=threshold).spins, expected)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([[-0.5, 1.0], [0.5, 0.25]]), "-0.5"),
        (np.array([[0.5, 1.5], [0.5, 0.25]]), "0.5"),
        (np.array([[0, 256], [3, 4]]), "256"),
        (np.array([[0.0, np.nan], [3, 4]]), "nan"),
        (np.array([[0.0, np.inf], [3, 4]]), "inf"),
        (np.array([[-1, 0], [1, 0]]), "-1"),
    ],
)
def test_other_numbers_are_refused_alike(tmp_path: Path, values: NDArray[Any], found: str) -> None:
    specs = [_npy(tmp_path / "data", np.stack([values, values]))]
    np.savez(tmp_path / "data.npz", np.stack([values, values]))
    for spec in (*specs, f"npz:{tmp_path / 'data.npz'}"):
        with pytest.raises(DataError, match=f"found {found}$"):
            load_dataset(spec)
    for call in (hopcli.load, hopcli.store):
        with pytest.raises(DataError, match=f"found {found}$"):
            call(np.stack([values, values]))


def test_pixels_above_the_threshold_alone_are_said(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).random((3, 8, 8)) / 2 + 0.5
    spec = _npy(tmp_path / "data", grey)
    with pytest.warns(HopcliWarning, match=r"3 of 3 .*threshold 0; threshold otsu"):
        assert np.all(load_dataset(spec).spins == 1)
    expected = np.rint(grey * 255) > 191
    assert (
        np.mean((load_dataset(spec, threshold="otsu").spins > 0).reshape(3, 8, 8) == expected) > 0.9
    )
    with pytest.warns(HopcliWarning, match="3 of 3"):
        hopcli.load(grey)


# EMNIST, and several sets in a folder.

SEVEN = np.zeros((3, 28, 28), np.uint8)
SEVEN[:, 4:7, 6:22] = SEVEN[:, 4:24, 19:22] = 255


def _set(folder: Path, prefix: str, test: str = "test", *, packed: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    for part in ("train", test):
        end = "-ubyte.gz" if packed else "-ubyte"
        images = SEVEN.transpose(0, 2, 1).copy()
        write_idx(folder / f"{prefix}{part}-images-idx3{end}", images, packed=packed)
        write_idx(
            folder / f"{prefix}{part}-labels-idx1{end}", np.full(3, 7, np.uint8), packed=packed
        )


def _is_upright(dataset: hopcli.Dataset) -> bool:
    return np.array_equal(dataset.spins.reshape(3, 28, 28) > 0, SEVEN > 0)


@pytest.mark.parametrize(
    "prefix", ["emnist-digits-", "EMNIST-digits-", "Emnist-", "gzip-emnist-letters-", "EMNIST_x-"]
)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_emnist_is_known_by_its_name_in_any_case(
    tmp_path: Path, prefix: str, packed: bool, transpose: bool
) -> None:
    _set(tmp_path / "set", prefix, packed=packed)
    for split in ("train", "test"):
        assert _is_upright(load_dataset(f"idx:{tmp_path}/set", split=split, transpose=transpose))


@pytest.mark.parametrize("prefix", ["", "qmnist-", "kemnist-", "MNIST-"])
def test_emnist_under_other_names_is_transposed_when_asked(tmp_path: Path, prefix: str) -> None:
    _set(tmp_path / "set", prefix, "t10k")
    assert not _is_upright(load_dataset(f"idx:{tmp_path}/set"))
    assert _is_upright(load_dataset(f"idx:{tmp_path}/set", transpose=True))
    dataset = hopcli.load(f"idx:{tmp_path}/set", transpose=True)
    assert dataset.request["transpose"] is True
    images = SEVEN.transpose(0, 2, 1)
    for spec in (_npy(tmp_path / "n", images), _npz_alone(tmp_path / "n", images)):
        assert _is_upright(load_dataset(spec, transpose=True))


def test_transpose_is_refused_where_images_are_upright() -> None:
    for spec in ("mnist", "digits", "drawings", "images:some"):
        with pytest.raises(SettingError, match=r"^transpose .*idx:DIR.*csv:FILE"):
            load_dataset(spec, transpose=True)


def test_transpose_enters_the_manifest_and_the_numbers(run_hopcli: RunHopcli) -> None:
    _set(Path("set"), "", "t10k")
    flags = ["--dataset", "idx:set", "--samples", "1", "--no-figures", "-q"]
    patterns = []
    for more in ([], ["--transpose"]):
        assert run_hopcli("select", *flags, *more, "--out", f"r{len(more)}").code == 0
        manifest = json.loads(Path(f"r{len(more)}/select.json").read_text())
        assert manifest["config"]["transpose"] == bool(more)
        patterns.append(hopcli.store(f"r{len(more)}/patterns.npz").patterns.xi.reshape(28, 28))
    assert np.array_equal(patterns[0], patterns[1].T)
    assert np.array_equal(patterns[1] > 0, SEVEN[0] > 0)
    done = run_hopcli("data", "--dataset", "idx:set")
    assert "--transpose" in done.out
    assert max(map(len, done.out.splitlines()[:12])) <= 80


def test_the_way_to_one_of_several_sets_works_as_printed(
    run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    for prefix in ("emnist-digits-", "emnist-letters-", ""):
        _set(Path("raw"), prefix, packed=True)
    message = run_hopcli("data", "--dataset", "idx:raw").refused()
    ways = [word.strip(",") for word in message.split() if word.startswith("idx:raw/")]
    assert ways == ["idx:raw/emnist-digits", "idx:raw/emnist-letters", "idx:raw/MNIST"]
    for way in ways:
        assert "7               3" in run_hopcli("data", "--dataset", way).out
    for wrong in ("idx:raw/emnist-byclass", "idx:raw/digits"):
        assert "idx:raw/emnist-digits" in run_hopcli("data", "--dataset", wrong).refused()


def test_a_data_set_without_a_test_set_is_counted(run_hopcli: RunHopcli) -> None:
    for spec in (_idx(Path("set"), INK.reshape(2, 3, 3).astype("u1")), _npz_alone(Path("a"), INK)):
        done = run_hopcli("data", "--dataset", spec, "--format", "json")
        (part,) = json.loads(done.out)["parts"]
        assert (part["name"], sum(part["images"].values())) == (f"{spec}:train", 2)
        run_hopcli("select", "--dataset", spec, "--split", "test").refused()


# Text and tables.

ALPHABETS = ["#.", "10", "+-", "#-", "X.", "xo", "*-", "@o", "XO", "ba", "#0", "1.", "█░", "TF"]


@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("separator", ["", " ", ",", ", ", "\t", ";"])
@pytest.mark.parametrize("named", [False, True])
def test_text_drawn_with_two_characters(
    tmp_path: Path, alphabet: str, separator: str, named: bool
) -> None:
    blocks = []
    for k, picture in enumerate(INK.reshape(2, 3, 3)):
        lines = [
            separator.join(alphabet[0] if ink else alphabet[1] for ink in row) for row in picture
        ]
        blocks.append("\n".join(([f"p{k}:"] if named else []) + lines))
    (tmp_path / "p.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    dataset = load_dataset(f"text:{tmp_path / 'p.txt'}")
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.shape == (3, 3)
    assert dataset.labels.tolist() == (["p0", "p1"] if named else ["1", "2"])
    inverted = load_dataset(f"text:{tmp_path / 'p.txt'}", invert=True)
    assert np.array_equal(inverted.spins, -SPINS)


@pytest.mark.parametrize(
    "pair", [("1", "-1"), ("+1", "-1"), ("1", "0"), ("1.0", "-1.0"), ("2", "1")]
)
@pytest.mark.parametrize("separator", [" ", ",", ", ", "\t", ";", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("source", ["text", "csv"])
def test_rows_of_two_numbers_are_patterns(
    tmp_path: Path, pair: tuple[str, str], separator: str, end: str, source: str
) -> None:
    text = end.join(separator.join(pair[0] if ink else pair[1] for ink in row) for row in INK)
    (tmp_path / "p").write_bytes(text.encode())
    dataset = load_dataset(f"{source}:{tmp_path / 'p'}")
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.shape == (3, 3)


def test_all_patterns_on_one_line_are_cut_by_their_size(tmp_path: Path) -> None:
    for name, text in {
        "one": ",".join(map(str, SPINS.ravel())),
        "column": "\n".join(map(str, SPINS.ravel())),
        "rows": "\n".join(" ".join(map(str, row)) for row in SPINS.reshape(6, 3)),
    }.items():
        path = tmp_path / name
        path.write_text(text)
        with pytest.warns(HopcliWarning, match=r"one pattern of 18|6 patterns of 3"):
            load_dataset(f"text:{path}")
        dataset = load_dataset(f"text:{path}", size=(3, 3))
        assert np.array_equal(dataset.spins, SPINS)
        assert load_dataset(f"text:{path}", size=(9, 1)).shape == (1, 9)
        with pytest.raises(DataError, match="3 x 4"):
            load_dataset(f"text:{path}", size=(3, 4))
    np.save(tmp_path / "a.npy", SPINS.reshape(1, 18))
    assert np.array_equal(load_dataset(f"npy:{tmp_path / 'a.npy'}", size=(3, 3)).spins, SPINS)


def test_numbers_parted_by_blank_lines_are_pictures(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(
        "# a comment\n"
        + "\n\n".join(
            "\n".join(" ".join(map(str, row)) for row in p) for p in SPINS.reshape(2, 3, 3)
        )
    )
    dataset = load_dataset(f"text:{tmp_path / 'p.txt'}")
    assert np.array_equal(dataset.spins, SPINS)


HEADERS = {
    "kaggle": ["label", *(f"pixel{k}" for k in range(9))],
    "tests": ["label", *(f"{1 + k // 3}x{1 + k % 3}" for k in range(9))],
    "class": ["class", *(f"p{k}" for k in range(9))],
    "openml": [*(f"pixel{k + 1}" for k in range(9)), "class"],
    "other": ["letter", *(f"px_{k}" for k in range(9))],
    "pandas": ["", *map(str, range(9))],
    "numbers": ["y", *map(str, range(9))],
    "quoted": ['"label"', *(f'"V{k}"' for k in range(9))],
}


@pytest.mark.parametrize("header", [*HEADERS, None])
@pytest.mark.parametrize("labels", [("3", "7"), ("A", "B"), ("1", "0"), ("y", "n")])
@pytest.mark.parametrize("values", ["spins", "bits", "grey"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_with_labels(
    tmp_path: Path, header: str | None, labels: tuple[str, str], values: str, separator: str
) -> None:
    low, high = RANGES[values]
    names = HEADERS[header] if header else []
    if header is None and labels == ("1", "0") and values == "bits":
        return  # ten bits without a header: no labels, by the rule
    rows = [[str(high if ink else low) for ink in row] for row in INK]
    last = bool(names) and names[-1] == "class"
    lines = [
        [*row, label] if last else [label, *row] for row, label in zip(rows, labels, strict=True)
    ]
    text = "\n".join(separator.join(line) for line in ([names] if names else []) + lines)
    (tmp_path / "t.csv").write_text(text + "\n")
    dataset = load_dataset(f"csv:{tmp_path / 't.csv'}")
    assert dataset.labels.tolist() == list(labels)
    assert np.array_equal(dataset.spins, SPINS)


@pytest.mark.parametrize(
    "header", [[f"pixel{k}" for k in range(9)], list("012345678"), list("abcdefghi"), None]
)
def test_tables_without_labels(tmp_path: Path, header: list[str] | None) -> None:
    grey = np.where(INK, 200, 10) + np.arange(9) % 3
    lines = ([",".join(header)] if header else []) + [",".join(map(str, row)) for row in grey]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    dataset = load_dataset(f"csv:{tmp_path / 't.csv'}", threshold="otsu")
    assert np.array_equal(dataset.spins, SPINS)
    assert dataset.labels.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "none"),
        ("label,a1,a2\n", "none"),
        ("id,label,a1,a2\n1,2,3,4\n", "'id', 'label'"),
        ("a1,label,a2\n1,2,3\n", "'label'"),
        ("1,2,3\n1,2\n", "line 2.* 2$"),
        ("1,2,3\n1,,3\n", "line 2.*''"),
        ("1,2,3\n1,x,3\n", "line 2.*'x'"),
        ("1,2,3,4\n5,6,7,999\n", "999"),
        ("1,2,-3,5\n6,7,8,9\n", "-3"),
        ("1,nan,3\n1,2,9\n", "nan|'nan'"),
    ],
)
def test_wrong_tables_are_refused_by_what_is_wrong(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=rf"t\.csv.*{found}"):
        load_dataset(f"csv:{tmp_path / 't.csv'}")


@settings(deadline=None, max_examples=100)
@given(
    spins=st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([-1, 1]), min_size=n, max_size=n), min_size=1, max_size=5
        )
    ),
    separator=st.sampled_from([" ", ",", ";", "\t"]),
)
def test_any_spins_come_back_from_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, spins: list[list[int]], separator: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    array = np.array(spins, np.int8)
    np.savetxt(folder / "a.txt", array, "%d", separator)
    np.save(folder / "a.npy", array)
    np.savez(folder / "a.npz", array)
    write_idx(folder / "a", array)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for spec in ("text:{}/a.txt", "csv:{}/a.txt", "npy:{}/a.npy", "npz:{}/a.npz", "idx:{}/a"):
            found = load_dataset(spec.format(folder))
            assert np.array_equal(found.spins, array), spec


# Pictures given for patterns, and files given for sources.


@pytest.mark.parametrize(("shape", "warned"), [((8, 8), True), ((100, 3), True), ((3, 8), False)])
def test_one_picture_is_not_taken_for_many_in_silence(
    tmp_path: Path, shape: tuple[int, int], warned: bool
) -> None:
    array = np.random.default_rng(0).choice([-1, 1], shape)
    np.save(tmp_path / "a.npy", array)
    np.savetxt(tmp_path / "a.csv", array, "%d", ",")
    calls: list[Callable[[], Any]] = [
        lambda: hopcli.store(array, rule="hebbian"),
        lambda: load_dataset(f"npy:{tmp_path / 'a.npy'}"),
        lambda: load_dataset(f"csv:{tmp_path / 'a.csv'}"),
    ]
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        of_one = [w for w in caught if issubclass(w.category, HopcliWarning)]
        assert len(of_one) == int(warned)
        if warned:
            assert f"{shape[0]} patterns of {shape[1]} sites" in str(of_one[0].message)
    assert hopcli.store(array[None], rule="hebbian").n_sites == array.size
    width, height = shape[1], shape[0]
    one = load_dataset(f"npy:{tmp_path / 'a.npy'}", size=(width, height))
    assert (len(one), one.shape) == (1, shape)


def test_sources_are_stored_as_they_are_loaded(tmp_path: Path) -> None:
    for k, picture in enumerate(INK.reshape(2, 3, 3)):
        Image.fromarray(picture).save(tmp_path / f"p{k}.png")
    memory = hopcli.store(f"images:{tmp_path}")
    assert np.array_equal(memory.patterns.xi, SPINS)
    assert memory.patterns.labels == ("p0", "p1")
    with pytest.raises(DataError, match="images:DIR"):
        hopcli.store(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "name", ["a.npy", "a.npz", "a.csv", "a.txt", "a.dat", "a.png", "a.pgm", "d", "i"]
)
def test_a_file_given_for_a_source_names_the_way_that_works(
    run_hopcli: RunHopcli, name: str
) -> None:
    np.save("a.npy", SPINS)
    np.savez("a.npz", SPINS)
    np.savetxt("a.csv", SPINS, "%d", ",")
    np.savetxt("a.txt", SPINS, "%d")
    np.savetxt("a.dat", SPINS, "%d")
    Path("d").mkdir()
    for path in ("a.png", "a.pgm", "d/a.png"):
        Image.fromarray(INK[0].reshape(3, 3)).convert("L").save(path)
    _idx(Path("i"), INK.reshape(2, 3, 3).astype("u1"))
    message = run_hopcli("data", "--dataset", name).refused()
    way = spec_of(name)
    assert way in message
    assert all(f"{source}:" in message for source in ("idx", "npz", "npy", "csv", "text", "images"))
    assert run_hopcli("data", "--dataset", way).code == 0
    assert run_hopcli("show", name).code == 0


def test_what_is_passed_over_among_pictures_is_said_once_on_stderr(run_hopcli: RunHopcli) -> None:
    Path("d").mkdir()
    for name in ("a.png", "b.pgm", "c.bmp"):
        seed = ord(name[0])
        picture = np.random.default_rng(seed).integers(0, 2, (8, 8)) * 255
        Image.fromarray(picture.astype(np.uint8)).save(f"d/{name}")
    Path("d/notes.txt").touch()
    Path("d/sub").mkdir()
    done = run_hopcli("data", "--dataset", "images:d")
    assert done.code == 0
    assert done.out.count("\n") > 3
    (line,) = done.err.splitlines()
    assert "5 entries, 3" in line
    assert "notes.txt, sub" in line


def test_floats_are_rounded_to_the_nearest_grey_value() -> None:
    """254.49 and 254.75 of 255 are 254 and 255."""
    assert hopcli.load([[0.0, 0.998, 0.999]], threshold=254).spins.tolist() == [[-1, -1, 1]]


@pytest.mark.parametrize("header", ["", "p0,p1,p2,p3,label,\n"])
def test_a_comma_at_the_end_of_every_line_begins_no_value(empty_folder: Path, header: str) -> None:
    Path("t.csv").write_text(header + "1,-1,1,1,x,\n-1,-1,1,1,y,\n", encoding="utf-8")
    found = hopcli.load("csv:t.csv")
    assert found.labels.tolist() == ["x", "y"]
    assert found.spins.tolist() == [[1, -1, 1, 1], [-1, -1, 1, 1]]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_pictures_with_every_extension_are_read(empty_folder: Path, extension: str) -> None:
    ink = np.kron([[0, 255], [255, 255]], np.ones((8, 8))).astype(np.uint8)
    picture = Image.fromarray(ink.astype(np.float32) if extension == ".pfm" else ink)
    picture.convert("1" if extension == ".pbm" else picture.mode).save(f"p{extension}")
    found = hopcli.load(f"images:p{extension}")
    assert np.array_equal(found.spins.reshape(16, 16) > 0, ink > 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("source", ["csv", "text"])
def test_text_is_read_in_either_encoding(tmp_path: Path, source: str, encoding: str) -> None:
    spins = random_patterns(1, 3, 16)
    lines = [",".join(map(str, row)) for row in spins.tolist()]
    (tmp_path / "p.csv").write_text("\n".join(lines), encoding=encoding)
    np.testing.assert_array_equal(load_dataset(f"{source}:{tmp_path / 'p.csv'}").spins, spins)
