"""``hopcli runs``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.cli.lines import print_lines, tell
from hopcli.cli.once import Command
from hopcli.cli.tables import form_option, in_columns, print_rows
from hopcli.cli.types import FOLDERS
from hopcli.errors import ResultError
from hopcli.printing import terminal
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from hopcli.results.listing import Listed

__all__ = ["command"]

_WIDEST = 40  # characters of a setting in a table
_OF_KEY = 8  # digits that name a run


@click.command("runs", cls=Command)
@FOLDERS
@form_option
def command(folders: tuple[Path, ...], form: str) -> int:
    """List finished runs with what tells them apart.

    Each DIR is a folder of results, or holds such folders at any depth; hidden ones are left
    out. A run is a row: its folder, those settings that are not the same in all listed runs
    of its command, its data set, the version of hopcli that made it, the seconds it took, the
    number that it is known by (such as the overall accuracy) and the first 8 digits of its
    key. Runs are sorted by folder. For people there is a table a command, else one of all; as
    JSON runs have all of their settings.

    \b
      hopcli runs results
      hopcli runs results --format csv > runs.csv

    A run that cannot be read is named on stderr, the others are listed all the same. Exit
    code 1 then. Nothing is written into the folders.
    """
    from hopcli.results import listing

    runs, refused = listing.list_runs(folders)
    if not runs:
        raise ResultError(refused[0])
    commands = dict.fromkeys(run.command for run in runs)
    of_command = [[run for run in runs if run.command == name] for name in commands]
    telling = [listing.telling(some) for some in of_command]
    if form == "json":
        click.echo(json.dumps([_as_json(run) for run in runs]))
    elif form != "table":
        names = list(dict.fromkeys(name for some in telling for name in some))
        _print([_row(run, names) for run in runs], form)
    else:
        tables = [
            _as_table([_row(run, names) for run in some])
            for some, names in zip(of_command, telling, strict=True)
        ]
        print_lines("\n\n".join(tables))
    for line in refused:
        tell(line)
    return 1 if refused else 0


def _row(run: Listed, names: Iterable[str]) -> dict[str, str]:
    """A run by the heads of its columns; `names` are the settings among them."""
    entry = catalogue.entry(run.command.removesuffix(" grid"))
    settings = {n: entry.show(n, run.settings[n]) for n in names if n in run.settings}
    number = run.headline
    return {
        "folder": str(run.folder),
        "command": run.command,
        **{name: settings.get(name, "") for name in names},
        "dataset": run.dataset,
        "version": run.version,
        "seconds": f"{run.seconds:.3f}",
        **({} if number is None else {number.name: show(number.value)}),
        "key": run.key[:_OF_KEY],
    }


def _as_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows below their heads, each column as wide as it needs."""
    heads = _heads(rows)
    cells = [heads, *([_cut(terminal(row.get(head, ""))) for head in heads] for row in rows)]
    return in_columns(cells)


def _print(rows: Sequence[Mapping[str, str]], form: str) -> None:
    """Print rows as one table."""
    print_rows(rows, _heads(rows), form)


def _as_json(run: Listed) -> dict[str, Any]:
    """All of a run."""
    number = run.headline
    return {
        **run._asdict(),
        "folder": str(run.folder),
        "headline": None if number is None else number._asdict(),
    }


def _heads(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The heads of all rows, the key last."""
    heads = dict.fromkeys(head for row in rows for head in row if head != "key")
    return [*heads, "key"]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
