"""A run folder: files made out of sight, then moved into place, the manifest last."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_file", "files_in", "publish", "publish_run", "read_json", "sha256_of", "writing"]

_STAGING = ".hopcli-"


@contextlib.contextmanager
def writing(folder: Path, command: str) -> Iterator[Path]:
    """A place to make files in; what the system refuses is told in one line."""
    try:
        with _staging(folder, command) as stage:
            yield stage
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _staging(folder: Path, command: str) -> Iterator[Path]:
    """A hidden folder inside `folder`, on the same file system; gone afterwards."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    _sweep_up(folder, command)
    stage = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{command}-{os.getpid()}-", dir=folder))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        for place in made:  # a failed run leaves no empty folders either
            with contextlib.suppress(OSError):
                place.rmdir()


def _sweep_up(folder: Path, command: str) -> None:
    """Remove what killed runs of this command left half-made."""
    for left in folder.glob(f"{_STAGING}{command}-*-*"):
        made_by = re.fullmatch(re.escape(f"{_STAGING}{command}-") + r"(\d{1,9})-\w+", left.name)
        if made_by is None:
            continue
        try:
            os.kill(int(made_by[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue


def publish(stage: Path, folder: Path, names: list[str]) -> None:
    """Move files into place."""
    _check_free(folder, names)
    for name in names:
        (stage / name).replace(folder / name)


def _check_free(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).is_dir():
            raise ResultError(f"{folder / name}: must be free for a file, is a folder")


def publish_run(stage: Path, folder: Path, command: str, manifest: dict[str, Any]) -> None:
    """Move the files of a run into place; the manifest is away while they are mixed.

    What the earlier manifest names and this one does not, such as a picture of what was
    there before, is removed.
    """
    names, last = files_in(stage), f"{command}.json"
    (stage / last).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    _check_free(folder, [*names, last])
    with _uninterrupted():
        earlier = _outputs(folder / last)
        (folder / last).unlink(missing_ok=True)
        publish(stage, folder, names)
        for name in set(earlier) - set(manifest["outputs"]):
            (folder / name).unlink(missing_ok=True)
        (stage / last).replace(folder / last)


def _outputs(manifest: Path) -> list[str]:
    """Files that an earlier manifest names, as far as they are plain files beside it."""
    try:
        names = list(json.loads(manifest.read_text(encoding="utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [
        name
        for name in names
        if isinstance(name, str)
        and re.fullmatch(r"[^/\\\0]+", name)
        and (manifest.parent / name).is_file()
    ]


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back an interrupt or a polite kill for the moment of moving files."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda n, _: held.append(n)) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
        for caught in held:
            signal.raise_signal(caught)


def read_json(path: Path) -> dict[str, Any]:
    """Read a manifest, of whatever version."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{path}: no finished run of {path.stem!r} here") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultError(f"{path}: cannot be read: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("outputs"), dict):
        raise ResultError(f"{path}: must be a manifest that hopcli wrote, is something else")
    return manifest


def check_file(folder: Path, path: Path, name: str, expected: str | None) -> None:
    """Hold a file to its manifest.

    Raises
    ------
    ResultError
        If it is missing or another.
    """
    file = folder / name
    found = sha256_of(file) if file.is_file() else "no file"
    if found != expected:
        raise ResultError(f"{file}: must have SHA-256 {expected} by {path.name}, found {found}")


def files_in(stage: Path) -> list[str]:
    """The names of the files of a folder, sorted."""
    return sorted(path.name for path in stage.iterdir())


def sha256_of(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
