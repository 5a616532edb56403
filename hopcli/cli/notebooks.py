"""``hopcli notebooks``."""

from __future__ import annotations

import functools
import shlex
from importlib.resources import files
from pathlib import Path

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.errors import ResultError
from hopcli.printing import terminal

__all__ = ["command"]


_MOST_BYTES = 10**8  # of a notebook


@click.command("notebooks", cls=Command)
@click.argument("folder", metavar="[FOLDER]", default="notebooks", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(folder: Path, quiet: bool) -> None:
    """Copy the notebooks that come with hopcli into a folder, to be run and changed.

    FOLDER is notebooks/ by default. A notebook that you have changed there is not
    overwritten: nothing is copied then.

    study: data, storage, recall, accuracy and temperature of the study, and what of it
    holds. own-pictures: pictures of your own, damage, spurious states, thresholds.
    phase-diagram: heat and load against theory, and how to read intervals.

    \b
      hopcli notebooks
      jupyter lab notebooks
    """
    from hopcli.results.files import write_file

    shipped = _shipped()
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: cannot be written: it is no folder")
    new = {name: content for name, content in shipped.items() if _is_new(folder / name, content)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror}") from None
    for name, content in new.items():
        write_file(folder / name, functools.partial(Path.write_bytes, data=content))
    if not quiet:
        for name in shipped:
            print_lines(terminal(f"{folder / name}{'' if name in new else ' (was there)'}"))
        named = terminal(shlex.quote(str(folder)))
        print_lines(f"Open them with: jupyter lab {named}  (pip install jupyterlab)")


def _is_new(path: Path, content: bytes) -> bool:
    """Whether the file is to be written; one that is there has to be the same."""
    from hopcli.results.files import read_bytes

    try:
        if read_bytes(path, _MOST_BYTES) == content:
            return False
    except FileNotFoundError:
        return True
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    raise ResultError(f"{path}: has been changed, and is not overwritten; name another FOLDER")


def _shipped() -> dict[str, bytes]:
    """The notebooks in the package, by file name."""
    found = [item for item in (files("hopcli") / "notebooks").iterdir() if item.is_file()]
    return {
        item.name: item.read_bytes()
        for item in sorted(found, key=lambda item: item.name)
        if item.name.endswith(".ipynb")
    }
