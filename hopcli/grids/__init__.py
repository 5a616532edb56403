"""Grids of runs: a file that describes them, a store of their cells, one table and picture."""
