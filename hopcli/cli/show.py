"""``hopcli show``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from hopcli.cli.completion import complete_source
from hopcli.cli.lines import listen
from hopcli.cli.once import Command
from hopcli.cli.options import data_options, load_asked
from hopcli.cli.tables import check_layout, is_usual, json_rows, print_table, table_options
from hopcli.printing import terminal
from hopcli.records import NDArray, np
from hopcli.values import flag_name, nearest

_BLOCKS = " ▄▀█"  # neither half, lower, upper, both
_Drawn = tuple[str, "NDArray[np.int8]"]
"""Name and picture."""

_SIGNS = ".#"


@click.command("show", cls=Command, params=[*data_options("dataset"), *table_options(default=None)])
@click.argument("file", metavar="FILE", shell_complete=complete_source)
@click.option("--width", type=click.IntRange(min=1), help="Columns to draw in.  [default: all]")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Patterns drawn at most.",
)
@click.option("--table", metavar="NAME", help="Print this table of a finished run or grid.")
def command(
    file: str, width: int | None, most: int, form: str | None, table: str | None, **flags: Any
) -> None:
    """Draw patterns in the terminal, +1 as ink; or show the states or a table of a finished run.

    FILE is a patterns.npz of `hopcli select`, a picture, a folder of pictures, a text file of
    patterns (.txt), another file of data (.csv, .npy, .npz, IDX), or any SOURCE that
    `hopcli data` lists. The other commands store the same patterns with the same options for
    the data. Two rows of pixels become a row of half blocks, or one of # and . in terminals
    without half blocks. A picture wider than the terminal is shrunk by a whole factor.
    With --table or --format, FILE is the folder of a finished run or grid: its main table, or
    the named one, is printed. Nothing is written.

    \b
      hopcli show results/select/patterns.npz
      hopcli show photographs --size 64x64 --threshold mean
      hopcli show drawings
      hopcli show results/recall
      hopcli show results/recall --format latex --where label=overall
      hopcli show results/figure1 --table temperature_scan --pivot label
    """
    listen(quiet=False)
    given = {name: value for name, value in flags.items() if value is not None}
    if table is not None or form is not None or not is_usual("table"):
        check_layout(click.get_current_context(), form or "table")
        for name in given:
            raise click.UsageError(f"{flag_name(name)} has no effect on a table")
        _print_table(Path(file), table, form or "table")
        return
    arrays = _of_run(Path(file))
    drawn = _run(arrays, given) if arrays else _patterns(file, given)
    try:
        _BLOCKS.encode(_encoding())
        draw = half_blocks
    except UnicodeEncodeError:
        draw = signs
    columns = width or shutil.get_terminal_size().columns
    for name, picture in drawn[:most]:
        shown = terminal(name).encode(_encoding(), "replace").decode(_encoding())
        click.echo(f"{shown}\n{draw(picture, columns)}\n")
    if len(drawn) > most:
        click.echo(f"... and {len(drawn) - most:,} more")


def _print_table(folder: Path, name: str | None, form: str) -> None:
    """Print a table of a finished run or grid, by default the one that its command prints."""
    from hopcli import catalogue, results
    from hopcli.cli.execute import with_published
    from hopcli.grids.view import load_view
    from hopcli.results.manifest import GRID

    if results.command_in(folder) == GRID:
        found = load_view(folder, name).table
    else:
        loaded = results.load(folder)
        tables = loaded.result.columns
        if name is None:
            summary = catalogue.entry(loaded.config.command).summary(loaded.config, loaded.result)
            found = with_published(loaded.config, summary)
        elif name in tables:
            found = tables[name]
        else:
            rule = f"must be one of {', '.join(tables)}{nearest(name, tables)}"
            raise click.UsageError(f"--table {rule}, found {name!r:.80}")
    if form == "json":
        click.echo(json.dumps(json_rows(found)))
    else:
        print_table(found, form, named=folder.resolve().name)


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _of_run(folder: Path) -> Path | None:
    """Return the verified arrays of a finished run in a folder, if it has any with patterns."""
    from hopcli.results import finished_in, open_manifest

    if not folder.is_dir():
        return None
    manifests = [open_manifest(folder / f"{command}.json") for command in finished_in(folder)]
    found = [
        manifest.check(f"{name}.npz")
        for manifest in manifests
        for name in manifest.get("arrays", ())
        if name in (manifest.command, "patterns")
    ]
    return min(found, default=None)


def _run(path: Path, flags: dict[str, Any]) -> list[_Drawn]:
    """Return the stored patterns of a run, then the starts and ends of its gallery."""
    from hopcli.datasets.npz import Archive

    for name in flags:
        raise click.UsageError(f"{flag_name(name)} has no effect on a finished run")
    if path.name == "patterns.npz":
        return _patterns(str(path), flags)
    with Archive(path) as archive:
        if "patterns.xi" not in archive.names:
            raise click.UsageError(f"{path} has no patterns")
        shape = tuple(int(side) for side in archive.read("patterns.shape"))
        labels = [str(label) for label in archive.read("patterns.labels")]
        pictures = [state.reshape(shape) for state in archive.read("patterns.xi")]
        drawn = [(f"stored {label}", xi) for label, xi in zip(labels, pictures, strict=True)]
        if "gallery.start" in archive.names:
            gap = np.zeros((shape[0], 2), np.int8)
            ends = zip(archive.read("gallery.start"), archive.read("gallery.end"), strict=True)
            drawn += [
                (f"start and end {n}", np.hstack([a.reshape(shape), gap, b.reshape(shape)]))
                for n, (a, b) in enumerate(ends)
            ]
    return drawn


def _patterns(file: str, flags: dict[str, Any]) -> list[_Drawn]:
    """Return the pictures of a file or source; those of selected patterns are already spins."""
    from hopcli.patterns import read_patterns

    if source := _source(file):
        if file.isdecimal():
            how = "type `hopcli select` and then `hopcli show results/select`"
            rule = f"is no file or source; to see a stored {file}, {how}"
            raise click.UsageError(f"{file!r:.80} {rule}")
        dataset = load_asked(source, flags, "FILE")
        pictures = zip(dataset.labels, dataset.spins, strict=True)
        return [(str(label), state.reshape(dataset.shape)) for label, state in pictures]
    for name in flags:
        raise click.UsageError(f"{flag_name(name)} has no effect on a file of patterns")
    found = read_patterns(Path(file))
    return [(n, xi.reshape(found.shape)) for n, xi in zip(found.names, found.xi, strict=True)]


def _source(file: str) -> str:
    """Return the source for a file or folder; empty for a file of selected patterns."""
    from hopcli.datasets import SOURCES, spec_of
    from hopcli.datasets.grey import exists
    from hopcli.datasets.npz import Archive

    if not file.strip():
        raise click.UsageError(f"FILE must be a file, a folder or a source, found {file!r:.80}")
    path = Path(file)
    if file.partition(":")[0] in SOURCES and not exists(path):
        return file
    if path.suffix.lower() == ".npz":
        if not exists(path) or path.is_dir():
            return ""
        with Archive(path) as archive:
            return "" if "xi" in archive.names else f"npz:{file}"
    return spec_of(file) or file


def half_blocks(picture: NDArray[np.int8], columns: int) -> str:
    """Draw a picture with half blocks, shrunk by a whole factor to fit the columns.

    Parameters
    ----------
    picture : ndarray of int8, shape (height, width)
        Values -1, 0 or +1; more than 0 is ink.
    columns : int
        Columns of the terminal, >= 1.

    Returns
    -------
    str
        Lines of text, without a newline at the end.
    """
    cells = _cells(picture, columns)
    if len(cells) % 2:
        cells = np.vstack([cells, np.zeros((1, cells.shape[1]), dtype=bool)])
    text = np.array([*_BLOCKS])[2 * cells[::2].astype(int) + cells[1::2]]
    return "\n".join("".join(row).rstrip() for row in text)


def signs(picture: NDArray[np.int8], columns: int) -> str:
    """Draw a picture with ``#`` and ``.`` as in text files, shrunk likewise.

    Parameters
    ----------
    picture : ndarray of int8, shape (height, width)
        Values -1, 0 or +1; more than 0 is ink.
    columns : int
        Columns of the terminal, >= 1.

    Returns
    -------
    str
        Lines of text, without a newline at the end.
    """
    text = np.array([*_SIGNS])[_cells(picture, columns).astype(int)]
    return "\n".join("".join(row) for row in text)


def _cells(picture: NDArray[np.int8], columns: int) -> NDArray[np.bool_]:
    """Find the ink of a picture, shrunk by a whole factor to fit the columns."""
    height, width = picture.shape
    factor = -(-width // columns)
    ink = np.zeros((-(-height // factor) * factor, -(-width // factor) * factor), dtype=bool)
    ink[:height, :width] = picture > 0
    # Any ink in a cell shows, or thin lines would break.
    blocks = ink.reshape(ink.shape[0] // factor, factor, -1, factor)
    return np.asarray(blocks.any(axis=(1, 3)))
