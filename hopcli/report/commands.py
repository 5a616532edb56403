"""Settings of a run in a few words, and the command that repeats it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.grids.grid import read_grid
from hopcli.grids.texts import set_text, with_sets
from hopcli.values import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.catalogue import Entry
    from hopcli.grids.grid import Grid
    from hopcli.kinds import Kind


def spelt(settings: Mapping[str, Any], entry: Entry) -> dict[str, str]:
    """Spell the settings of a manifest for a reader, with a dash for an open one.

    Parameters
    ----------
    settings : mapping of str to object
        Settings in JSON form; those that vary over a grid are called ``grid.temperature``.
    entry : Entry
        The command.
    """
    return {
        name.removeprefix("grid."): entry.show(name, value, gap=" ", unset="\N{EN DASH}")
        for name, value in settings.items()
    }


def command_of_run(entry: Entry, given: Mapping[str, Any]) -> str | None:
    """Return the command line of a run.

    Parameters
    ----------
    entry : Entry
        Its command.
    given : mapping of str to object
        The given settings, in JSON form.

    Returns
    -------
    str or None
        What a shell takes; None if no flags say the same.
    """
    flags = [_flag(name, entry.settings[name].kind, value) for name, value in given.items()]
    if None in flags:
        return None
    return shlex.join(["hopcli", entry.command, *(word for flag in flags for word in flag or [])])


def _flag(name: str, kind: Kind, value: Any) -> list[str] | None:
    """Return the words of a flag, or None if they do not reproduce the value."""
    words = kind.words(name, value)
    try:
        same = len(words) == 1 or kind.settle(kind.read(words[1])) == value
    except RefusedError:
        return None
    return words if same else None


def command_of_grid(grid: Grid, *, skips: bool = False) -> str | None:
    """Return the command line of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    skips : bool
        Whether to skip impossible cells.

    Returns
    -------
    str or None
        What a shell takes; None if no flags say the same.
    """
    said = grid.to_dict()
    axes = said.pop("grid")
    said.pop("plot")
    command = said.pop("command")
    sets = [set_text(grid.entry, name, [value]) for name, value in said.items()]
    sets += [set_text(grid.entry, name, values) for name, values in axes.items()]
    try:
        again = read_grid(with_sets({"command": command}, sets)).to_dict()
    except SettingError:
        return None
    if again != {**grid.to_dict(), "plot": {}}:
        return None
    words = [word for text in sets for word in ("--set", text)]
    words += ["--skip-impossible"] * skips
    return shlex.join(["hopcli", "grid", "run", "--command", command, *words])
