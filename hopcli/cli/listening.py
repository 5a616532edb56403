"""Log messages and warnings as lines on stderr, for commands that work."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from typing import TextIO

from hopcli.cli.lines import show_status, tell
from hopcli.errors import HopcliWarning


class _Teller(logging.Handler):
    """Handler that prints log messages; steps (level DEBUG) are shown while they last."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno > logging.DEBUG:
            tell(record.getMessage())
        elif threading.current_thread() is threading.main_thread():
            show_status(record.getMessage())


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
    """Print hopcli's log messages unless `quiet`, and on a terminal the current step."""
    log = logging.getLogger("hopcli")
    log.handlers = [_Teller()]
    steps = logging.DEBUG if sys.stderr.isatty() else logging.INFO
    log.setLevel(logging.ERROR if quiet else steps)
    log.propagate = False
    hush_matplotlib()
    warnings.simplefilter("always", HopcliWarning)
    warnings.showwarning = _show


def hush_matplotlib() -> None:
    """Drop the warnings of matplotlib, such as those of folders that it cannot use."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
