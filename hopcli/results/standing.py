"""Comparison of a planned run with a finished one: first difference, and missing files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.datasets.grey import check_file
from hopcli.errors import ResultError
from hopcli.results.manifest import Manifest, open_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution
    from hopcli.experiments import Result

_LONGEST = 60  # characters of a value in a message


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
    there = manifest["config"]
    for name in {**here, **there}:
        if name not in there or name not in here or there[name] != here[name]:
            return f"{name} is {_shown(there, name)} there, {_shown(here, name)} here"
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
