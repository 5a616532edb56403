"""Requests: the description of a run by a command, a configuration or a manifest.

Settings override those of a file or a manifest. The command line gives them as texts of
flags, Python as values; messages name each setting as it was written.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue
from hopcli.config import find_config, read_config
from hopcli.errors import SettingError, renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution
    from hopcli.experiments.stock import Stock
    from hopcli.grids.grid import Grid

    Reader = Callable[[Entry, Mapping[str, Any]], Mapping[str, Any]]
    """Function that converts settings from the user's form to the form of a file."""

_OF_KEY = 8  # characters of a key in the name of a folder


class Wishes(NamedTuple):
    """Wishes for the results of a run, a grid or the runs behind claims.

    Attributes
    ----------
    out : Path or None
        Folder of the results; None for the default folder.
    overwrite : bool
        Replace another run in the folder, or cells that other code made.
    again : bool
        Repeat a run that is finished.
    quiet : bool
        Print errors only.
    format : str
        Format of the printed table.
    """

    out: Path | None = None
    overwrite: bool = False
    again: bool = False
    quiet: bool = False
    format: str = "table"


_NONE = Wishes()


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A run requested by a user.

    Parameters
    ----------
    config : Config
        The given configuration, checked.
    execution : Execution
        Threads, pictures and the like.
    wishes : Wishes
        Wishes for its results.
    out : Path
        Folder of the results, where they are written.
    keyed : bool
        Whether to add the key of the run to the name of the folder.
    name_of : callable
        Name of a setting as the user wrote it, for messages.
    repeats : mapping, optional
        Manifest of the run that this one repeats.
    named : str
        File that describes the run, if there may be several.
    stock : Stock, optional
        Data and couplings that are loaded.
    """

    config: Config
    execution: Execution
    wishes: Wishes = _NONE
    out: Path = Path()
    keyed: bool = False
    name_of: Callable[[str], str] = str
    repeats: Mapping[str, Any] | None = None
    named: str = ""
    stock: Stock | None = None

    def folder(self, key: str) -> Path:
        """Return the folder of the run with this key."""
        return self.out.with_name(f"{self.out.name}-{key[:_OF_KEY]}") if self.keyed else self.out


def _as_given(_entry: Entry, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return settings


def request(
    name: str | None,
    settings: Mapping[str, Any],
    wishes: Wishes = _NONE,
    *,
    entry: Entry | None = None,
    read: Reader = _as_given,
    spelt: Callable[[str], str] = str,
    stock: Stock | None = None,
) -> Request:
    """Combine settings with a configuration, or with a command's defaults, and check all.

    Parameters
    ----------
    name : str or None
        A configuration: a file, or the name of one that comes with hopcli.
    settings : mapping of str to object
        Settings in the user's form.
    wishes : Wishes
        Wishes for the results.
    entry : Entry, optional
        The command, equal to that of the configuration, which is the default.
    read : callable
        Reads the settings.
    spelt : callable
        Name of a setting as the user wrote it.
    stock : Stock, optional
        Data and couplings that are loaded.

    Raises
    ------
    SettingError
        If a name is unknown, a value impossible, or the configuration is of a grid.
    DataError
        If the file cannot be read.
    """
    path = find_config(name) if name is not None else None
    from_file = read_config(path) if path is not None else {}
    command = from_file.pop("command", None if entry is None else entry.command)

    def name_of(setting: str) -> str:
        in_file = setting in from_file and setting not in settings
        return f"{path}: {setting or repr(setting)}" if in_file else spelt(setting)

    if entry is None:
        with renamed(lambda setting: f"{path}: {setting}"):
            entry = catalogue.entry(command)
    elif command != entry.command:
        raise SettingError(f"{path}: command", f"must be {entry.command!r}", command)
    if "grid" in from_file:
        shown = shlex.quote(str(name))
        rule = f"describes many runs: `hopcli grid run {shown}` makes them (hopcli.grid in Python)"
        raise SettingError(f"{path}: grid", rule)
    with renamed(name_of):
        config, execution = entry.read({**from_file, **read(entry, settings)})
    out = wishes.out or _default_folder(path, entry.command)
    keyed = wishes.out is None and _differs(config, entry, from_file)
    return Request(config, execution, wishes, out, keyed, name_of, stock=stock)


def _differs(config: Config, entry: Entry, from_file: dict[str, Any]) -> bool:
    """Return whether settings change a file's configuration, or the defaults."""
    try:
        alone, _ = entry.read(from_file)
    except SettingError:  # which they have put right
        return True
    return bool(alone.to_dict() != config.to_dict())


def _default_folder(path: Path | None, command: str) -> Path:
    """Return the folder of the results of a configuration, or of a command without one."""
    name = command if path is None else path.stem
    if name.strip(".") == "":
        raise SettingError("--out", f"must be given for a configuration called {path!s:.80}")
    return Path("results") / name


def request_again(
    path: Path,
    settings: Mapping[str, Any],
    wishes: Wishes = _NONE,
    *,
    read: Reader = _as_given,
    stock: Stock | None = None,
) -> Request:
    """Combine settings with those of a finished run, to repeat it in a folder beside it.

    Parameters
    ----------
    path : Path
        Its manifest.
    settings, wishes, read, stock
        As of :func:`request`.

    Raises
    ------
    DataError
        If there is no such file.
    ResultError
        If it is not a manifest, or contains unknown settings.
    """
    from hopcli.results import read_run

    def name_of(setting: str) -> str:
        return setting if setting in settings else f"{path}: {setting}"

    entry, manifest = read_run(path)
    how = entry.execution.settings()
    with renamed(name_of):
        plain = read(entry, settings)
        own = {name: value for name, value in plain.items() if name not in how}
        config = entry.config.from_manifest({**manifest["config"], **own}, entry.settings)
        changed = {name: value for name, value in plain.items() if name in how}
        execution = entry.execution(**{**manifest["execution"], **changed})
    out = wishes.out or Path("results") / f"{path.absolute().parent.name}-again"
    wanted = wishes._replace(again=True)
    return Request(config, execution, wanted, out, name_of=name_of, repeats=manifest, stock=stock)


def is_grid_file(name: str) -> bool:
    """Return whether a configuration describes a grid.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    return not name.endswith(".json") and "grid" in read_config(find_config(name))


def as_written(config: str | None) -> AbstractContextManager[None]:
    """Name a refused setting of a grid as in its file or flag."""
    return renamed(lambda setting: _written_name(setting, config))


def _written_name(setting: str, path: str | Path | None, sets: tuple[str, ...] = ()) -> str:
    """Name a setting as a flag if a flag has set it, otherwise as in the file."""
    is_flag = setting in ("dask", "command" if path is None else "dask")
    if is_flag or setting.partition(" ")[0] == "set":
        return f"--{setting}"
    of_flags = {text.partition("=")[0].strip().replace("-", "_") for text in sets}
    plain = setting.removeprefix("grid.")
    if plain in of_flags:
        return f"--set {plain:.80}"
    return setting if path is None else f"{path}: {setting}"


def grid_request(
    config: str | None, sets: tuple[str, ...] = (), name: str | None = None
) -> tuple[Grid, Path]:
    """Read a grid and return its default folder.

    Parameters
    ----------
    config : str or None
        File, or name of one.
    sets : tuple of str
        Settings on top of it.
    name : str, optional
        The command, if there is no file.

    Raises
    ------
    SettingError
        If a setting is impossible for any data.
    """
    from hopcli.grids.grid import read_grid
    from hopcli.grids.texts import with_sets

    if config in catalogue.CATALOGUE and not Path(config).exists():
        config, name = None, config
    path = None if config is None else find_config(config, also=catalogue.CATALOGUE)
    values = {"command": name} if path is None else read_config(path)
    with renamed(lambda setting: _written_name(setting, path, sets)):
        catalogue.entry(values.get("command"))
        if sets:
            values = with_sets(values, sets)
        grid = read_grid(values)
    stem = grid.command if path is None else path.stem
    if sets:
        import hashlib

        text = json.dumps(grid.to_dict(), sort_keys=True).encode()
        stem = f"{stem}-{hashlib.sha256(text).hexdigest()[:8]}"
    return grid, Path("results") / stem
