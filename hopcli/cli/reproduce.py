"""``hopcli reproduce``."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import bar, listen, print_files, print_json, show_status
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER, QUIET
from hopcli.cli.tables import is_usual, json_rows, print_table, table_options
from hopcli.runs.requests import Wishes

if TYPE_CHECKING:
    from hopcli.runs.verdicts import Verdicts


def _names(_ctx: click.Context, _param: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Split names at commas."""
    return tuple(name.strip() for name in text.split(",")) if text is not None else ()


@click.command("reproduce", cls=Command, params=table_options())
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
    "--quick", is_flag=True, help="Use fewer repeats: wider intervals, in a quarter of the time."
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder for verdicts, report and runs.  [default: results/reproduce; with another file "
    "of claims, --quick or --only results/reproduce-<its name>...]",
)
@click.option("--overwrite", is_flag=True, help="Replace other runs that are in the folder.")
@click.option("--again", is_flag=True, help="Run finished runs again.")
@QUIET
def command(against: str, only: tuple[str, ...], quick: bool, form: str, **wishes: Any) -> None:
    """Judge each claim of a text from simulations.

    \b
      hopcli reproduce
      hopcli reproduce --quick --only accuracies,order-worst
      hopcli reproduce --against my-claims.toml --format markdown

    Runs the configurations that the claims need, up to four at the same time (two to four
    minutes). Finished runs are kept: after an interrupt the same command continues. Each claim
    is measured under named conditions, such as "as the text says" and "as the authors' code ran
    it": the study's authors published their program, and it differs from their text.

    \b
    verdict                   meaning
    reproduced                the claim agrees under the condition that is named
    reproduced, conditions    the printed numbers fit the text's protocol and the
      indistinguishable       authors' one equally well
    agrees, coarsely          no contradiction, but the test would miss a
                              difference that matters
    reproduced as run only    it fails by the text's protocol and agrees by the
                              authors' one
    not reproduced            it fails
    undecided                 the number is on the wrong side of a bound, within
                              its error
    not testable              the text lacks what a test needs, such as a seed

    "Explained by" names other conditions that fit where the text's protocol fails. Explanations
    never support a claim. A number is reproduced if it follows again from the same data and
    protocol; replicated if it follows from new data (National Academies, 2019).

    A printed number is compared with 10,000 simulated studies: repeats, images, mean, SD and
    rounding included. The claim fails if fewer than 5 % of them lie as far from the prediction,
    all numbers of the claim together. The ln Bayes factor compares two conditions; above 3 it
    counts as evidence. Every test states its resolution: the difference that it detects with a
    power of 80 %.

    A claims file, for `--against` (configs/claims/study.toml is the longest example):

    \b
      title = "My paper"
      [runs.mine]
      config = "paper"             # a configuration or grid; or folder = "results/mine"
      set = {temperature = 0.1}    # replace settings
      quick = {repeats = 3}        # replace more of them with --quick
      [[claims]]
      id = "accuracies"
      text = "98 % of the images of a 1 are recalled, 69 % of a 4."
      place = "table 1"
      published = {1 = 98, 4 = 69}
      percent = true
      unit = "%"
      test = "printed"             # see below
      [[claims.conditions]]        # the first one has role text
      label = "as the text says"
      role = "text"
      value = "mine / accuracy / accuracy"
      resample = "trials"
      error = "images"             # source of the error of the interval

    \b
    test           the number is
    printed        where such a study would print it (simulated)
    equivalent     within `margin` of `published` (two one-sided tests)
    equal          not different from it (two-sided)
    above, below   above or below `bound`
    the_same       exactly `published`; may be a list
    all_true       true in every row
    never, always  0, or 1, without exception
    none           not tested

    `equivalent` needs the `reason` of the margin and the `alternative`, the
    value if the claim is wrong; a margin that includes it is refused. With `printed`, `equal`,
    `never` and `always` a margin is optional: an agreement with a coarser resolution is
    "agrees, coarsely". Claims of one `family` share Holm's correction.

    \b
    role           meaning of a condition
    text           the protocol of the text
    authors        the protocol of the authors' own program
    step           a step from the one to the other; changes one choice
    explanation    another hypothesis that may explain a failure
    other          for comparison, without effect on the verdict

    \b
    resample       simulation of a printed number from the rows of a run
    trials         each trial has a new test image
    images         each study has its own images, the same in all repeats
    repeats        the repeats of the run (columns repeat, label)
    moments        normal repeats with mean and SD of the run; `shared` names
                   the column of an SD that is common to all repeats
    selections     each selection of the run is one study

    Further keys of a printed number: `plus_minus` (printed SD), `statistic` ("mean" or "sd"),
    `step` (rounding), `images`, `repeats`, and `by` (column that names the numbers).

    The value: RUN / TABLE[COLUMN=VALUE, ...] / COLUMN; rows also with < or >. With `+- COLUMN`
    the standard error is taken from that column, otherwise the interval from the columns
    ..._ci_low and ..._ci_high, ci_low and ci_high, or ..._sem. A value can be a difference
    (A - B) or a function of rows: smallest(...), largest(...), how_often_best(...),
    how_often_worst(...), lead(...), spread(...), most_likely(...), others(...),
    above_patterns(...), wrong_sites(...), with_p(..., COLUMN), rank_among(..., LABEL, ...),
    variance_ratio(..., FILE.csv); and of the stored patterns: storkey_gap(...),
    unstable_by_code(...), unstable_by_formula(...).

    `published` can name a file too: a CSV file of two columns, the names in the column `by` and
    their values. These files are looked for beside the claims, then among those of the study
    (figure1_digitised.csv). Configurations (.toml) are looked for beside the claims, then in the
    current folder; the data that they name, in the current folder.

    The printed table has a row per claim: the value under the condition that decides, and its p
    with Holm's correction. Writes claims.csv (a row per claim and condition: number, interval,
    test, p, resolution, verdict, reason), report.html (one file to read and hand out), the
    manifest reproduce.json, and each run in runs/.
    """
    from hopcli.runs.verdicts import reproduce

    request = Wishes(format=form, **wishes)
    listen(quiet=request.quiet)
    hidden = request.quiet or None  # None shows a bar only on a terminal

    def watch(finished: Iterable[Any], total: int) -> Any:
        return bar(iterable=finished, total=total, unit="run", leave=False, disable=hidden)

    verdicts = reproduce(against, request, only=only, quick=quick, watch=watch)
    show_status("")
    if not request.quiet:
        _print(verdicts, form)


def _print(verdicts: Verdicts, form: str) -> None:
    """Print the verdicts and the names of the files."""
    from hopcli.claims.judging import VERDICTS
    from hopcli.claims.table import brief, short

    out, judged, made, files = verdicts
    if form == "json":
        print_json(out, files, command="reproduce", table=json_rows(made))
        return
    if not is_usual(form):
        print_table(short(made), form, named=out.name)
        return
    click.echo(brief(made))
    counts = Counter(one.verdict for one in judged)
    listed = "; ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])
    click.echo("\n" + textwrap.fill(listed, 80))
    print_files(out, files)
