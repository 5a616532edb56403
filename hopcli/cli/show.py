"""``hopcli show``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["command", "half_blocks"]

_BLOCKS = np.array([" ", "▄", "▀", "█"])  # neither half, lower, upper, both


@click.command("show")
@click.argument("file", metavar="FILE")
@click.option("--width", type=click.IntRange(min=1), help="Columns to draw in.  [default: all]")
@click.option("--most", type=click.IntRange(min=1), default=20, help="Patterns drawn at most.")
@click.option("--invert", is_flag=True, help="Make dark pixels of a picture +1.")
def command(file: str, width: int | None, most: int, invert: bool) -> None:
    """Draw patterns in the terminal, +1 as ink.

    FILE is a patterns.npz of `hopcli select`, a text file of patterns (.txt), a picture, a
    folder of pictures, or any SOURCE that `hopcli data` lists. Two rows of pixels make a
    row of half blocks; a picture wider than the terminal is shrunk by a whole factor.

    \b
      hopcli show results/select/patterns.npz
      hopcli show drawings
    """
    names, spins, shape = _load(file, invert)
    columns = width or shutil.get_terminal_size().columns
    for name, state in list(zip(names, spins, strict=True))[:most]:
        click.echo(f"{name}\n{half_blocks(state.reshape(shape), columns)}\n")
    if len(spins) > most:
        click.echo(f"... and {len(spins) - most:,} more")


def _load(file: str, invert: bool) -> tuple[list[str], NDArray[np.int8], tuple[int, int]]:
    """Names, states and shape of what a file or source holds."""
    from hopcli.datasets import load_dataset
    from hopcli.datasets.pictures import EXTENSIONS, read_picture
    from hopcli.patterns import read_patterns

    path = Path(file)
    suffix = path.suffix.lower()
    if suffix == ".npz" and ":" not in file:
        patterns = read_patterns(path)
        return list(patterns.names), patterns.xi, patterns.shape
    if suffix in EXTENSIONS and ":" not in file:
        grey = read_picture(path, None)
        spins = np.where((grey > 0) != invert, 1, -1).astype(np.int8)
        return [path.stem], spins.reshape(1, -1), (grey.shape[0], grey.shape[1])
    source = file
    if file and path.is_dir():
        source = f"images:{file}"
    elif suffix == ".txt":
        source = f"text:{file}"
    dataset = load_dataset(source, invert=invert)
    return [str(label) for label in dataset.labels], dataset.spins, dataset.shape


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
    height, width = picture.shape
    factor = -(-width // columns)
    ink = np.zeros((-(-height // factor) * factor, -(-width // factor) * factor), dtype=bool)
    ink[:height, :width] = picture > 0
    # Any ink in a cell shows, or thin lines would break.
    blocks = ink.reshape(ink.shape[0] // factor, factor, -1, factor)
    cells = np.asarray(blocks.any(axis=(1, 3)))
    if len(cells) % 2:
        cells = np.vstack([cells, np.zeros((1, cells.shape[1]), dtype=bool)])
    text = _BLOCKS[2 * cells[::2].astype(int) + cells[1::2]]
    return "\n".join("".join(row).rstrip() for row in text)
