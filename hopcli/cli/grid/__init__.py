"""``hopcli grid``: many runs from one file, and their combined results."""

from __future__ import annotations

import click

from hopcli.cli.grid.cells import check, merge, status
from hopcli.cli.grid.plot import plot
from hopcli.cli.grid.run import run
from hopcli.cli.grid.table import table
from hopcli.cli.once import Group

__all__ = ["command"]


@click.group("grid", cls=Group)
def command() -> None:
    """Run a configuration over a grid of settings and combine the results.

    A grid is a configuration file with a table [grid]. Each key is a setting, and each value a
    list or FIRST:LAST:STEP. Every combination is a cell. Settings that vary together
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
      hopcli grid run mine.toml          run it, or continue after an interrupt
      hopcli grid status results/mine    finished, failed and missing cells
      hopcli grid table results/mine     one tidy table
      hopcli grid plot results/mine      one picture

    [plot] sets the layout of the picture, with the options of `grid plot` as keys: x, y, by,
    rows, map, and over, the key to average over.

    Finished cells are kept in DIR/grid.sqlite. Each is named after the settings that determine
    its numbers. No cell is made twice, and a changed grid makes only its new cells. The file
    contains these tables, for DuckDB or the sqlite3 shell:

    \b
      points    place, cell: the points of the grid, in order
      cells     cell, version, host, started, seconds, error, inputs, notes (its warnings),
                config (its settings, resolved), checksum; and each table of the command,
                accuracy and so on, as JSON: heads, values (a list per column), counts (of
                the rates whose intervals `grid table` computes)
      meta      name, value: format of the file, the grid as JSON

    \b
      SELECT json_extract(config, '$.seed'), json_extract(accuracy, '$.values[3]') FROM cells

    Once every cell is finished, the folder of the grid contains grid.csv (the plotted table),
    over_KEY.csv (averages), grid.png and the manifest grid.json. Their bytes do not depend on
    the order, threads, machines or attempts in which the cells were made.
    """


for _subcommand in (run, status, table, plot, check, merge):
    command.add_command(_subcommand)
