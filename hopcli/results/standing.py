"""What a folder already holds of a run that is planned: the same, another, or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hopcli.config import Config, Execution
    from hopcli.experiments import Result
    from hopcli.results.manifest import Manifest

__all__ = ["difference", "is_undrawn", "lacks"]

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
