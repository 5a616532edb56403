"""Files that claim more than they should are refused in little memory, whatever their kind."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import hopcli
from hopcli.datasets import thresholds
from hopcli.errors import PatternError, SettingError
from hopcli.losses import overlap_loss, overlap_loss_of
from hopcli.observables import overlaps
from hopcli.storage import couplings, store
from hopcli.storage.couplings import site_classes

if TYPE_CHECKING:
    from pathlib import Path


MIB = 2**20
N_TEXTS = 12  # sources of long texts, which are read line by line


def _header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    entries = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, entries)
    return stream.getvalue()


def _claim(shape: str) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


SHAPES = {
    "infinite": "(1e999, 2, 2)",
    "negative": "(-4, 2, 2)",
    "zero": "(0, 2, 2)",
    "huge": f"({10**24}, 28, 28)",
    "images": f"({6 * 10**7}, 1, 1)",
    "pixels": "(2, 4000, 4000)",
    "lying": "(1000000, 28, 28)",
}


def _zipped(path: Path, start: bytes, n_mib: int) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x_train.npy", "w") as file,
    ):
        file.write(start)
        for _ in range(n_mib):
            file.write(bytes(MIB))


def _hostile(folder: Path) -> list[str]:
    """Write a file of each kind; the sources that are to refuse them."""
    specs = []
    for name, shape in SHAPES.items():
        (folder / f"{name}.npy").write_bytes(_claim(shape))
        _zipped(folder / f"{name}.npz", _claim(shape), 0)
        specs += [f"npy:{name}.npy", f"npz:{name}.npz"]
    np.save(folder / "object.npy", np.array([[None, 1]], object), allow_pickle=True)
    np.savez(folder / "object.npz", x=np.array([[None, 1]], object))
    _zipped(folder / "bomb.npz", _header((400, 512, 512)), 100)
    specs += ["npy:object.npy", "npz:object.npz", "npz:bomb.npz"]
    (folder / "big.npy").write_bytes(_header((1000, 1000, 1000)))
    (folder / "big.csv").write_text("1,2,3\n")
    (folder / "big.txt").write_text("##\n")
    for name in ("big.npy", "big.csv", "big.txt"):
        os.truncate(folder / name, 3 * 10**9)
    specs += ["npy:big.npy", "csv:big.csv", "text:big.txt"]
    texts = []
    for name, line, times in (
        ("drawn", b"#.", 25 * MIB),
        ("numbers", b"1,-1,", 10 * MIB),
        ("word", b"a", 50 * MIB),
        ("header", b"label,pixel,", 4 * MIB),
        ("rows", b"1,2\n", 3 * MIB),
        ("blocks", b"#.\n\n", 3 * MIB),
    ):
        (folder / name).write_bytes(line * times)
        texts += [f"text:{name}", f"csv:{name}"]
    with gzip.open(folder / "images-idx3-ubyte.gz", "wb", 1) as file:
        file.write(struct.pack(">4I", 0x803, 200_000, 28, 28))
        for _ in range(150):
            file.write(bytes(MIB))
    specs.append("idx:images-idx3-ubyte.gz")
    noise = np.random.default_rng(0).bytes(1_600_000)  # 157 MB are possible, but not there
    claim = gzip.compress(struct.pack(">4I", 0x803, 200_000, 28, 28) + noise, 1)
    (folder / "noise-images-idx3-ubyte.gz").write_bytes(claim)
    specs.append("idx:noise-images-idx3-ubyte.gz")
    for name, start in (("p.pgm", b"P5 60000 60000 255\n"), ("q.pbm", b"P4 3000 3000\n")):
        (folder / name).write_bytes(start)
        specs.append(f"images:{name}")
    frames = [Image.new("1", (4, 4), k % 2) for k in range(3)]
    frames[0].save(folder / "f.tif", save_all=True, append_images=[Image.new("1", (9, 9)), *frames])
    specs.append("images:f.tif")
    assert len(texts) == N_TEXTS
    return [*specs, *texts]


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
_MANY = """
import resource, hopcli
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = hopcli.load("npy:many.npy")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(1024 * (after - before) / data.spins.size)
"""
_LARGE = """
import resource, hopcli
hopcli.store([[1, -1]]).recall("flip:0.1", sweeps=1, threads=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run = hopcli.recall(dataset="images:.", start="flip:0.1", tests=1, repeats=1, sweeps=1)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (2 * 800 * 800))
"""


def _printed(code: str, folder: Path, *arguments: str) -> Any:
    """What a program prints in a folder, as JSON."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_claims_too_much_is_refused_in_little_memory(tmp_path: Path) -> None:
    specs = _hostile(tmp_path)
    said = _printed(_LOADING, tmp_path, json.dumps(specs))
    assert list(said) == specs
    for spec, (message, mib) in said.items():
        assert spec.partition(":")[2] in message, spec
        assert "\n" not in message
        assert mib < (250 if spec in specs[-N_TEXTS:] else 40), spec


def test_many_patterns_take_twice_their_file_and_are_no_choice(tmp_path: Path) -> None:
    many = np.ones((60_000, 784), np.int8)
    many[::2] = -1
    np.save(tmp_path / "many.npy", many)
    assert _printed(_MANY, tmp_path) < 3.5  # bytes a spin
    with pytest.raises(SettingError, match="10,000"):
        hopcli.select(hopcli.load(many[:10_001, :4]))
    assert len(hopcli.select(hopcli.load(many[:500, :4]), samples=1).labels) == 500
    with pytest.raises(SettingError) as error:
        overlap_loss_of(many[:, :600], np.zeros((100, 10_000), np.int64))
    assert error.value.setting == "samples"


def test_bytes_a_pixel_of_two_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "ab":
        picture = rng.integers(0, 256, (800, 800)).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{name}.png", compress_level=1)
    assert _printed(_LARGE, tmp_path) < 100


def test_more_patterns_than_sites_are_dependent() -> None:
    """Q of 20,000 x 20,000 numbers would take 3.2 GB."""
    many = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (20_000, 10))
    with pytest.raises(PatternError, match="20,000"):
        store(many, "pseudo-inverse")


def test_images_that_compress_well_are_not_refused(tmp_path: Path) -> None:
    """Two kinds of pixels in floats of eight bytes: 69 MB in an archive of 0.6."""
    spins = np.random.default_rng(0).random((11_000, 784)) < 0.03
    np.savez_compressed(tmp_path / "a.npz", spins.astype(np.float64))
    n_packed = (tmp_path / "a.npz").stat().st_size
    assert 800 * n_packed > 8 * spins.size > max(100 * n_packed, 2**26)
    assert len(hopcli.load(f"npz:{tmp_path / 'a.npz'}", size="28x28")) == 11_000


# --- the same numbers block by block


def test_few_large_images_have_the_loss_of_all_their_samples() -> None:
    rng = np.random.default_rng(0)
    images = rng.choice(np.array([-1, 1], np.int8), (3, 200_000))
    samples = np.array([[0, 0, 1, 0], [2, 2, 2, 2]])
    found, expected = overlap_loss_of(images, samples), overlap_loss(images[samples])
    assert np.array_equal(found.other_label, expected.other_label)
    assert np.array_equal(found.same_label, expected.same_label)


def test_site_classes_of_few_patterns_are_those_of_sorting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(couplings, "_AT_ONCE", 7)
    for p in (1, 2, 8, 9, 16):
        xi = np.random.default_rng(p).choice(np.array([-1, 1], np.int8), (p, 50))
        theta = np.full(50, 0.25)
        fast: Any = site_classes(xi, theta)
        with monkeypatch.context() as patch:
            patch.setattr(couplings, "_FEW", 0)
            slow: Any = site_classes(xi, theta)
        assert [array.dtype for array in fast] == [array.dtype for array in slow]
        assert all(np.array_equal(a, b) for a, b in zip(fast, slow, strict=True))


def test_overlaps_of_long_states_are_exact() -> None:
    xi = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (3, 150_001))
    expected = xi.astype(np.int64) @ xi.T.astype(np.int64) / 150_001
    assert np.array_equal(overlaps(xi, xi), expected)
    assert np.array_equal(overlaps(xi[0], xi), expected[0])


def test_levels_of_large_pictures_are_found_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (9, 50)).astype(np.uint8)
    expected = thresholds.levels(grey, "otsu")
    monkeypatch.setattr(thresholds, "_PIXELS_AT_ONCE", 60)
    assert np.array_equal(thresholds.levels(grey, "otsu"), expected)
