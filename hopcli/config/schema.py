"""JSON Schema of configuration files, for editors and other programs."""

from __future__ import annotations

from typing import Any

from hopcli.catalogue import CATALOGUE, Entry


def configuration_schema() -> dict[str, Any]:
    """Return the schema of configuration files, one alternative per command.

    It is made from the declarations of the settings. Every file that hopcli accepts fits it.
    A file that fits may still be refused, if its settings conflict or do not fit the data.

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
    "description": "Layout of the picture of a grid.",
    "properties": {**{name: {"type": "string"} for name in _TEXTS}, "map": {"type": "boolean"}},
    "additionalProperties": False,
}


def _grid(entry: Entry) -> dict[str, Any]:
    """Return the table of a grid: a list of values, or a range, for each varying setting."""
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
    defaults = {**entry.config().values(), **entry.execution().values()}
    properties: dict[str, Any] = {"command": {"const": entry.command, "description": entry.line}}
    for name, declared in entry.settings.items():
        properties[name] = {**declared.kind.schema, "description": declared.help}
        if defaults[name] is not None:
            properties[name]["default"] = declared.kind.plain(defaults[name])
    properties["grid"] = _grid(entry)
    properties["plot"] = _PLOT
    return {
        "title": f"hopcli {entry.command}",
        "properties": properties,
        "additionalProperties": False,
    }
