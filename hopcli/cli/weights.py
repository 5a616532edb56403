"""``hopcli weights``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import WeightsConfig

__all__ = ["command"]


@experiment(WeightsConfig, execute)
def command() -> None:
    """Look at the couplings: their matrix, spectrum, and how firmly each pattern sits.

    Stores the patterns and reports, for each, whether it is a fixed point at T = 0 and
    how firmly. The aligned field of a site is xi_i (h_i - theta_i), with
    h_i = sum_j!=i W_ij xi_j: a pattern is fixed if none is negative. The stability of a
    site is that field over |w_i|, the length of its couplings; the crosstalk is by how
    much the weakest site falls short of the mean, above 1 it flips.

    \b
    The study's five digits under three rules:
      hopcli weights
      hopcli weights --rule hebbian
      hopcli weights --rule storkey
    The couplings of one pixel:
      hopcli weights --pixel 14,8

    The spectrum is that of the N x N matrix W with its zero diagonal, exact from the
    couplings between site classes.

    Writes weights.csv (as printed), spectrum.csv, weights.png (the matrix, the couplings
    of one pixel, the spectrum) and the manifest weights.json.
    """
