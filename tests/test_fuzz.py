"""Whatever a file or a flag holds: it is read as what it says, or refused in one line."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tomllib
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopcli.catalogue import CATALOGUE
from hopcli.config import read_config, shipped_configs
from hopcli.datasets.idx import read_idx
from hopcli.datasets.npz import Archive, load_npz
from hopcli.datasets.request import Request
from hopcli.datasets.texts import load_text
from hopcli.errors import DataError, SettingError
from hopcli.kinds import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

fuzzed = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files, each overwritten by the next."""
    return tmp_path_factory.mktemp("fuzz")


def tried(read: Callable[..., Any], *arguments: Any) -> Any:
    """What is read, or the error by which it is refused; any other error is a defect."""
    try:
        return read(*arguments)
    except (DataError, SettingError, RefusedError) as refused:
        return refused


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with something put in the place of a piece of it; pieces may be empty."""
    content = whole
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 1, 1, 2, 4, 40]))
        content = content[:start] + draw(st.binary(max_size=4)) + content[end:]
    return content


# --- configurations ------------------------------------------------------------------------

SHIPPED = [tomllib.loads(path.read_text(encoding="utf-8")) for path in shipped_configs().values()]
FIGURE1 = shipped_configs()["figure1"].read_bytes()
WORDS = [
    *("", " ", "mnist", "text:x", "hebbian", "3,6", "1:2:1", "0:9:3", "0.1:0.9:0.1", "N/2", "2N"),
    *("all", "auto", "otsu", "28x28", "image", "flip:0.1", "blend:1:2", "1:0:linear", "a.gif"),
]
SCALARS = (
    st.booleans()
    | st.integers(-3, 300)
    | st.integers()
    | st.sampled_from([0.0, 0.5, 1.0, -0.0, 1e300, 5e-324])
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=12)
    | st.dates()
    | st.times()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def written(command: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some settings of a command: mostly values that they may have, and some of any other."""

    def values(name: str) -> st.SearchStrategy[Any]:
        kind = CATALOGUE[command].settings[name].kind
        usual = [one[name] for one in SHIPPED if name in one] or [True]
        good = st.sampled_from([*kind.choices, *usual])
        return st.one_of(good, good, good, st.integers(0, 9), st.sampled_from(WORDS), VALUES)

    names = st.lists(st.sampled_from(list(CATALOGUE[command].settings)), max_size=3)
    some = names.flatmap(lambda chosen: st.fixed_dictionaries({n: values(n) for n in chosen}))
    return some | st.dictionaries(st.sampled_from(["tempreature", "", "seed"]), VALUES, max_size=2)


@fuzzed
@given(content=st.binary(max_size=60) | damaged(FIGURE1))
def test_a_configuration_file_is_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "f.toml"
    path.write_bytes(content)
    found = tried(read_config, path)
    try:
        expected = tomllib.loads(content.decode())
    except ValueError:  # neither UTF-8 nor TOML
        assert str(found).startswith(f"{path}: ")
    else:
        assert repr(found) == repr(expected)  # where NaN is NaN


@pytest.mark.parametrize("command", CATALOGUE)
@fuzzed
@given(data=st.data())
def test_settings_are_what_was_written_or_refused(command: str, data: st.DataObject) -> None:
    """And what is taken is the same again when it is read from a manifest."""
    values = data.draw(written(command))
    found = tried(CATALOGUE[command].read, values)
    if isinstance(found, SettingError):
        assert found.setting in {*CATALOGUE[command].settings, *values}
        return
    config, execution = found
    said = json.loads(json.dumps([config.to_dict(), execution.to_dict()]))
    assert type(config).from_values(said[0]).to_dict() == config.to_dict()
    assert type(execution)(**said[1]).to_dict() == execution.to_dict()
    for name, value in values.items():
        if isinstance(value, bool | int) and name in said[0]:
            assert said[0][name] in (value, str(value), [value], [str(value)])


@fuzzed
@given(text=st.text(max_size=20) | st.sampled_from(WORDS), data=st.data())
def test_a_flag_is_read_or_refused(text: str, data: st.DataObject) -> None:
    kinds = [declared.kind for entry in CATALOGUE.values() for declared in entry.settings.values()]
    kind = data.draw(st.sampled_from(kinds))
    value = tried(lambda: kind.check(kind.read(text)))
    if isinstance(value, RefusedError):
        assert str(value).startswith("must")
    else:
        assert kind.check(json.loads(json.dumps(kind.plain(value)))) == value


# --- patterns and images -------------------------------------------------------------------

GREY = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
IDX = struct.pack(">4I", 0x803, *GREY.shape) + GREY.tobytes()
ASKED = Request("f.txt", "train", 0, None)
DRAWN = b"one:\n#.#\n.#.\n\ntwo:\n..#\n##.\n"


def _npz() -> bytes:
    stream = io.BytesIO()
    labels = np.arange(5)
    np.savez_compressed(stream, x_train=GREY, y_train=labels, x_test=GREY, y_test=labels + 5)
    return stream.getvalue()


NPZ = _npz()


@fuzzed
@given(content=damaged(DRAWN) | st.text("#. \n:a\t\r\0\u2028é", max_size=40).map(str.encode))
def test_a_text_of_patterns_is_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "f.txt"
    path.write_bytes(content)
    found = tried(load_text, path, ASKED)
    if isinstance(found, DataError):
        assert str(found).startswith(f"{path}: ")
        return
    n_sites = found.shape[0] * found.shape[1]
    assert found.grey.shape == (len(set(found.labels.tolist()) - {""}), n_sites)
    lines = [line.strip() for line in content.decode().splitlines()]
    drawn = "".join(line for line in lines if not line.endswith(":"))
    drawn = "".join(drawn.split())
    kinds = {*zip(drawn, found.grey.ravel().tolist(), strict=True)}
    assert len(kinds) <= 2
    assert kinds >= {("#", 255)} or "#" not in drawn


@fuzzed
@given(
    content=damaged(IDX) | st.binary(max_size=40),
    packed=st.booleans(),
    n_axes=st.sampled_from([1, 3]),
)
def test_an_idx_file_is_read_or_refused(
    folder: Path, content: bytes, packed: bool, n_axes: int
) -> None:
    path = folder / ("f.gz" if packed else "f")
    path.write_bytes(gzip.compress(content) if packed else content)
    found = tried(read_idx, path, n_axes)
    if isinstance(found, DataError):
        assert str(found).startswith(f"{path}: ")
        return
    assert found.ndim == n_axes
    assert found.size > 0
    header = struct.pack(f">{1 + n_axes}I", 0x800 + n_axes, *found.shape)
    assert header + found.tobytes() == content


@fuzzed
@given(content=damaged(gzip.compress(IDX)))
def test_a_damaged_gzip_file_never_gives_other_images(folder: Path, content: bytes) -> None:
    path = folder / "f.gz"
    path.write_bytes(content)
    found = tried(read_idx, path, 3)
    assert isinstance(found, DataError) or np.array_equal(found, GREY)


@fuzzed
@given(content=damaged(NPZ) | st.binary(max_size=40))
def test_a_damaged_archive_never_gives_other_arrays(folder: Path, content: bytes) -> None:
    path = folder / "f.npz"
    path.write_bytes(content)
    found = tried(load_npz, Request(str(path), "all", 0, None))
    if isinstance(found, DataError):
        assert str(found).startswith(f"{path}: ")
        return
    assert np.array_equal(found.grey, np.concatenate([GREY, GREY]).reshape(10, -1))
    assert found.labels.tolist() == list("0123456789")


@fuzzed
@given(array=st.binary(max_size=60))
def test_any_bytes_as_an_array_are_read_or_refused(folder: Path, array: bytes) -> None:
    """In an archive that is whole: what an array says of itself may be anything."""
    path = folder / "g.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", array)
    with Archive(path) as archive:
        found = tried(archive.read, "a")
    assert isinstance(found, np.ndarray) or str(found).startswith(f"{path}: ")
