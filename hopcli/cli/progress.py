"""Progress of a run: a bar on a terminal, and a line beforehand if it will take long."""

from __future__ import annotations

import sys
import time
from typing import Any

from hopcli.cli.lines import show_bar, tell

_LONG = 20.0  # seconds; longer runs are announced
_SAMPLE = 1.0  # seconds on which a forecast is based
_clock = time.perf_counter


def shown(seconds: float) -> str:
    """Format a duration for people."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"


def bar(**settings: Any) -> Any:
    """Make a tqdm bar; tqdm is imported when the first is drawn."""
    from tqdm import tqdm

    return show_bar(tqdm, **settings)


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
            said = f"{a_minute:,.0f} cells/min" + f", {self._failed} failed" * bool(self._failed)
            self._bar.set_postfix_str(said, refresh=False)
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
