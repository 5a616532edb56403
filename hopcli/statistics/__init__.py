"""Error bars: what is known of rates, means and numbers of kinds, and how well.

A file a question. Every interval says what it is an interval of; the coverage of each is
simulated in the tests. What nearly every run needs is here; what one experiment asks is in its
file: autocorrelation, clusters, components, counts, crossings, paired, ranks, resampling, times.
"""

from hopcli.statistics.means import mean_interval, mean_sd_sem
from hopcli.statistics.rates import (
    Z95,
    clustered_interval,
    clustered_intervals,
    draws_interval,
    exact_interval,
    thermal_interval,
)
from hopcli.statistics.unseen import chao1

__all__ = [
    "Z95",
    "chao1",
    "clustered_interval",
    "clustered_intervals",
    "draws_interval",
    "exact_interval",
    "mean_interval",
    "mean_sd_sem",
    "thermal_interval",
]
