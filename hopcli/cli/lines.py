"""Lines for the user on stderr: ``hopcli: ...``, one each, whatever is in them."""

from __future__ import annotations

import click

__all__ = ["tell"]


def tell(message: str) -> None:
    """Say something in one line on stderr."""
    line = " ".join(message.split())
    # What came from a file or a flag must not steer the terminal.
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    click.echo(f"hopcli: {shown}", err=True)
