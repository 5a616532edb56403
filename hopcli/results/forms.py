"""The form of a manifest: what each of its values must be, as hopcli writes it.

Values that only one command understands are checked for what JSON they are here, and by the
command itself when it reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hopcli import catalogue

if TYPE_CHECKING:
    from hopcli.config import Setting

__all__ = ["GRID", "faults", "is_hash", "is_plain"]

GRID = "grid"
"""What stands for a command in the manifest of a grid of runs."""


def is_plain(name: object) -> bool:
    """Whether a name is that of a visible file of a folder, which every system can have."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"(?!\.)[^/\\\0]{1,255}", name) is not None
        and name.isprintable()
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def is_hash(value: object) -> bool:
    """Whether a value is a SHA-256, in 64 hexadecimal digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_duration(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < 1e12  # type: ignore[operator]  # a number


def _is_whole_or_open(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _is_text_or_open(value: object) -> bool:
    return value is None or isinstance(value, str)


def _maps_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_versions(value: object) -> bool:
    return _maps_texts(value) and "hopcli" in value  # type: ignore[operator]  # a mapping


def _is_notes(value: object) -> bool:
    lists = ("warnings", "findings")
    return isinstance(value, dict) and all(_is_texts(value.get(name, [])) for name in lists)


def _is_data(value: object) -> bool:
    return _maps_texts(value) and {"name", "sha256"} <= set(value)  # type: ignore[call-overload]  # a mapping


def _is_stored(value: object) -> bool:
    """Whether patterns are told as they are written."""
    if value is None:
        return True
    if not isinstance(value, dict) or not _is_data(value.get("dataset")):
        return False
    labels, places = value.get("labels"), value.get("source_index")
    return _is_texts(labels) and isinstance(places, list) and all(map(_is_whole_or_open, places))


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_plain(f"{name}.csv") and _is_texts(columns) and all(map(_is_column, columns))
        for name, columns in value.items()
    )


def _is_column(text: str) -> bool:
    return re.search(r": (boolean|integer|number|text)\Z", text) is not None


def _is_arrays(value: object) -> bool:
    return isinstance(value, list) and all(is_plain(name) for name in value)


_Check = Callable[[object], bool]

_EVERY: dict[str, _Check] = {"versions": _is_versions, "tables": _is_tables}
_OF_RUN: dict[str, _Check] = {
    "config": lambda value: isinstance(value, dict) and "grid" not in value,
    "given": lambda value: value is None or isinstance(value, dict),
    "key": is_hash,
    "seed": _is_whole_or_open,
    "dataset": _is_data,
    "inputs": _maps_texts,
    "patterns": _is_stored,
    "execution": lambda value: isinstance(value, dict),
    **_EVERY,
    "source_commit": _is_text_or_open,
    "duration_seconds": _is_duration,
    "notes": _is_notes,
    "arrays": _is_arrays,
}
_OF_GRID: dict[str, _Check] = {
    "config": lambda value: (
        isinstance(value, dict)
        and _is_text(value.get("command"))
        and isinstance(value.get("grid"), dict)
        and isinstance(value.get("plot", {}), dict)
    ),
    **_EVERY,
    "source_commit": _is_text_or_open,
    "duration_seconds": _is_duration,
    "notes": _is_notes,
}


def faults(command: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Everything of a manifest that cannot be as it was written.

    Parameters
    ----------
    command : str
        The command that it must be of.
    values : mapping
        What it says.

    Yields
    ------
    str
        A rule that it breaks, and what was found.
    """
    outputs = values["outputs"]
    yield from _faults_of_outputs(outputs)
    if values.get("command") != command:
        yield f"must be of the command {command}, found {values.get('command')!r:.80}"
    of_run = command in catalogue.CATALOGUE
    form = _OF_RUN if of_run else _OF_GRID if command == GRID else _EVERY
    bad = [name for name, holds in form.items() if not holds(values.get(name))]
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
    """The ways of carrying out a run that there are not; those of another version are let be."""
    known: Mapping[str, Setting] = catalogue.entry(command).execution.settings()
    for name, value in said.items():
        if name not in known or value is None:
            continue
        try:
            known[name].kind.check(value)
        except ValueError as error:
            yield f"execution: {name} {error}, found {value!r:.80}"
