"""What is said to the user, whatever is in it: lines on stderr, ``hopcli: ...``, and values."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TextIO

import click

from hopcli.errors import HopcliWarning
from hopcli.printing import terminal

__all__ = ["listen", "print_lines", "tell"]

_LONGEST = 400  # characters of a line; what is too long is cut in the middle


def tell(message: str) -> None:
    """Say something in one line on stderr."""
    shown = terminal(" ".join(message.split()))
    if len(shown) > _LONGEST:
        shown = f"{shown[: 2 * _LONGEST // 3]} ... {shown[-_LONGEST // 3 :]}"
    click.echo(f"hopcli: {shown}", err=True)


def print_lines(text: object) -> None:
    """Print lines on stdout; names in them that may have newlines are made safe before."""
    click.echo(terminal(text, keep="\n"))


class _Teller(logging.Handler):
    """Tells the user what the library has to say."""

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
    """Tell a warning of hopcli in a line; show another as Python does."""
    if issubclass(category, HopcliWarning):
        logging.getLogger("hopcli").warning("warning: %s", message)
    else:
        shown = warnings.formatwarning(message, category, filename, lineno, line)
        (file or sys.stderr).write(shown)


def listen(*, quiet: bool) -> None:
    """Tell what is logged by hopcli, such as what takes long, unless it is to be quiet."""
    log = logging.getLogger("hopcli")
    log.handlers = [_Teller()]
    log.setLevel(logging.ERROR if quiet else logging.INFO)
    log.propagate = False
    warnings.simplefilter("always", HopcliWarning)
    warnings.showwarning = _show
