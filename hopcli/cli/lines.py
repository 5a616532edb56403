"""Messages to the user: lines on stderr, ``hopcli: ...``, and values on stdout.

Commands that work also print log messages and warnings, by :func:`listen`.
"""

from __future__ import annotations

import json
import logging
import sys
import textwrap
import threading
import warnings
from typing import TYPE_CHECKING, Any, TextIO

import click

from hopcli.errors import HopcliWarning
from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_LONGEST = 400  # characters of a line; longer ones are cut in the middle


_bar: Any = None
_status = ""  # message that the terminal shows where there is no bar


def _width() -> int:
    """Return the width of the terminal in columns."""
    import shutil

    return shutil.get_terminal_size().columns


def show_bar(make: Callable[..., Any], **settings: Any) -> Any:
    """Make a tqdm bar; until it is closed, status messages are shown beside it."""
    global _bar
    show_status("")
    _bar = make(**settings)
    return _bar


def show_status(message: str) -> None:
    """Show the current step on a terminal, until anything else is printed."""
    global _status
    if _bar is not None and not _bar.disable:
        if message:
            _bar.set_postfix_str(message)
    elif message or _status:
        message = terminal(message)[: _width() - 1]
        sys.stderr.write(f"\r{message:{len(_status)}}\r")
        sys.stderr.flush()
        _status = message


def tell(message: str) -> None:
    """Print one line on stderr."""
    show_status("")
    shown = terminal(" ".join(message.split()))
    if len(shown) > _LONGEST:
        shown = f"{shown[: 2 * _LONGEST // 3]} ... {shown[-_LONGEST // 3 :]}"
    click.echo(f"hopcli: {shown}", err=True)


def print_lines(text: object) -> None:
    """Print lines on stdout; callers have escaped newlines in names."""
    show_status("")
    click.echo(terminal(text, keep="\n"))


def print_line(text: object) -> None:
    """Print one line on stdout; a terminal gets it broken between words."""
    line = terminal(text)
    if sys.stdout.isatty() and len(line) > (width := _width()):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        line = textwrap.fill(
            line,
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    print_lines(line)


def print_files(folder: Path, files: Iterable[Path], *, before: str = "") -> None:
    """Print the names of files in a folder in one line."""
    print_line(f"{folder}/  {before}{' '.join(path.name for path in files)}")


def print_json(out: Path, files: Iterable[Path], **said: Any) -> None:
    """Print a result as one line of JSON: what it says, its folder, and the names of files."""
    click.echo(json.dumps({**said, "out": str(out), "files": [path.name for path in files]}))


class _Teller(logging.Handler):
    """Handler that prints each message once; steps (level DEBUG) are shown while they last."""

    def __init__(self) -> None:
        super().__init__()
        self._printed: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno > logging.DEBUG:
            message = record.getMessage()
            if message not in self._printed:
                self._printed.add(message)
                tell(message)
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
