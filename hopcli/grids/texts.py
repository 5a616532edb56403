"""A grid from the shell: ``temperature=0.1:0.9:0.1`` on top of a file, or without one."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import SettingError
from hopcli.grids.grid import numbers
from hopcli.kinds import Kind, checked, read
from hopcli.values import RefusedError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.catalogue import Entry

_RANGE = re.compile(r"[^:,;]+:[^:,;]+:[-+.0-9eE ]+")
_LISTS = "FIRST:LAST:STEP"  # placeholder for the value of settings that are such a range


def with_sets(values: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """Add settings from the shell to the content of a file.

    A setting with several values becomes a key of the grid, in its place there or as the last
    one. A setting with one value is the same in all cells.

    Parameters
    ----------
    values : mapping of str to object
        Keys and values of the file, with the command.
    texts : sequence of str
        Texts in the form of :func:`read_set`.

    Raises
    ------
    SettingError
        If a text has another form, or a setting is given twice.
    """
    entry = catalogue.entry(values.get("command"))
    fixed: dict[str, Any] = {}
    several: dict[str, list[Any]] = {}
    given: dict[str, str] = {}
    for text in texts:
        name, listed = read_set(entry, text)
        for part in (part.strip() for part in name.split(",")):
            if part in given:
                rule = f"must name {part} once, with all of its values (another is {given[part]!r})"
                raise SettingError("set", rule, text)
            given[part] = text
        if len(listed) == 1 and name in entry.settings:
            fixed[name] = listed[0]
        else:
            several[name] = listed
    return with_settings(values, fixed, several)


def with_settings(
    values: Mapping[str, Any], fixed: Mapping[str, Any], several: Mapping[str, Any]
) -> dict[str, Any]:
    """Put settings on top of the content of a file.

    Parameters
    ----------
    values : mapping of str to object
        Keys and values of the file.
    fixed : mapping of str to object
        Settings of all cells; None leaves one open.
    several : mapping of str to object
        Keys of the grid, in their place in the file or as the last ones.
    """
    table = values.get("grid", {})
    before = table if isinstance(table, dict) else {}
    grid = {name: listed for name, listed in before.items() if name not in fixed}
    rest = {name: value for name, value in values.items() if name not in (*fixed, *several)}
    own = {name: value for name, value in fixed.items() if value is not None}
    return {**rest, **own, "grid": {**grid, **several}}


def read_set(entry: Entry, text: str) -> tuple[str, list[Any]]:
    """Read ``SETTING=VALUES``: a value, several with ``,`` or ``;``, a range, or a TOML list.

    A text that is itself a valid value is that value: ``digits=3,6,1`` are the labels of
    one cell, ``digits=3,6;3,6,1`` of two.

    Parameters
    ----------
    entry : Entry
        The command of the setting.
    text : str
        The text.

    Returns
    -------
    name : str
        The setting, or several with commas.
    values : list
        Its values, in the form of a file.

    Raises
    ------
    SettingError
        If the text has another form; the message names ``set``.

    Examples
    --------
    >>> recall = catalogue.entry("recall")
    >>> read_set(recall, "temperature=0.1:0.3:0.1")
    ('temperature', [0.1, 0.2, 0.3])
    >>> read_set(recall, "rule=hebbian,storkey")
    ('rule', ['hebbian', 'storkey'])
    >>> read_set(recall, "digits=3,6;3,6,1")
    ('digits', [['3', '6'], ['3', '6', '1']])
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise SettingError("set", "must be SETTING=VALUES", text)
    name = name.replace("-", "_")
    if value.startswith("["):
        return name, _listed(value, text)
    if name not in entry.settings:
        close = nearest(name, entry.settings)
        raise SettingError("set", f"must name a setting of {entry.command!r}{close}", text)
    kind = entry.settings[name].kind
    if kind.metavar != _LISTS and _RANGE.fullmatch(value):
        return name, numbers(value, f"set {name}")
    if re.fullmatch(r"-?\d+:-?\d+", value) and not _is_value(kind, value):
        raise SettingError("set", f"must have a step: {name}={value}:1", text)
    if ";" in value:
        parts = value.split(";")
    else:
        parts = [value] if _is_value(kind, value) else value.split(",")
    where = f"set {name}"
    values = [checked(kind, where, read(kind, where, part)) for part in parts]
    return name, [kind.plain(value) for value in values]


def set_text(entry: Entry, name: str, values: Sequence[Any]) -> str:
    """Return the shortest text that :func:`read_set` reads as these values.

    Examples
    --------
    >>> recall = catalogue.entry("recall")
    >>> set_text(recall, "size", [[20, 20], [32, 32]])
    'size=20x20,32x32'
    >>> set_text(recall, "digits", [["3", "6"], ["1"]])
    'digits=3,6;1'
    """
    listed = list(values)
    plain = [str(value).lower() if isinstance(value, bool) else value for value in listed]
    if name in entry.settings:
        alone = len(plain) == 1
        shown = entry.show(name, plain[0]) if alone else entry.show(f"grid.{name}", plain)
        text = f"{name}={shown}"
        with contextlib.suppress(SettingError):
            if read_set(entry, text) == (name, listed):
                return text
    return f"{name}={json.dumps(listed, ensure_ascii=False)}"


def _is_value(kind: Kind, text: str) -> bool:
    with contextlib.suppress(RefusedError):
        kind.settle(kind.read(text))
        return True
    return False


def _listed(value: str, text: str) -> list[Any]:
    """Read a TOML list."""
    try:
        found = tomllib.loads(f"x = {value}")["x"]
    except (ValueError, RecursionError):
        raise SettingError("set", "must be a TOML list", text) from None
    if not isinstance(found, list):
        raise SettingError("set", "must be a TOML list", text)
    return found
