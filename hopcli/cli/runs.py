"""``hopcli runs``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.cli.lines import print_lines, tell
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDERS
from hopcli.cli.tables import in_columns, is_usual, print_rows, table_options
from hopcli.errors import ResultError
from hopcli.printing import terminal
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_WIDEST = 40  # characters of a setting in a table
_OF_KEY = 8  # digits of a key that are printed


@click.command("runs", cls=Command, params=table_options())
@FOLDERS
def command(folders: tuple[Path, ...], form: str) -> int:
    """List finished runs and the settings in which they differ.

    Each DIR is a folder of results, or contains such folders at any depth; hidden ones are
    skipped. Each run is a row: its folder, the settings in which the listed runs of its command
    differ, its data set, the version of hopcli that made it, its duration in seconds, its main
    number (such as the overall accuracy) and the first 8 digits of its key. Runs are sorted by
    folder. The format `table` prints one table per command, the others one table of all runs.
    JSON contains all settings.

    \b
      hopcli runs results
      hopcli runs results --format csv > runs.csv

    A run that cannot be read is named on stderr, and the exit code is 1. All others are
    listed first. Nothing is written into the folders.
    """
    from hopcli.results import listing

    runs, refused = listing.list_runs(folders)
    if not runs:
        raise ResultError(refused[0])
    commands = dict.fromkeys(run["command"] for run in runs)
    of_command = [[run for run in runs if run["command"] == name] for name in commands]
    telling = [listing.telling(some) for some in of_command]
    if form == "json":
        click.echo(json.dumps(runs))
    elif not is_usual(form):
        names = list(dict.fromkeys(name for some in telling for name in some))
        rows = [_row(run, names) for run in runs]
        print_rows(rows, _heads(rows), form)
    else:
        tables = []
        for some, names in zip(of_command, telling, strict=True):
            rows = [_row(run, names) for run in some]
            heads = _heads(rows)
            cells = ([_cut(terminal(row.get(head, ""))) for head in heads] for row in rows)
            tables.append(in_columns([heads, *cells]))
        print_lines("\n\n".join(tables))
    for line in refused:
        tell(line)
    return 1 if refused else 0


def _row(run: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return a run by column heads, with the settings in `names`."""
    entry, number = catalogue.entry(run["command"].removesuffix(" grid")), run["headline"]
    settings = run["settings"]
    return {
        "folder": run["folder"],
        "command": run["command"],
        **{name: entry.show(name, settings[name]) if name in settings else "" for name in names},
        "dataset": run["dataset"],
        "version": run["version"],
        "seconds": f"{run['seconds']:.3f}",
        **({} if number is None else {number["name"]: show(number["value"])}),
        "key": run["key"][:_OF_KEY],
    }


def _heads(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the heads of all rows, the key last."""
    heads = dict.fromkeys(head for row in rows for head in row if head != "key")
    return [*heads, "key"]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
