"""Requests by keywords: the values of a configuration file, in Python's types.

A value is one that a configuration file accepts, the text of a flag if only the flag accepts
it, or its Python equivalent: NumPy scalars and arrays, paths, a data set, patterns.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments.stock import Stock
from hopcli.kinds import fits, read
from hopcli.patterns import Patterns
from hopcli.runs.requests import request, request_again
from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.catalogue import Entry
    from hopcli.config import Setting
    from hopcli.runs.requests import Request

_OF_DATA = ("split", "threshold", "size", "crop", "invert", "transpose")
"""Settings that are fixed once a data set is loaded."""


def ask(what: str | os.PathLike[str], settings: Mapping[str, Any]) -> Request:
    """Put settings on top of those of a command, a file or a finished run.

    Parameters
    ----------
    what : str or path
        A command, a configuration or its name, or the manifest of a run (.json).
    settings : mapping of str to object
        Values by name.

    Raises
    ------
    SettingError
        If a name is unknown or a value impossible.
    DataError, ResultError
        If a file cannot be read, or is of another type.
    """
    text, stock = os.fspath(what), Stock()

    def read(entry: Entry, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return plain_settings(entry, settings, stock)

    named = command_named(text)
    try:
        if named is None and text.endswith(".json"):
            asked = request_again(Path(text), settings, read=read, stock=stock)
        else:
            entry = None if named is None else catalogue.entry(named)
            asked = request(None if named else text, settings, entry=entry, read=read, stock=stock)
    except SettingError as error:
        if isinstance(error.found, list | tuple) and error.setting in settings:
            rule = f"{error.rule}; hopcli.grid({text!r}, {error.setting}=[...]) runs several"
            raise SettingError(error.setting, rule, error.found) from None
        raise
    config: Any = asked.config
    if isinstance(dataset := settings.get("dataset"), Dataset):
        stock.hold(config, dataset)
    return asked


def command_named(text: str) -> str | None:
    """Return the command of a name, also with underscores; None if there is none."""
    name = text.replace("_", "-")
    return name if name in catalogue.CATALOGUE else None


def plain_settings(entry: Entry, settings: Mapping[str, Any], stock: Stock) -> dict[str, Any]:
    """Convert settings to the values of a file.

    Parameters
    ----------
    entry : Entry
        Command of the settings; values of unknown names are not changed.
    settings : mapping of str to object
        Values in Python's types.
    stock : Stock
        Store for given patterns.

    Returns
    -------
    dict
        Values by name; a data set is replaced by the settings that load it.

    Raises
    ------
    SettingError
        If a text is not a valid value, or a data set cannot be named.
    """
    known = entry.settings
    given = settings.get("dataset")
    plain: dict[str, Any] = {}
    if isinstance(given, Dataset):
        plain = _words_of(given, settings)
    for name, value in settings.items():
        if isinstance(value, Dataset) and name == "dataset":
            continue
        if name in ("dataset", "patterns") and getattr(value, "ndim", 0) > 1:
            rule = "must not be an array of pictures; store such an array with hopcli.store"
            raise SettingError(name, rule)
        if isinstance(value, Patterns) and name == "patterns":
            plain[name] = stock.keep(value)
        else:
            plain[name] = plain_value(known[name], name, value) if name in known else value
    return plain


def _words_of(dataset: Dataset, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that load a data set again."""
    words = dict(dataset.request)
    if not words:
        rule = "must come from hopcli.load of a source; store arrays with hopcli.store"
        raise SettingError("dataset", rule, dataset.name)
    for name in _OF_DATA:
        if name in settings:
            rule = "cannot be given together with a data set that has been loaded"
            raise SettingError(name, rule, settings[name])
    return {name: bare(value) for name, value in words.items() if value is not None}


def plain_value(setting: Setting, name: str, value: Any) -> Any:
    """Convert a value to that of a file.

    Raises
    ------
    SettingError
        If a text is no valid value of the setting, in a file or as a flag.
    """
    plain = bare(value)
    if not isinstance(plain, str) or fits(setting.kind.check, plain):
        return plain
    return read(setting.kind, name, plain)
