"""The embedded file can be built again from what it holds, and from nothing else."""

from __future__ import annotations

import gzip
import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hopcli import data
from hopcli.data import build
from hopcli.datasets import mnist
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the four published files out of the embedded one; one of them packed."""
    directory = tmp_path_factory.mktemp("idx")
    for prefix, split in (("train", "train"), ("t10k", "test")):
        images = mnist.load_mnist(split, binary=False)
        n_images = len(images.grey)
        header = struct.pack(">4I", 0x803, n_images, 28, 28)
        path = directory / f"{prefix}-images-idx3-ubyte"
        path.write_bytes(header + images.grey.tobytes())
        labels = struct.pack(">2I", 0x801, n_images) + images.labels.astype(np.uint8).tobytes()
        (directory / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, mtime=0))
    return directory


@pytest.mark.slow
def test_building_again_gives_the_same_arrays(
    originals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "again.npz"
    assert build.main([str(originals), "--out", str(out)]) == 0
    sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
    assert f"{out}: SHA-256 {sha256}" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["again.npz"]
    with np.load(out) as again, np.load(data.MNIST_FILE) as embedded:
        assert again.files == ["bits", "labels", "grey"]
        for name in again.files:
            assert np.array_equal(again[name], embedded[name])


def test_the_constants_are_those_of_the_embedded_file() -> None:
    assert hashlib.sha256(data.MNIST_FILE.read_bytes()).hexdigest() == data.MNIST_SHA256
    with Archive(data.MNIST_FILE) as archive:
        assert {name: archive.crc32(name) for name in archive.names} == data.MEMBER_CRC32


def test_an_archive_does_not_depend_on_the_clock() -> None:
    grey = np.array([[0, 3, 0, 0, 0, 0, 0, 0, 255], [0] * 9], np.uint8)
    members = build.pack(grey, np.array([4, 2], np.uint8))
    assert members["bits"].tolist() == [[0b01000000, 0b10000000], [0, 0]]
    assert members["grey"].tolist() == [3, 255]
    content = build._archive(members)
    assert content == build._archive(members)
    assert content.count(struct.pack("<HH", 0, 0x21)) >= 6  # 1 January 1980, in DOS time


@pytest.fixture
def refused(
    originals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., bool]:
    """Build with another last file; whether that is refused by these words, nothing written."""
    folder, out = tmp_path / "idx", tmp_path / "out.npz"
    folder.mkdir()
    for path in originals.iterdir():
        (folder / path.name).hardlink_to(path)
    out.write_bytes(b"what was there")

    def attempt(content: bytes | None, *words: str) -> bool:
        last = folder / f"{data.ORIGINALS[3].name}.gz"
        last.unlink(missing_ok=True)
        if content is not None:
            last.write_bytes(content)
        assert build.main([str(folder), "--out", str(out)]) == 2
        assert out.read_bytes() == b"what was there"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["idx", "out.npz"]
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        return all(word in message for word in (last.name.removesuffix(".gz"), *words))

    return attempt


def test_nothing_is_written_if_the_last_file_is_wrong(refused: Callable[..., bool]) -> None:
    last = data.ORIGINALS[3]
    other = bytes(last.n_bytes)
    assert refused(None, f"{last.name}.gz")
    assert refused(gzip.compress(other), last.sha256, hashlib.sha256(other).hexdigest())
    assert refused(gzip.compress(other + b"x"), f"{last.n_bytes}", "more")
    assert refused(gzip.compress(other)[:-9])


def test_a_folder_that_cannot_be_written(
    originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_archive", lambda _: b"content")
    (tmp_path / "out.npz").mkdir()
    for out in (tmp_path / "missing" / "out.npz", tmp_path / "out.npz"):
        with pytest.raises(DataError, match=r"out\.npz: "):
            build.build(originals, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]
