"""``hopcli pictures``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import listen, print_lines
from hopcli.cli.once import Command
from hopcli.cli.options import FILE, FOLDER, QUIET, data_options, load_asked
from hopcli.printing import terminal

if TYPE_CHECKING:
    from pathlib import Path


@click.command("pictures", cls=Command, params=data_options("dataset", "split", "transpose"))
@click.argument("path", metavar="DIR", type=FOLDER)
@click.option(
    "--out",
    type=FILE,
    metavar="FILE.npz",
    default="pictures.npz",
    help="File of the patterns.  [default: pictures.npz]",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE.npz and its picture.")
@QUIET
def command(path: Path, out: Path, overwrite: bool, quiet: bool, **flags: Any) -> None:
    """Make patterns of pictures, and a sheet on which to check them.

    DIR is a folder of pictures, or one picture. Each becomes a pattern with the name of its
    file. If the folder contains only subfolders of pictures, their names are the labels.

    \b
      hopcli pictures memes --size 64x64 --out memes.npz
      hopcli recall --patterns memes.npz --start flip-rows:15

    --threshold and --invert hold for all pictures, unless a file pictures.toml in DIR has a
    line for one:

    \b
      doge = {threshold = 60}
      grumpy = {threshold = 128, invert = true}

    The sheet, memes.png, shows each picture beside its pattern, with its threshold and its
    share of +1. --dataset images:DIR reads the same pictures with the same file, without
    this command.
    """
    listen(quiet=quiet)
    import numpy as np

    from hopcli.datasets import grey_images
    from hopcli.errors import ResultError
    from hopcli.patterns import images_as_patterns
    from hopcli.plots.contact import contact_sheet
    from hopcli.plots.figure import save
    from hopcli.results.files import check_place, write_file
    from hopcli.results.tables import write_arrays

    if out.suffix != ".npz":
        raise click.UsageError(f"--out must be a FILE.npz, found {str(out)!r:.80}")
    sheet = out.with_suffix(".png")
    for file in (out, sheet):
        check_place(file)
        if file.exists() and not overwrite:
            raise ResultError(f"{file}: exists; give --overwrite, or another --out")
    dataset = load_asked(f"images:{path}", flags, "DIR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # loading has warned of the same
        images = grey_images(dataset)
    assert images.levels is not None
    assert images.inverted is not None
    lines = [
        (
            str(label),
            f"+1: {'dark pixels, up to' if inverted else 'bright pixels, above'} {level}",
            f"{100 * (spins > 0).mean():.0f} % are +1",
        )
        for label, level, inverted, spins in zip(
            dataset.labels, images.levels, images.inverted, dataset.spins, strict=True
        )
    ]
    figure = contact_sheet(f"Patterns of {path}", images.grey, dataset.spins, dataset.shape, lines)
    arrays = images_as_patterns(dataset, np.arange(len(dataset))).to_arrays()
    write_file(out, lambda stage: write_arrays(arrays, stage))
    write_file(sheet, lambda stage: save(figure, stage))
    if not quiet:
        for line in lines:
            print_lines("  ".join(map(terminal, line)))
        print_lines(f"\n{out}  {sheet}")
