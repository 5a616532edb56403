"""What a configuration file may hold, as JSON Schema, for editors and other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from hopcli.catalogue import Entry

__all__ = ["configuration_schema"]


def configuration_schema() -> dict[str, Any]:
    """The schema of configuration files, one alternative a command.

    It is made from the declarations of the settings. A file that hopcli takes fits it; one
    that fits it may still be refused, for settings that do not go together or fit the data.

    Returns
    -------
    dict
        JSON-ready; JSON Schema, draft 2020-12.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hopcli configuration",
        "type": "object",
        "properties": {"command": {"enum": list(CATALOGUE)}},
        "required": ["command"],
        "oneOf": [_of_command(entry) for entry in CATALOGUE.values()],
    }


_TEXTS = ("x", "y", "by", "rows", "over", "caption")
_PLOT = {
    "type": "object",
    "description": "How the picture of a grid is laid out.",
    "properties": {**{name: {"type": "string"} for name in _TEXTS}, "map": {"type": "boolean"}},
    "additionalProperties": False,
}


def _grid(entry: Entry) -> dict[str, Any]:
    """The table of a grid: a list of values, or a range, for each setting that varies."""
    varied = {
        name: {
            "anyOf": [
                {"type": "array", "items": dict(declared.kind.schema), "minItems": 1},
                {"type": "string", "pattern": ":"},
            ],
            "description": declared.help,
        }
        for name, declared in entry.config.settings().items()
    }
    together = {"type": "array", "items": {"type": "array"}, "minItems": 1}
    return {
        "type": "object",
        "description": "Settings that vary, each with its values; every combination is run.",
        "properties": varied,
        "patternProperties": {",": together},
        "additionalProperties": False,
        "minProperties": 1,
    }


def _of_command(entry: Entry) -> dict[str, Any]:
    defaults = {**entry.config().to_dict(), **entry.execution().to_dict()}
    properties: dict[str, Any] = {"command": {"const": entry.command, "description": entry.line}}
    for name, declared in entry.settings.items():
        default = {} if defaults[name] is None else {"default": defaults[name]}
        properties[name] = {**declared.kind.schema, "description": declared.help, **default}
    properties["grid"] = _grid(entry)
    properties["plot"] = _PLOT
    return {
        "title": f"hopcli {entry.command}",
        "properties": properties,
        "additionalProperties": False,
    }
