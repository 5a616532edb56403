"""Runs for the command line: a progress display, a short table, the names of the files."""

from __future__ import annotations

import functools
import json
import textwrap
from typing import TYPE_CHECKING

import click

from hopcli import catalogue
from hopcli.cli import lines
from hopcli.cli.tables import check_columns, in_columns, is_usual, json_rows, print_table
from hopcli.errors import renamed
from hopcli.experiments.stock import Stock
from hopcli.printing import terminal
from hopcli.runs import single

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.config import Config
    from hopcli.runs.requests import Request
    from hopcli.runs.single import Job, Outcome
    from hopcli.tables import Columns

_WIDTH = 80  # columns of findings


def execute(*requests: Request) -> int:
    """Plan all runs, so that none is made if one is refused, then make them in turn.

    Parameters
    ----------
    *requests : Request
        The runs.

    Returns
    -------
    int
        Exit code: 1 if a repeated run has different tables, otherwise 0.
    """
    lines.listen(quiet=all(request.wishes.quiet for request in requests))
    for request in requests:
        check_columns(catalogue.entry(request.config.command).tables, ("published",))
    stock = Stock()
    jobs = [single.plan(request, stock) for request in requests]
    jobs.reverse()
    all_same = True
    while jobs:  # each run is freed before the next
        all_same &= _do(jobs.pop())
    return 0 if all_same else 1


def list_runs(*requests: Request) -> int:
    """Print each run with its folder, whether it is finished, and its least time.

    Runs are planned, and refused, as by :func:`execute`; nothing is written.
    """
    stock, rows = Stock(), [("state", "command", "folder", "time")]
    for request in requests:
        job = single.plan(request, stock)
        command, state = job.plan.config.command, "finished" if job.is_finished else "to do"
        threads = getattr(request.execution, "threads", None)
        seconds = 0.0 if job.is_finished else job.plan.least_seconds(threads)
        if request.wishes.format == "json":
            values = {"command": command, "out": str(job.out), "state": state, "key": job.key}
            click.echo(json.dumps({**values, "least_seconds": seconds}))
        time = "-" if job.is_finished else lines.estimated(seconds, "at least")
        rows.append((state, command, terminal(job.out), time))
    wishes = requests[0].wishes
    if wishes.format != "json" and not wishes.quiet:
        click.echo(in_columns(rows))
    return 0


def _do(job: Job) -> bool:
    """Make a run and print its results; return whether it equals the run that it repeats."""
    wishes = job.request.wishes
    with renamed(job.request.name_of):
        outcome = single.do(job, functools.partial(lines.Watch, quiet=wishes.quiet))
        lines.show_status("")
        if not wishes.quiet:
            _print(job, outcome)
        if outcome.failure is not None:
            raise outcome.failure
    changed, same = single.compare(job)
    if changed is not None:
        lines.tell(f"warning: {changed}")
    if not wishes.quiet and wishes.format != "json":
        for name, is_same in same.items():
            lines.print_line(f"{'same   ' if is_same else 'DIFFERS'}  {name}")
    differing = [name for name, is_same in same.items() if not is_same]
    if differing:
        lines.tell(f"{job.out}: the repeated run has different tables: {', '.join(differing)}")
    return not differing


def _print(job: Job, outcome: Outcome) -> None:
    """Print warnings, the table, findings and files of a run."""
    config, wishes, result = job.plan.config, job.request.wishes, outcome.result
    for warning in result.notes.get("warnings", ()):
        lines.tell(f"warning: {warning}")
    summary: Columns = catalogue.entry(config.command).summary(config, result)
    if wishes.format == "json":
        notes = {name: result.notes.get(name, []) for name in ("warnings", "findings")}
        values = {"command": config.command, "table": json_rows(summary), **notes}
        lines.print_json(job.out, outcome.files, **values)
        return
    if wishes.format == "csv":
        print_table(summary, "csv")
        return
    summary = with_published(config, summary)
    if not is_usual(wishes.format):
        print_table(summary, wishes.format, named=job.request.out.resolve().name)
        return
    if job.request.named:
        lines.print_lines(f"{config.command}: {terminal(job.request.named)}\n")
    print_table(summary, "table")
    _tell_left_out(summary, result.columns)
    for finding in result.notes.get("findings", ()):
        parts = terminal(finding, keep="\n").splitlines()
        lines.print_lines("\n" + "\n".join(textwrap.fill(part, _WIDTH) for part in parts))
    found = "" if outcome.is_new else "finished before, not run again"
    found += "; drawn: " * (bool(outcome.files) and outcome.is_drawn and not outcome.is_new)
    click.echo()
    lines.print_files(job.out, outcome.files, before=found)


def with_published(config: Config, summary: Columns) -> Columns:
    """Add the printed table of the study to that of a run with its configuration."""
    from hopcli.study import published_recall

    known = published_recall(config.to_dict()) if config.command == "recall" else {}
    values = {label: f"{mean:.0f} ± {sd:.0f}" for label, (mean, sd) in known.items()}
    if not values:
        return summary
    return summary.beside("published", [values.get(label, "") for label in summary["label"]])


def _tell_left_out(summary: Columns, tables: Mapping[str, Columns]) -> None:
    """Say which labels a printed table shows, if its file has others."""
    name = summary.declared.name
    if name not in tables or "label" not in tables[name]:
        return
    labels = list(dict.fromkeys(tables[name]["label"].tolist()))
    printed = set(summary["label"].tolist()) if "label" in summary else {"overall"}
    others = [terminal(label) for label in labels if label not in printed]
    if others:
        shown = ", ".join(terminal(label) for label in labels if label in printed)
        click.echo()
        lines.print_line(
            f"The label printed is {shown}; {name}.csv also contains {', '.join(others)}."
        )
