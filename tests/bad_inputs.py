"""Bad values of every kind of setting, as flags and as keys of a file.

The settings come from the catalogue, the bad values from their kinds, by bad_inputs.toml: a
new setting is tried as it is declared, and a new kind has to say there what is bad.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hopcli.catalogue import CATALOGUE
from hopcli.config import Setting

__all__ = ["TEXTS", "Tried", "listed", "tried_settings"]

TEXTS = tomllib.loads(Path(__file__).with_name("bad_inputs.toml").read_text(encoding="utf-8"))
"""Lists of bad values, and damaged files of text by kind and name."""

_LETTERS = {
    "NINES": "9" * 5000,
    "MANY": "9" * 4000,
    "FFFF": "f" * 3000,
    "LONG": "x" * 5000,
    "NAME": "x" * 300,
    "IMAGES": "image," * 3000,
    "FLIPS": "flip:0.1," * 2000 + "x",
}


class Tried(NamedTuple):
    """A setting of a command, with bad values.

    Attributes
    ----------
    command, setting : str
        Which.
    flags : tuple of str
        Texts for its flag; none for a switch, whose flag takes no text.
    keys : tuple of str
        Values for its key, as TOML has them.
    """

    command: str
    setting: str
    flags: tuple[str, ...]
    keys: tuple[str, ...]


def tried_settings() -> Iterator[Tried]:
    """List every setting of every command."""
    for command, entry in CATALOGUE.items():
        for name, setting in entry.settings.items():
            metavar, beyond = setting.kind.metavar, _beyond(setting)
            if "enum" in setting.kind.schema:
                flags, keys = ["@no_name"], _no_choice(setting.kind.choices)
            else:  # a new kind: say what is bad
                flags, keys = TEXTS["flags"][metavar] if metavar else [], TEXTS["keys"][metavar]
            texts = (*listed(flags), *beyond) if metavar else ()
            yield Tried(command, name, texts, (*listed(keys), *beyond))


def listed(values: Iterable[str]) -> Iterator[str]:
    """Return values, with named lists expanded."""
    for value in values:
        if value[:1] == "@":
            yield from listed(TEXTS["lists"][value[1:]])
        else:
            for name, letters in _LETTERS.items():
                value = value.replace(name, letters)
            yield value


def _no_choice(choices: tuple[str, ...]) -> list[str]:
    first = choices[0] if choices else ""
    return ["@no_value", "@no_choice", f"['{first}']", f"'{first},{first}'", f"'{first} '"]


def _beyond(setting: Setting) -> tuple[str, ...]:
    """Return the values just below and above the range in the schema of a kind."""
    schema = setting.kind.schema
    past = (("minimum", -1), ("exclusiveMinimum", 0), ("exclusiveMinimum", -1), ("maximum", 1))
    return tuple(str(schema[name] + step) for name, step in past if name in schema)
