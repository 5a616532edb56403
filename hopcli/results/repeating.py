"""The run that a manifest is of, as it would be asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli import catalogue
from hopcli.datasets.files import check_file
from hopcli.errors import ResultError
from hopcli.results.manifest import open_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.catalogue import Entry
    from hopcli.results.manifest import Manifest

__all__ = ["read_run"]


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
