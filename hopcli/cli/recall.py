"""``hopcli recall``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import RecallConfig

__all__ = ["command"]


@experiment(RecallConfig, execute)
def command() -> None:
    """Store patterns, start from test images, count what is recalled.

    Stores one pattern a label, by default with the pseudo-inverse rule (eqs. 2 and 3)

    \b
        W_ij = 1/N sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu,   Q_mu,nu = xi^mu.xi^nu / N

    then starts from test images of those labels and runs Metropolis at temperature T
    (algorithm 1): pick a spin at random, flip it if that does not raise the energy
    H = -1/2 sum_i!=j W_ij S_i S_j (eq. 4), else with probability exp(-dE/T). An image
    is recalled if its final overlap with its own pattern, m = S.xi / N (eq. 1), reaches
    the criterion.

    \b
    The protocol as published, and as the authors ran it:
      hopcli recall --config paper
      hopcli recall --config paper-as-run
    Every training image of the five digits, once:
      hopcli recall --tests all --repeats 1
    Patterns selected before, Hebbian, colder:
      hopcli recall --patterns results/select/patterns.npz --rule hebbian --temperature 0.1

    In accuracy.csv (as printed) sd and sem are over repeats; in the row `overall` the
    accuracy is the mean over labels and sd the population SD over labels. ci_low to
    ci_high is the 95 % interval for a new test image, with images, not trials, as the
    independent units. Also writes repeats.csv, confusion.csv, trials.csv, accuracy.png,
    confusion.png, gallery.png and the manifest recall.json.
    """
