"""``hopcli diff``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.completion import complete_folder
from hopcli.cli.lines import print_line
from hopcli.cli.once import Command
from hopcli.cli.tables import form_option, in_columns, print_rows
from hopcli.cli.types import FOLDER
from hopcli.values import finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hopcli.results.comparing import Compared, Comparison, Pair
    from hopcli.results.manifest import Manifest
    from hopcli.results.values import Values

_LONGEST = 60  # characters of a setting


@click.command("diff", cls=Command)
@click.argument("a", metavar="A", type=FOLDER, shell_complete=complete_folder)
@click.argument("b", metavar="B", type=FOLDER, shell_complete=complete_folder)
@form_option
def command(a: Path, b: Path, form: str) -> int:
    """Compare the settings and numbers of two runs.

    A and B are folders of finished runs or grids, or manifests in such folders. First come the
    settings, inputs (hashes of data and files) and versions that differ. Then each table and
    each file of arrays is compared: either the bytes are the same, or the columns that differ
    are listed. A column has the number of differing values, and the largest difference with its
    row. Rows are matched by their identifying first columns, in any order.

    \b
      hopcli diff results/paper results/warmer
      hopcli diff results/paper/recall.json results/paper-again/recall.json

    Numbers with an interval in their row (ci_low and ci_high, or sem) agree if the 95 % interval
    of their difference contains 0. This interval is made from the two intervals, for independent
    runs. If the true values are equal, about 1 comparison in 20 still disagrees.

    The exit code is 0 if settings, inputs and numbers are the same, and 1 if any differs.
    Versions, and a trials.csv that only one of the runs contains, are reported but do not count
    as differences. Pictures are not compared. Nothing is written into the folders.
    """
    from hopcli.results import comparing

    runs = comparing.open_runs(a, b)
    found = comparing.compare(*runs)
    if form == "json":
        click.echo(json.dumps(_as_json(runs, found)))
    elif form != "table":
        rows = comparing.rows_of(found, comparing.command_of(runs[0]))
        print_rows(rows, comparing.COLUMNS, form)
    else:
        for line in _lines(runs, found):
            print_line(line)
    return 0 if found.same else 1


def _lines(runs: tuple[Manifest, Manifest], found: Comparison) -> Iterator[str]:
    from hopcli.results.comparing import command_of

    for side, run in zip("AB", runs, strict=True):
        yield f"{side}: {run.path}"
    for what in ("settings", "inputs", "versions"):
        yield from _of_pairs(what, getattr(found, what), command_of(runs[0]))
    alike = [file.file for file in found.files if file.same and not file.lacks]
    for file in found.files:
        if file.file not in alike:
            yield from _of_file(file)
    if alike:
        yield from ("", f"the same bytes: {', '.join(alike)}")


def _of_pairs(what: str, pairs: Sequence[Pair], command: str) -> Iterator[str]:
    """Return a table of the entries in which manifests differ."""
    if not pairs:
        return
    rows = [[what, "A", "B"], *([pair.name, *_sides(pair, command)] for pair in pairs)]
    yield from ("", *in_columns(rows).splitlines())


def _sides(pair: Pair, command: str) -> list[str]:
    """Return the two sides of a pair; long ones are cut where they begin to differ."""
    from hopcli.results.comparing import spelt_sides

    texts = list(spelt_sides(pair, command).values())
    alike = len(os.path.commonprefix(texts))  # noqa: RUF071  # of characters
    begin = alike - _LONGEST // 3 if alike > _LONGEST - 6 else 0
    return [_short(text, begin) for text in texts]


def _short(text: str, begin: int) -> str:
    """Cut a long text, beginning near its first difference."""
    rest = f"...{text[begin:]}" if begin else text
    return rest if len(rest) <= _LONGEST else f"{rest[: _LONGEST - 3]}..."


def _of_file(file: Compared) -> Iterator[str]:
    """Return the differences in a table or in arrays."""
    yield from ("", file.file, *(f"  {lack}" for lack in file.lacks))
    for values in file.values:
        yield f"  {_of_values(values)}"
    if not file.lacks and not file.values:
        yield "  other bytes, the same values"


def _of_values(values: Values) -> str:
    """Return the number and size of the differences in a column or array."""
    x, y = (f"{v:.10g}" if isinstance(v, float) else str(v) or "''" for v in values.pair)
    by = "" if values.largest is None else f" by up to {values.largest:.6g}"
    at = f" at {values.where}" if values.where else ""
    said = f"{values.name}: {values.n_differ:,} of {values.n:,} differ{by}{at} ({x}, {y})"
    if not values.n_bounded:
        return said
    if not values.n_beyond:
        return f"{said}; all agree within their 95 % intervals"
    return f"{said}; {values.n_beyond:,} of {values.n_bounded:,} beyond their 95 % intervals"


def _as_json(runs: tuple[Manifest, Manifest], found: Comparison) -> dict[str, Any]:
    """Return the comparison for JSON."""
    pairs = {
        what: [{"name": pair.name, **pair.values} for pair in getattr(found, what)]
        for what in ("settings", "inputs", "versions")
    }
    files = [
        {**file._asdict(), "values": [_values_as_json(values) for values in file.values]}
        for file in found.files
    ]
    a, b = (str(run.path) for run in runs)
    return {"a": a, "b": b, "same": found.same, **pairs, "files": files}


def _values_as_json(values: Values) -> dict[str, Any]:
    plain = [finite(value) for value in values.pair]
    return {**values._asdict(), "pair": plain, "largest": finite(values.largest)}
