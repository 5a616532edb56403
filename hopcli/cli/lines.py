"""Lines for the user on stderr: ``hopcli: ...``, one each, whatever is in them."""

from __future__ import annotations

import logging

import click

__all__ = ["listen", "tell"]

_LONGEST = 400  # characters of a line; what is too long is cut in the middle


def tell(message: str) -> None:
    """Say something in one line on stderr."""
    line = " ".join(message.split())
    # What came from a file or a flag must not steer the terminal.
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    if len(shown) > _LONGEST:
        shown = f"{shown[: 2 * _LONGEST // 3]} ... {shown[-_LONGEST // 3 :]}"
    click.echo(f"hopcli: {shown}", err=True)


class _Teller(logging.Handler):
    """Tells the user what the library has to say."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(record.getMessage())


def listen(*, quiet: bool) -> None:
    """Tell what is logged by hopcli, such as what takes long, unless it is to be quiet."""
    log = logging.getLogger("hopcli")
    log.handlers = [_Teller()]
    log.setLevel(logging.ERROR if quiet else logging.INFO)
    log.propagate = False
