"""Estimates and error bars of rates, means and numbers of kinds.

Each file answers one question. The documentation of each interval names its estimand; the tests
simulate its coverage. This file exports the functions that most runs use. Functions of single
experiments are in autocorrelation, comparisons, components, counts and crossings.
"""

from hopcli.statistics.rates import (
    Z95,
    added,
    chao1,
    clustered_interval,
    clustered_intervals,
    draws_interval,
    exact_interval,
    mean_interval,
    mean_sd_sem,
    thermal_interval,
)

__all__ = [
    "Z95",
    "added",
    "chao1",
    "clustered_interval",
    "clustered_intervals",
    "draws_interval",
    "exact_interval",
    "mean_interval",
    "mean_sd_sem",
    "thermal_interval",
]
