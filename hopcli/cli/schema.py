"""``hopcli schema``."""

from __future__ import annotations

import json

import click

from hopcli.cli.once import Command


@click.command("schema", cls=Command)
def command() -> None:
    """Print the JSON Schema of configuration files, for editors.

    Editors that support TOML schemas then complete and explain settings, and mark errors
    while you write.

    \b
      hopcli schema > hopcli.schema.json

    and, as the first line of a configuration,

    \b
      #:schema ./hopcli.schema.json
    """
    from hopcli.config.schema import configuration_schema

    click.echo(json.dumps(configuration_schema(), indent=2))
