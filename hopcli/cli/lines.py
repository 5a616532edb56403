"""Messages to the user: lines on stderr, ``hopcli: ...``, and values on stdout."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TextIO

import click

from hopcli.errors import HopcliWarning
from hopcli.printing import terminal

__all__ = ["listen", "print_lines", "tell"]

_LONGEST = 400  # characters of a line; longer ones are cut in the middle


def tell(message: str) -> None:
    """Print one line on stderr."""
    shown = terminal(" ".join(message.split()))
    if len(shown) > _LONGEST:
        shown = f"{shown[: 2 * _LONGEST // 3]} ... {shown[-_LONGEST // 3 :]}"
    click.echo(f"hopcli: {shown}", err=True)


def print_lines(text: object) -> None:
    """Print lines on stdout; callers have escaped newlines in names."""
    click.echo(terminal(text, keep="\n"))


class _Teller(logging.Handler):
    """Handler that prints the library's log messages."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(record.getMessage())


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of hopcli in a line; show any other as Python does."""
    if issubclass(category, HopcliWarning):
        logging.getLogger("hopcli").warning("warning: %s", message)
    else:
        shown = warnings.formatwarning(message, category, filename, lineno, line)
        (file or sys.stderr).write(shown)


def listen(*, quiet: bool) -> None:
    """Print hopcli's log messages, such as announcements of long steps, unless quiet."""
    log = logging.getLogger("hopcli")
    log.handlers = [_Teller()]
    log.setLevel(logging.ERROR if quiet else logging.INFO)
    log.propagate = False
    warnings.simplefilter("always", HopcliWarning)
    warnings.showwarning = _show
