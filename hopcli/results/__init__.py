"""A run folder: tables, arrays and pictures with a manifest, written all or nothing.

Files are made in a hidden folder, complete and hashed, and then published in one step. If a run
stops before this step, the earlier files are unchanged. If it stops after this step, the next
process that writes the folder completes the publication. A folder without the manifest of a
command contains no finished run of it. Functions that read never write. Tables and arrays are
published before any picture is drawn; pictures follow, and are entered in the manifest. A saved
run can be loaded, and drawn again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import __version__, catalogue
from hopcli.datasets.grey import check_file
from hopcli.errors import ResultError
from hopcli.results.files import check_free, is_file, is_folder
from hopcli.results.folder import files_in, locked, publish_new, publish_run, writing
from hopcli.results.manifest import (
    Manifest,
    check_alone,
    command_in,
    finished_in,
    open_manifest,
    sha256_of,
    understood,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution
    from hopcli.experiments import Result

__all__ = [
    "BULKY",
    "Loaded",
    "Manifest",
    "check_alone",
    "check_writable",
    "command_in",
    "difference",
    "finished_in",
    "is_undrawn",
    "key",
    "lacks",
    "load",
    "locked",
    "open_manifest",
    "read_manifest",
    "read_run",
    "same_run",
    "save",
    "save_pictures",
]

_OURS = (".csv", ".npz", ".json", ".png", ".svg", ".pdf", ".sqlite")
"""Suffixes of the files that runs write."""

_LONGEST = 60  # characters of a value in a message

BULKY = "trials.csv"
"""Table that may be left out when a folder is shared."""


def check_writable(folder: Path) -> None:
    """Raise an error, before a long run starts, if its folder cannot be written.

    Folders inside it with names of a run's files are errors too.

    Raises
    ------
    ResultError
        If the folder, or its nearest existing parent, is not a writable folder, or a
        folder has the name of a file.
    """
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not is_folder(place, links=True):
        what = "a file" if is_file(place) else "none"
        raise ResultError(f"{folder}: must be a folder to write to, {place} is {what}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResultError(f"{folder}: must be a folder to write to, {place} is not writable")
    if place == folder:
        check_free(folder, [name for name in os.listdir(folder) if name.endswith(_OURS)])  # noqa: PTH208


def key(command: str, settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Compute the key of a run from everything that determines its numbers, except the code.

    Parameters
    ----------
    command : str
        The command.
    settings : mapping
        The resolved configuration, JSON-ready.
    inputs : mapping of str to str
        SHA-256 of the run's inputs.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> one = key("recall", {"rule": "hebbian", "seed": 1}, {"dataset": "ab12"})
    >>> one == key("recall", {"seed": 1, "rule": "hebbian"}, {"dataset": "ab12"})
    True
    >>> one == key("recall", {"rule": "hebbian", "seed": 2}, {"dataset": "ab12"})
    False
    """
    text = json.dumps([command, settings, inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def save(
    folder: Path,
    config: Config,
    result: Result,
    *,
    inputs: Mapping[str, str],
    execution: Execution,
    duration: float,
    given: Config | None = None,
) -> list[Path]:
    """Write the tables, arrays and manifest of a run, and remove pictures of an earlier run.

    Parameters
    ----------
    folder : Path
        Folder of the run, created if necessary. Files of other origin are not changed.
    config : Config
        The resolved configuration.
    result : Result
        The result of the experiment.
    inputs : mapping of str to str
        SHA-256 of the run's inputs.
    execution : Execution
        Execution settings of the run.
    duration : float
        Duration of the experiment, in seconds.
    given : Config, optional
        The configuration as given; by default the resolved one.

    Returns
    -------
    list of Path
        The files, the manifest last.

    Raises
    ------
    ResultError
        If the folder cannot be written; it is unchanged then.
    """
    from hopcli.results.tables import blocks_of, write_arrays, write_table

    with writing(folder) as stage:
        columns = {
            name: write_table(blocks_of(result.columns, name), stage / f"{name}.csv")
            for name in result.columns
        }
        for name, arrays in result.arrays.items():
            write_arrays(arrays, stage / f"{name}.npz")
        settings = config.to_dict()
        manifest = {
            "config": settings,
            "given": (config if given is None else given).changes(),
            "key": key(config.command, settings, inputs),
            "seed": settings.get("seed"),
            "dataset": {"name": result.dataset, "sha256": result.dataset_sha256},
            "inputs": dict(inputs),
            "patterns": _stored(result),
            "execution": execution.to_dict(),
            "duration_seconds": round(duration, 3),
            "notes": result.notes,
            "tables": columns,
            "arrays": list(result.arrays),
        }
        return publish_new(stage, folder, config.command, manifest)


def _stored(result: Result) -> dict[str, Any] | None:
    """Return the origin of the stored patterns, which suffices to select them again."""
    patterns = getattr(result, "patterns", None)
    if patterns is None:
        return None
    return {
        "labels": list(patterns.labels),
        "source_index": patterns.source_index.tolist(),
        "dataset": {"name": patterns.dataset, "sha256": patterns.dataset_sha256},
        "sha256": patterns.sha256,
    }


def save_pictures(
    folder: Path,
    command: str,
    draw: Callable[[Path], None],
    *,
    execution: Execution | None = None,
    key: str | None = None,
) -> list[Path]:
    """Draw the pictures of a finished run into its folder.

    Parameters
    ----------
    folder : Path
        Folder of the run; its manifest will list the pictures.
    command : str
        Its command.
    draw : callable
        Draws the pictures into a given folder.
    execution : Execution, optional
        Figure settings, for the manifest.
    key : str, optional
        Key of the run that is drawn.

    Returns
    -------
    list of Path
        The pictures.

    Raises
    ------
    ResultError
        If the folder has no such run, has another run now, or cannot be written; it is
        unchanged then.
    """
    with writing(folder) as stage:
        manifest = dict(open_manifest(folder / f"{command}.json"))
        if key not in (None, manifest.get("key")):
            raise ResultError(f"{folder}: contains another run now; nothing was drawn")
        draw(stage)
        names = files_in(stage)
        if execution is not None and execution.figures:
            manifest["execution"] = {**manifest["execution"], **execution.pictures}
        drawn = {name: sha256_of(stage / name) for name in names}
        manifest["outputs"] = dict(sorted({**manifest["outputs"], **drawn}.items()))
        publish_run(stage, folder, command, manifest, drawn=True)
    return [folder / name for name in names]


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A finished run, loaded from its folder.

    Parameters
    ----------
    config : Config
        Its resolved configuration.
    result : Result
        Its result; each table is read at its first use.
    manifest : Manifest
        Its manifest.
    """

    config: Any
    result: Any
    manifest: Manifest


def load(folder: Path | str, command: str | None = None) -> Loaded:
    """Load a finished run that :func:`save` wrote.

    Parameters
    ----------
    folder : Path or str
        Folder of the run.
    command : str, optional
        Its command; by default that of the only run in the folder.

    Raises
    ------
    ResultError
        If there is no such run, or more than one and no command is given; or if a table or
        array file differs from the manifest. If a table of trials was left out of a shared
        folder, using it raises the error.
    """
    from hopcli.results.tables import read_arrays, read_table
    from hopcli.tables import Tables

    folder = Path(folder)
    manifest = open_manifest(folder / f"{command or command_in(folder)}.json")
    with understood(manifest.path, "loaded"):
        for name in (f"{name}.csv" for name in manifest["tables"]):
            if name != BULKY or manifest.file(name).exists():
                manifest.check(name)
        arrays = {name: read_arrays(manifest.check(f"{name}.npz")) for name in manifest["arrays"]}
        entry = catalogue.entry(manifest["command"])
        result = entry.result(
            dataset=manifest["dataset"]["name"],
            dataset_sha256=manifest["dataset"]["sha256"],
            columns=Tables(manifest["tables"], lambda name: read_table(manifest, name)),
            arrays=arrays,
            notes=manifest["notes"],
        )
        return Loaded(entry.config.from_manifest(manifest["config"]), result, manifest)


def same_run(
    folder: Path, config: Config, inputs: Mapping[str, str], *, replace: bool = False
) -> Loaded | None:
    """Load the planned run if it is finished, by this version, with all tables and arrays.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    config : Config
        The resolved configuration.
    inputs : mapping of str to str
        SHA-256 of the run's inputs.
    replace : bool
        Whether another run may be replaced.

    Raises
    ------
    ResultError
        If the folder contains another run that may not be replaced.
    """
    check_alone(folder, config.command, replace=replace)
    if config.command not in finished_in(folder):
        return None
    try:
        manifest = open_manifest(folder / f"{config.command}.json")
    except ResultError:
        if replace:
            return None
        raise
    other = difference(manifest, config, inputs)
    if other is not None:
        if replace:
            return None
        raise ResultError(
            f"{folder}: contains another run of {config.command} ({other}); "
            "give --out another folder, or --overwrite to replace it"
        )
    from hopcli import streams

    here = {"hopcli": __version__, "streams": str(streams.VERSION)}
    if not here.items() <= manifest["versions"].items():
        return None
    try:
        loaded = load(folder, config.command)
        for name in loaded.result.tables:  # also optional ones
            manifest.check(f"{name}.csv")
    except OSError:
        return None
    return loaded


def difference(
    manifest: Mapping[str, Any], config: Config, inputs: Mapping[str, str]
) -> str | None:
    """Return the first difference between a planned and a finished run.

    Parameters
    ----------
    manifest : mapping
        Manifest of the finished run.
    config : Config
        Resolved configuration of the planned run.
    inputs : mapping of str to str
        SHA-256 of the planned run's inputs.

    Returns
    -------
    str or None
        None if they are the same run, possibly made by another version.
    """
    here = json.loads(json.dumps(config.to_dict()))
    stored = manifest["config"]
    for name in {**here, **stored}:
        if name not in stored or name not in here or stored[name] != here[name]:
            return f"{name} is {_shown(stored, name)} there, {_shown(here, name)} here"
    read = manifest["inputs"]
    for name in {**inputs, **read}:
        if inputs.get(name) != read.get(name):
            return f"the input of {name} has changed"
    return None


def _shown(values: Mapping[str, Any], name: str) -> str:
    text = json.dumps(values[name], ensure_ascii=False) if name in values else "no setting"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def is_undrawn(folder: Path, manifest: Manifest, execution: Execution) -> bool:
    """Return whether a finished run lacks a requested picture."""
    outputs = manifest["outputs"]
    animation = getattr(execution, "animate", None)
    wanted = [animation] if animation is not None else []
    if execution.figures:
        usual = {**type(execution)().pictures, **manifest["execution"]}
        form = {
            k: v for k, v in execution.pictures.items() if k not in ("figures", "figure_format")
        }
        if any(usual[name] != value for name, value in form.items()):
            return True
        drawn = [name for name in outputs if name.endswith(f".{execution.figure_format}")]
        if not drawn:
            return True
        wanted += drawn
    return any(name not in outputs or not (folder / name).is_file() for name in wanted)


def lacks(result: Result, manifest: Manifest, execution: Execution) -> bool:
    """Return whether a finished run lacks a requested table or the frames of an animation."""
    tables = getattr(execution, "keep", None) or ()
    if not set(tables) <= set(result.columns):
        return True
    if getattr(execution, "animate", None) is None:
        return False
    drawn, every = manifest["execution"], getattr(execution, "animate_every", None)
    return getattr(result, "frames", None) is None or drawn.get("animate_every") != every


def read_run(path: Path) -> tuple[Entry, Manifest]:
    """Read the manifest of a finished run, to repeat the run.

    Parameters
    ----------
    path : Path
        Path of the manifest.

    Returns
    -------
    entry : Entry
        The command.
    manifest : Manifest
        The entries; `config` and `execution` are checked and can be run.

    Raises
    ------
    DataError
        If there is no such file.
    ResultError
        If it is not a manifest, or contains unknown settings.
    """
    check_file(path)
    manifest = open_manifest(path, "")
    try:
        entry = catalogue.entry(manifest["command"])
        config = entry.config.from_manifest(manifest["config"])
        entry.execution(**manifest["execution"])
        if config.to_dict().keys() != manifest["config"].keys():
            missing = sorted(config.to_dict().keys() - manifest["config"].keys())
            raise ValueError(f"it has no {', '.join(missing)}")
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(
            f"{path}: cannot be repeated: another version of hopcli wrote it ({error})"
        ) from None
    return entry, manifest


def read_manifest(folder: Path, command: str) -> Manifest:
    """Read the manifest of a run, and verify all files against it.

    Raises
    ------
    ResultError
        If there is no finished run of the command, or one of its files has changed.
    """
    manifest = open_manifest(folder / f"{command}.json")
    for name in manifest["outputs"]:
        manifest.check(name)
    return manifest
