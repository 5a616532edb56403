"""``hopcli diff``."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import click

from hopcli.catalogue import CATALOGUE
from hopcli.cli.completion import complete_folder
from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.cli.tables import form_option, print_rows
from hopcli.cli.types import FOLDER
from hopcli.printing import terminal
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hopcli.results.comparing import Compared, Comparison, Pair
    from hopcli.results.manifest import Manifest
    from hopcli.results.values import Values

__all__ = ["command"]

_LONGEST = 60  # characters of a setting
_NONE = "(none)"


@click.command("diff", cls=Command)
@click.argument("a", metavar="A", type=FOLDER, shell_complete=complete_folder)
@click.argument("b", metavar="B", type=FOLDER, shell_complete=complete_folder)
@form_option
def command(a: Path, b: Path, form: str) -> int:
    """Say which settings and which numbers of two runs differ.

    A and B are folders of finished runs or grids, or manifests in such folders. First come
    settings, inputs (data and files that were read, by hash) and versions that differ; then,
    for each table and each file of arrays, whether its bytes are the same, or what of it
    differs: for each column how many values, and the largest difference with its row. Rows are
    matched by the first columns, those that tell them apart, whatever their order.

    \b
      hopcli diff results/paper results/warmer
      hopcli diff results/paper/recall.json results/paper-again/recall.json

    Where a number has an interval in its row (ci_low and ci_high, or sem), the two are said to
    agree if 0 is in the 95 % interval of their difference, made from the two intervals as for
    independent runs. Of twenty that are the same in truth, one does not agree.

    Exit code 0 if settings, inputs and numbers are the same, 1 if any differs. Versions and a
    trials.csv that only one has kept are told, but make no difference; pictures are left out.
    Nothing is written into the folders.
    """
    from hopcli.results import comparing

    runs = comparing.open_runs(a, b)
    found = comparing.compare(*runs)
    if form == "json":
        click.echo(json.dumps(_as_json(runs, found)))
    elif form != "table":
        _print(runs, found, form)
    else:
        for line in _lines(runs, found):
            print_lines(terminal(line))
    return 0 if found.same else 1


def _lines(runs: tuple[Manifest, Manifest], found: Comparison) -> Iterator[str]:
    for side, run in zip("AB", runs, strict=True):
        yield f"{side}: {run.path}"
    for what in ("settings", "inputs", "versions"):
        yield from _of_pairs(what, getattr(found, what), _command(runs[0]))
    alike = [file.file for file in found.files if file.same and not file.lacks]
    for file in found.files:
        if file.file not in alike:
            yield from _of_file(file)
    if alike:
        yield from ("", f"the same bytes: {', '.join(alike)}")


def _command(run: Manifest) -> str:
    """The command of a run, or of the runs of a grid."""
    return str(run["config"].get("command", run.command))


def _print(runs: tuple[Manifest, Manifest], found: Comparison, form: str) -> None:
    """Print all that differs as one table."""
    from hopcli.results.comparing import COLUMNS, rows_of

    command = _command(runs[0])
    rows = [
        {"A": _NONE, "B": _NONE, **row} if _is_pair(row) else row
        for row in rows_of(found, lambda pair: _sides(pair, command))
    ]
    print_rows(rows, COLUMNS, form)


def _is_pair(row: Mapping[str, str]) -> bool:
    return row["of"] in ("settings", "inputs", "versions")


def _of_pairs(what: str, pairs: Sequence[Pair], command: str) -> Iterator[str]:
    """A table of what manifests say differently."""
    if not pairs:
        return
    rows = [(what, "A", "B")]
    for pair in pairs:
        sides = _sides(pair, command)
        rows.append((pair.name, sides.get("a", _NONE), sides.get("b", _NONE)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield ""
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _sides(pair: Pair, command: str) -> dict[str, str]:
    """The sides of a pair as flags have them, else as JSON has them if they read the same."""
    spell = CATALOGUE[command].show if command in CATALOGUE else lambda _, value: show(value)
    texts = {side: spell(pair.name, value) for side, value in pair.values.items()}
    if len(texts) > len(set(texts.values())):
        texts = {side: json.dumps(value) for side, value in pair.values.items()}
    columns = zip(*texts.values(), strict=False) if len(texts) > 1 else ()
    alike = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    begin = alike - _LONGEST // 3 if alike > _LONGEST - 6 else 0
    return {side: _short(text, begin) for side, text in texts.items()}


def _short(text: str, begin: int) -> str:
    """A text that is not too long, from where it begins to be worth reading."""
    rest = f"...{text[begin:]}" if begin else text
    return rest if len(rest) <= _LONGEST else f"{rest[: _LONGEST - 3]}..."


def _of_file(file: Compared) -> Iterator[str]:
    """What differs in a table or in arrays."""
    yield from ("", file.file, *(f"  {lack}" for lack in file.lacks))
    for values in file.values:
        yield f"  {_of_values(values)}"
    if not file.lacks and not file.values:
        yield "  other bytes, the same values"


def _of_values(values: Values) -> str:
    """How much of a column or array differs."""
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
    """All of a comparison, as JSON has it."""
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
    plain = [_finite(value) for value in values.pair]
    return {**values._asdict(), "pair": plain, "largest": _finite(values.largest)}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
