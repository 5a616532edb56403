"""Stubs: types of the commands as functions, from the settings; classes of the settings.

Run this file to write them.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from conftest import CHECKOUT

from hopcli import config
from hopcli.catalogue import FUNCTIONS

PACKAGE = CHECKOUT / "hopcli"

_HEAD = '''"""The types of the commands as functions; made from the settings by tests/stubs.py."""

import os
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hopcli.api.running import Run
from hopcli.datasets import Dataset
from hopcli.patterns import Patterns

_Whole: TypeAlias = int | np.integer[Any]
_Number: TypeAlias = float | np.floating[Any] | np.integer[Any]
_Truth: TypeAlias = bool | np.bool_
_Path: TypeAlias = str | os.PathLike[str]

def run(what: _Path, /, *, progress: bool | None = None, **settings: Any) -> Run: ...
'''
_SIMPLE = {"integer": "_Whole", "number": "_Number", "boolean": "_Truth", "string": "str"}
_GIVEN = {"dataset": "Dataset", "patterns": "Patterns"}
"""Records that may replace the word of a setting."""


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Return the Python type of a schema."""
    if "anyOf" in schema:
        return [one for part in schema["anyOf"] for one in _types(part)]
    if "enum" in schema:
        return [f"Literal[{', '.join(map(_quoted, schema['enum']))}]"]
    if "const" in schema:
        return [f"Literal[{_quoted(schema['const'])}]"]
    if schema["type"] == "array":
        return [f"Sequence[{' | '.join(_types(schema['items']))}]", "NDArray[Any]"]
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return [_SIMPLE[kind] for kind in kinds]


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _parameter(item: Any) -> str:
    """A setting as a keyword with its type."""
    kind = item.metadata["setting"].kind
    types = _types(kind.schema)
    if "str" in types and kind.metavar in ("SOURCE", "FILE", "NUMBER|FILE"):
        types = ["_Path" if one == "str" else one for one in types]
        types += [_GIVEN[item.name]] if item.name in _GIVEN else []
    types += ["None"] if item.default is None else []
    default = None if item.default is None else kind.plain(item.default)
    shown = "..." if isinstance(default, list) else _quoted(default)
    return f"{item.name}: {' | '.join(dict.fromkeys(types))} = {shown}"


def _commands() -> str:
    """The types of the commands as functions."""
    made = [_HEAD]
    for entry in FUNCTIONS:
        items = (*fields(entry.config), *fields(entry.execution))
        listed = ", ".join([*map(_parameter, items), "progress: bool | None = None"])
        made.append(f"def {entry.module}(*, {listed}) -> Run: ...\n")
    return "".join(made)


def _settings() -> str:
    """The names of the package of settings, each from its module."""

    def place(name: str) -> str:
        return getattr(config, name).__module__

    made = ["# Made by tests/stubs.py.\n"]
    for module, names in itertools.groupby(sorted(config.__all__, key=place), place):
        made.append(f"from {module} import {', '.join(names)}\n")
    return "".join([*made, f"\n__all__ = {config.__all__}\n"])


STUBS = {"api/commands.pyi": _commands, "config/__init__.pyi": _settings}
"""Functions that make the stubs, by place in the package."""


def stub(place: str) -> str:
    """The text of a stub."""
    path = str(PACKAGE / place)
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", path, "-"]
    return subprocess.check_output(command, input=STUBS[place](), text=True)


if __name__ == "__main__":
    for place in STUBS:
        (PACKAGE / place).write_text(stub(place), encoding="utf-8")
