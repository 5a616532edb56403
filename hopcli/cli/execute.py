"""Plan and run experiments for the command line: progress bar, files, pictures, a short table."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hopcli import catalogue, experiments, results
from hopcli.cli import endings
from hopcli.cli.lines import listen, print_lines, tell
from hopcli.cli.progress import Watch, least_seconds
from hopcli.cli.requests import with_names
from hopcli.cli.tables import print_table
from hopcli.errors import HopcliError
from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hopcli.cli.requests import Request
    from hopcli.experiments import Parts, Plan, Result, Summary
    from hopcli.experiments.stock import Stock
    from hopcli.results import Loaded

__all__ = ["execute", "print_json", "print_summary"]


def execute(*requests: Request, stock: Stock | None = None) -> int:
    """Plan every run, then make one after the other.

    So whatever can be refused is refused before the first of them is made.

    Parameters
    ----------
    *requests : Request
        The runs.
    stock : Stock, optional
        What they share with others; by default with each other alone.

    Returns
    -------
    int
        Exit code: 1 if the repetition of a run has come out otherwise, else 0.
    """
    from hopcli.experiments.stock import Stock

    listen(quiet=all(request.wishes.quiet for request in requests))
    stock = stock or Stock()
    jobs = [_plan(request, stock) for request in requests]
    jobs.reverse()
    all_same = True
    while jobs:  # so that what a run is made of goes with it
        job = jobs.pop()
        with with_names(job.request):
            _do(job)
            all_same &= _compare(job)
    return 0 if all_same else 1


class _Job(NamedTuple):
    """A run that is planned, its key and folder, and the seconds that planning took."""

    request: Request
    plan: Plan
    key: str
    out: Path
    seconds: float

    def standing(self) -> Loaded | None:
        """The same run, if it is finished already; another one is refused."""
        plan, replace = self.plan, self.request.wishes.overwrite
        return results.same_run(self.out, plan.config, plan.inputs, replace=replace)


def _plan(request: Request, stock: Stock) -> _Job:
    """Plan a run, and refuse what would be in the way of it."""
    results.check_writable(request.out)
    if request.execution.draws:
        from hopcli import plots  # noqa: F401  # what it cannot be imported for is found now
    began = time.perf_counter()
    with with_names(request):
        plan = experiments.plan(request.config, stock)
    key = results.key(plan.config.command, plan.config.to_dict(), plan.inputs)
    job = _Job(request, plan, key, request.folder(key), time.perf_counter() - began)
    results.check_writable(job.out)
    job.standing()
    return job


def _do(job: _Job) -> None:
    """Make a run, or what is missing of a finished one; say what was found and where."""
    config, execution, wishes = job.plan.config, job.request.execution, job.request.wishes
    with results.locked(job.out, config.command):
        there = job.standing()
        if there is None or wishes.again or results.lacks(there.result, execution):
            draws, line = execution.draws, f"{job.out}/  "
            endings.expect(job.out, config.command, pictures=draws)
            result, files = _make(job)
        else:
            result, files = there.result, []
            draws = results.is_undrawn(job.out, there.manifest, execution)
            line = f"{job.out}/  finished before, not run again" + "; drawn: " * draws
            endings.expect(job.out, config.command, pictures=draws, finished=True)
        results.discard_parts(job.out, config.command)
        failure = None
        if draws:
            try:
                files += _draw(job, result)
            except (HopcliError, MemoryError) as error:
                failure = error
    if not wishes.quiet:
        _say(job, result, files, line)
    if failure is not None:
        raise failure


def _say(job: _Job, result: Any, files: list[Path], line: str) -> None:
    """Say what was found and where it is."""
    config, wishes = job.plan.config, job.request.wishes
    for warning in result.notes.get("warnings", ()):
        tell(f"warning: {warning}")
    summary = catalogue.entry(config.command).summary(config, result)
    if wishes.format == "json":
        print_json(job.out, config.command, summary, result.notes, files)
        return
    if wishes.format != "table":
        print_table(summary.table, wishes.format)
        return
    if job.request.named:
        print_lines(f"{config.command}: {terminal(job.request.named)}\n")
    print_summary(summary)
    for finding in result.notes.get("findings", ()):
        print_lines(f"\n{terminal(finding)}")
    print_lines("\n" + terminal(f"{line}{' '.join(path.name for path in files)}"))


def _compare(job: _Job) -> bool:
    """Say of each table whether it is that of the run that is repeated, if one is."""
    repeats, config = job.request.repeats, job.plan.config
    if repeats is None:
        return True
    changed = results.difference(repeats, config, job.plan.inputs)
    if changed is not None:
        tell(f"warning: {changed}")
    now = results.open_manifest(job.out / f"{config.command}.json")["outputs"]
    differing = []
    for name in (f"{name}.csv" for name in repeats["tables"]):
        same = now.get(name) == repeats["outputs"].get(name)
        differing += [] if same else [name]
        if not (job.request.wishes.quiet or job.request.wishes.format == "json"):
            print_lines(terminal(f"{'same   ' if same else 'DIFFERS'}  {name}"))
    if differing:
        tell(f"{job.out}: not the run that was to be repeated: {', '.join(differing)} differ")
    return not differing


def _make(job: _Job) -> tuple[Result, list[Path]]:
    """Make a run and write its folder; the result, and the files."""
    plan, execution = job.plan, job.request.execution
    began = time.perf_counter() - job.seconds
    least = least_seconds(plan.config, getattr(execution, "threads", None))
    with _kept_parts(job) as parts:
        if parts:
            least *= 1 - len(parts) / plan.n_parts
        with Watch(least, quiet=job.request.wishes.quiet) as watch:
            result = plan.run(execution, watch.tell, parts)
        files = results.save(
            job.out,
            plan.config,
            result,
            inputs=plan.inputs,
            execution=execution,
            duration=time.perf_counter() - began,
        )
    return result, files


@contextlib.contextmanager
def _kept_parts(job: _Job) -> Iterator[Parts | None]:
    """The parts of a run that was stopped, and those of this one if it is; None if it has none."""
    plan, n_parts = job.plan, job.plan.n_parts
    if not n_parts:
        yield None
        return
    parts = results.KeptParts(job.out, plan.config.command, job.key)
    if parts and not job.request.wishes.quiet:
        missing = f"part {len(parts) + 1} of {n_parts}" if len(parts) < n_parts else "the end"
        tell(f"takes up at {missing}: what was finished before is kept")
    try:
        yield parts
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        parts.write()
        if parts.n_written:
            kept = f"{parts.n_written} of {n_parts} parts are kept"
            endings.keep(job.out, f"{kept}: the same command goes on there")
        raise


def _draw(job: _Job, result: Any) -> list[Path]:
    """Draw what the request asks for; the run is safe whatever becomes of it."""
    from hopcli import plots

    config, execution = job.plan.config, job.request.execution
    draw = plots.drawing(config, result, execution)
    return results.save_pictures(job.out, config.command, draw, execution=execution)


def print_summary(summary: Summary) -> None:
    """Print a table, its rates in percent."""
    shown = summary.table.copy()
    for column in summary.percent:
        shown[column] = [_percent(value) for value in shown[column]]
    shown = shown.rename(columns={name: f"{name} %" for name in summary.percent})
    print_table(shown, "table")


def print_json(
    out: Path, command: str, summary: Summary, notes: Mapping[str, Any], files: list[Path]
) -> None:
    """Print what was found as one line of JSON: the table as it is, rates as fractions."""
    columns = summary.table.to_dict("list")
    rows = [
        {name: _plain(value) for name, value in zip(columns, values, strict=True)}
        for values in zip(*columns.values(), strict=True)
    ]
    said = {
        "command": command,
        "out": str(out),
        "table": rows,
        "warnings": notes.get("warnings", []),
        "findings": notes.get("findings", []),
        "files": [path.name for path in files],
    }
    click.echo(json.dumps(said))


def _plain(value: Any) -> Any:
    """A value as JSON has it; what is not a number is null."""
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _percent(rate: float) -> str:
    return "-" if math.isnan(rate) else f"{100 * rate:.1f}"
