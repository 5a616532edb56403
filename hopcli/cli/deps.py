"""``hopcli deps``: what Make needs to know of configurations."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
    requests = {name: _request(name) for name in configs}
    made = {request.out: _manifest(request) for request in requests.values() if request}
    for name, request in requests.items():
        folder = Path("results") / Path(name).stem
        target = folder / "invalid.json" if request is None else made[folder]
        needs = [Path(name)]
        if request is not None:
            with contextlib.suppress(HopcliError):  # what is wrong, the run itself will say
                needs += [made.get(path.parent, path) for path in _read_by(request.config)]
        click.echo(f".PHONY: {_word(folder)}\n{_word(folder)}: {_word(target)}")
        click.echo(f"{_word(target)}: {_words(needs)}")
        if request is not None and request.execution.draws:
            click.echo(f"{_word(target)}: $(PLOTS)")
        if request is not None and _is_incomplete(request, target):
            click.echo(f"{_word(target)}: FORCE")


def _request(name: str) -> Request | None:
    try:
        return request_from_file(name, Wishes())
    except (HopcliError, click.UsageError):
        return None


def _manifest(request: Request) -> Path:
    return request.out / f"{request.config.command}.json"


def _is_incomplete(request: Request, manifest: Path) -> bool:
    """Whether a finished run lacks a file that it had, or that is asked for."""
    from hopcli import results

    if not manifest.exists():
        return False  # which Make sees by itself
    try:
        found = results.read_json(manifest)
    except HopcliError:
        return True
    missing = results.missing_files(request.out, request.config.command)
    return bool(missing) or results.is_undrawn(request.out, found, request.execution)


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
