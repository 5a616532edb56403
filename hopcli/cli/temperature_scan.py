"""``hopcli temperature-scan``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import TemperatureScanConfig

__all__ = ["command"]


@experiment(TemperatureScanConfig, execute)
def command() -> None:
    """Measure the overlap with stored patterns against temperature.

    Runs independent chains at each temperature and reports, for every stored pattern,
    the mean of |m| and of m over the final states, the norm of the projection on the
    span of the patterns, |P S| / sqrt(N), and the mean-field prediction beside them:
    S_i = tanh(h_i / T) with h = W S, iterated from the target pattern.

    \b
    Figure 1 as published, and as the authors ran it:
      hopcli temperature-scan --config figure1
      hopcli temperature-scan --config figure1-as-run
    In equilibrium, started from the "4":
      hopcli temperature-scan --start target --sweeps 200 --attempts-per-sweep N
    Two given training images, Hebbian:
      hopcli temperature-scan --source-indices 56,9 --rule hebbian

    Above the critical temperature (1 for the pseudo-inverse rule, 1 + q for two Hebbian
    patterns with overlap q) |m| does not fall to 0 but to about sqrt(2 / (pi N)).

    Writes temperature_scan.csv, temperature_scan.png and the manifest
    temperature-scan.json.
    """
