"""A planned run and a finished one: are they the same, what is missing, how it is made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.datasets.files import check_file
from hopcli.errors import ResultError
from hopcli.results.manifest import open_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution
    from hopcli.experiments import Result
    from hopcli.results.manifest import Manifest

__all__ = ["difference", "is_undrawn", "lacks", "read_run"]

_LONGEST = 60  # characters of a value in a message


def difference(
    manifest: Mapping[str, Any], config: Config, inputs: Mapping[str, str]
) -> str | None:
    """What makes a planned run another than a finished one: the first thing that differs.

    Parameters
    ----------
    manifest : mapping
        Of the finished run.
    config : Config
        The resolved configuration of the planned one.
    inputs : mapping of str to str
        SHA-256 of what it reads.

    Returns
    -------
    str or None
        None if they are the same run; it may have been made by another version.
    """
    here = json.loads(json.dumps(config.to_dict()))
    there = manifest["config"]
    for name in {**here, **there}:
        if name not in there or name not in here or there[name] != here[name]:
            return f"{name} is {_shown(there, name)} there, {_shown(here, name)} here"
    read = manifest["inputs"]
    for name in {**inputs, **read}:
        if inputs.get(name) != read.get(name):
            return f"what is read for {name} has changed"
    return None


def _shown(values: Mapping[str, Any], name: str) -> str:
    text = json.dumps(values[name], ensure_ascii=False) if name in values else "no setting"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def is_undrawn(folder: Path, manifest: Manifest, execution: Execution) -> bool:
    """Whether a picture that is asked for is missing from a finished run."""
    outputs = manifest["outputs"]
    animation = getattr(execution, "animate", None)
    wanted = [animation] if animation is not None else []
    if execution.figures:
        style = getattr(execution, "figure_style", None)
        if manifest["execution"].get("figure_style", style) != style:
            return True
        drawn = [name for name in outputs if name.endswith(f".{execution.figure_format}")]
        if not drawn:
            return True
        wanted += drawn
    return any(name not in outputs or not (folder / name).is_file() for name in wanted)


def lacks(result: Result, execution: Execution) -> bool:
    """Whether a finished run has not kept what is asked for: a table, or what is animated."""
    tables = getattr(execution, "keep", None) or ()
    animated = getattr(execution, "animate", None) is not None
    return not set(tables) <= set(result.columns) or (
        animated and getattr(result, "frames", None) is None
    )


def read_run(path: Path) -> tuple[Entry, Manifest]:
    """Read the manifest of a finished run that is to be made again.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    entry : Entry
        The command.
    manifest : Manifest
        What it says; its `config` and `execution` are those of a run that can be made.

    Raises
    ------
    DataError
        If there is no such file.
    ResultError
        If it is no manifest, or not one of the settings that there are.
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
