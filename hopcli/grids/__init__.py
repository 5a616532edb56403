"""Grids of runs: one file that describes them, one store that keeps them, one table and picture."""
