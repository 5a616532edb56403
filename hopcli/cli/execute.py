"""Run an experiment for the command line: progress bar, files, a short table."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from hopcli import experiments, results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from hopcli.cli.options import Request

__all__ = ["execute", "print_table"]

_PERCENT = ("accuracy", "fraction", "fixed", "sd", "sem", "ci_low", "ci_high")


def execute(request: Request) -> None:
    """Run what the request asks for, write its folder, say what was found and where."""
    config = request.config
    results.check_writable(request.out)
    began = time.perf_counter()
    with _Bar(hidden=request.quiet) as bar:
        result = experiments.run(config, bar.tell)
    duration = time.perf_counter() - began
    files = results.save_run(request.out, config, result, duration, _drawer(config, result))
    if request.quiet:
        return
    summary = result.summary
    print_table(next(iter(result.tables.values())) if summary is None else summary)
    click.echo(f"\n{request.out}/  {' '.join(path.name for path in files)}")


def _percent(rate: float) -> str:
    return "-" if math.isnan(rate) else f"{100 * rate:.1f}"


def _drawer(config: Any, result: experiments.Result) -> Callable[[Path], None] | None:
    animated = getattr(config, "animate", None) is not None
    if not config.figures and not animated:
        return None

    def draw(folder: Path) -> None:
        from hopcli import plots

        if config.figures:
            plots.draw(config, result, folder)
        plots.animate(config, result, folder)

    return draw


def print_table(table: pd.DataFrame) -> None:
    """Print a table, rates in percent."""
    shown = table.copy()
    for column in shown.columns:
        if column in _PERCENT:
            shown[column] = [_percent(value) for value in shown[column]]
    shown = shown.rename(columns={name: f"{name} %" for name in _PERCENT})
    click.echo(shown.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


class _Bar:
    """A tqdm bar on a terminal, nothing in a pipe, a log or Make."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden or not sys.stderr.isatty()
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        return self

    def tell(self, done: int, total: int) -> None:
        """Move on by `done` of `total` steps."""
        if self._hidden:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="run", leave=False, delay=0.5)
        self._bar.update(done)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
