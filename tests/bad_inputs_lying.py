"""Hostile files: damaged ones, pipes, loops, bombs, and invalid grids."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from bad_inputs import TEXTS
from conftest import call, random_patterns, write_patterns
from numpy.typing import NDArray
from PIL import Image

GREY = np.random.default_rng(0).integers(0, 256, (6, 4, 4)).astype(np.uint8)
LABELS = np.array([1, 2, 1, 2, 1, 2])
DEEP = 1000


def lay_about(folder: Path) -> None:
    """Make the folder that bad_inputs.txt describes, except for its finished runs."""
    write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
    write(folder, "file", {"": b"x"})
    for suffix in ("", ".toml", ".npz", ".txt", ".json", ".png"):
        (folder / f"folder{suffix}").mkdir()
        os.mkfifo(folder / f"pipe{suffix}")
        (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")
        (folder / f"dangling{suffix}").symlink_to("nowhere")
    write(folder, "{}.toml", TEXTS["configurations"], _CONFIGURATIONS)
    write(folder, "texts/{}.txt", TEXTS["texts"], _PATTERNS)
    write(folder, "tables/{}.csv", TEXTS["tables"])
    write(folder, "theta/{}.txt", TEXTS["theta"], _THRESHOLDS)
    for pattern in ("json/{}.json", "runs/{}/recall.json"):
        write(folder, pattern, TEXTS["json"], _MANIFESTS)
    write(folder, "idx/{}", _idx_files())
    (folder / "idx/isdir/train-images-idx3-ubyte").mkdir(parents=True)
    os.mkfifo(folder / "idx/pipe/train-images-idx3-ubyte")
    write(folder, "npz/{}.npz", _archives())
    write(folder, "pictures/{}", _pictures())
    (folder / "pictures/isdir/a.png").mkdir(parents=True)
    (folder / "pictures/void").mkdir()
    for name, n_bytes in (("big.toml", 10**8), ("texts/big.txt", 3 * 10**9)):
        (folder / name).touch()
        os.truncate(folder / name, n_bytes)


def write(folder: Path, pattern: str, *tables: Mapping[str, Any]) -> None:
    """Write a file for each entry of some tables, its name made from the key."""
    for table in tables:
        for name, content in table.items():
            path = folder / pattern.format(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


_RECALL = "command = 'recall'\n"
_CONFIGURATIONS: dict[str, bytes | str] = {
    "latin1": b"rule = '\xe9'\n",
    "utf16": "tests = 1".encode("utf-16"),
    "binary": bytes(range(256)),
    "deep": f"{_RECALL}tests = {'[' * DEEP}{']' * DEEP}",
    "inline": f"{_RECALL}tests = {'{a=' * DEEP}1{'}' * DEEP}",
    "longkey": f"{_RECALL}{'k' * 5000} = 3",
}
_PATTERNS = {"latin1": b"\xe9\n", "binary": bytes(range(256)) * 10}
_THRESHOLDS = {"binary": bytes(range(200, 256)), "long": b"0" * 10**6}
_MANIFESTS: dict[str, bytes | str] = {"deep": b"[" * 100_000, "latin1": b'{"outputs": "\xe9"}'}


def _idx(magic: int, shape: tuple[int, ...], content: bytes = b"") -> bytes:
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + content


def _idx_files() -> dict[str, bytes]:
    """Write training sets as IDX files, with one defect in each."""
    images = _idx(0x803, GREY.shape, GREY.tobytes())
    labels = _idx(0x801, (6,), bytes(LABELS.tolist()))
    pictures = {"cut": images[:-5], "header": images[:7], "long": images + b"x", "axis": labels}
    pictures |= {"magic": b"\0\0\x0d\x03" + images[4:], "zero": _idx(0x803, (0, 4, 4))}
    pictures |= {"huge": _idx(0x803, (2**32 - 1,) * 3), "good": images}
    names = {"cutlabels": labels[:-1], "fewer": _idx(0x801, (5,), b"12121")}
    packed = gzip.compress(images, mtime=0)
    zipped = {"zipcut": packed[:-9], "zipsum": packed[:-8] + bytes(8), "unzipped": images}
    zipped["ziplong"] = gzip.compress(images + b"x")
    zipped["bomb"] = gzip.compress(_idx(0x803, (60_000, 28, 28), bytes(10**6)))
    pictures |= dict.fromkeys((*names, "nolabels"), images)
    names |= dict.fromkeys(pictures.keys() - {*names, "nolabels"}, labels)
    names |= dict.fromkeys(("isdir", "pipe", "noimages"), labels)
    return {
        **{f"{name}/train-images-idx3-ubyte": content for name, content in pictures.items()},
        **{f"{name}/train-labels-idx1-ubyte": content for name, content in names.items()},
        **{f"{name}/train-images-idx3-ubyte.gz": content for name, content in zipped.items()},
        **{f"{name}/train-labels-idx1-ubyte.gz": gzip.compress(labels) for name in zipped},
        **{f"two/{name}-train-images-idx3-ubyte": images for name in "ab"},
    }


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _archives() -> dict[str, bytes]:
    """Write archives of images and thresholds, with one defect in each."""
    good = _npz(x_train=GREY, y_train=LABELS, x_test=GREY, y_test=LABELS)
    values = {"fractions": 2.5, "large": 400.0, "nan": np.nan, "negative": -7}
    images = {name: np.full(GREY.shape, value) for name, value in values.items()}
    images |= {"oneaxis": GREY[0, 0], "zero": GREY[:0], "side": GREY[:, :0]}
    images["objects"] = np.array([{}] * 6, dtype=object)
    labels: dict[str, Any] = {"fewer": LABELS[:3], "labelaxes": np.eye(6)}
    labels["nanlabel"] = np.array([1, 2, np.nan, 1, 2, 1])
    labels["emptylabel"] = np.array(["", "a", "", "a", "b", "b"])
    thresholds: dict[str, Any] = {"few": np.zeros(3), "nan": np.full(42, np.nan)}
    return {
        "good": good,
        "cut": good[:-30],
        "empty": b"",
        "nozip": b"not a zip file",
        "flipped": _flipped(good, good.index(b"x_train.npy") + 60),
        "nokeys": _npz(a=GREY),
        "nolabels": _npz(x_train=GREY),
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
    """Write folders of pictures, with one defect in each."""
    grey = np.random.default_rng(1).integers(0, 256, (8, 8)).astype(np.uint8)
    picture = _png(grey)

    def of_side(side: int) -> bytes:
        header = b"IHDR" + struct.pack(">II", side, side) + picture[24:29]
        return picture[:12] + header + struct.pack(">I", zlib.crc32(header)) + picture[33:]

    alone = {"half": picture[:40], "empty": b"", "flipped": _flipped(picture, 50)}
    alone |= {"bomb": of_side(100_000), "large": of_side(2500)}
    alone["blank"] = _png(np.full((8, 8), 200, np.uint8))
    return {
        **{f"{name}/a.png": content for name, content in alone.items()},
        "float/a.tiff": _png(grey.astype(np.float32) + 0.5, "TIFF"),
        **{f"{name}/a.png": picture for name in ("good", "sizes", "equal", "inverse", "stems")},
        "good/b.png": _png(grey.T.copy()),
        "sizes/b.png": _png(grey[:4]),
        "equal/b.png": picture,
        "inverse/b.png": _png(255 - grey),
        "stems/a.bmp": picture,
        "none/readme.md": b"x",
    }


def damage_runs(folder: Path) -> None:
    """Copy the runs ``recall`` and ``select`` of a folder, with one defect per copy."""
    _damage(folder, "table", "accuracy.csv", lambda content: content.replace(b"1", b"2", 1))
    _damage(folder, "arrays", "recall.npz", lambda content: content[:-20])
    _damage(folder, "cut", "recall.json", lambda content: content[:-20])
    _damage(folder, "setting", "recall.json", lambda content: content.replace(b'"seed"', b'"sead"'))
    changes: dict[str, dict[str, Any]] = {
        "dots": {"tables": {"../five": ["a: number"]}},
        "columns": {"tables": {"accuracy": ["a: number"]}},
        **{f"no{key}": {key: None} for key in ("tables", "execution", "config")},
    }
    for name, change in changes.items():
        manifest = {**json.loads((folder / "recall/recall.json").read_bytes()), **change}
        _damage(folder, name, "recall.json", lambda _, new=manifest: json.dumps(new).encode())
    whole = (folder / "select/patterns.npz").read_bytes()
    with np.load(io.BytesIO(whole)) as archive:
        arrays = dict(archive)
    for name, changed in _changed(arrays).items():
        np.savez(folder / f"patterns-{name}.npz", **{**arrays, **changed})
    arrays.pop("xi")
    np.savez(folder / "patterns-noxi.npz", **arrays)
    (folder / "patterns-cut.npz").write_bytes(whole[:-20])


def _damage(folder: Path, name: str, file: str, change: Callable[..., bytes]) -> None:
    copy = folder / f"recall-{name}"
    shutil.copytree(folder / "recall", copy)
    (copy / file).write_bytes(change((copy / file).read_bytes()))


def _changed(arrays: dict[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """Return variants of a file of patterns with one defect each."""
    xi, shape = arrays["xi"], arrays["shape"]
    return {
        "zeros": {"xi": xi * 0},
        "float": {"xi": xi * 1.5},
        "shape": {"shape": shape + 1},
        "negative": {"shape": -shape},
        "labels": {"labels": arrays["labels"][:2]},
        "nansources": {"source_index": arrays["source_index"] * np.nan},
        "none": {name: arrays[name][:0] for name in ("xi", "labels", "source_index")},
    }


# --- grids

_HEAD = "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'pattern'\nfigures = false\n"
_GOOD = f"{_HEAD}tests = 2\nrepeats = 2\n[grid]\nrule = ['hebbian', 'storkey']\nseed = [1, 2]\n"
_LONG_GRIDS = {
    "deep": f"seed = [{'[' * 900}{']' * 900}]",
    "longkey": f"{'k' * 5000} = [1]",
    "cells": f"seed = {list(range(100_001))}",
    "plotlong": f"seed = [1]\n[plot]\n{'k' * 5000} = 3",
    "caption": f"seed = [1]\n[plot]\ncaption = '{'c' * 5000}'",
}


def lay_grids(folder: Path) -> None:
    """Make the finished grids ``grid`` and ``grid-few``, and copies with all kinds of defects."""
    for name, text in {**TEXTS["grids"], **_LONG_GRIDS}.items():
        table = "" if text.startswith(("grid", "[")) else "[grid]\n"
        write(folder, "grids/{}.toml", {name: f"{_HEAD}{table}{text}\n"})
    write(folder, "grids/{}.toml", TEXTS["othergrids"])
    write(folder, "{}.toml", {"grid": _GOOD, "grid-few": _GOOD.replace("[1, 2]", "[1]")})
    with contextlib.chdir(folder):
        for name in ("grid", "grid-few"):
            done = call("grid", "run", f"{name}.toml", "--out", name, "--quiet")
            assert done.code == 0, done
    good = (folder / "grid/grid.sqlite").read_bytes()
    damaged = {"empty": b"", "text": b"no database\n" * 1000, "cut": good[: len(good) // 2]}
    write(folder, "stores/{}/grid.sqlite", {**damaged, "header": good[:60]})
    _store(folder, "folder").mkdir()
    os.mkfifo(_store(folder, "pipe"))
    _store(folder, "loop").symlink_to("grid.sqlite")
    _store(folder, "zero").symlink_to("/dev/zero")
    for name, content in {"empty": "", "list": "[]"}.items():
        copy = folder / f"published/{name}"
        shutil.copytree(folder / "grid", copy, ignore=shutil.ignore_patterns("*.sqlite"))
        (copy / "grid.json").write_text(content, encoding="utf-8")
    (folder / "published/table").mkdir()
    shutil.copy(folder / "grid/grid.json", folder / "published/table")


def _store(folder: Path, name: str) -> Path:
    (folder / f"stores/{name}").mkdir(parents=True)
    return folder / f"stores/{name}/grid.sqlite"
