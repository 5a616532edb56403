"""``hopcli deps``: what Make needs to know of configurations."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hopcli.cli.grid.run import grid_from_file, is_grid_file
from hopcli.cli.requests import Wishes, request_from_file
from hopcli.errors import HopcliError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopcli.cli.requests import Request

__all__ = ["command"]


@click.command("deps")
@click.argument("configs", nargs=-1, metavar="FILE...")
def command(configs: tuple[str, ...]) -> None:
    """Print a part of a Makefile: what the runs of configuration files depend on.

    The target of a run is its manifest. It depends on the configuration, on every file
    that the run reads (or on the run that makes that file, if it is one of those named),
    on the variable PLOTS if pictures are drawn, and on FORCE if a file that it had made
    is missing. A configuration that cannot be read depends on itself alone, so that the
    attempt to run it says why.

    \b
      hopcli deps configs/*.toml > build/runs.mk
    """
    runs = {name: _run(name) for name in configs}
    made = {run.manifest.parent: run.manifest for run in runs.values() if run}
    for name, run in runs.items():
        folder = Path("results") / Path(name).stem
        target = folder / "invalid.json" if run is None else made[folder]
        needs = [Path(name)]
        if run is not None:
            needs += [made.get(path.parent, path) for path in run.reads]
        click.echo(f".PHONY: {_word(folder)}\n{_word(folder)}: {_word(target)}")
        click.echo(f"{_word(target)}: {_words(needs)}")
        if run is not None and run.draws:
            click.echo(f"{_word(target)}: $(PLOTS)")
        if run is not None and run.is_incomplete:
            click.echo(f"{_word(target)}: FORCE")


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
    from hopcli.datasets.pictures import find_text
    from hopcli.starts import Start

    source, argument = parse_spec(config.dataset)
    paths = []
    if source.argument in ("DIR", "FILE"):
        paths.append(find_text(Path(argument)) if source.name == "text" else Path(argument))
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


def _words(paths: Iterable[Path]) -> str:
    return " ".join(_word(path) for path in dict.fromkeys(paths))


def _word(path: Path) -> str:
    """A path as Make reads it."""
    return re.sub(r"([\s#:])", r"\\\1", str(path)).replace("$", "$$")
