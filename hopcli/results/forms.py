"""The form of a manifest: the allowed values of each entry.

For entries of a single command, this module checks only the JSON type; the command checks the
rest when it reads them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hopcli import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hopcli.config import Setting

GRID = "grid"
"""Name of the command in the manifest of a grid of runs."""


def is_plain(name: object) -> bool:
    """Return whether a name is valid for a visible file on every system."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"(?!\.)[^/\\\0]{1,255}", name) is not None
        and name.isprintable()
    )


def is_hash(value: object) -> bool:
    """Return whether a value is a SHA-256 in 64 hexadecimal digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_duration(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e12  # type: ignore[operator]  # a number


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_plain(f"{name}.csv") and _fits(columns, [_is_column]) for name, columns in value.items()
    )


def _is_column(text: object) -> bool:
    kinds = r": (boolean|integer|number|text)\Z"
    return isinstance(text, str) and re.search(kinds, text) is not None


def _fits(value: object, form: Any) -> bool:
    """Return whether a value of a manifest has a form.

    Parameters
    ----------
    value : object
        The value in JSON form; ``...`` if there is none.
    form : object
        A type, a value, a function that tests the value, a list with the form of all items, a
        mapping of the forms of named values and of all others (``...``), or a tuple of
        alternatives.
    """
    if isinstance(form, tuple):
        return any(_fits(value, one) for one in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(item, form[0]) for item in value)
    if isinstance(form, dict):
        every = form.get(..., object)
        return (
            isinstance(value, dict)
            and all(_fits(value.get(name, ...), one) for name, one in form.items() if name != ...)
            and (every is object or all(_fits(item, every) for item in value.values()))
        )
    if isinstance(form, type):
        return type(value) is form
    return bool(form(value)) if callable(form) else value is form


_DATA = {"name": str, "sha256": str, ...: str}
_TEXTS = (..., [str])

_EVERY: dict[str, Any] = {"versions": {"hopcli": str, ...: str}, "tables": _is_tables}
_OF_RUN: dict[str, Any] = {
    "config": {"grid": ...},
    "given": (None, dict),
    "key": is_hash,
    "seed": (None, int),
    "dataset": _DATA,
    "inputs": {...: str},
    "patterns": (None, {"dataset": _DATA, "labels": [str], "source_index": [(None, int)]}),
    "execution": dict,
    **_EVERY,
    "source_commit": (None, str),
    "duration_seconds": _is_duration,
    "notes": {"warnings": _TEXTS, "findings": _TEXTS},
    "arrays": [is_plain],
}
_OF_GRID: dict[str, Any] = {
    "config": {"command": str, "grid": dict, "plot": (..., dict)},
    **_EVERY,
    **{name: _OF_RUN[name] for name in ("source_commit", "duration_seconds", "notes")},
}


def faults(command: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Find the entries of a manifest that hopcli cannot have written.

    Parameters
    ----------
    command : str
        The expected command.
    values : mapping
        The entries.

    Yields
    ------
    str
        A broken rule, and the value found.
    """
    outputs = values["outputs"]
    yield from _faults_of_outputs(outputs)
    if values.get("command") != command:
        yield f"must be of the command {command}, found {values.get('command')!r:.80}"
    of_run = command in catalogue.CATALOGUE
    form = _OF_RUN if of_run else _OF_GRID if command == GRID else _EVERY
    bad = [name for name, one in form.items() if not _fits(values.get(name), one)]
    for name in bad:
        yield f"must have {name} as hopcli writes it, found {values.get(name)!r:.80}"
    if bad:
        return
    if of_run:
        yield from _faults_of_execution(command, values["execution"])
    files = [f"{name}.csv" for name in values["tables"]]
    for name in (*files, *(f"{name}.npz" for name in values.get("arrays", ()))):
        if name not in outputs:
            yield f"must have a hash of {name!r:.80} among its outputs, has none"


def _faults_of_outputs(outputs: Mapping[str, Any]) -> Iterator[str]:
    for name, hashed in outputs.items():
        if not is_plain(name):
            yield f"must name files of its folder, found {name!r:.80}"
        elif not is_hash(hashed):
            yield f"must have the SHA-256 of {name}, found {hashed!r:.80}"


def _faults_of_execution(command: str, said: Mapping[str, Any]) -> Iterator[str]:
    """Find invalid execution settings; unknown ones of another version are accepted."""
    known: Mapping[str, Setting] = catalogue.entry(command).execution.settings()
    for name, value in said.items():
        if name not in known or value is None:
            continue
        try:
            known[name].kind.check(value)
        except ValueError as error:
            yield f"execution: {name} {error}, found {value!r:.80}"
