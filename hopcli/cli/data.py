"""``hopcli data``."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import listen, print_lines
from hopcli.cli.once import Command, Group
from hopcli.cli.options import data_options, load_asked
from hopcli.cli.tables import is_usual, print_rows, table_options
from hopcli.config.groups import DataSettings
from hopcli.datasets import SOURCES, parse_spec
from hopcli.printing import terminal
from hopcli.values import flag_name

if TYPE_CHECKING:
    from hopcli.datasets import Dataset


@click.group(
    "data",
    cls=Group,
    invoke_without_command=True,
    params=[*data_options("split"), *table_options()],
)
@click.pass_context
def command(ctx: click.Context, /, dataset: str | None, form: str, **flags: Any) -> None:
    """List the data sources and count the images of a data set.

    \b
      hopcli data
      hopcli data --dataset idx:fashion-mnist
      hopcli data --dataset csv:train.csv
      hopcli data --dataset images:photographs --size 64x64
      hopcli data --dataset text:patterns.txt --size 32x32
      hopcli data verify

    Prints every source that `--dataset` accepts in the other commands. Then it prints, for
    one data set, the number of images per label and the SHA-256 hash of each part.

    The sources of own files:

    \b
    idx     A folder of one data set, or DIR/PREFIX if it holds several
            (idx:raw/emnist-letters), or one file without labels. Files whose
            names contain emnist are transposed; --transpose does it to others.
    npz     x_train, y_train, x_test and y_test; or one array, with or
            without one of labels.
    npy     An array of shape (images, height, width) or (images, N).
    csv     One image per row, separated by commas, semicolons, tabs or blanks.
            Labels are in the first or last column. With a header, the column
            of labels is called label, class, target, y, digit or name, or is
            the only one whose name contains no number. Without a header it is
            the column with text; or the only one with more than two values;
            or the first, if a square number of pixels is left.
    text    Pictures drawn with two characters, separated by blank lines. A line
            above a picture that ends in a colon is its name. Ink is # of # and
            ., 1 of 1 and 0, + of + and -. In other pairs, paper is the first
            of . - _ ~ · ░ □ ○ 0 o O, else the character of the lower code.
            Or separated numbers, a pattern per line. If the file contains blank
            lines or names, each block is a picture. -1 and 1 must be separated.
    images  Every picture of a folder, page by page: name-1, name-2. Other
            files are listed in a warning; hidden ones are skipped.

    Numbers are spins (-1 and 1), 0 and 1, grey values (whole numbers from 0 to 255), or
    floats from 0 to 1, which are multiplied by 255. If a csv or text file contains only two
    values, the greater one is ink. Values of 16 bits are divided by the power of two that
    brings the greatest below 256. A row of numbers is a square picture if its length allows
    it, otherwise a picture of one row. --size gives width and height, and splits rows that
    contain several pictures.

    Limits: 4,000,000 pixels per image (100,000,000 if it is resized), 2,000,000 images,
    2^31 bytes, 100 values per compressed byte; for text 2^28 bytes and 2^20 lines.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_all(ctx)
        return
    if dataset is None:
        dataset = DataSettings.settings()["dataset"].default
    source, _ = parse_spec(dataset)
    listen(quiet=False)
    splits = ("train", "test") if source.has_splits else ("all",)
    parts = _load_parts(dataset, flags, splits)
    if form == "json":
        click.echo(json.dumps(_as_json(parts)))
        return
    counts = {split: part.counts for split, part in parts.items()}
    labels = list(dict.fromkeys(label for part in parts.values() for label in part.label_names))
    rows = [{"label": n, **{split: counts[split].get(n, 0) for split in parts}} for n in labels]
    if not is_usual(form):
        print_rows(rows, ["label", *parts], form)
        return
    for source in SOURCES.values():
        click.echo(f"{source.usage:<14}{source.description}")
    width = max(len("label"), *(len(terminal(label)) for label in labels)) + 2
    click.echo("\n" + "label".ljust(width) + "".join(f"{split:>10}" for split in parts))
    rows.append({"label": "total", **{split: len(part) for split, part in parts.items()}})
    for label, *numbers in (row.values() for row in rows):
        print_lines(terminal(label).ljust(width) + "".join(f"{n:>10,}" for n in numbers))
    click.echo()
    for part in parts.values():
        height, wide = part.shape
        print_lines(f"{terminal(part.name)}: {wide} x {height} pixels")
        click.echo(f"SHA-256 {part.sha256}")
    if "transpose" in source.takes and not flags["transpose"]:
        click.echo(
            f"\nTo see some: `hopcli show {shlex.quote(dataset)}`\n"
            "If they lie on their side, as in EMNIST files, give --transpose."
        )


def _load_parts(dataset: str, flags: dict[str, Any], splits: tuple[str, ...]) -> dict[str, Dataset]:
    """Load each part; a data set may lack one."""
    from hopcli.datasets import NoSuchPartError

    parts, missing = {}, None
    for split in splits:
        try:
            parts[split] = load_asked(dataset, {**flags, "split": split})
        except NoSuchPartError as error:
            missing = missing or error
    if not parts and missing is not None:
        raise missing
    return parts


def _refuse_all(ctx: click.Context) -> None:
    """Refuse options that have no effect on a subcommand."""
    for name, value in ctx.params.items():
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            flag = "--format" if name == "form" else flag_name(name)
            found = "" if value is True else f", found {value!r:.80}"
            raise click.UsageError(f"{flag} has no effect on {ctx.invoked_subcommand}{found}")


def _as_json(parts: dict[str, Dataset]) -> dict[str, Any]:
    """Return the sources, and the contents of each part of a data set."""
    return {
        "sources": {source.usage: source.description for source in SOURCES.values()},
        "parts": [
            {
                "name": part.name,
                "shape": list(part.shape),
                "sha256": part.sha256,
                "images": part.counts,
            }
            for part in parts.values()
        ],
    }


@command.command("verify", cls=Command)
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Verify the data that ship with hopcli against their hashes.

    Rebuilds the four original files of MNIST from the embedded one, pixel by pixel, and
    compares their SHA-256 with those of the published files. Then compares every drawing
    and text. The exit code is 1 if any of them differs.
    """
    from hopcli.datasets import verify_embedded

    checks = verify_embedded()
    for check in checks:
        click.echo(f"{'ok    ' if check.ok else 'BROKEN'}  {check.name}  {check.found}")
        if not check.ok:
            click.echo(f"        expected {check.expected}", err=True)
    ctx.exit(0 if all(check.ok for check in checks) else 1)
