"""Plan and run experiments for the command line: progress bar, files, pictures, a short table."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue, experiments, results
from hopcli.cli.lines import tell
from hopcli.cli.requests import with_names

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.cli.requests import Request
    from hopcli.experiments import Plan, Summary

__all__ = ["execute", "print_summary"]


def execute(*requests: Request) -> None:
    """Plan every run, then make one after the other.

    So whatever can be refused is refused before the first of them is made.
    """
    from hopcli.experiments.inputs import load_once

    load = load_once()
    planned = []
    for request in requests:
        results.check_writable(request.out)
        began = time.perf_counter()
        with with_names(request):
            plan = experiments.plan(request.config, load)
        planned.append((request, plan, time.perf_counter() - began))
    planned.reverse()
    while planned:  # so that what a run is made of goes with it
        request, plan, seconds = planned.pop()
        try:
            with with_names(request):
                _make(request, plan, seconds)
        except KeyboardInterrupt as error:
            done = len(requests) - len(planned) - 1
            if done and not error.args:
                whole = f"{done} of {len(requests)} runs are finished"
                raise KeyboardInterrupt(f"interrupted; {whole}, nothing else was written") from None
            raise


def _make(request: Request, plan: Plan, seconds: float) -> None:
    """Make a run that took so long to plan, write its folder, say what was found and where."""
    began = time.perf_counter() - seconds
    with _Bar(hidden=request.quiet) as bar:
        result = plan.run(request.execution, bar.tell)
    files = results.save(
        request.out,
        plan.config,
        result,
        inputs=plan.inputs,
        execution=request.execution,
        duration=time.perf_counter() - began,
    )
    if request.execution.draws:
        files += _draw(request, plan.config, result)
    if not request.quiet:
        for warning in result.notes.get("warnings", ()):
            tell(f"warning: {warning}")
        print_summary(catalogue.entry(plan.config.command).summary(plan.config, result))
        click.echo(f"\n{request.out}/  {' '.join(path.name for path in files)}")


def _draw(request: Request, config: Any, result: Any) -> list[Path]:
    """Draw what the request asks for; the run is safe whatever becomes of it."""
    from hopcli import plots

    execution = request.execution
    name = getattr(execution, "animate", None)

    def draw(folder: Path) -> None:
        if execution.figures:
            plots.draw(config, result, folder, execution.figure_format)
        if name is not None:
            plots.animate(result, folder, name)

    try:
        return results.save_pictures(request.out, config.command, draw)
    except KeyboardInterrupt:
        where = request.out
        raise KeyboardInterrupt(
            f"interrupted while drawing; the run is finished, `hopcli plot {where}` draws it"
        ) from None


def print_summary(summary: Summary) -> None:
    """Print a table, its rates in percent."""
    shown = summary.table.copy()
    for column in summary.percent:
        shown[column] = [_percent(value) for value in shown[column]]
    shown = shown.rename(columns={name: f"{name} %" for name in summary.percent})
    click.echo(shown.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _percent(rate: float) -> str:
    return "-" if math.isnan(rate) else f"{100 * rate:.1f}"


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
