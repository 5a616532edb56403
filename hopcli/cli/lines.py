"""Messages to the user: lines on stderr, ``hopcli: ...``, and values on stdout.

Commands that work also print log messages and warnings, by :func:`listen`.
"""

from __future__ import annotations

import json
import logging
import sys
import textwrap
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any, TextIO

import click

from hopcli.errors import HopcliWarning
from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_LONGEST = 400  # characters of a line; longer ones are cut in the middle


_bar: Any = None
_status = ""  # message that the terminal shows where there is no bar


def _width() -> int:
    """Return the width of the terminal in columns."""
    import shutil

    return shutil.get_terminal_size().columns


def bar(**settings: Any) -> Any:
    """Make a tqdm bar; until it is closed, status messages are shown beside it."""
    from tqdm import tqdm

    global _bar
    show_status("")
    _bar = tqdm(**settings)
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


def print_json(out: Path, files: Iterable[Path], **values: Any) -> None:
    """Print a result as one line of JSON: what it says, its folder, and the names of files."""
    click.echo(json.dumps({**values, "out": str(out), "files": [path.name for path in files]}))


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


_LONG = 20.0  # seconds; longer runs are announced
_SAMPLE = 1.0  # seconds on which a forecast is based
_clock = time.perf_counter


def shown(seconds: float) -> str:
    """Format a duration for people."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"


def estimated(seconds: float, word: str) -> str:
    """Format an estimate for people, such as "about 5 s" with the word "about"."""
    return f"{word} {shown(seconds)}" if seconds >= 1 else "less than a second"


_OF_CELLS = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} cells [{elapsed}<{remaining}{postfix}]"


class Watch:
    """Progress of a run: a tqdm bar on a terminal, only long steps in a pipe or Make.

    Parameters
    ----------
    least : float
        Minimum duration in seconds.
    quiet : bool
        Print and draw nothing.
    unit : str
        Unit of the count.
    cells : bool
        Draw the bar of a grid instead: cells per minute, time left, failures.
    """

    def __init__(
        self, least: float = 0.0, *, quiet: bool, unit: str = "run", cells: bool = False
    ) -> None:
        self._quiet, self._unit, self._least, self._cells = quiet, unit, least, cells
        self._bar: Any = None
        self._done = self._failed = 0
        self._forecast = cells

    def __enter__(self) -> Watch:
        self._began = _clock()
        self._first: tuple[float, int] | None = None
        if self._least > _LONG:
            self._say(f"this takes at least {shown(self._least)}")
        return self

    def tell(self, done: int, total: int, failed: int = 0) -> None:
        """Move on by `done` of `total` steps, of which some have failed."""
        if self._quiet:
            return
        self._done += done
        self._failed += failed
        if not self._forecast:
            self._look_ahead(total)
        if not sys.stderr.isatty() or not total:
            return
        if self._bar is None:
            form = {"bar_format": _OF_CELLS} if self._cells else {"delay": 0.5}
            self._bar = bar(total=total, unit=self._unit, leave=False, **form)
        if self._cells and done:
            a_minute = 60 * (self._bar.n + 1) / (_clock() - self._began)
            text = f"{a_minute:,.0f} cells/min" + f", {self._failed} failed" * bool(self._failed)
            self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done)

    def _look_ahead(self, total: int) -> None:
        """Report the remaining time once; the first steps include loading of loops."""
        now = _clock()
        if self._first is None and (self._done == 0 or now - self._began <= _LONG):
            self._first = now, self._done
        if self._first is not None and self._first[1] == self._done:
            return
        then, before = self._first or (self._began, 0)
        if now - then >= _SAMPLE:
            rest = (now - then) * (total - self._done) / (self._done - before)
            self._forecast = True
            if rest > _LONG:
                self._say(f"this takes about {shown(rest)}")

    def _say(self, message: str) -> None:
        self._forecast = True
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.clear()
        tell(message)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
