"""``hopcli data``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.data_options import data_option, load_asked
from hopcli.cli.once import Command, Group
from hopcli.cli.requests import flag_name
from hopcli.cli.tables import form_option, print_table
from hopcli.datasets import SOURCES, parse_spec, verify_embedded
from hopcli.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

    from hopcli.datasets import Dataset

__all__ = ["command"]


@click.group("data", cls=Group, invoke_without_command=True)
@click.option(
    "--dataset",
    metavar="SOURCE",
    default="mnist",
    show_default=True,
    help="Data set whose images are counted.",
)
@data_option("threshold")
@data_option("size")
@data_option("crop")
@data_option("invert")
@form_option
@click.pass_context
def command(ctx: click.Context, /, dataset: str, form: str, **flags: Any) -> None:
    """List the data sources, and what is in one of them.

    Prints every source that `--dataset` takes in the other commands, then the number of
    images of each label in one data set, part by part, with its hash.

    \b
      hopcli data
      hopcli data --dataset idx:fashion-mnist
      hopcli data --dataset images:photographs --size 64x64
      hopcli data verify
    """
    if ctx.invoked_subcommand is not None:
        _refuse_all(ctx)
        return
    try:
        asked, _ = parse_spec(dataset)
    except SettingError as error:
        raise click.UsageError(error.describe(flag_name(error.setting))) from None
    splits = ("train", "test") if asked.has_splits else ("all",)
    parts = {split: load_asked(dataset, {**flags, "split": split}) for split in splits}
    if form == "json":
        click.echo(json.dumps(_as_json(parts)))
        return
    if form != "table":
        print_table(_as_table(parts), form)
        return
    for source in SOURCES.values():
        click.echo(f"{source.usage:<14}{source.description}")
    click.echo()
    labels = list(dict.fromkeys(label for part in parts.values() for label in part.label_names))
    width = max(len("label"), *(len(label) for label in labels)) + 2
    click.echo("label".ljust(width) + "".join(f"{split:>10}" for split in parts))
    counts = {split: part.counts() for split, part in parts.items()}
    for label in labels:
        row = "".join(f"{counts[split].get(label, 0):>10,}" for split in parts)
        click.echo(label.ljust(width) + row)
    click.echo("total".ljust(width) + "".join(f"{len(part):>10,}" for part in parts.values()))
    click.echo()
    for part in parts.values():
        height, wide = part.shape
        click.echo(f"{part.name}: {wide} x {height} pixels, SHA-256 {part.sha256}")


def _refuse_all(ctx: click.Context) -> None:
    """Refuse options that a command below this one has no use for."""
    for name, value in ctx.params.items():
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            flag = "--format" if name == "form" else flag_name(name)
            found = "" if value is True else f", found {value!r:.80}"
            raise click.UsageError(f"{flag} has no effect on {ctx.invoked_subcommand}{found}")


def _as_table(parts: dict[str, Dataset]) -> pd.DataFrame:
    """The number of images of each label, part by part."""
    import pandas as pd

    counts = {split: pd.Series(part.counts(), dtype="int64") for split, part in parts.items()}
    table = pd.DataFrame(counts).fillna(0).astype(int)
    return table.rename_axis("label").reset_index()


def _as_json(parts: dict[str, Dataset]) -> dict[str, Any]:
    """The sources, and what is in each part of a data set."""
    return {
        "sources": {source.usage: source.description for source in SOURCES.values()},
        "parts": [
            {
                "name": part.name,
                "shape": list(part.shape),
                "sha256": part.sha256,
                "images": part.counts(),
            }
            for part in parts.values()
        ],
    }


@command.command("verify", cls=Command)
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Hold the data that ship with hopcli to their hashes.

    Rebuilds the four original files of MNIST from the embedded one, pixel by pixel, and
    compares the SHA-256 of each with that of the files as published; then that of every
    drawing and text. Exit code 1 if any differs.
    """
    checks = verify_embedded()
    for check in checks:
        click.echo(f"{'ok    ' if check.ok else 'BROKEN'}  {check.name}  {check.found}")
        if not check.ok:
            click.echo(f"        expected {check.expected}", err=True)
    ctx.exit(0 if all(check.ok for check in checks) else 1)
