"""A run folder: tables, arrays and pictures with a manifest, written all or nothing.

Files are made in a hidden folder beside their place, complete and hashed, and only
then moved, the manifest last. Whatever stops a run before leaves the earlier files as
they were; a folder without the manifest of a command holds no finished run of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli import __version__
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopcli.config import Config
    from hopcli.experiments import Result

__all__ = ["check_writable", "read_manifest", "save_run"]

_PACKAGES = {
    **{name: name for name in ("numpy", "scipy", "numba", "pandas", "matplotlib")},
    "scikit-learn": "sklearn",
    "pillow": "PIL",
}
_STAGING = ".hopcli-"


def check_writable(folder: Path) -> None:
    """Refuse a folder that could not be written, before a long run rather than after.

    Raises
    ------
    ResultError
        If the folder, or the nearest parent that exists, is not a writable folder.
    """
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise ResultError(f"{folder}: must be a folder to write to, {place} is a file")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResultError(f"{folder}: must be a folder to write to, {place} is not writable")


def save_run(
    folder: Path,
    config: Config,
    result: Result,
    duration: float,
    draw: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write the tables, arrays, pictures and manifest of a run.

    Parameters
    ----------
    folder : Path
        Where to; made if it does not exist. Files of other commands are left alone.
    config : Config
        The resolved configuration.
    result : Result
        What the experiment found.
    duration : float
        Seconds that the experiment took.
    draw : callable, optional
        Draws the pictures into the folder it is given.

    Returns
    -------
    list of Path
        The files, the manifest last.

    Raises
    ------
    ResultError
        If the folder cannot be written; nothing has changed in it then.
    """
    try:
        with _staging(folder, config.command) as stage:
            for name, table in result.tables.items():
                table.to_csv(
                    stage / f"{name}.csv", index=False, float_format="%.10g", lineterminator="\n"
                )
            for name, arrays in result.arrays.items():
                np.savez_compressed(stage / f"{name}.npz", allow_pickle=False, **arrays)
            if draw is not None:
                draw(stage)
            names = sorted(path.name for path in stage.iterdir())
            manifest = _manifest(config, result, duration, stage, names)
            last = f"{config.command}.json"
            (stage / last).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            for name in (*names, last):
                if (folder / name).is_dir():
                    raise ResultError(f"{folder / name}: must be free for a file, is a folder")
            with _uninterrupted():
                _publish(stage, folder, names, last)
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return [folder / name for name in (*names, last)]


def read_manifest(folder: Path, command: str) -> dict[str, Any]:
    """Read the manifest of a run and check that the files are still what it says.

    Raises
    ------
    ResultError
        If there is no finished run of the command, or a file of it has changed.
    """
    path = folder / f"{command}.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{path}: no finished run of {command!r} here") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultError(f"{path}: cannot be read: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("outputs"), dict):
        raise ResultError(f"{path}: must be a manifest that hopcli wrote, is something else")
    for name, expected in manifest["outputs"].items():
        file = folder / name
        found = _sha256(file) if file.is_file() else "no file"
        if found != expected:
            raise ResultError(f"{file}: must have SHA-256 {expected} by {path.name}, found {found}")
    return manifest


def _manifest(
    config: Config, result: Result, duration: float, stage: Path, names: list[str]
) -> dict[str, Any]:
    settings = config.to_dict()
    return {
        "command": config.command,
        "config": settings,
        "seed": settings.get("seed"),
        "dataset": {"name": result.dataset, "sha256": result.dataset_sha256},
        "versions": {
            "hopcli": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            **_versions(),
        },
        "source_commit": _source_commit(),
        "duration_seconds": round(duration, 3),
        "outputs": {name: _sha256(stage / name) for name in names},
    }


def _versions() -> dict[str, str]:
    """Versions of the packages that this run has loaded."""
    loaded = {name: sys.modules.get(module) for name, module in _PACKAGES.items()}
    return {name: str(module.__version__) for name, module in loaded.items() if module is not None}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _source_commit() -> str | None:
    """Commit of the checkout that the package runs from, ``+modified`` if it was edited."""
    top = Path(__file__).resolve().parent.parent
    if not (top / ".git").exists():
        return None

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-C", str(top), *arguments], capture_output=True, text=True, check=False
        )

    try:
        head = git("rev-parse", "--verify", "HEAD")
        if head.returncode != 0:
            return None
        edited = git("diff", "--quiet", "HEAD", "--", "hopcli").returncode != 0
    except OSError:
        return None
    return head.stdout.strip() + ("+modified" if edited else "")


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


def _publish(stage: Path, folder: Path, names: list[str], last: str) -> None:
    """Move the files into place; the manifest is away while they are mixed."""
    manifest = folder / last
    earlier = _outputs(manifest)
    manifest.unlink(missing_ok=True)
    for name in names:
        (stage / name).replace(folder / name)
    for name in set(earlier) - set(names):  # such as a picture in another format
        (folder / name).unlink(missing_ok=True)
    (stage / last).replace(manifest)


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
