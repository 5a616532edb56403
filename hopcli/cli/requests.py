"""Requests: flags on top of a file, checked, with where each value came from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.config import find_config, read_config
from hopcli.errors import SettingError, renamed
from hopcli.kinds import read
from hopcli.runs.requests import Request
from hopcli.values import flag_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Setting
    from hopcli.runs.requests import Wishes

__all__ = [
    "make_request",
    "read_flags",
    "request_from_file",
    "request_from_manifest",
]


def request_from_file(name: str, wishes: Wishes) -> Request:
    """The request of a configuration file, whose ``command`` says which experiment.

    Raises
    ------
    SettingError
        If the file does not name a command, or has an impossible value.
    """
    path = find_config(name)
    with renamed(lambda _: f"{path}: command"):
        entry = catalogue.entry(read_config(path).get("command"))
    return make_request(entry, name, {}, wishes)


def request_from_manifest(path: Path, wishes: Wishes) -> Request:
    """The request to repeat a finished run, into a folder beside it.

    Raises
    ------
    DataError
        If there is no such file.
    ResultError
        If it is no manifest, or not one of the settings that there are.
    """
    from hopcli.results.repeating import read_run

    entry, manifest = read_run(path)
    config = entry.config.from_manifest(manifest["config"])
    execution = entry.execution(**manifest["execution"])
    out = wishes.out or Path("results") / f"{path.absolute().parent.name}-again"
    wanted = wishes._replace(again=True)

    def name_of(setting: str) -> str:
        return f"{path}: {setting}"

    return Request(config, execution, wanted, out, name_of=name_of, repeats=manifest)


def make_request(
    entry: Entry, config_name: str | None, flags: dict[str, Any], wishes: Wishes
) -> Request:
    """Put flags on top of a file, check all, and remember where each came from."""
    path = find_config(config_name) if config_name is not None else None
    from_file = read_config(path) if path is not None else {}
    command = from_file.pop("command", entry.command)

    def name_of(setting: str) -> str:
        in_file = setting in from_file and setting not in flags
        return f"{path}: {setting or repr(setting)}" if in_file else flag_name(setting)

    if command != entry.command:
        raise SettingError(f"{path}: command", f"must be {entry.command!r}", command)
    if "grid" in from_file:
        name = shlex.quote(str(config_name))
        rule = f"is of many runs: `hopcli grid run {name}` or `hopcli run {name}` makes them"
        raise SettingError(f"{path}: grid", rule)
    with renamed(name_of):
        config, execution = entry.read({**from_file, **read_flags(entry.settings, flags)})
    out = wishes.out or _default_folder(path, entry.command)
    keyed = wishes.out is None and path is not None and _differs(config, entry, from_file)
    return Request(config, execution, wishes, out, keyed, name_of)


def _differs(config: Config, entry: Entry, from_file: dict[str, Any]) -> bool:
    """Whether flags have changed what a file asks for."""
    try:
        alone, _ = entry.read(from_file)
    except SettingError:  # which the flags have put right
        return True
    return bool(alone.to_dict() != config.to_dict())


def read_flags(known: Mapping[str, Setting], flags: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of flags as values.

    Parameters
    ----------
    known : mapping of str to Setting
        The settings that they are of.
    flags : mapping of str to object
        Texts, or what click has made of them already.

    Raises
    ------
    SettingError
        If a text is no value of its setting.
    """
    return {
        name: read(known[name].kind, name, text) if isinstance(text, str) else text
        for name, text in flags.items()
    }


def _default_folder(path: Path | None, command: str) -> Path:
    name = command if path is None else path.stem
    if name.strip(".") == "":
        raise click.UsageError(f"--out must be given for a configuration called {path!s:.80}")
    return Path("results") / name
