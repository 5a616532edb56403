"""What was asked of a run, in few words, and the command that makes it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.config import Facts
from hopcli.errors import SettingError
from hopcli.grids.grid import read_grid
from hopcli.grids.texts import set_text, with_sets
from hopcli.values import RefusedError, flag_name, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Setting
    from hopcli.experiments import Result
    from hopcli.grids.grid import Grid

__all__ = ["asked", "command_of_grid", "command_of_run", "spelt"]

_LABELS = "digits"
"""Left open it is all labels of the data, of which a result knows those that it used."""


def spelt(settings: Mapping[str, Any], entry: Entry) -> dict[str, str]:
    """Settings of a manifest as a reader wants them, a dash if one is open.

    Parameters
    ----------
    settings : mapping of str to object
        As JSON has them; those that vary over a grid are called ``grid.temperature``.
    entry : Entry
        The command.
    """
    return {
        name.removeprefix("grid."): entry.show(name, value, gap=" ", unset="\N{EN DASH}")
        for name, value in settings.items()
    }


def asked(config: Config, result: Result) -> dict[str, Any]:
    """The settings that a run would not have if nothing was said.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    result : Result
        What was found: its patterns tell what open settings depend on.

    Returns
    -------
    dict of str to object
        Those of the settings, as JSON has them, in the order of the help text.
    """
    given = catalogue.entry(config.command).config
    resolved = config.to_dict()
    said = {
        name: resolved[name]
        for name, setting in given.settings().items()
        if resolved.get(name) is not None
        if resolved[name] != _plain(setting, given.default_of(name))
    }
    facts = _facts(config, result)
    if facts is None:
        return said
    for name in [name for name in said if given.default_of(name) is None and name != _LABELS]:
        without = {other: value for other, value in said.items() if other != name}
        if _resolves(given, without, facts) == resolved:
            said = without
    return said


def _plain(setting: Setting, value: Any) -> Any:
    """A default as JSON has it."""
    return None if value is None else setting.kind.settle(value)


def _facts(config: Config, result: Result) -> Facts | None:
    """What is known of the data of a run, but for labels that it did not use."""
    patterns = getattr(result, "patterns", None)
    if patterns is None:
        return None
    chosen = getattr(config, "images", None) is not None
    return Facts(result.dataset, patterns.shape, patterns.labels, chosen)


def _resolves(given: type[Config], values: dict[str, Any], facts: Facts) -> Any:
    """What a configuration resolves to, None if it is refused."""
    try:
        config = given.from_values(values)
        config.check()
        return config.resolve(facts).to_dict()
    except SettingError:
        return None


def command_of_run(config: Config, result: Result) -> str | None:
    """The command line that asks for a run.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    result : Result
        What was found.

    Returns
    -------
    str or None
        What a shell takes; None if no flags say the same.
    """
    entry = catalogue.entry(config.command)
    wanted = asked(config, result)
    flags = [_flag(name, entry.settings[name], value) for name, value in wanted.items()]
    try:
        entry.read(wanted)[0].check()
    except SettingError:
        return None
    if None in flags:
        return None
    return shlex.join(["hopcli", entry.command, *(word for flag in flags for word in flag or [])])


def _flag(name: str, setting: Setting, value: Any) -> list[str] | None:
    """The words of a flag, None if it does not give the value back."""
    flag, kind = flag_name(name), setting.kind
    if not kind.metavar:
        return [flag if value else f"--no-{flag[2:]}"]
    text = show(value, kind.between)
    try:
        same = kind.settle(kind.read(text)) == value
    except RefusedError:
        return None
    return [flag, text] if same else None


def command_of_grid(grid: Grid, *, skips: bool = False) -> str | None:
    """The command line that asks for the cells of a grid.

    Parameters
    ----------
    grid : Grid
        Which.
    skips : bool
        Whether to leave out cells that cannot be made.

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
