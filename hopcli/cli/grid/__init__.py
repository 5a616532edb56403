"""``hopcli grid``: a thousand runs from one file, and what they gave."""

from __future__ import annotations

import click

from hopcli.cli.grid.check import check
from hopcli.cli.grid.merge import merge
from hopcli.cli.grid.plot import plot
from hopcli.cli.grid.run import run
from hopcli.cli.grid.status import status
from hopcli.cli.grid.table import table
from hopcli.cli.once import Group

__all__ = ["command"]


@click.group("grid", cls=Group)
def command() -> None:
    """Run a configuration over a grid of settings, and put the results together.

    A grid is a configuration file with a table [grid]: each key a setting, each value a
    list, or FIRST:LAST:STEP. Every combination is a cell. Settings that belong together
    are one key.

    \b
      command = "recall"
      tests = 200
      [grid]
      rule = ["hebbian", "storkey", "pseudo-inverse"]
      temperature = "0.1:0.9:0.1"
      "digits, selection_seed" = [[[3, 6], 9], [[3, 6, 1], 10]]
      [plot]
      x = "temperature"
      by = "rule"

    \b
      hopcli grid run mine.toml          run it; again, to go on after an interrupt
      hopcli grid status results/mine    how far it is
      hopcli grid table results/mine     one tidy table
      hopcli grid plot results/mine      one picture

    [plot] says what is drawn, as the options of `grid plot` do: x, y, by, rows, map and
    over, the key that is averaged over.

    Cells are kept in DIR/grid.sqlite as they are finished, each named by what decides its
    numbers. None is made twice, and a grid that is changed makes what is new in it. The
    tables of the file, for pandas, DuckDB or the sqlite3 shell:

    \b
      points    place, cell, and the keys of the grid as given
      cells     cell, state, version, host, started, seconds, error, inputs, notes (its
                warnings), config, checksum, and every setting, resolved
      tables    cell, name, columns, checksum: which tables a cell has
      meta      name, value: format of the file, the grid as JSON
      accuracy  and so on, each table of the command: cell, row, and its columns

    \b
      SELECT * FROM points JOIN accuracy USING (cell) ORDER BY place, row

    Folder of a grid: grid.csv (the table that is drawn), over_KEY.csv (averages), grid.png
    and the manifest grid.json are written once every cell is finished; the same bytes in
    whatever order, on however many threads, machines or attempts the cells were made.
    """


for _subcommand in (run, status, table, plot, check, merge):
    command.add_command(_subcommand)
