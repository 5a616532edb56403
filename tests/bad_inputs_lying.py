"""What an adversary leaves lying about: a folder of damaged files, pipes, loops and bombs."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from conftest import random_patterns
from PIL import Image
from test_figures_weights import write_patterns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["damage_runs", "lay_about"]

GREY = np.random.default_rng(0).integers(0, 256, (6, 4, 4)).astype(np.uint8)
LABELS = np.array([1, 2, 1, 2, 1, 2])
DEEP = 1000
RECALL = "command = 'recall'\n"


def lay_about(folder: Path) -> None:
    """Make the folder that bad_inputs.txt speaks of, but for its finished runs."""
    write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
    _write(folder, {"file": b"x"})
    _lay_odd_things(folder)
    _write(folder, {f"{name}.toml": text.encode() for name, text in _CONFIGURATIONS.items()})
    _write(folder, {"latin1.toml": b"rule = '\xe9'\n", "binary.toml": bytes(range(256))})
    _write(folder, {f"idx/{name}": content for name, content in _idx_files().items()})
    (folder / "idx/isdir/train-images-idx3-ubyte").mkdir(parents=True)
    os.mkfifo(folder / "idx/pipe/train-images-idx3-ubyte")
    _write(folder, {f"npz/{name}.npz": content for name, content in _archives().items()})
    _write(folder, {f"pictures/{name}": content for name, content in _pictures().items()})
    (folder / "pictures/isdir/a.png").mkdir(parents=True)
    (folder / "pictures/void").mkdir()
    _write(folder, {f"texts/{name}.txt": content for name, content in _TEXTS.items()})
    _write(folder, {f"theta/{name}.txt": content for name, content in _THRESHOLDS.items()})
    for name, content in _MANIFESTS.items():
        _write(folder, {f"json/{name}.json": content, f"runs/{name}/recall.json": content})
    for name, n_bytes in (("big.toml", 10**8), ("texts/big.txt", 3 * 10**9)):
        (folder / name).touch()
        os.truncate(folder / name, n_bytes)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _lay_odd_things(folder: Path) -> None:
    """Folders, pipes and links where files are expected."""
    for suffix in ("", ".toml", ".npz", ".txt", ".json", ".png"):
        (folder / f"folder{suffix}").mkdir()
        os.mkfifo(folder / f"pipe{suffix}")
        (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")
        (folder / f"dangling{suffix}").symlink_to("nowhere")


_CONFIGURATIONS = {
    "empty": "",
    "broken": "tests = = 3",
    "open": "command = 'recall",
    "nul": f"{RECALL}tests = 3\0\n",
    "deep": f"{RECALL}tests = {'[' * DEEP}{']' * DEEP}",
    "deepkey": f"{RECALL}{'.'.join(['a'] * DEEP)} = 1",
    "deeptable": f"{RECALL}[{'.'.join(['a'] * DEEP)}]\n",
    "inline": f"{RECALL}tests = {'{a=' * DEEP}1{'}' * DEEP}",
    "twice": f"{RECALL}tests = 1\ntests = 2",
    "nocommand": "tests = 3",
    "othercommand": "command = 'fly'",
    "listcommand": "command = ['recall']",
    "numbercommand": "command = 3",
    "nocommandofruns": "command = 'show'",
    "unknown": f"{RECALL}testz = 3",
    "table": f"{RECALL}[recall]\ntests = 3",
    "tables": f"{RECALL}[[recall]]\ntests = 3",
    "emptykey": f"{RECALL}'' = 3\n",
    "escapekey": f'{RECALL}"\\u001b[31mred\\n" = 3\n',
    "longkey": f"{RECALL}{'k' * 5000} = 3",
    "escapevalue": f'{RECALL}rule = "\\u001b[31m\\n\\n\\u202e"',
    "flagkey": f"{RECALL}'--tests' = 3",
    "dashkey": f"{RECALL}attempts-per-sweep = 3",
    "outkey": f"{RECALL}out = 'x'",
    "manykeys": RECALL + "\n".join(f"k{i} = {i}" for i in range(2000)),
    "otherskey": "command = 'select'\nsweeps = 3",
    "return": "command = 'recall'\rtests = 3",
    "surrogate": f'{RECALL}rule = "\\ud800"',
    "comments": "# x\n" * 300_000,
}


def _idx(magic: int, shape: tuple[int, ...], content: bytes) -> bytes:
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + content


def _idx_files() -> dict[str, bytes]:
    """Training sets in IDX files, with one thing wrong in each."""
    images, labels = _idx(0x803, GREY.shape, GREY.tobytes()), _idx(0x801, (6,), bytes(LABELS))
    packed = gzip.compress(images)
    wrong = {
        "cut": (images[:-5], labels),
        "header": (images[:7], labels),
        "none": (b"", labels),
        "long": (images + b"x", labels),
        "magic": (b"\0\0\x0d\x03" + images[4:], labels),
        "zero": (_idx(0x803, (0, 4, 4), b""), labels),
        "side": (_idx(0x803, (6, 0, 4), b""), labels),
        "huge": (_idx(0x803, (2**32 - 1,) * 3, b""), labels),
        "claims": (_idx(0x803, (6000, 28, 28), b"x" * 100), labels),
        "cutlabels": (images, labels[:-1]),
        "fewer": (images, _idx(0x801, (5,), b"12121")),
        "isdir": (None, labels),
        "pipe": (None, labels),
        "noimages": (None, labels),
        "nolabels": (images, None),
        "good": (images, labels),
    }
    zipped = {
        "zipcut": packed[:-9],
        "unzipped": images,
        "bomb": gzip.compress(_idx(0x803, (60_000, 28, 28), bytes(10**6))),
    }
    files = {}
    for name, (of_images, of_labels) in wrong.items():
        if of_images is not None:
            files[f"{name}/train-images-idx3-ubyte"] = of_images
        if of_labels is not None:
            files[f"{name}/train-labels-idx1-ubyte"] = of_labels
    for name, content in zipped.items():
        files[f"{name}/train-images-idx3-ubyte.gz"] = content
        files[f"{name}/train-labels-idx1-ubyte.gz"] = gzip.compress(labels)
    for name in "ab":
        files[f"two/{name}-train-images-idx3-ubyte"] = images
    return files


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _archives() -> dict[str, bytes]:
    """Archives of images and thresholds, with one thing wrong in each."""
    good = _npz(x_train=GREY, y_train=LABELS, x_test=GREY, y_test=LABELS)
    images: dict[str, Any] = {
        "oneaxis": GREY[0, 0],
        "fouraxes": np.zeros((6, 4, 4, 3), np.uint8),
        "fractions": GREY / 7,
        "nan": np.full(GREY.shape, np.nan),
        "negative": -GREY.astype(int) - 1,
        "objects": np.array([{}] * 6, dtype=object),
        "zero": GREY[:0],
        "side": GREY[:, :0],
        "complex": GREY.astype(complex),
        "strings": np.full(GREY.shape, "a"),
        "records": np.zeros(GREY.shape, dtype=[("a", "u1")]),
    }
    labels: dict[str, Any] = {
        "fewer": LABELS[:3],
        "nanlabel": np.array([1, 2, np.nan, 1, 2, 1]),
        "halflabel": LABELS + 0.5,
        "emptylabel": np.array(["", "a", "", "a", "b", "b"]),
    }
    thresholds: dict[str, Any] = {
        "few": np.zeros(3),
        "text": np.array(["a"] * 42),
        "complex": np.zeros(42, complex),
        "nan": np.full(42, np.nan),
    }
    return {
        "good": good,
        "cut": good[:-30],
        "half": good[: len(good) // 2],
        "empty": b"",
        "nozip": b"not a zip file",
        "flipped": _flipped(good, good.index(b"x_train.npy") + 60),
        "nokeys": _npz(a=GREY),
        "sizes": _npz(x_train=GREY, y_train=LABELS, x_test=GREY[:, :3], y_test=LABELS),
        **{name: _npz(x_train=array, y_train=LABELS) for name, array in images.items()},
        **{name: _npz(x_train=GREY, y_train=array) for name, array in labels.items()},
        **{f"theta-{name}": _npz(theta=array) for name, array in thresholds.items()},
    }


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _png(grey: NDArray[Any], kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, kind)
    return stream.getvalue()


def _pictures() -> dict[str, bytes]:
    """Folders of pictures, with one thing wrong in each."""
    grey = np.random.default_rng(1).integers(0, 256, (8, 8)).astype(np.uint8)
    picture = _png(grey)

    def of_size(side: int) -> bytes:
        return picture[:16] + struct.pack(">II", side, side) + picture[24:]

    return {
        "good/a.png": picture,
        "good/b.png": _png(grey.T.copy()),
        "half/a.png": picture[:40],
        "empty/a.png": b"",
        "text/a.png": b"hello",
        "drawn/a.png": b"<svg/>",
        "flipped/a.png": _flipped(picture, 50),
        "bomb/a.png": of_size(100_000),
        "zero/a.png": of_size(0),
        "blank/a.png": _png(np.zeros((8, 8), np.uint8)),
        "float/a.tiff": _png(grey.astype(np.float32) + 0.5, "TIFF"),
        "sizes/a.png": picture,
        "sizes/b.png": _png(grey[:4]),
        "equal/a.png": picture,
        "equal/b.png": picture,
        "inverse/a.png": picture,
        "inverse/b.png": _png(255 - grey),
        "stems/a.png": picture,
        "stems/a.bmp": picture,
        "none/readme.md": b"x",
    }


_TEXTS = {
    "empty": b"",
    "blank": b"\n\n \n",
    "letters": b"abc\ndef\n",
    "ragged": b"##\n###\n",
    "sizes": b"##\n##\n\n###\n###\n",
    "names": b"a:\n##\n##\n\na:\n..\n##\n",
    "nameonly": b"a:\n",
    "latin1": b"\xe9\n",
    "nul": b"##\0\n",
    "nulname": b"a\0:\n#\n\na:\n.\n",
    "utf16": "##\n..".encode("utf-16"),
    "tab": b"#\t#\n",
    "escape": b"#\x1b[31m#\n",
    "fullwidth": "\N{FULLWIDTH NUMBER SIGN}\n".encode(),
    "binary": bytes(range(256)) * 10,
    "one": b"#\n",
    "equal": b"##\n..\n\n##\n..\n",
}

_THRESHOLDS = {
    "few": b"1 2 3",
    "nan": b"nan " * 42,
    "inf": b"inf " * 42,
    "large": b"1e7 " * 42,
    "words": b"x " * 42,
    "binary": bytes(range(200, 256)),
    "empty": b"",
    "long": b"0" * 10**6,
}

_NAMED = '{"outputs": {}, "command": "recall", '
_MANIFESTS = {
    "empty": b"",
    "broken": b"{",
    "list": b"[]",
    "number": b"3",
    "nooutputs": b"{}",
    "deep": b"[" * 100_000,
    "nul": b"\0",
    "outputs": b'{"outputs": 3}',
    "nocommand": b'{"outputs": {}}',
    "othercommand": b'{"outputs": {}, "command": "fly", "config": {}}',
    "listconfig": f'{_NAMED}"config": [], "execution": {{}}}}'.encode(),
    "noexecution": f'{_NAMED}"config": {{}}}}'.encode(),
    "hugeseed": f'{_NAMED}"config": {{"seed": {"9" * 5000}}}, "execution": {{}}}}'.encode(),
    "latin1": b'{"outputs": "\xe9"}',
}


def damage_runs(folder: Path) -> None:
    """Copy the runs ``recall`` and ``select`` of a folder, each copy with one thing wrong."""
    _damage(folder, "table", "accuracy.csv", lambda content: content.replace(b"1", b"2", 1))
    _damage(folder, "arrays", "recall.npz", lambda content: content[:-20])
    _damage(folder, "cut", "recall.json", lambda content: content[:-20])
    _damage(folder, "setting", "recall.json", lambda content: content.replace(b'"seed"', b'"sead"'))
    changes: dict[str, dict[str, Any]] = {
        "dots": {"tables": {"../five": ["a: number"]}},
        "columns": {"tables": {"accuracy": ["a: number"]}},
        "noarray": {"arrays": ["nope"]},
        "commands": {"command": ["recall"]},
        **{
            f"no{key}": {key: None} for key in ("tables", "execution", "dataset", "notes", "config")
        },
    }
    for name, change in changes.items():
        _damage(
            folder,
            name,
            "recall.json",
            lambda content, change=change: json.dumps({**json.loads(content), **change}).encode(),
        )
    with np.load(folder / "select/patterns.npz") as archive:
        arrays = dict(archive)
    for name, changed in _changed(arrays).items():
        kept = {key: value for key, value in {**arrays, **changed}.items() if value is not None}
        np.savez(folder / f"patterns-{name}.npz", **kept)
    content = (folder / "select/patterns.npz").read_bytes()
    (folder / "patterns-cut.npz").write_bytes(content[:-20])


def _damage(folder: Path, name: str, file: str, change: Callable[..., bytes]) -> None:
    copy = folder / f"recall-{name}"
    shutil.copytree(folder / "recall", copy)
    (copy / file).write_bytes(change((copy / file).read_bytes()))


def _changed(arrays: dict[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """What may be wrong in a file of patterns."""
    xi, shape = arrays["xi"], arrays["shape"]
    return {
        "zeros": {"xi": xi * 0},
        "float": {"xi": xi * 1.5},
        "flat": {"xi": xi.ravel()},
        "noxi": {"xi": None},
        "shape": {"shape": shape + 1},
        "negative": {"shape": -shape},
        "oneside": {"shape": shape[:1]},
        "labels": {"labels": arrays["labels"][:2]},
        "sources": {"source_index": arrays["source_index"][:2]},
        "nansources": {"source_index": arrays["source_index"] * np.nan},
        "nansamples": {"sample_index": arrays["sample_index"] * np.nan},
        "none": {
            "xi": xi[:0],
            "labels": arrays["labels"][:0],
            "source_index": arrays["source_index"][:0],
        },
    }
