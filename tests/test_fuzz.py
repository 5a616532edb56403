"""Random files, flags and arguments: read correctly, or refused in one line."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHopcli, few_and_many, random_patterns, write_patterns
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import hopcli
from hopcli.catalogue import CATALOGUE
from hopcli.config import read_config, shipped_configs
from hopcli.datasets.grey import Request
from hopcli.datasets.idx import read_idx
from hopcli.datasets.texts import load_text
from hopcli.errors import DataError, SettingError
from hopcli.grids.texts import read_set
from hopcli.results.manifest import sha256_of
from hopcli.values import RefusedError

Write = Callable[[str, bytes], Path]
fuzzed = settings(max_examples=30, deadline=None)


def tried(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return the value read, or the refusal; any other error is a defect."""
    try:
        return read(*arguments)
    except (DataError, SettingError, RefusedError) as refused:
        return refused


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write a file, each over the one before."""
    folder = tmp_path_factory.mktemp("fuzz")

    def write(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with something put in the place of a piece of it; pieces may be empty."""
    content = whole
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 1, 1, 2, 4, 40]))
        content = content[:start] + draw(st.binary(max_size=4)) + content[end:]
    return content


# --- configurations

SHIPPED = [tomllib.loads(path.read_text(encoding="utf-8")) for path in shipped_configs().values()]
FIGURE1 = shipped_configs()["figure1"].read_bytes()
WORDS = [
    *("", " ", "mnist", "text:x", "hebbian", "3,6", "1:2:1", "0:9:3", "0.1:0.9:0.1", "N/2", "2N"),
    *("all", "auto", "otsu", "28x28", "image", "flip:0.1", "blend:1:2", "1:0:linear", "a.gif"),
]
NUMBERS = st.integers(-3, 300) | st.integers() | st.floats() | st.sampled_from([0.5, -0.0, 1e300])
SCALARS = st.booleans() | NUMBERS | st.sampled_from(WORDS) | st.text(max_size=9) | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def written(command: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw settings of a command: mostly allowed values, and some others."""

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
def test_configuration_files(file: Write, content: bytes) -> None:
    path = file("f.toml", content)
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
    """Accepted values stay the same when they are read from a manifest."""
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
    for typed in (text, f"temperature={text}", f"digits={text}", f"seed=[{text}]"):
        assert tried(read_set, CATALOGUE["recall"], typed)
    value = tried(lambda: kind.check(kind.read(text)))
    if isinstance(value, RefusedError):
        assert str(value).startswith("must")
    else:
        assert kind.check(json.loads(json.dumps(kind.plain(value)))) == value


# --- patterns and images

GREY = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
IDX = struct.pack(">4I", 0x803, *GREY.shape) + GREY.tobytes()
DRAWN = b"one:\n#.#\n.#.\n\ntwo:\n..#\n##.\n"


@fuzzed
@given(content=damaged(DRAWN) | st.text("#. \n:a\t\r\0\u2028é", max_size=40).map(str.encode))
def test_patterns_are_read_or_refused(file: Write, content: bytes) -> None:
    path = file("f.txt", content)
    found = tried(load_text, Request(str(path), "train", 0, None))
    if isinstance(found, DataError):
        assert str(found).startswith(f"{path}: ")
        return
    n_sites = found.shape[0] * found.shape[1]
    assert found.grey.shape == (len(set(found.labels.tolist()) - {""}), n_sites)
    lines = [line.strip() for line in io.StringIO(content.decode(), newline=None)]
    drawn = "".join("".join(line for line in lines if not line.endswith(":")).split())
    kinds = {*zip(drawn, found.grey.ravel().tolist(), strict=True)}
    assert len(kinds) <= 2
    assert kinds >= {("#", 255)} or "#" not in drawn


@fuzzed
@given(content=damaged(IDX) | st.binary(max_size=40), n_axes=st.sampled_from([1, 3]))
@pytest.mark.parametrize("packed", [False, True])
def test_idx_is_read_or_refused(file: Write, content: bytes, packed: bool, n_axes: int) -> None:
    path = file("f.gz", gzip.compress(content)) if packed else file("f", content)
    found = tried(read_idx, path, n_axes)
    if isinstance(found, DataError):
        assert str(found).startswith(f"{path}: ")
        return
    assert (found.ndim, found.size > 0) == (n_axes, True)
    header = struct.pack(f">{1 + n_axes}I", 0x800 + n_axes, *found.shape)
    assert header + found.tobytes() == content


# --- arrays of a run folder from elsewhere, with hashes that fit them


def changed(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Return random replacements of a value."""
    yield array[:0] if array.ndim else np.array([])
    yield np.array(1)
    yield np.zeros((0, 5, 0))
    yield np.concatenate([array, array]) if array.ndim else array.reshape(1, 1, 1)
    for value in (np.inf, np.nan, -5, 0, 2**62, 1j, "<b>$x\x1b"):
        yield np.full(array.shape, value)


@few_and_many("n_cases", 7, 77)
def test_every_array_of_a_run_may_be_anything(run_hopcli: RunHopcli, n_cases: int) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    data = ["--dataset", "text:five.txt", "--samples", "1"]
    assert run_hopcli("select", *data, "--out", "a", "--no-figures").code == 0
    manifest, arrays_file = Path("a/select.json"), Path("a/patterns.npz")
    whole = json.loads(manifest.read_text(encoding="utf-8"))
    with np.load(arrays_file) as archive:
        arrays = dict(archive)
    cases = [(name, wrong) for name, array in arrays.items() for wrong in changed(array)]
    assert len(cases) == 77
    refused = 0
    for name, wrong in cases[:: len(cases) // n_cases]:
        np.savez(arrays_file, **{**arrays, name: wrong})
        outputs = {**whole["outputs"], "patterns.npz": sha256_of(arrays_file)}
        manifest.write_text(json.dumps({**whole, "outputs": outputs}), encoding="utf-8")
        for command in (["plot", "a", "--out", "p", "--dpi", "20"], ["report", "a"]):
            done = run_hopcli(*command, "-q")
            refused += done.code == 2
            assert (done.code, done.err.count("\n")) in ((0, 0), (2, 1)), (name, wrong)
    assert refused > n_cases / 3


# --- numbers from Python that nothing can be done with


pytestmark = pytest.mark.filterwarnings("ignore")


ROWS = np.ones((3, 4), np.int8)
ARRAYS: dict[str, Any] = {
    "ragged": [[1, -1], [1]],
    "object": ROWS.astype(object),
    "complex": 1j * ROWS,
    "text": ROWS.astype(str),
    "images": np.broadcast_to(np.int8(1), (2_000_001, 4)),
    "pixels": np.broadcast_to(np.int8(1), (2, 4_000_001)),
    "size": np.broadcast_to(np.int8(1), (2_000, 1_500, 1_500)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_have_the_limits_of_files(kind: str) -> None:
    for take in (hopcli.load, hopcli.store):
        with pytest.raises(DataError) as error:
            take(ARRAYS[kind])
        assert len(str(error.value).splitlines()) == 1
