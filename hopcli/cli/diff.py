"""``hopcli diff``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import print_line
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER
from hopcli.cli.tables import in_columns, is_usual, print_rows, table_options
from hopcli.values import finite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hopcli.results.tables import Values

_LONGEST = 60  # characters of a setting


@click.command("diff", cls=Command, params=table_options())
@click.argument("a", metavar="A", type=FOLDER)
@click.argument("b", metavar="B", type=FOLDER)
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
    found, command_of_runs = comparing.compare(*runs), comparing.command_of(runs[0])
    if form == "json":
        files = [
            {**file, "values": [_as_json(values) for values in file["values"]]}
            for file in found["files"]
        ]
        click.echo(json.dumps({**found, "files": files}))
    elif not is_usual(form):
        print_rows(comparing.rows_of(found, command_of_runs), comparing.COLUMNS, form)
    else:
        for line in _lines(found, command_of_runs):
            print_line(line)
    return 0 if found["same"] else 1


def _as_json(values: Values) -> dict[str, Any]:
    plain = [finite(value) for value in values.pair]
    return {**values._asdict(), "pair": plain, "largest": finite(values.largest)}


def _lines(found: dict[str, Any], command_of_runs: str) -> Iterator[str]:
    from hopcli.results.comparing import ENTRIES, spelt_sides

    yield from (f"{side.upper()}: {found[side]}" for side in "ab")
    for name in ENTRIES:
        pairs = [
            (pair["name"], *spelt_sides(pair, command_of_runs).values()) for pair in found[name]
        ]
        if pairs:
            rows = [[name, "A", "B"], *([key, *_cut(*sides)] for key, *sides in pairs)]
            yield from ("", *in_columns(rows).splitlines())
    alike = [file["file"] for file in found["files"] if file["same"] and not file["lacks"]]
    for file in found["files"]:
        if file["file"] not in alike:
            yield from ("", file["file"], *(f"  {lack}" for lack in file["lacks"]))
            yield from (f"  {_of_values(values)}" for values in file["values"])
            if not file["lacks"] and not file["values"]:
                yield "  other bytes, the same values"
    if alike:
        yield from ("", f"the same bytes: {', '.join(alike)}")


def _cut(*texts: str) -> list[str]:
    """Cut long texts, beginning near their first difference."""
    alike = len(os.path.commonprefix(texts))  # noqa: RUF071  # of characters
    begin = alike - _LONGEST // 3 if alike > _LONGEST - 6 else 0
    rests = [f"...{text[begin:]}" if begin else text for text in texts]
    return [rest if len(rest) <= _LONGEST else f"{rest[: _LONGEST - 3]}..." for rest in rests]


def _of_values(values: Values) -> str:
    """Return the number and size of the differences in a column or array."""
    x, y = (f"{v:.10g}" if isinstance(v, float) else str(v) or "''" for v in values.pair)
    by = "" if values.largest is None else f" by up to {values.largest:.6g}"
    at = f" at {values.where}" if values.where else ""
    text = f"{values.name}: {values.n_differ:,} of {values.n:,} differ{by}{at} ({x}, {y})"
    if not values.n_bounded:
        return text
    if not values.n_beyond:
        return f"{text}; all agree within their 95 % intervals"
    return f"{text}; {values.n_beyond:,} of {values.n_bounded:,} beyond their 95 % intervals"
