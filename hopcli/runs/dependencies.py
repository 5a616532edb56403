"""The files that runs of configurations depend on, for Make."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import results
from hopcli.errors import DataError, HopcliError, io_errors
from hopcli.printing import make
from hopcli.runs.requests import grid_request, is_grid_file, request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopcli.config import Execution


class Target(NamedTuple):
    """The run of a configuration as a target of Make.

    Attributes
    ----------
    folder, manifest : Path
        Its folder, and the file that is there once it is finished.
    needs : tuple of Path
        The configuration, and each file that the run reads.
    draws : bool
        Whether pictures are drawn.
    is_incomplete : bool
        Whether the finished run lacks a file.
    """

    folder: Path
    manifest: Path
    needs: tuple[Path, ...]
    draws: bool = False
    is_incomplete: bool = False

    @property
    def is_forced(self) -> bool:
        """True if the run must be tried again: a file that Make cannot name may be newer."""
        others = [path for path in self.needs if not make(path)]
        with contextlib.suppress(OSError, ValueError):  # a file that is missing the run reports
            made = self.manifest.stat().st_mtime_ns if others else 0
            return self.is_incomplete or any(path.stat().st_mtime_ns > made for path in others)
        return True


def targets(configs: Iterable[str]) -> list[Target]:
    """List the runs of configurations; a run that another one reads is needed by its manifest.

    Parameters
    ----------
    configs : iterable of str
        Configuration files, and folders of them.

    Raises
    ------
    DataError
        If the name of a configuration cannot be a target, or a folder cannot be read.
    """
    runs = [_target(name) for name in _named(configs)]
    made = {run.folder: run.manifest for run in runs if run.manifest.name != _INVALID}
    return [
        run._replace(needs=tuple(dict.fromkeys(made.get(p.parent, p) for p in run.needs)))
        for run in runs
    ]


_INVALID = "invalid.json"
"""Manifest of a configuration that cannot be read: the attempt to run it says why."""


def _named(configs: Iterable[str]) -> list[str]:
    """List the configuration files; those that cannot be targets are refused."""
    named: list[str] = []
    for name in configs:
        folder, inside = Path(name), [name]
        with io_errors(folder, kind=DataError):
            if folder.is_dir():
                inside = sorted(str(path) for path in folder.iterdir() if path.suffix == ".toml")
        named += inside
    for name in named:
        stem = Path(name).stem
        if not make(stem) or not stem.strip("."):
            rule = "must be named with letters, digits and . _ + , @ - only: Make reads the name"
            raise DataError(f"{name}: {rule}")
    return named


def _target(name: str) -> Target:
    """Read a configuration or grid."""
    folder = Path("results") / Path(name).stem
    try:
        if is_grid_file(name):
            return _grid(name)
        run_request = request(name, {})
    except HopcliError:
        return Target(folder, folder / _INVALID, (Path(name),))
    manifest = folder / f"{run_request.config.command}.json"
    needs = (Path(name), *_files_of(run_request.config))
    lacks = _is_incomplete(manifest, run_request.execution)
    return Target(folder, manifest, needs, run_request.execution.draws, lacks)


def _grid(name: str) -> Target:
    grid, folder = grid_request(name)
    reads: dict[Path, None] = {}
    for point in grid.points():
        with contextlib.suppress(HopcliError):  # impossible cells, the run itself will name
            reads |= dict.fromkeys(_files_of(grid.read(point)[0]))
    manifest = folder / "grid.json"
    draws = grid.fixed.get("figures", True)
    return Target(folder, manifest, (Path(name), *reads), draws, _is_incomplete(manifest))


def _is_incomplete(manifest: Path, execution: Execution | None = None) -> bool:
    """Return whether a finished run lacks one of its files, or a requested picture."""
    if not manifest.exists():
        return False  # which Make sees by itself
    folder = manifest.parent
    try:
        found = results.open_manifest(manifest)
        undrawn = execution is not None and results.is_undrawn(folder, found, execution)
        return bool(found.lacks()) or undrawn
    except HopcliError:
        return True


def _files_of(config: Any) -> list[Path]:
    """List the files that a run reads; folders with their files, as those may change too."""
    from hopcli.datasets import parse_spec
    from hopcli.datasets.idx import folder_of
    from hopcli.datasets.texts import find_text
    from hopcli.starts import Start

    paths = []
    with contextlib.suppress(HopcliError):  # the run itself will report the error
        source, argument = parse_spec(config.dataset)
        if source.argument in ("DIR", "FILE"):
            found = {"text": find_text, "idx": folder_of}.get(source.name, Path)
            paths.append(found(Path(argument)))
        named = (getattr(config, name, None) for name in ("file", "theta", "weights"))
        paths += [Path(file) for file in named if isinstance(file, str)]
        start = getattr(config, "start", None)
        if isinstance(start, Start) and start.file is not None:
            paths.append(start.file)
        paths += [
            file
            for path in paths
            if path.is_dir()
            for file in sorted(path.iterdir())
            if file.is_file() and not file.name.startswith(".")
        ]
        return paths
    return []
