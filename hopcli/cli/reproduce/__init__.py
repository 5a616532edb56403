"""``hopcli reproduce``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER
from hopcli.cli.tables import form_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


def _names(_ctx: click.Context, _param: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(",")) if text is not None else ()


@click.command("reproduce", cls=Command)
@click.option(
    "--against",
    metavar="FILE",
    default="study",
    show_default=True,
    help="Claims: a TOML file, or the name of one that comes with hopcli.",
)
@click.option(
    "--only", callback=_names, metavar="ID,...", help="Only these claims.  [default: all]"
)
@click.option(
    "--quick", is_flag=True, help="Fewer repeats: wider intervals, in a quarter of the time."
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder for verdicts, report and runs.  [default: results/reproduce; with another file "
    "of claims, --quick or --only results/reproduce-<its name>...]",
)
@click.option("--overwrite", is_flag=True, help="Replace other runs that are in the folder.")
@click.option("--again", is_flag=True, help="Make runs anew that are finished.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors, draw no bar.")
@form_option
def command(out: Path | None, **wishes: Any) -> int:
    """Say of each claim of a text whether it holds, how sure that is, and why.

    Makes the runs that the claims need (about two minutes; runs that are finished are not
    made again, so the same line goes on after an interrupt), measures each claim by the
    protocol as published and, where that is known to be another, as the authors' code ran it,
    and comes to one of four verdicts: holds; holds as run, not as published; does not hold;
    cannot be decided (then it says how many repeats would).

    \b
      hopcli reproduce
      hopcli reproduce --quick --only accuracy-1,accuracy-4
      hopcli reproduce --against my-claims.toml --format markdown

    A claim is tested in both directions, so that "holds" and "does not hold" are both shown,
    each with an error of 5 %: that two numbers are the same is shown by two one-sided tests
    with a margin that the claim states. Claims of one family are tested together, with Holm's
    correction. Every interval says what it is of: thermal noise, test images, or the draw of
    the patterns.

    A file of claims, for `--against` (configs/claims/study.toml is the longest example):

    \b
      title = "My paper"
      [runs.mine]
      config = "paper"             # a configuration or grid; or folder = "results/mine"
      set = {temperature = 0.1}    # settings on top of it
      quick = {repeats = 3}        # what --quick makes of them
      more = "repeats"             # the setting that narrows its intervals
      [[claims]]
      id = "accuracy-1"
      text = "98 % of the images of a 1 are recalled."
      place = "table 1"
      published = 98
      percent = true
      unit = "%"
      test = "equivalent"          # see below
      margin = 2
      error = "images"             # what the interval is of
      family = "accuracy"          # tested together with the others of this name
      as_published = "mine / accuracy[label=1] / accuracy"

    \b
    test           asks whether the number is
    equivalent     within `margin` of `published`
    within_factor  within a factor `margin` of it
    above, below   above or below `bound`
    the_same       what `published` is, digit for digit; may be a list
    all_true       true in every row

    The number: RUN / TABLE[COLUMN=VALUE, ...] / COLUMN; rows also with < or >; with
    `+- COLUMN` the standard error is taken from that column, else the interval from the
    columns ..._ci_low and ..._ci_high, ci_low and ci_high, or ..._sem. One may be taken from
    another (A - B), or be made by a function: smallest(...), largest(...),
    how_often_best(...), how_often_worst(...), spread(...), distance(...), variance_ratio(...),
    storkey_gap(...).

    Writes claims.csv (every number, interval, test, p, verdict and reason), report.html (to
    be read and handed out, one file), the manifest reproduce.json, and each run in runs/.
    """
    from hopcli.cli.reproduce.running import Asked, reproduce

    return reproduce(Asked(out=out, **wishes))
