"""``hopcli deps``: the dependencies of configurations, for Make."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hopcli.cli.grid.run import grid_from_file, is_grid_file
from hopcli.cli.once import Command
from hopcli.cli.requests import request_from_file
from hopcli.errors import DataError, HopcliError
from hopcli.printing import make
from hopcli.results.provenance import WITHOUT_NUMBERS
from hopcli.runs.requests import Wishes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopcli.runs.requests import Request

__all__ = ["command"]


@click.command("deps", cls=Command)
@click.argument("configs", nargs=-1, metavar="FILE|DIR...")
@click.option("--rooms", is_flag=True, help="Name the folders of hopcli that change no number.")
def command(configs: tuple[str, ...], rooms: bool) -> None:
    """Print a part of a Makefile: the files that runs of configurations depend on.

    A folder stands for the .toml files in it. The target of a run is its manifest. It
    depends on the configuration, on every file that the run reads (or on the run that
    makes that file, if it is one of those named), and on the variable PLOTS if pictures
    are drawn. A configuration that cannot be read depends on itself alone, so that the
    attempt to run it says why.

    Make cannot carry every file name. A run depends on FORCE if a file with such a name
    is newer than its manifest, and if a file that it had made is missing. The name of a
    configuration becomes a target: it must consist of letters, digits and . _ + , @ -

    \b
      hopcli deps configs > build/runs.mk
    """
    if rooms:
        click.echo(f"WITHOUT_NUMBERS := {' '.join(WITHOUT_NUMBERS)}")
    runs = {name: _run(name) for name in _named(configs)}
    made = {run.manifest.parent: run.manifest for run in runs.values() if run}
    for name, run in runs.items():
        folder = Path("results") / Path(name).stem
        target = folder / "invalid.json" if run is None else made[folder]
        reads = [] if run is None else [made.get(path.parent, path) for path in run.reads]
        needs = dict.fromkeys([Path(name), *reads])
        words = [word for path in needs if (word := make(path))]
        others = [path for path in needs if not make(path)]
        click.echo(f".PHONY: {folder}\n{folder}: {target}")
        click.echo(f"{target}: {' '.join(words)}".rstrip())
        if run is not None and run.draws:
            click.echo(f"{target}: $(PLOTS)")
        if (run is not None and run.is_incomplete) or _is_newer(others, target):
            click.echo(f"{target}: FORCE")


def _named(configs: Iterable[str]) -> list[str]:
    """The configuration files, folders expanded; those that cannot be targets are refused."""
    named: list[str] = []
    for name in configs:
        path = Path(name)
        named += _configs_in(path) if path.is_dir() else [name]
    for name in named:
        stem = Path(name).stem
        if not make(stem) or not stem.strip("."):
            rule = "must be named with letters, digits and . _ + , @ - only: Make reads the name"
            raise click.UsageError(f"{name!r:.200} {rule}")
    return named


def _configs_in(folder: Path) -> list[str]:
    """List the configuration files in a folder."""
    try:
        return sorted(str(path) for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from None


def _is_newer(paths: Iterable[Path], manifest: Path) -> bool:
    """Whether a run must be tried again because of files that Make cannot name."""
    others = list(paths)
    if not others:
        return False
    with contextlib.suppress(OSError, ValueError):  # a file that is missing the run reports
        made = manifest.stat().st_mtime_ns
        return any(path.stat().st_mtime_ns > made for path in others)
    return True


class _Run(NamedTuple):
    """A run, or a grid of them, that Make can ask for."""

    manifest: Path
    reads: list[Path]
    draws: bool
    is_incomplete: bool


def _run(name: str) -> _Run | None:
    """What a configuration asks for; None if it cannot be read."""
    try:
        return _grid(name) if is_grid_file(name) else _plain(name)
    except (HopcliError, click.UsageError):
        return None


def _plain(name: str) -> _Run:
    request = request_from_file(name, Wishes())
    manifest = request.out / f"{request.config.command}.json"
    return _Run(
        manifest,
        _files_of(request.config),
        request.execution.draws,
        _is_incomplete(request, manifest),
    )


def _grid(name: str) -> _Run:
    grid, folder = grid_from_file(name)
    reads: dict[Path, None] = {}
    for point in grid.points():
        with contextlib.suppress(HopcliError):  # impossible cells, the run itself will name
            reads |= dict.fromkeys(_files_of(grid.read(point)[0]))
    manifest = folder / "grid.json"
    return _Run(manifest, list(reads), grid.fixed.get("figures", True), _lacks_files(manifest))


def _files_of(config: Any) -> list[Path]:
    """The files that a run reads, as far as they can be found."""
    with contextlib.suppress(HopcliError):  # what is wrong, the run itself will say
        return _read_by(config)
    return []


def _is_incomplete(request: Request, manifest: Path) -> bool:
    """Whether a finished run lacks a file that it had, or that is asked for."""
    from hopcli import results

    if not manifest.exists():
        return False  # which Make sees by itself
    if _lacks_files(manifest):
        return True
    found = results.open_manifest(manifest)
    return results.is_undrawn(request.out, found, request.execution)


def _lacks_files(manifest: Path) -> bool:
    """Whether a file that is named by a manifest is not there."""
    from hopcli import results

    if not manifest.exists():
        return False
    try:
        return bool(results.missing_files(manifest.parent, manifest.stem))
    except HopcliError:
        return True


def _read_by(config: Any) -> list[Path]:
    """The files that a run reads; folders with what is in them, as that may change too."""
    from hopcli.datasets import parse_spec
    from hopcli.datasets.idx import folder_of
    from hopcli.datasets.texts import find_text
    from hopcli.starts import Start

    source, argument = parse_spec(config.dataset)
    paths = []
    if source.argument in ("DIR", "FILE"):
        found = {"text": find_text, "idx": folder_of}.get(source.name, Path)
        paths.append(found(Path(argument)))
    paths += [Path(file) for file in (getattr(config, "file", None),) if file is not None]
    if isinstance(getattr(config, "theta", None), str):
        paths.append(Path(config.theta))
    start = getattr(config, "start", None)
    if isinstance(start, Start) and start.base == "text":
        paths.append(find_text(Path(str(start.arguments[0]))))
    inside = [
        file
        for path in paths
        if path.is_dir()
        for file in sorted(path.iterdir())
        if file.is_file() and not file.name.startswith(".")
    ]
    return [*paths, *inside]
